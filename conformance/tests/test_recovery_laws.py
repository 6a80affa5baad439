"""The recovery laws: the reference passes, and every broken recovery fails its own requirement."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.backend import RecoveryFunction
from conformance.engine.profiles import profile
from conformance.engine.quirks import Quirk
from conformance.engine.watch import CallWatch
from conformance.machines.recovery import RECOVERY_SUITE
from conformance.machines.recovery_quirks import RECOVERY_QUIRKS
from conformance.requirements import FINDINGS
from conformance.rules.oracles import plain_order_error, plain_recovery
from conformance.run.runner import judge_backend
from telltale_spec.wire.agreement import AgreementLevel, Escalation
from tests.zoo.broken_recoveries import (
    BROKEN_RECOVERIES,
    broken_recovery_backend,
    correct,
    gate_ignored,
)
from tests.zoo.judging import counterexample_for, failed, judged, unhurried, unproved

SEEDS = range(5)
QUICK = profile("quick")
SUITES = (RECOVERY_SUITE,)
REFERENCE = broken_recovery_backend("reference", correct)
each_broken = pytest.mark.parametrize(
    ("name", "recovery", "requirement_id"),
    BROKEN_RECOVERIES,
    ids=[n for n, _, _ in BROKEN_RECOVERIES],
)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_reference_passes_everything(seed: int) -> None:
    # Time is not judged here, so a busy machine must not cut the search short.
    with CallWatch() as watch:
        report = judge_backend(REFERENCE, unhurried(), seed=seed, watch=watch, suites=SUITES)

    assert unproved(report) == []
    assert all(situation.reached for situation in report.situations)


@pytest.mark.parametrize("seed", SEEDS)
@each_broken
def test_broken_recoveries_fail_the_requirement_they_break(
    name: str, recovery: RecoveryFunction, requirement_id: str, seed: int
) -> None:
    backend = broken_recovery_backend(name, recovery)

    assert counterexample_for(requirement_id, backend, SUITES, seed=seed, minimise=False)


@pytest.mark.by_day(9)
@each_broken
@pytest.mark.nightly
def test_a_full_run_blames_nothing_but_what_is_broken(
    name: str, recovery: RecoveryFunction, requirement_id: str
) -> None:
    report = judged(broken_recovery_backend(name, recovery), SUITES, profile_name="quick")

    # RECOV-05 rules on every action, so it fails with RECOV-10.
    first = "RECOV-05" if requirement_id == "RECOV-10" else requirement_id
    assert failed(report)[:1] == [first]


def test_a_counterexample_is_as_small_as_it_can_be() -> None:
    backend = broken_recovery_backend("gate ignored", gate_ignored)

    found = counterexample_for("RECOV-04", backend, SUITES)

    assert found is not None
    assert [(step.text, step.answer) for step in found.steps] == [
        ('the log holds gate none of "a" for "c" at tick 1', ""),
        ("recover from checkpoint 0", "ok"),
    ]
    assert found.expected == "level, outcome and gate: [[none, none, yes]]"
    assert found.actual == "level, outcome and gate: [[none, none, no]]"


@pytest.mark.nightly
def test_equal_seeds_give_equal_reports() -> None:
    first = judged(REFERENCE, SUITES, seed=3, profile_name="quick")

    assert first == judged(REFERENCE, SUITES, seed=3, profile_name="quick")


@pytest.mark.nightly
@pytest.mark.requirement("RECOV-03", "RECOV-09")
def test_decisions_that_are_remembered_by_identities_are_those_of_another_log() -> None:
    """Nothing in an identity is escaped, so that two operations have the same (F2)."""
    kept: dict[object, Any] = {}

    def remembering(tick: int, machine: Any, wal: Any, cache: Any) -> Any:
        plan = correct(tick, machine, wal, cache)
        ids = tuple(each.evidence_id for each in cache.entries)
        key = (tuple(each.stable_identity() for each in plan.wal_suffix), ids)
        return replace(plan, decisions=kept.setdefault(key, plan.decisions))

    backend = broken_recovery_backend("remembers by identities", remembering)
    found = counterexample_for("RECOV-03", backend, SUITES)

    assert found is not None
    assert [step.text for step in found.steps].count("recover from checkpoint 0") == 2


@pytest.mark.parametrize("quirk", RECOVERY_QUIRKS, ids=lambda quirk: quirk.finding_id)
def test_the_reference_shows_each_quirk(quirk: Quirk) -> None:
    with CallWatch() as watch:
        result = quirk.show(REFERENCE, watch)

    assert quirk.finding_id in FINDINGS
    assert quirk.applies(REFERENCE)
    assert result.shown
    assert result.steps[-1].text.startswith("recover from checkpoint")


def test_the_oracle_knows_both_texts_of_an_order_error() -> None:
    none, provisional, _, finalized = AgreementLevel
    regression = Escalation("a", finalized, none, None, 1)
    rise = Escalation("a", none, finalized, None, 1)
    again = Escalation("a", provisional, finalized, None, 2)

    assert plain_order_error([rise]) is None
    assert plain_recovery(9, [rise, regression], []) == (
        "agreement WAL regression for `a`: Finalized -> None"
    )
    assert plain_order_error([rise, again, regression]) == (
        "agreement WAL reordered or regressed for `a`: last=Finalized, entry=Provisional->Finalized"
    )


def test_the_oracle_imports_nothing_of_the_reference_recovery() -> None:
    rules = Path(__file__).resolve().parents[1] / "rules"

    for name in ("oracles.py", "plain_trees.py"):
        assert "telltale_spec.model" not in (rules / name).read_text(encoding="utf-8")
