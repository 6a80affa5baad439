"""The evidence-outcome cache as a value."""

from __future__ import annotations

from dataclasses import dataclass, field

from telltale_spec.wire.effects import EffectOutcome
from telltale_spec.wire.record import Record
from telltale_spec.wire.shapes import TEXT, ListShape, RecordShape, wire

__all__ = ["EvidenceOutcomeCacheArtifact", "EvidenceOutcomeCacheEntry"]


@dataclass(frozen=True, slots=True)
class EvidenceOutcomeCacheEntry(Record):
    """One effect outcome keyed by evidence id. Source: L330-341, WIRE-05."""

    evidence_id: str = field(metadata=wire(TEXT))
    interface_name: str = field(metadata=wire(TEXT))
    operation_name: str = field(metadata=wire(TEXT))
    outcome: EffectOutcome = field(metadata=wire(RecordShape(EffectOutcome)))


@dataclass(frozen=True, slots=True)
class EvidenceOutcomeCacheArtifact(Record):
    """A whole evidence-outcome cache; a decoded one may hold an id twice (F18). Source: L344."""

    entries: tuple[EvidenceOutcomeCacheEntry, ...] = field(
        default=(), metadata=wire(ListShape(RecordShape(EvidenceOutcomeCacheEntry)))
    )

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the first entry of ``evidence_id``, or ``None`` (CACHE-01, CACHE-05, L353-357)."""
        for entry in self.entries:
            if entry.evidence_id == evidence_id:
                return entry
        return None
