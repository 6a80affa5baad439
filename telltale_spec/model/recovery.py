"""What a restart does with each operation: a pure fold over log suffix and cache.

The specification walks the suffix once an operation and the operation's
evidence once a cache entry. Here one pass over the suffix collects all
operations, and who produced what is cached; one pass over the cache hands each
id to its producers. The result is the same and the cost is linear
(RECOV-03..06, L1154-1231).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.recovery import (
    DurableRecoveryAction,
    DurableRecoveryDecision,
    DurableRecoveryMetadata,
)
from telltale_spec.wire.shapes import U64, Tree

__all__ = ["DurableRecoveryPlan", "recovery_action", "recovery_decisions"]

MachineType = TypeVar("MachineType")

_RESUMING = frozenset(
    {
        DurableRecoveryAction.REEXECUTE_FROM_SCRATCH,
        DurableRecoveryAction.RESUME_FROM_EVIDENCE_BOUNDARY,
    }
)


@dataclass(frozen=True, slots=True)
class DurableRecoveryPlan(Generic[MachineType]):
    """The recovery state derived from one checkpoint and a log suffix.

    ``machine`` is the decoded machine of the checkpoint, opaque here and
    carried through untouched. Source: L910-923, RECOV-01..10.
    """

    machine: MachineType
    metadata: DurableRecoveryMetadata
    wal_suffix: tuple[AgreementWalEntry, ...]
    evidence_cache: EvidenceOutcomeCacheArtifact
    decisions: tuple[DurableRecoveryDecision, ...]

    @classmethod
    def from_checkpoint(
        cls,
        checkpoint_tick: int,
        machine: MachineType,
        wal: AgreementWalArtifact,
        evidence_cache: EvidenceOutcomeCacheArtifact,
    ) -> DurableRecoveryPlan[MachineType]:
        """Build the plan of one checkpoint, log and cache.

        The whole log is validated first, also below the checkpoint and for all
        operations (F38): raises
        :class:`~telltale_spec.errors.EscalationOrderError`, and
        :class:`~telltale_spec.errors.DomainError` for an impossible tick.
        Source: RECOV-01, RECOV-02, RECOV-07, RECOV-08 (L1105-1152).
        """
        U64.check(checkpoint_tick, "DurableRecoveryPlan", "checkpoint_tick")
        wal.validate_monotonic_escalations()
        wal_suffix = wal.read_since(checkpoint_tick)
        decisions = recovery_decisions(wal_suffix, evidence_cache)
        metadata = DurableRecoveryMetadata(
            checkpoint_tick=checkpoint_tick,
            # First and last in stored order, which need not be lowest and highest (F8).
            wal_tail_start_tick=wal_suffix[0].tick if wal_suffix else None,
            highest_recovered_tick=wal_suffix[-1].tick if wal_suffix else None,
            resumed_operation_ids=_operation_ids(decisions, resuming=True),
            terminal_operation_ids=_operation_ids(decisions, resuming=False),
            # All ids of the cache, used by the suffix or not (RECOV-07, F37).
            cached_evidence_ids=tuple([entry.evidence_id for entry in evidence_cache.entries]),
        )
        return cls(machine, metadata, wal_suffix, evidence_cache, decisions)

    def to_dict(self) -> dict[str, Tree]:
        """Return serde's JSON form of the derived parts, without machine and cache."""
        return {
            "metadata": self.metadata.to_dict(),
            "wal_suffix": [entry.to_dict() for entry in self.wal_suffix],
            "decisions": [decision.to_dict() for decision in self.decisions],
        }


def recovery_action(
    level: AgreementLevel, finalization: FinalizationOutcome | None
) -> DurableRecoveryAction:
    """Return the action for an operation's level and outcome (RECOV-05, L1208-1219).

    A crossed gate has no influence (F5).
    """
    if finalization is FinalizationOutcome.FINALIZED:
        return DurableRecoveryAction.REUSE_FINALIZED
    if finalization is not None:
        return DurableRecoveryAction.PRESERVE_TERMINAL
    if level.at_least(AgreementLevel.SOFT_SAFE):
        return DurableRecoveryAction.RESUME_FROM_EVIDENCE_BOUNDARY
    return DurableRecoveryAction.REEXECUTE_FROM_SCRATCH


def recovery_decisions(
    wal_suffix: Sequence[AgreementWalEntry], evidence_cache: EvidenceOutcomeCacheArtifact
) -> tuple[DurableRecoveryDecision, ...]:
    """Return one decision for each operation of the suffix, ascending by operation id.

    The cost is linear in suffix, cache and result, besides sorting the
    operation ids. Source: RECOV-03..06 (L1154-1231).
    """
    folds: dict[str, _OperationFold] = {}
    cached_ids = [entry.evidence_id for entry in evidence_cache.entries]
    # Only what is cached is of interest, so that a long log leaves little behind.
    producers: dict[str, set[str]] = {evidence_id: set() for evidence_id in cached_ids}
    for entry in wal_suffix:
        operation_id = entry.operation_id
        fold = folds.get(operation_id)
        if fold is None:
            fold = folds[operation_id] = _OperationFold()
        fold.take(entry)
        if isinstance(entry, EvidenceProduced):
            # Evidence counts whatever its authority, session and kind (F25).
            producing = producers.get(entry.evidence.evidence_id)
            if producing is not None:
                producing.add(operation_id)
    for evidence_id in cached_ids:
        # In the order of the cache, an id as often as the cache has it (RECOV-06).
        for operation_id in producers[evidence_id]:
            folds[operation_id].cache(evidence_id)
    return tuple([folds[operation_id].decision(operation_id) for operation_id in sorted(folds)])


@dataclass(slots=True)
class _OperationFold:
    """What the suffix says about one operation so far (RECOV-04, L1163-1195)."""

    level: AgreementLevel = AgreementLevel.NONE
    finalization: FinalizationOutcome | None = None
    gate_crossed: bool = False
    # Made at need: for a hundred thousand operations the lists would cost more than the folds.
    cached_evidence_ids: list[str] | None = None

    def take(self, entry: AgreementWalEntry) -> None:
        if isinstance(entry, Escalation):
            self.raise_level(entry.new_level)
        elif isinstance(entry, EvidenceProduced):
            self.raise_level(entry.evidence.level)
        elif isinstance(entry, Finalization):
            # The last outcome wins, but a level once finalized stays (F7).
            self.finalization = entry.outcome
            if entry.outcome is FinalizationOutcome.FINALIZED:
                self.level = AgreementLevel.FINALIZED
        else:
            self.gate_crossed = True

    def raise_level(self, level: AgreementLevel) -> None:
        if level.rank > self.level.rank:
            self.level = level

    def cache(self, evidence_id: str) -> None:
        if self.cached_evidence_ids is None:
            self.cached_evidence_ids = []
        self.cached_evidence_ids.append(evidence_id)

    def decision(self, operation_id: str) -> DurableRecoveryDecision:
        return DurableRecoveryDecision(
            operation_id,
            self.level,
            self.finalization,
            recovery_action(self.level, self.finalization),
            tuple(self.cached_evidence_ids or ()),
            self.gate_crossed,
        )


def _operation_ids(
    decisions: Iterable[DurableRecoveryDecision], *, resuming: bool
) -> tuple[str, ...]:
    return tuple(
        [
            decision.operation_id
            for decision in decisions
            if (decision.action in _RESUMING) is resuming
        ]
    )
