"""The operations of a durable backend, as data.

A history is a sequence of these. They have a JSON form, so that a history can
be written to a file, shown in a report and replayed by any tool.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from telltale_spec.wire.agreement import WAL_ENTRY, AgreementWalEntry, WalSyncRequest
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.record import Variant
from telltale_spec.wire.shapes import TEXT, U64, InternallyTaggedShape, RecordShape, wire

__all__ = [
    "OPERATION",
    "Append",
    "GetOutcome",
    "Kill",
    "LoadCache",
    "LoadLog",
    "Operation",
    "PutOutcome",
    "ReadSince",
    "Reopen",
    "SyncWal",
]

OPERATION: Final[InternallyTaggedShape[Operation]] = InternallyTaggedShape("Operation", "operation")


@dataclass(frozen=True, slots=True)
class Operation(Variant):
    """One call of a backend; one of the variants below."""

    union: ClassVar[InternallyTaggedShape[Operation]] = OPERATION


@dataclass(frozen=True, slots=True)
class Append(Operation):
    """Append one entry to the log."""

    variant_name: ClassVar[str] = "append"

    entry: AgreementWalEntry = field(metadata=wire(WAL_ENTRY))


@dataclass(frozen=True, slots=True)
class ReadSince(Operation):
    """Read the entries strictly after a tick."""

    variant_name: ClassVar[str] = "read_since"

    tick: int = field(metadata=wire(U64))


@dataclass(frozen=True, slots=True)
class LoadLog(Operation):
    """Load the whole log."""

    variant_name: ClassVar[str] = "load_log"


@dataclass(frozen=True, slots=True)
class Reopen(Operation):
    """Close the backend and open it again on the same storage."""

    variant_name: ClassVar[str] = "reopen"


@dataclass(frozen=True, slots=True)
class Kill(Operation):
    """End the process of the backend at once, start it again and open it on the same storage."""

    variant_name: ClassVar[str] = "kill"


@dataclass(frozen=True, slots=True)
class PutOutcome(Operation):
    """Store one outcome in the cache."""

    variant_name: ClassVar[str] = "put_outcome"

    entry: EvidenceOutcomeCacheEntry = field(metadata=wire(RecordShape(EvidenceOutcomeCacheEntry)))


@dataclass(frozen=True, slots=True)
class GetOutcome(Operation):
    """Look one outcome up by its evidence id."""

    variant_name: ClassVar[str] = "get_outcome"

    evidence_id: str = field(metadata=wire(TEXT))


@dataclass(frozen=True, slots=True)
class LoadCache(Operation):
    """Load the whole cache."""

    variant_name: ClassVar[str] = "load_cache"


@dataclass(frozen=True, slots=True)
class SyncWal(Operation):
    """Synchronise the agreement state of an operation through a handler."""

    variant_name: ClassVar[str] = "sync_wal"

    request: WalSyncRequest = field(metadata=wire(RecordShape(WalSyncRequest)))


OPERATION.define(
    Append, ReadSince, LoadLog, Reopen, Kill, PutOutcome, GetOutcome, LoadCache, SyncWal
)
