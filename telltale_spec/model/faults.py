"""The fault program of the specification's simulator: which append fails, and how.

Faults are matched with the tick of the entry, never with the number of calls,
so no program can fail in the middle of a sync (F28). Source: FAULT-01..03.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from telltale_spec.wire.record import Record, Variant
from telltale_spec.wire.shapes import (
    TEXT,
    U64,
    ExternallyTaggedShape,
    ListShape,
    RecordShape,
    wire,
)

__all__ = [
    "AvailabilityWindow",
    "DelayedOutcome",
    "DurableFaultKind",
    "DurableFaultOutcome",
    "DurableFaultProgram",
    "DurableFaultRecord",
    "DurableFaultSchedule",
    "FailedOutcome",
    "Latency",
    "PartialWrite",
    "UnavailableOutcome",
    "WriteFailure",
]

FAULT_KIND: Final[ExternallyTaggedShape[DurableFaultKind]] = ExternallyTaggedShape(
    "DurableFaultKind"
)
FAULT_OUTCOME: Final[ExternallyTaggedShape[DurableFaultOutcome]] = ExternallyTaggedShape(
    "DurableFaultOutcome"
)


@dataclass(frozen=True, slots=True)
class DurableFaultKind(Variant):
    """What goes wrong; one of the four variants below. Source: FAULT-02, FAULT-03."""

    union: ClassVar[ExternallyTaggedShape[DurableFaultKind]] = FAULT_KIND

    def matches(self, scheduled_tick: int, entry_tick: int) -> bool:
        """Say whether a fault scheduled at one tick strikes an entry of another (FAULT-01)."""
        return scheduled_tick == entry_tick


@dataclass(frozen=True, slots=True)
class WriteFailure(DurableFaultKind):
    """The append fails and stores nothing."""

    variant_name: ClassVar[str] = "write_failure"
    variant_style: ClassVar[str] = "unit"


@dataclass(frozen=True, slots=True)
class PartialWrite(DurableFaultKind):
    """The append fails; despite its name it stores nothing either (FAULT-02, F28)."""

    variant_name: ClassVar[str] = "partial_write"
    variant_style: ClassVar[str] = "unit"


@dataclass(frozen=True, slots=True)
class Latency(DurableFaultKind):
    """The append is recorded as delayed; nothing waits (FAULT-03)."""

    variant_name: ClassVar[str] = "latency"

    ticks: int = field(metadata=wire(U64))


@dataclass(frozen=True, slots=True)
class AvailabilityWindow(DurableFaultKind):
    """Appends fail from one tick to another, both included."""

    variant_name: ClassVar[str] = "availability_window"

    start_tick: int = field(metadata=wire(U64))
    end_tick: int = field(metadata=wire(U64))

    def matches(self, scheduled_tick: int, entry_tick: int) -> bool:
        """Say whether the entry is in the window or exactly at the scheduled tick (F28)."""
        return self.start_tick <= entry_tick <= self.end_tick or scheduled_tick == entry_tick


FAULT_KIND.define(WriteFailure, PartialWrite, Latency, AvailabilityWindow)


@dataclass(frozen=True, slots=True)
class DurableFaultOutcome(Variant):
    """What a fault did to an append; one of the three variants below. Source: FAULT-02."""

    union: ClassVar[ExternallyTaggedShape[DurableFaultOutcome]] = FAULT_OUTCOME


@dataclass(frozen=True, slots=True)
class FailedOutcome(DurableFaultOutcome):
    """The append failed."""

    variant_name: ClassVar[str] = "failed"
    variant_style: ClassVar[str] = "unit"


@dataclass(frozen=True, slots=True)
class UnavailableOutcome(DurableFaultOutcome):
    """The backend was not available."""

    variant_name: ClassVar[str] = "unavailable"
    variant_style: ClassVar[str] = "unit"


@dataclass(frozen=True, slots=True)
class DelayedOutcome(DurableFaultOutcome):
    """The append was delayed by so many ticks, in name only."""

    variant_name: ClassVar[str] = "delayed"

    ticks: int = field(metadata=wire(U64))


FAULT_OUTCOME.define(FailedOutcome, UnavailableOutcome, DelayedOutcome)


@dataclass(frozen=True, slots=True)
class DurableFaultSchedule(Record):
    """One fault and the tick it is scheduled at. Source: FAULT-03."""

    tick: int = field(metadata=wire(U64))
    kind: DurableFaultKind = field(metadata=wire(FAULT_KIND))


@dataclass(frozen=True, slots=True)
class DurableFaultProgram(Record):
    """Faults in the order of their declaration; none ever expires. Source: FAULT-01, FAULT-03."""

    faults: tuple[DurableFaultSchedule, ...] = field(
        metadata=wire(ListShape(RecordShape(DurableFaultSchedule)))
    )

    def fault_at(self, entry_tick: int) -> DurableFaultKind | None:
        """Return the first declared fault that strikes an entry of this tick (FAULT-01)."""
        for fault in self.faults:
            if fault.kind.matches(fault.tick, entry_tick):
                return fault.kind
        return None


@dataclass(frozen=True, slots=True)
class DurableFaultRecord(Record):
    """One fault that struck: the entry's tick and operation, the fault, what it did."""

    tick: int = field(metadata=wire(U64))
    operation_id: str = field(metadata=wire(TEXT))
    kind: DurableFaultKind = field(metadata=wire(FAULT_KIND))
    outcome: DurableFaultOutcome = field(metadata=wire(FAULT_OUTCOME))
