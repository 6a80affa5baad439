"""Recovery plans from the whole log, operation by operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from telltale_spec.hardened.fold import OperationFold
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import AgreementWalArtifact
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.recovery import (
    DurableRecoveryAction,
    DurableRecoveryDecision,
    DurableRecoveryMetadata,
)
from telltale_spec.wire.shapes import U64, Tree

__all__ = ["MENDED_BY_RECOVERY", "HardenedRecoveryPlan", "RefusedOperation"]

MachineType = TypeVar("MachineType")

MENDED_BY_RECOVERY: Final = frozenset({"F5", "F6", "F7", "F8", "F25", "F37", "F38"})
"""The findings that :class:`HardenedRecoveryPlan` does not show."""

_TERMINAL: Final = (DurableRecoveryAction.REUSE_FINALIZED, DurableRecoveryAction.PRESERVE_TERMINAL)


@dataclass(frozen=True, slots=True)
class RefusedOperation:
    """An operation that no decision is made for, since its entries contradict each other."""

    operation_id: str
    reason: str

    def to_dict(self) -> dict[str, Tree]:
        """Return the JSON form."""
        return {"operation_id": self.operation_id, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class HardenedRecoveryPlan(DurableRecoveryPlan[MachineType], Generic[MachineType]):
    """A recovery plan whose every decision meets all eight clauses of soundness.

    Differs from the specification's plan in this alone:

    - Level and outcome are those of the whole log, so that nothing from before
      the checkpoint is forgotten (F6), and evidence from before it stays linked
      to the cache (F37).
    - An operation whose entries contradict each other - escalations out of
      order, two outcomes, a gate above its level, a finalized level without its
      outcome - is refused with a reason, and the others are planned (F5, F7, F38).
      Somebody has to look at it: no decision about it would be right.
    - Evidence that is not authoritative counts for nothing (F25). Which session
      is an operation's own a log does not say, so sessions are not told apart.
    - Lowest and highest tick of the suffix are its lowest and highest (F8). What
      was appended late with a tick up to the checkpoint counts for its
      operation, but is by itself no reason to plan for it.

    ``refused`` is ascending by operation id. Source: RECOV-01..10 but for the
    above (L1100-1231).
    """

    refused: tuple[RefusedOperation, ...]

    @classmethod
    def from_checkpoint(
        cls,
        checkpoint_tick: int,
        machine: MachineType,
        wal: AgreementWalArtifact,
        evidence_cache: EvidenceOutcomeCacheArtifact,
    ) -> HardenedRecoveryPlan[MachineType]:
        """Build the plan of one checkpoint, log and cache.

        Raises :class:`~telltale_spec.errors.DomainError` for an impossible
        tick, and nothing for a log, whatever is in it. The cost is linear in
        log and cache, besides sorting the operation ids.
        """
        U64.check(checkpoint_tick, "HardenedRecoveryPlan", "checkpoint_tick")
        folds = _folds(wal, checkpoint_tick)
        cached_ids = tuple([entry.evidence_id for entry in evidence_cache.entries])
        linked = _linked_ids(folds, cached_ids)
        decisions, refused = [], []
        for operation_id in sorted(folds):
            fold = folds[operation_id]
            if not fold.is_behind:
                continue
            reason = fold.contradiction()
            if reason is not None:
                refused.append(RefusedOperation(operation_id, reason))
                continue
            decisions.append(_decision(operation_id, fold, linked.get(operation_id, ())))
        wal_suffix = wal.read_since(checkpoint_tick)
        ticks = [entry.tick for entry in wal_suffix]
        metadata = DurableRecoveryMetadata(
            checkpoint_tick=checkpoint_tick,
            wal_tail_start_tick=min(ticks, default=None),
            highest_recovered_tick=max(ticks, default=None),
            resumed_operation_ids=_ids(each for each in decisions if each.action not in _TERMINAL),
            terminal_operation_ids=_ids(each for each in decisions if each.action in _TERMINAL),
            cached_evidence_ids=cached_ids,
        )
        return cls(machine, metadata, wal_suffix, evidence_cache, tuple(decisions), tuple(refused))

    def to_dict(self) -> dict[str, Tree]:
        """Return the JSON form of the derived parts, the refused operations among them."""
        # A dataclass with slots is another class than the one that `super()` was compiled in.
        tree = DurableRecoveryPlan.to_dict(self)
        return tree | {"refused": [each.to_dict() for each in self.refused]}


def _folds(wal: AgreementWalArtifact, checkpoint_tick: int) -> dict[str, OperationFold]:
    folds: dict[str, OperationFold] = {}
    for position, entry in enumerate(wal.entries):
        fold = folds.get(entry.operation_id)
        if fold is None:
            fold = folds[entry.operation_id] = OperationFold()
        fold.take(entry, position, is_behind=entry.tick > checkpoint_tick)
    return folds


def _linked_ids(
    folds: Mapping[str, OperationFold], cached_ids: Iterable[str]
) -> dict[str, list[str]]:
    """Return the cached ids of each operation, in cache order (RECOV-06)."""
    producers: dict[str, list[str]] = {}
    for operation_id, fold in folds.items():
        for evidence_id in fold.evidence_ids:
            producers.setdefault(evidence_id, []).append(operation_id)
    linked: dict[str, list[str]] = {}
    for evidence_id in cached_ids:
        for operation_id in producers.get(evidence_id, ()):
            linked.setdefault(operation_id, []).append(evidence_id)
    return linked


def _decision(
    operation_id: str, fold: OperationFold, cached_ids: Iterable[str]
) -> DurableRecoveryDecision:
    return DurableRecoveryDecision(
        operation_id,
        fold.level,
        fold.outcome,
        fold.action,
        tuple(cached_ids),
        fold.is_gate_behind,
    )


def _ids(decisions: Iterable[DurableRecoveryDecision]) -> tuple[str, ...]:
    return tuple([decision.operation_id for decision in decisions])
