"""Records as a database keeps them: canonical bytes, checked on the way in and on the way out."""

from __future__ import annotations

import hashlib
from typing import Final, TypeVar

from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import WAL_ENTRY, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import decode_canonical, encode
from telltale_spec.wire.record import Record
from telltale_spec.wire.shapes import TEXT, U64, RecordShape

__all__ = [
    "checked_entry",
    "checked_id",
    "checked_outcome",
    "checked_tick",
    "digest",
    "stored_record",
]

RecordType = TypeVar("RecordType", bound=Record)

_OUTCOME: Final = RecordShape(EvidenceOutcomeCacheEntry)


def checked_entry(entry: AgreementWalEntry, owner: str) -> bytes:
    """Return the bytes of a log entry; ``owner`` is named where it is none."""
    return encode(WAL_ENTRY.check(entry, owner, "entry"))


def checked_outcome(entry: EvidenceOutcomeCacheEntry, owner: str) -> bytes:
    """Return the bytes of a cache entry.

    Raises ``DurabilityError`` for one that is nested too deep to be read back (F23).
    """
    _OUTCOME.check(entry, owner, "entry")
    data = encode(entry)
    if decode_canonical(EvidenceOutcomeCacheEntry, data) is None:
        raise DurabilityError(f"{owner}: the entry is nested too deep to be read back")
    return data


def checked_tick(tick: int) -> int:
    """Return a tick from 0 to 2^64-1, or raise ``DomainError``."""
    U64.check(tick, "read_since", "tick")
    return tick


def checked_id(evidence_id: str) -> bytes:
    """Return the bytes of an id, or raise ``DomainError`` for what is no text."""
    TEXT.check(evidence_id, "get", "evidence_id")
    return evidence_id.encode()


def stored_record(record_class: type[RecordType], data: object, owner: str) -> RecordType:
    """Return the record of stored bytes, or raise ``DurabilityError`` where they are damaged."""
    found = decode_canonical(record_class, data) if isinstance(data, bytes) else None
    if found is None:
        raise DurabilityError(f"{owner}: a stored {record_class.__name__} is corrupt")
    return found


def digest(data: bytes) -> bytes:
    """Return 32 bytes that stand for a key of any length, as two keys never share them."""
    return hashlib.blake2b(data, digest_size=32).digest()
