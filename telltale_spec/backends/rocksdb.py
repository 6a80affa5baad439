"""A log and a cache on RocksDB, each in a folder of its own.

An append is one batch, written with ``sync``: it is in the write-ahead log, and that on disk,
before it is acknowledged; a torn batch is left out as a whole when the folder is opened again. Keys
are compared byte by byte: positions are eight bytes, the highest first, after a letter for their
kind.

Handles are safe to use from several threads. RocksDB locks its folder, so one handle at a time may
have it; another one is refused with a ``DurabilityError``. Needs the extra ``rocksdb``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from telltale_spec.backends.database_handle import DatabaseHandle
from telltale_spec.backends.stored_records import (
    checked_entry,
    checked_id,
    checked_outcome,
    checked_tick,
    digest,
    stored_record,
)
from telltale_spec.errors import MissingExtraError
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    escalation_order_error,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry

try:
    import rocksdict
except ImportError as error:
    raise MissingExtraError("rocksdb", "rocksdict") from error

__all__ = ["RocksDBAgreementWal", "RocksDBEvidenceOutcomeCache"]

PathLike: TypeAlias = str | os.PathLike[str]

_RECORD: Final = b"r"
"""What begins the key of a log entry or of an outcome; its place follows."""

_NAMED: Final = b"n"
"""What begins the key of an operation's last level, or of an id's place; a digest follows."""


class _RocksDBBackend(DatabaseHandle):
    """One database with its lock, whose errors are the declared one."""

    noun = "RocksDB folder"
    # The library raises plain exceptions for most of what RocksDB says.
    library_errors = (rocksdict.DbClosedError, Exception)

    def __init__(self, folder: PathLike) -> None:
        super().__init__(os.fspath(folder))
        self._lock = threading.Lock()
        self._synced = rocksdict.WriteOptions()
        self._synced.sync = True
        with self._declared_errors("open"):
            self._database = rocksdict.Rdict(self.place, rocksdict.Options(raw_mode=True))

    def close(self) -> None:
        """Close the database; every later operation raises ``DurabilityError``."""
        with self._lock, self._declared_errors("close"):
            self._database.close()

    @contextmanager
    def _writing(self) -> Iterator[rocksdict.WriteBatch]:
        """Hold the handle for one batch, which is written and synced if nothing is raised."""
        with self._lock, self._declared_errors("write"):
            batch = rocksdict.WriteBatch(raw_mode=True)
            yield batch
            self._database.write(batch, self._synced)

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        with self._lock, self._declared_errors("read"):
            yield self._database

    def _next_place(self) -> int:
        """Return the place after the last one, by a look at the end of the records."""
        cursor = self._database.iter()
        cursor.seek_for_prev(_RECORD + b"\xff" * 8)
        is_record = cursor.valid() and cursor.key().startswith(_RECORD)
        return int.from_bytes(cursor.key()[1:], "big") + 1 if is_record else 0

    def _records(self) -> list[bytes]:
        with self._reading() as database:
            return [value for key, value in database.items(from_key=_RECORD) if key[:1] == _RECORD]


class RocksDBAgreementWal(_RocksDBBackend):
    """An agreement WAL: entries by position, and the last level of each operation.

    Making one opens the database in ``folder``, and creates both where they do not exist.
    Source: WAL-01..WAL-09, WAL-13, mode ``clean-reject`` of WAL-04.
    """

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry and return once it is on disk (WAL-01, WAL-03)."""
        data = checked_entry(entry, type(self).__name__)
        with self._writing() as batch:
            position = self._next_place()
            if isinstance(entry, Escalation):
                self._escalate(batch, entry, position)
            batch.put(self._key(position), data)

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries strictly after ``tick`` in stored order (WAL-05)."""
        checked_tick(tick)
        return tuple([entry for entry in self.load().entries if entry.tick > tick])

    def load(self) -> AgreementWalArtifact:
        """Return the whole log (WAL-06, WAL-07)."""
        name = type(self).__name__
        found = [stored_record(AgreementWalEntry, data, name) for data in self._records()]
        return AgreementWalArtifact(tuple(found))

    def _escalate(self, batch: rocksdict.WriteBatch, entry: Escalation, position: int) -> None:
        key = _NAMED + digest(entry.operation_id.encode())
        stored = self._database.get(key)
        last = None if stored is None else AgreementLevel(stored.decode())
        error = escalation_order_error(entry, last, position)
        if error is not None:
            raise error
        batch.put(key, entry.new_level.value.encode())

    def _key(self, position: int) -> bytes:
        return _RECORD + position.to_bytes(8, "big")


class RocksDBEvidenceOutcomeCache(_RocksDBBackend):
    """An evidence-outcome cache: outcomes in the order of CACHE-04, and the place of each id.

    Opens and fails as :class:`RocksDBAgreementWal` does. Source: CACHE-01..08.
    """

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of exactly this id, or ``None`` (CACHE-01)."""
        key = self._key(checked_id(evidence_id))
        with self._reading() as database:
            place = database.get(key)
            data = None if place is None else database.get(place)
        return None if data is None else self._outcome(data)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry at the end, in place of any other with its id (CACHE-03, CACHE-04)."""
        data = checked_outcome(entry, type(self).__name__)
        key = self._key(entry.evidence_id.encode())
        with self._writing() as batch:
            old = self._database.get(key)
            place = _RECORD + self._next_place().to_bytes(8, "big")
            if old is not None:
                batch.delete(old)
            batch.put(place, data)
            batch.put(key, place)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache (CACHE-06)."""
        return EvidenceOutcomeCacheArtifact(
            tuple([self._outcome(each) for each in self._records()])
        )

    def _outcome(self, data: object) -> EvidenceOutcomeCacheEntry:
        return stored_record(EvidenceOutcomeCacheEntry, data, type(self).__name__)

    def _key(self, evidence_id: bytes) -> bytes:
        return _NAMED + digest(evidence_id)
