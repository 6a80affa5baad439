"""The clauses of soundness, each with a log that keeps it and one that breaks it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.rules.soundness import (
    CLAUSES,
    RELATIONS,
    SOUND,
    SOUND_PLUS,
    Answer,
    RecoveryCase,
    violations,
)
from strategies.artifacts import checkpoints, wal_artifacts
from telltale_spec.errors import EscalationOrderError
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.recovery import DurableRecoveryAction

NONE, PROVISIONAL, SOFT_SAFE, FINALIZED = AgreementLevel


def rise(tick: int, level: AgreementLevel) -> AgreementWalEntry:
    return Escalation("a", NONE, level, None, tick)


def gate(tick: int, level: AgreementLevel) -> AgreementWalEntry:
    return VisibilityGateCrossing("a", "c", level, tick)


def end(tick: int, outcome: FinalizationOutcome) -> AgreementWalEntry:
    return Finalization("a", outcome, None, None, tick)


DONE, ABORTED = FinalizationOutcome.FINALIZED, FinalizationOutcome.ABORTED


def plan_of(entries: tuple[AgreementWalEntry, ...], tick: int) -> DurableRecoveryPlan[None]:
    wal = AgreementWalArtifact(entries)
    return DurableRecoveryPlan.from_checkpoint(tick, None, wal, EvidenceOutcomeCacheArtifact())


@pytest.mark.parametrize(
    ("entries", "checkpoint", "broken"),
    [
        ((), 0, set()),
        ((gate(1, FINALIZED),), 0, {2, 5}),
        ((gate(1, NONE),), 0, {5}),
        ((rise(1, SOFT_SAFE), gate(2, SOFT_SAFE)), 0, set()),
        ((rise(1, PROVISIONAL), gate(2, PROVISIONAL)), 0, {5}),
        ((rise(1, PROVISIONAL), gate(2, PROVISIONAL)), 1, {1, 2, 5}),
        ((end(5, DONE), gate(6, PROVISIONAL)), 5, {1, 2, 5, 6}),
        ((end(5, ABORTED), rise(6, SOFT_SAFE)), 5, {6}),
        ((end(5, DONE), end(6, ABORTED)), 0, {7, 8}),
        ((end(5, ABORTED), end(6, DONE)), 0, {7}),
        ((rise(1, FINALIZED),), 0, {8}),
        ((end(1, DONE),), 0, set()),
        ((end(1, ABORTED),), 0, set()),
    ],
)
def test_the_reference_breaks_just_these_clauses(
    entries: tuple[AgreementWalEntry, ...], checkpoint: int, broken: set[int]
) -> None:
    found = violations(entries, checkpoint, plan_of(entries, checkpoint))

    assert {each.clause for each in found} == broken
    assert {each.operation_id for each in found} <= {"a"}


@pytest.mark.parametrize(
    ("action", "broken"),
    [
        (DurableRecoveryAction.REUSE_FINALIZED, {3}),
        (DurableRecoveryAction.PRESERVE_TERMINAL, {4}),
        (DurableRecoveryAction.RESUME_FROM_EVIDENCE_BOUNDARY, set()),
    ],
)
def test_clauses_3_and_4_judge_the_action(action: DurableRecoveryAction, broken: set[int]) -> None:
    entries = (rise(1, SOFT_SAFE),)
    plan = plan_of(entries, 0)
    changed = replace(plan, decisions=(replace(plan.decisions[0], action=action),))

    assert {each.clause for each in violations(entries, 0, changed)} == broken


@given(st.data())
def test_clauses_3_and_4_hold_of_the_reference(data: st.DataObject) -> None:
    entries = data.draw(wal_artifacts(max_size=6)).entries
    checkpoint = data.draw(checkpoints(entries))

    found = violations(entries, checkpoint, plan_of(entries, checkpoint))

    assert {each.clause for each in found} & {3, 4} == set()


def test_the_clauses_are_numbered_in_order() -> None:
    assert [clause.number for clause in CLAUSES] == list(range(1, 9))
    assert (*SOUND, *SOUND_PLUS) == CLAUSES


def answer_of(case: RecoveryCase) -> Answer:
    try:
        return plan_of(case.entries, case.checkpoint_tick)
    except EscalationOrderError as error:
        return str(error)


@given(wal_artifacts(max_size=4), st.integers(0, 2**10))
def test_relations_hold_of_the_reference_and_name_their_laws(
    wal: AgreementWalArtifact, number: int
) -> None:
    case = RecoveryCase(1, wal.entries)
    for relation in RELATIONS:
        for each in relation(answer_of, case, number):
            assert each.expected == each.actual
            assert each.what.startswith("M-")
