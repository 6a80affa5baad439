"""Logs of real entries, mapped to the slots of the model ``recovery``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from conformance.checker.models.decisions import Decision
from conformance.checker.models.recovery import LETTERS, Letter, Log, Operation
from conformance.checker.models.recovery import append as append_letter
from conformance.rules.soundness import violations
from telltale_spec.errors import EscalationOrderError
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact

__all__ = ["CHECKPOINT", "RecoveryWorld", "entry_of", "letter_of", "plan_of", "slot_of"]

CHECKPOINT: Final = 5
_LEVELS: Final = tuple(AgreementLevel)
_BY_NAME: Final = {letter.name: letter for letter in LETTERS}


def plan_of(
    entries: Sequence[AgreementWalEntry], checkpoint_tick: int = CHECKPOINT
) -> DurableRecoveryPlan[None] | None:
    """Return the real plan, or ``None`` where the log is refused (RECOV-01)."""
    try:
        return DurableRecoveryPlan.from_checkpoint(
            checkpoint_tick,
            None,
            AgreementWalArtifact(tuple(entries)),
            EvidenceOutcomeCacheArtifact(),
        )
    except EscalationOrderError:
        return None


def letter_of(
    entry: AgreementWalEntry, last_level: AgreementLevel | None, checkpoint_tick: int = CHECKPOINT
) -> Letter:
    """Return the kind of an entry, behind an escalation of its operation to a last level."""
    side = "after" if entry.tick > checkpoint_tick else "before"
    if isinstance(entry, Escalation):
        rank, previous = entry.new_level.rank, entry.previous_level.rank
        last = 0 if last_level is None else last_level.rank
        if rank < previous or previous < last:
            return Letter("regression", side)
        return Letter("escalation", side, rank)
    if isinstance(entry, EvidenceProduced):
        return Letter("evidence", side, entry.evidence.level.rank)
    if isinstance(entry, Finalization):
        return Letter("finalization", side, outcome=entry.outcome.value)
    if isinstance(entry, VisibilityGateCrossing):
        return Letter("gate", side, entry.gate_level.rank)
    raise TypeError(f"{type(entry).__name__} is no entry of a log")


def slot_of(
    entries: Sequence[AgreementWalEntry], operation_id: str, checkpoint_tick: int = CHECKPOINT
) -> Operation:
    """Return what a log says of one operation, worked out from real entries alone."""
    slot = Operation()
    last_level = None
    for entry in entries:
        if entry.operation_id != operation_id:
            continue
        slot = append_letter(slot, letter_of(entry, last_level, checkpoint_tick))
        if isinstance(entry, Escalation):
            last_level = entry.new_level
    return slot


def entry_of(letter: Letter, operation_id: str, slot: Operation) -> AgreementWalEntry:
    """Return a real entry of some kind, for an operation in some state."""
    tick = CHECKPOINT + 1 if letter.side == "after" else CHECKPOINT
    level = _LEVELS[letter.level]
    if letter.kind == "regression":
        return Escalation(
            operation_id, AgreementLevel.FINALIZED, AgreementLevel.SOFT_SAFE, None, tick
        )
    if letter.kind == "escalation":
        return Escalation(operation_id, _LEVELS[slot.escalated_level or 0], level, None, tick)
    if letter.kind == "evidence":
        evidence = AgreementEvidence(
            evidence_id="e",
            operation_id=operation_id,
            session=None,
            owner_id=None,
            level=level,
            kind=AgreementEvidenceKind.WITNESS,
            reference="",
            authoritative=True,
        )
        return EvidenceProduced(evidence, tick)
    if letter.outcome is not None:
        return Finalization(operation_id, FinalizationOutcome(letter.outcome), None, None, tick)
    return VisibilityGateCrossing(operation_id, "coro:0", level, tick)


class RecoveryWorld:
    """A log of real entries that grows by letters of the model."""

    def __init__(self, slots_count: int) -> None:
        self.entries: list[AgreementWalEntry] = []
        self._operation_ids = [f"op:{index}" for index in range(slots_count)]

    def perform(self, action: str, slot: int | None) -> None:
        """Append an entry of some kind."""
        operation_id = self._operation_ids[slot or 0]
        before = slot_of(self.entries, operation_id)
        self.entries.append(entry_of(_BY_NAME[action], operation_id, before))

    def shared(self) -> Log:
        """Return whether the real log is in order."""
        return Log(plan_of(self.entries) is not None)

    def slots(self) -> tuple[Operation, ...]:
        """Return what the log says of each operation."""
        return tuple(slot_of(self.entries, each) for each in self._operation_ids)

    def decisions(self) -> tuple[Decision | None, ...] | None:
        """Return what the real plan decides for each operation, or that there is no plan."""
        plan = plan_of(self.entries)
        if plan is None:
            return None
        found = {}
        for each in plan.decisions:
            outcome = None if each.finalization is None else each.finalization.value
            found[each.operation_id] = Decision(each.level.rank, outcome, each.gate_crossed)
        return tuple(found.get(each) for each in self._operation_ids)

    def violations(self) -> frozenset[str]:
        """Return the clauses that the real plan breaks, or that one operation blocks others."""
        plan = plan_of(self.entries)
        if plan is not None:
            broken = violations(self.entries, CHECKPOINT, plan)
            return frozenset(f"clause {each.clause}" for each in broken)
        alone = [
            plan_of([entry for entry in self.entries if entry.operation_id == each])
            for each in self._operation_ids
        ]
        blocked = any(each is not None and each.decisions for each in alone)
        return frozenset({"one out of order blocks no other"} if blocked else ())
