"""What a recovery says: metadata, actions and decisions, as values."""

from __future__ import annotations

from dataclasses import dataclass, field

from telltale_spec.wire.agreement import (
    AGREEMENT_LEVEL,
    FINALIZATION_OUTCOME,
    AgreementLevel,
    DebugNamedEnum,
    FinalizationOutcome,
)
from telltale_spec.wire.record import Record
from telltale_spec.wire.shapes import (
    BOOL,
    TEXT,
    U64,
    ListShape,
    OptionShape,
    UnitEnumShape,
    wire,
)

__all__ = ["DurableRecoveryAction", "DurableRecoveryDecision", "DurableRecoveryMetadata"]


class DurableRecoveryAction(DebugNamedEnum):
    """What to do with one operation after a restart. Source: L879-888."""

    REEXECUTE_FROM_SCRATCH = "reexecute_from_scratch"
    RESUME_FROM_EVIDENCE_BOUNDARY = "resume_from_evidence_boundary"
    REUSE_FINALIZED = "reuse_finalized"
    PRESERVE_TERMINAL = "preserve_terminal"


@dataclass(frozen=True, slots=True)
class DurableRecoveryMetadata(Record):
    """Summary of one recovery. Source: L855-874, WIRE-10."""

    checkpoint_tick: int = field(default=0, metadata=wire(U64))
    wal_tail_start_tick: int | None = field(default=None, metadata=wire(OptionShape(U64)))
    highest_recovered_tick: int | None = field(default=None, metadata=wire(OptionShape(U64)))
    resumed_operation_ids: tuple[str, ...] = field(
        default=(), metadata=wire(ListShape(TEXT), has_default=True)
    )
    terminal_operation_ids: tuple[str, ...] = field(
        default=(), metadata=wire(ListShape(TEXT), has_default=True)
    )
    cached_evidence_ids: tuple[str, ...] = field(
        default=(), metadata=wire(ListShape(TEXT), has_default=True)
    )


@dataclass(frozen=True, slots=True)
class DurableRecoveryDecision(Record):
    """The recovery decision for one operation. Source: L890-908."""

    operation_id: str = field(metadata=wire(TEXT))
    level: AgreementLevel = field(metadata=wire(AGREEMENT_LEVEL))
    finalization: FinalizationOutcome | None = field(
        metadata=wire(OptionShape(FINALIZATION_OUTCOME))
    )
    action: DurableRecoveryAction = field(metadata=wire(UnitEnumShape(DurableRecoveryAction)))
    cached_evidence_ids: tuple[str, ...] = field(metadata=wire(ListShape(TEXT), has_default=True))
    gate_crossed: bool = field(metadata=wire(BOOL))
