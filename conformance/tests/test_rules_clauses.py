"""The clauses of soundness, each judged on decisions that were made for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.rules.soundness import CLAUSES, ClauseViolation, violations
from conformance.tests.rules_drivers import FINALIZED, NONE, PROVISIONAL, SOFT_SAFE, gate, rise
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.recovery import DurableRecoveryAction, DurableRecoveryDecision

DONE, ABORTED, REJECTED, TIMED_OUT = FinalizationOutcome
AGAIN, RESUME, REUSE, PRESERVE = DurableRecoveryAction
EMPTY = DurableRecoveryPlan.from_checkpoint(
    0, None, AgreementWalArtifact(), EvidenceOutcomeCacheArtifact()
)


def crossed(level: AgreementLevel, tick: int = 9, operation_id: str = "a") -> AgreementWalEntry:
    return VisibilityGateCrossing(operation_id, "c", level, tick)


def end(outcome: FinalizationOutcome, tick: int = 9, operation_id: str = "a") -> AgreementWalEntry:
    return Finalization(operation_id, outcome, None, None, tick)


def decision(
    level: AgreementLevel = NONE,
    outcome: FinalizationOutcome | None = None,
    action: DurableRecoveryAction = RESUME,
    *,
    gate_crossed: bool = False,
) -> DurableRecoveryDecision:
    return DurableRecoveryDecision("a", level, outcome, action, (), gate_crossed)


def broken(wal: list[AgreementWalEntry], decided: DurableRecoveryDecision) -> list[int]:
    """Return the clauses that a decision breaks on a log whose checkpoint is at tick 5."""
    plan: DurableRecoveryPlan[Any] = replace(EMPTY, decisions=(decided,))
    found = violations(wal, 5, plan)
    assert [each.operation_id for each in found] == ["a"] * len(found)
    return [each.clause for each in found]


@pytest.mark.parametrize(
    ("wal", "decided", "expected"),
    [
        ([], decision(), []),
        # 1: what was known at the checkpoint, of this operation, is not lost.
        ([rise(NONE, SOFT_SAFE, 5)], decision(PROVISIONAL), [1]),
        ([rise(NONE, SOFT_SAFE, 5)], decision(SOFT_SAFE), []),
        ([rise(NONE, SOFT_SAFE, 6)], decision(PROVISIONAL), []),
        ([rise(NONE, SOFT_SAFE, 5, "b")], decision(), []),
        # 2: of the gates behind the checkpoint the highest one counts.
        ([crossed(SOFT_SAFE, 6)], decision(PROVISIONAL), [2]),
        ([crossed(SOFT_SAFE, 6), crossed(NONE, 7)], decision(PROVISIONAL), [2]),
        ([crossed(SOFT_SAFE, 6)], decision(SOFT_SAFE), []),
        ([crossed(SOFT_SAFE, 5)], decision(), []),
        ([crossed(SOFT_SAFE, 6, "b")], decision(), []),
        # 3: only what is finalized in level and outcome is reused.
        ([end(DONE)], decision(FINALIZED, DONE, REUSE), []),
        ([], decision(FINALIZED, None, REUSE), [3, 8]),
        ([], decision(SOFT_SAFE, DONE, REUSE), [3, 8]),
        ([], decision(SOFT_SAFE, ABORTED, REUSE), [3]),
        # 4: only another outcome is preserved.
        ([end(ABORTED)], decision(NONE, ABORTED, PRESERVE), []),
        ([end(TIMED_OUT)], decision(NONE, TIMED_OUT, PRESERVE), []),
        ([], decision(NONE, None, PRESERVE), [4]),
        ([], decision(FINALIZED, DONE, PRESERVE), [4]),
        # 5: a gate that was crossed forbids to begin anew, and nothing else does.
        ([], decision(action=AGAIN, gate_crossed=True), [5]),
        ([], decision(action=AGAIN), []),
        ([], decision(action=RESUME, gate_crossed=True), []),
        # 6: an outcome before the checkpoint or after it is acted upon; the last one counts.
        ([end(DONE, 1)], decision(FINALIZED, DONE, REUSE), []),
        ([end(REJECTED)], decision(NONE, REJECTED, RESUME), [6]),
        ([end(ABORTED)], decision(FINALIZED, DONE, REUSE), [6]),
        ([end(DONE)], decision(NONE, ABORTED, PRESERVE), [6]),
        ([end(DONE, 9, "b")], decision(), []),
        # 7: outcomes that differ.
        ([end(DONE), end(ABORTED)], decision(NONE, ABORTED, PRESERVE), [7]),
        ([end(ABORTED), end(DONE)], decision(FINALIZED, DONE, REUSE), [7]),
        ([end(ABORTED), end(ABORTED)], decision(NONE, ABORTED, PRESERVE), []),
        # 8: level and outcome are finalized together.
        ([], decision(FINALIZED, None), [8]),
        ([], decision(NONE, DONE), [8]),
        ([], decision(FINALIZED, ABORTED), [8]),
        ([], decision(SOFT_SAFE, ABORTED), []),
    ],
)
def test_a_decision_breaks_just_these_clauses(
    wal: list[AgreementWalEntry], decided: DurableRecoveryDecision, expected: list[int]
) -> None:
    assert broken(wal, decided) == expected


def test_each_operation_is_judged_by_every_clause() -> None:
    wrong = decision(FINALIZED, None, REUSE)
    plan = replace(EMPTY, decisions=(wrong, replace(wrong, operation_id="b")))

    assert violations([gate(1)], 0, plan) == tuple(
        [ClauseViolation(number, each) for each in ("a", "b") for number in (3, 8)]
    )
    assert [clause.number for clause in CLAUSES] == list(range(1, 9))
