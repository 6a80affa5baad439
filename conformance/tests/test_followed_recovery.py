"""Recovered logs are paths through the bounded recovery, of which the last transition counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from conformance.backend import Backend
from conformance.checker.models.tour_recovery import RecoveryLetter, TourRecovery
from conformance.engine.acts import Act
from conformance.engine.session import Session
from conformance.engine.watch import CallWatch
from conformance.machines.recovery import RECOVERY_SUITE, WHOLE_PLAN_LAWS
from conformance.machines.tour_acts import CACHED, CHECKPOINT, recovery_entry
from conformance.machines.tours import TOUR_PROFILE, tour_suites
from conformance.machines.transitions import Transitions
from conformance.rules.soundness import RecoveryCase
from conformance.tests.followed import transitions_of
from telltale_spec.errors import DurabilityError
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome
from telltale_spec.wire.shapes import U64_MAX

_BACKEND = Backend("recovery", recovery=DurableRecoveryPlan.from_checkpoint)
_LAW = "every small log"
_NONE, _PROVISIONAL, _SOFT_SAFE, _FINALIZED = AgreementLevel
_GATE = recovery_entry(RecoveryLetter("gate", "behind"), 0)
_TOUCHED = TourRecovery(is_touched=True, has_gate=True)


_Judged = RecoveryCase | tuple[RecoveryCase, int] | tuple[RecoveryCase, RecoveryCase]


def _act(case: _Judged, law: str = _LAW) -> Act:
    return Act(RECOVERY_SUITE._act_forms()[law], (case,))


def _taken(*entries: AgreementWalEntry, tick: int = CHECKPOINT, **fields: Any) -> set[Any]:
    case = RecoveryCase(tick, entries, fields.get("cache", CACHED))
    return transitions_of(_BACKEND, RECOVERY_SUITE, [_act(case)])


def _rise(before: AgreementLevel, after: AgreementLevel, tick: int = 2) -> Escalation:
    return Escalation("o", before, after, None, tick)


def _logs(*letters: RecoveryLetter) -> Sequence[AgreementWalEntry]:
    return [recovery_entry(each, 0) for each in letters]


def test_only_the_transition_of_the_last_entry_counts() -> None:
    letters = RecoveryLetter("cached", "behind", 2), RecoveryLetter("gate", "before")

    taken = _taken(*_logs(*letters))

    state = TourRecovery(is_touched=True, level=2, has_cached=True)
    assert taken == {(state, letters[1].name)}


def test_every_log_is_a_path_of_its_own() -> None:
    acts = [_act(RecoveryCase(CHECKPOINT, (_GATE,) * count, CACHED)) for count in (1, 2, 3)]

    taken = transitions_of(_BACKEND, RECOVERY_SUITE, acts)

    name = RecoveryLetter("gate", "behind").name
    # Behind a second gate the log is what it was behind the first.
    assert taken == {(TourRecovery(), name), (_TOUCHED, name)}


@pytest.mark.parametrize(
    ("tick", "side"), [(0, "behind"), (1, "behind"), (2, "before"), (U64_MAX, "before")]
)
def test_the_tick_of_the_checkpoint_parts_a_log(tick: int, side: str) -> None:
    assert _taken(_GATE, tick=tick) == {(TourRecovery(), RecoveryLetter("gate", side).name)}


def test_the_cache_says_whether_evidence_is_cached() -> None:
    (entry,) = _logs(RecoveryLetter("cached", "behind", 1))
    other = EvidenceOutcomeCacheEntry("other", "i", "o", EffectOutcome.blocked())

    for cache, kind in ((CACHED, "cached"), ((), "evidence"), ((other,), "evidence")):
        letter = RecoveryLetter(kind, "behind", 1)
        assert _taken(entry, cache=cache) == {(TourRecovery(), letter.name)}


def test_an_escalation_in_order_is_one_whatever_it_goes_on_from() -> None:
    up = RecoveryLetter("escalation", "behind", 2).name

    assert _taken(_rise(_NONE, _SOFT_SAFE)) == {(TourRecovery(), up)}
    assert _taken(_rise(_SOFT_SAFE, _SOFT_SAFE)) == {(TourRecovery(), up)}


@pytest.mark.requirement("RECOV-01")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (_rise(_NONE, _SOFT_SAFE), _rise(_PROVISIONAL, _FINALIZED)),
        (_GATE, _rise(_FINALIZED, _NONE)),
    ],
    ids=["below the one before", "down"],
)
def test_an_escalation_out_of_order_is_the_last_that_counts(
    first: AgreementWalEntry, second: AgreementWalEntry
) -> None:
    ((_, name),) = _taken(first, second)

    assert name == RecoveryLetter("regression", "behind").name
    # Behind it there is nothing more to recover, and so no state of the model.
    assert _taken(first, second, _GATE) == set()


@pytest.mark.parametrize(
    "entries",
    [(), (_GATE, VisibilityGateCrossing("p", "c", _NONE, 2))],
    ids=["no entry", "two operations"],
)
def test_a_log_outside_of_the_model_counts_nothing(entries: Sequence[AgreementWalEntry]) -> None:
    assert _taken(*entries) == set()


def test_any_operation_plays_that_of_the_model() -> None:
    taken = _taken(Finalization("any", FinalizationOutcome.REJECTED, "p", "h", 9))

    assert taken == {(TourRecovery(), RecoveryLetter("outcome", "behind", outcome="rejected").name)}


def test_laws_that_do_not_see_the_whole_plan_count_nothing() -> None:
    case = RecoveryCase(CHECKPOINT, (_GATE,), CACHED)
    others: dict[str, _Judged] = {
        "orders of ids": case,
        "related logs": (case, 0),
        "logs that are easily taken for one": (case, case),
    }

    assert WHOLE_PLAN_LAWS | others.keys() == RECOVERY_SUITE._act_forms().keys()
    for law, value in others.items():
        assert transitions_of(_BACKEND, RECOVERY_SUITE, [_act(value, law)]) == set()
    for law in WHOLE_PLAN_LAWS:
        assert len(transitions_of(_BACKEND, RECOVERY_SUITE, [_act(case, law)])) == 1


def test_a_plan_that_is_known_to_be_wrong_counts_nothing() -> None:
    def recovery(*arguments: Any) -> Any:
        raise DurabilityError("never")

    backend = Backend("refuses", recovery=recovery)
    acts = [_act(RecoveryCase(CHECKPOINT, (_GATE,), CACHED))]

    assert transitions_of(backend, RECOVERY_SUITE, acts, muted={"RECOV-01"}) == set()


@pytest.mark.nightly
def test_a_tour_takes_all_by_the_count_of_who_looks_on() -> None:
    transitions, suite = Transitions(_BACKEND), tour_suites()[-1]
    with CallWatch() as watch:
        session = Session(
            suite.name, _BACKEND, watch, TOUR_PROFILE.budget, follower=transitions.follower(suite)
        )
        with session:
            assert suite.search(session, 0) is None

    (seen,) = transitions.results()
    assert seen == suite.transitions()
    assert seen.taken == seen.total
