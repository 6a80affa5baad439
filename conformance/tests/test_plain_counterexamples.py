"""A counterexample is the same whatever the seed: few acts, in the plainest values that show it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.backend import Backend
from conformance.engine.acts import Act, ActForm
from conformance.engine.plainness import in_plain_values, plainer_acts, weight_of
from conformance.engine.suite import Suite
from conformance.engine.watch import CallWatch
from conformance.machines.cache import CACHE_SUITE
from conformance.machines.wal import WAL_SUITE
from conformance.machines.wal_steps import AgreementWalSteps
from conformance.records.results import Counterexample, Step
from conformance.run.runner import judge_backend
from telltale_spec.wire.agreement import AgreementLevel, AgreementWalEntry, Escalation
from tests.zoo.broken_caches import BROKEN_CACHES
from tests.zoo.broken_wals import BROKEN_WALS, broken_wal_backend
from tests.zoo.judging import unhurried

SEEDS = range(5)

LOGS = {
    wal_class.__name__: (broken_wal_backend(wal_class), each) for wal_class, each in BROKEN_WALS
}
CACHES = {
    name: (Backend("broken", evidence_cache=make), each) for name, make, each in BROKEN_CACHES
}

# What each shows on every seed: in full for those that people ask about first.
STEPS: dict[str, list[str]] = {
    "ReadIncludesTick": [
        'append gate none of "a" for "c" at tick 1',
        "read the entries after tick 1",
    ],
    "Deduplicates": ['append gate none of "a" for "c" at tick 1'] * 2 + ["load the log"],
    "DeduplicatesByIdentity": [
        'append gate none of "a" for "b:c" at tick 1',
        'append gate none of "a:b" for "c" at tick 1',
        "load the log",
    ],
    "StoresAtFront": [
        'append gate none of "a" for "c" at tick 1',
        'append gate none of "a" for "c" at tick 0',
        "load the log",
    ],
    "SortsByTick": [
        'append gate none of "a" for "c" at tick 1',
        'append gate none of "a" for "c" at tick 0',
        "load the log",
    ],
    "LosesAuthority": ['append evidence "e" of "a" none witness at tick 1', "load the log"],
    "get folds case": ['put evidence "e" = blocked of "t"."t"', 'get evidence "E"'],
}


def steps_found(backend: Backend, suite: Suite, requirement_id: str, seed: int) -> list[str]:
    """Return the steps of what is found where no clock cuts the search short."""
    with CallWatch() as watch:
        report = judge_backend(
            backend,
            unhurried(),
            seed=seed,
            watch=watch,
            suites=(suite,),
            only=(requirement_id,),
        )
    result = report.result(requirement_id)
    assert result is not None
    assert result.counterexample is not None
    return [step.text for step in result.counterexample.steps]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", STEPS)
def test_the_counterexample_is_the_same_on_every_seed(name: str, seed: int) -> None:
    """WAL-01, WAL-02, WAL-05 and CACHE-01: same steps and same values."""
    suite, row = (WAL_SUITE, LOGS[name]) if name in LOGS else (CACHE_SUITE, CACHES[name])

    assert steps_found(row[0], suite, row[1], seed) == STEPS[name]


# Without a backend


def appended(self: AgreementWalSteps, entry: AgreementWalEntry) -> None:
    """Take an entry."""


FORM = ActForm("append", appended)
NONE, FINALIZED = AgreementLevel.NONE, AgreementLevel.FINALIZED


def found_with(*entries: AgreementWalEntry) -> Counterexample:
    acts = [Act(FORM, (entry,)) for entry in entries]
    steps = [Step("append", "ok")] * len(acts)
    return Counterexample("WAL-01", "agreement WAL", steps, "", "", acts=acts)


def test_what_is_not_needed_is_plain_and_what_is_needed_stays() -> None:
    drawn = found_with(Escalation("a:b", FINALIZED, FINALIZED, "waterproof", 5))

    def attempt(acts: list[Act]) -> Counterexample | None:
        (entry,) = (act.form.bound(act.arguments, act.named)["entry"] for act in acts)
        is_it = isinstance(entry, Escalation) and entry.evidence_id is not None and entry.tick > 2
        return found_with(entry) if is_it else None

    (act,) = in_plain_values(drawn, attempt).acts  # type: ignore[arg-type]
    (entry,) = act.form.bound(act.arguments, act.named).values()

    assert entry == Escalation("a", NONE, NONE, "e", 3)


def test_another_requirement_or_one_more_step_is_not_taken() -> None:
    drawn = found_with(Escalation("a:b", NONE, NONE, None, 5))
    other = replace(found_with(Escalation("a", NONE, NONE, None, 1)), requirement_id="WAL-02")
    longer = found_with(*[Escalation("a", NONE, NONE, None, 1)] * 2)

    for plainer in (other, longer, None):
        assert in_plain_values(drawn, lambda acts, plainer=plainer: plainer) is drawn  # type: ignore[misc]


def test_the_plainest_acts_have_nothing_plainer() -> None:
    (act,) = found_with(Escalation("a:b", FINALIZED, NONE, "-", 2**64 - 1)).acts
    lightest = min(plainer_acts([act]), key=weight_of)

    assert weight_of(lightest) < weight_of([act])
    assert [each for each in plainer_acts(lightest) if weight_of(each) < weight_of(lightest)] == []
