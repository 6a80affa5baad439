"""A readable projection of a log and a cache: one row an entry, nothing judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    VisibilityGateCrossing,
    or_dash,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.debug_form import debug_value
from telltale_spec.wire.record import Record
from telltale_spec.wire.shapes import TEXT, U64, ListShape, RecordShape, Tree, fields_to_tree, wire

__all__ = [
    "DurabilityInspectionReport",
    "EvidenceCacheInspectionRow",
    "WalInspectionRow",
    "inspect_cache_entry",
    "inspect_durability",
    "inspect_wal_entry",
]


@dataclass(frozen=True, slots=True)
class WalInspectionRow(Record):
    """One log entry in words. Source: INSPECT-01."""

    tick: int = field(metadata=wire(U64))
    operation_id: str = field(metadata=wire(TEXT))
    kind: str = field(metadata=wire(TEXT))
    detail: str = field(metadata=wire(TEXT))


@dataclass(frozen=True, slots=True)
class EvidenceCacheInspectionRow(Record):
    """One cache entry in words; the status is a Debug form, message included (F45).

    Source: INSPECT-02.
    """

    evidence_id: str = field(metadata=wire(TEXT))
    interface_name: str = field(metadata=wire(TEXT))
    operation_name: str = field(metadata=wire(TEXT))
    outcome_status: str = field(metadata=wire(TEXT))


@dataclass(frozen=True, slots=True)
class DurabilityInspectionReport(Record):
    """All rows of a log and a cache, in stored order, and the plan if one was given.

    The JSON form has the keys ``wal_entries``, ``evidence_cache_entries`` and
    ``recovery``. Source: INSPECT-03.
    """

    wal_entries: tuple[WalInspectionRow, ...] = field(
        metadata=wire(ListShape(RecordShape(WalInspectionRow)))
    )
    evidence_cache_entries: tuple[EvidenceCacheInspectionRow, ...] = field(
        metadata=wire(ListShape(RecordShape(EvidenceCacheInspectionRow)))
    )
    # The plan holds an opaque machine, so it is shown and never read back.
    recovery: DurableRecoveryPlan[Any] | None = None

    def to_dict(self) -> dict[str, Tree]:
        """Return the JSON form; the plan without its machine."""
        recovery = None if self.recovery is None else self.recovery.to_dict()
        return {**fields_to_tree(self), "recovery": recovery}


def inspect_durability(
    wal: AgreementWalArtifact,
    cache: EvidenceOutcomeCacheArtifact,
    recovery: DurableRecoveryPlan[Any] | None = None,
) -> DurabilityInspectionReport:
    """Return one row for each entry of log and cache; nothing is validated (INSPECT-01..03)."""
    return DurabilityInspectionReport(
        tuple([inspect_wal_entry(entry) for entry in wal.entries]),
        tuple([inspect_cache_entry(entry) for entry in cache.entries]),
        recovery,
    )


def inspect_wal_entry(entry: AgreementWalEntry) -> WalInspectionRow:
    """Return the row of one log entry. Source: INSPECT-01."""
    return WalInspectionRow(entry.tick, entry.operation_id, entry.variant_name, _detail(entry))


def inspect_cache_entry(entry: EvidenceOutcomeCacheEntry) -> EvidenceCacheInspectionRow:
    """Return the row of one cache entry. Source: INSPECT-02."""
    return EvidenceCacheInspectionRow(
        entry.evidence_id,
        entry.interface_name,
        entry.operation_name,
        debug_value(entry.outcome.status),
    )


def _detail(entry: AgreementWalEntry) -> str:
    match entry:
        case Escalation():
            evidence = "" if entry.evidence_id is None else f" evidence={entry.evidence_id}"
            return f"{entry.previous_level.debug_name} -> {entry.new_level.debug_name}{evidence}"
        case EvidenceProduced(evidence=produced):
            return (
                f"{produced.kind.debug_name} level={produced.level.debug_name} "
                f"authoritative={'true' if produced.authoritative else 'false'}"
            )
        case Finalization():
            return (
                f"{entry.outcome.debug_name} proof={or_dash(entry.materialization_proof_id)} "
                f"handle={or_dash(entry.canonical_handle_id)}"
            )
        case VisibilityGateCrossing():
            return f"downstream={entry.downstream_coroutine_id} gate={entry.gate_level.debug_name}"
        case _:
            # The union is closed, so this is a variant added without its row.
            raise NotImplementedError(f"no inspection detail for {type(entry).__name__}")
