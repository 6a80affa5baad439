"""Cases for the relations between plans, and recoveries that answer as they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from conformance.rules.soundness import (
    RELATIONS,
    Answer,
    Comparison,
    Recover,
    RecoveryCase,
)
from conformance.tests.rules_drivers import NONE, SOFT_SAFE, cached, gate
from telltale_spec.errors import EscalationOrderError
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    Finalization,
    FinalizationOutcome,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact

(
    REGROUPED,
    ONE_BY_ONE,
    SUFFIX_ONLY,
    LEFT_OUT,
    DOUBLED,
    ONE_MORE,
    LATER,
    SHIFTED,
    BLINDED,
    RENAMED,
    ESCALATIONS_ONLY,
) = RELATIONS

Relation = Callable[[Recover, RecoveryCase, int], Iterator[Comparison]]
Entries = tuple[AgreementWalEntry, ...]


def recovered(case: RecoveryCase) -> Answer:
    """Answer as the reference does."""
    wal, cache = AgreementWalArtifact(case.entries), EvidenceOutcomeCacheArtifact(case.cache)
    try:
        return DurableRecoveryPlan.from_checkpoint(case.checkpoint_tick, None, wal, cache)
    except EscalationOrderError as error:
        return error.message


def rise(new: AgreementLevel, tick: int, operation_id: str = "a") -> Escalation:
    return Escalation(operation_id, NONE, new, None, tick)


def end(tick: int, operation_id: str = "a") -> AgreementWalEntry:
    return Finalization(operation_id, FinalizationOutcome.ABORTED, None, None, tick)


def asked_by(relation: Relation, case: RecoveryCase, number: int = 0) -> list[RecoveryCase]:
    """Return what a relation recovers besides the case itself; the reference keeps it."""
    asked: list[RecoveryCase] = []

    def recover(each: RecoveryCase) -> Answer:
        asked.append(each)
        return recovered(each)

    for comparison in relation(recover, case, number):
        assert comparison.expected == comparison.actual
    return [each for each in asked if each is not case]


def told_by(
    relation: Relation, case: RecoveryCase, before: Answer, after: Answer, number: int = 0
) -> list[Comparison]:
    """Return the comparisons where the case itself gives one answer, and all else another."""
    return list(relation(lambda each: before if each is case else after, case, number))


UP, END, GATE = rise(SOFT_SAFE, 3), end(4, "b"), gate(5)
CACHE = (cached("e", "1"),)
CASE = RecoveryCase(3, (UP, END, GATE), CACHE)
REFUSED = "out of order"


def case_of(*entries: AgreementWalEntry, tick: int = 3) -> RecoveryCase:
    return RecoveryCase(tick, entries, CACHE)


def decided(case: RecoveryCase) -> DurableRecoveryPlan[None]:
    answer = recovered(case)
    assert not isinstance(answer, str)
    return answer
