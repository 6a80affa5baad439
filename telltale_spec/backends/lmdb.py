"""A log and a cache on LMDB, each in a folder of its own.

Keys of LMDB have at most 511 bytes and are compared byte by byte: positions are eight bytes, the
highest first, and ids of any length are kept by their digest. A commit is synced before it is
acknowledged, and a torn one is not seen when the environment is opened again.

Handles are safe to use from several threads. Several processes may use one folder; one process may
open it once only. Needs the extra ``lmdb``.
"""

from __future__ import annotations

import os
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
    import lmdb
except ImportError as error:
    raise MissingExtraError("lmdb", "lmdb") from error

__all__ = ["LMDBAgreementWal", "LMDBEvidenceOutcomeCache"]

PathLike: TypeAlias = str | os.PathLike[str]

# Address space only; the file grows as it is filled.
_MAP_BYTES_MAX: Final = 256 * 1024 * 1024


class _LMDBBackend(DatabaseHandle):
    """An environment with its databases, whose errors are the declared one."""

    noun = "LMDB environment"
    library_errors = (lmdb.Error, OSError)
    databases: tuple[str, ...] = ()

    def __init__(self, folder: PathLike, *, map_bytes_max: int = _MAP_BYTES_MAX) -> None:
        super().__init__(os.fspath(folder))
        with self._declared_errors("open"):
            self._environment = lmdb.open(
                self.place, map_size=map_bytes_max, max_dbs=len(self.databases)
            )
            try:
                self._databases = {
                    name: self._environment.open_db(name.encode()) for name in self.databases
                }
            except BaseException:
                self._environment.close()
                raise

    def close(self) -> None:
        """Close the environment; every later operation raises ``DurabilityError``."""
        self._environment.close()

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Any]:
        with (
            self._declared_errors("write" if write else "read"),
            self._environment.begin(write=write) as transaction,
        ):
            yield transaction

    def _values(self, name: str) -> list[bytes]:
        with self._transaction(write=False) as transaction:
            return [bytes(value) for _, value in transaction.cursor(self._databases[name])]


class LMDBAgreementWal(_LMDBBackend):
    """An agreement WAL: entries by position, and the last level of each operation.

    Making one opens the environment in ``folder``, and creates both where they do not exist.
    ``map_bytes_max`` is the size that it can grow to; an append beyond it is refused with a
    ``DurabilityError``. Source: WAL-01..WAL-09, WAL-13, mode ``clean-reject`` of WAL-04.
    """

    databases = ("entries", "levels")

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry and return once it is on disk (WAL-01, WAL-03)."""
        data = checked_entry(entry, type(self).__name__)
        with self._transaction(write=True) as transaction:
            entries = self._databases["entries"]
            position = transaction.stat(entries)["entries"]
            if isinstance(entry, Escalation):
                self._escalate(transaction, entry, position)
            transaction.put(self._key(position), data, db=entries)

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries strictly after ``tick`` in stored order (WAL-05)."""
        checked_tick(tick)
        return tuple([entry for entry in self.load().entries if entry.tick > tick])

    def load(self) -> AgreementWalArtifact:
        """Return the whole log (WAL-06, WAL-07)."""
        name = type(self).__name__
        found = [stored_record(AgreementWalEntry, data, name) for data in self._values("entries")]
        return AgreementWalArtifact(tuple(found))

    def _escalate(self, transaction: Any, entry: Escalation, position: int) -> None:
        levels = self._databases["levels"]
        key = digest(entry.operation_id.encode())
        stored = transaction.get(key, db=levels)
        last = None if stored is None else AgreementLevel(stored.decode())
        error = escalation_order_error(entry, last, position)
        if error is not None:
            raise error
        transaction.put(key, entry.new_level.value.encode(), db=levels)

    def _key(self, position: int) -> bytes:
        return position.to_bytes(8, "big")


class LMDBEvidenceOutcomeCache(_LMDBBackend):
    """An evidence-outcome cache: outcomes in the order of CACHE-04, and the place of each id.

    Opens and fails as :class:`LMDBAgreementWal` does. Source: CACHE-01..08.
    """

    databases = ("outcomes", "order")

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of exactly this id, or ``None`` (CACHE-01)."""
        key = self._key(checked_id(evidence_id))
        with self._transaction(write=False) as transaction:
            place = transaction.get(key, db=self._databases["order"])
            if place is None:
                return None
            data = transaction.get(place, db=self._databases["outcomes"])
        return self._outcome(data)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry at the end, in place of any other with its id (CACHE-03, CACHE-04)."""
        data = checked_outcome(entry, type(self).__name__)
        key = self._key(entry.evidence_id.encode())
        outcomes, order = self._databases["outcomes"], self._databases["order"]
        with self._transaction(write=True) as transaction:
            old = transaction.get(key, db=order)
            if old is not None:
                transaction.delete(old, db=outcomes)
            cursor = transaction.cursor(outcomes)
            last = int.from_bytes(cursor.key(), "big") if cursor.last() else 0
            place = (last + 1).to_bytes(8, "big")
            transaction.put(place, data, db=outcomes)
            transaction.put(key, place, db=order)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache (CACHE-06)."""
        found = [self._outcome(data) for data in self._values("outcomes")]
        return EvidenceOutcomeCacheArtifact(tuple(found))

    def _outcome(self, data: object) -> EvidenceOutcomeCacheEntry:
        return stored_record(EvidenceOutcomeCacheEntry, data, type(self).__name__)

    def _key(self, evidence_id: bytes) -> bytes:
        return digest(evidence_id)
