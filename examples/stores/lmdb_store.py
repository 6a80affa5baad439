"""A log and a cache on LMDB.

Keys of LMDB have at most 511 bytes and are compared byte by byte: positions are big-endian, and
ids, of any length, are kept by their hash beside the whole id. One process may open an environment
once only, so several handles in one process are not promised.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lmdb

from conformance import declares
from telltale_spec import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    DurabilityError,
    Escalation,
    EvidenceOutcomeCacheArtifact,
    EvidenceOutcomeCacheEntry,
    decode,
    encode,
)
from telltale_spec.wire.agreement import escalation_order_error

__all__ = ["LmdbCache", "LmdbLog", "LmdbStore", "make_cache", "make_log"]

_MAP_BYTES = 256 * 1024 * 1024


class LmdbStore:
    """An environment with its databases, whose errors are the declared one."""

    databases: tuple[str, ...] = ()

    def __init__(self, directory: Path) -> None:
        with self._declared_errors():
            self._environment = lmdb.open(
                str(directory), map_size=_MAP_BYTES, max_dbs=len(self.databases)
            )
            self._databases = {
                name: self._environment.open_db(name.encode()) for name in self.databases
            }

    def close(self) -> None:
        """Close the environment."""
        self._environment.close()

    @contextmanager
    def _declared_errors(self) -> Iterator[None]:
        try:
            yield
        except lmdb.Error as error:
            raise DurabilityError(f"LMDB: {error}") from error

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Any]:
        with self._declared_errors(), self._environment.begin(write=write) as transaction:
            yield transaction

    def _values(self, name: str) -> list[bytes]:
        with self._transaction(write=False) as transaction:
            return [bytes(value) for _, value in transaction.cursor(self._databases[name])]


class LmdbLog(LmdbStore):
    """An agreement log: entries by position, and the last level of each operation."""

    databases = ("entries", "levels")

    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry, unless it breaks the order of its operation."""
        with self._transaction(write=True) as transaction:
            entries, levels = self._databases["entries"], self._databases["levels"]
            position = transaction.stat(entries)["entries"]
            if isinstance(entry, Escalation):
                key = _digest(entry.operation_id)
                stored = transaction.get(key, db=levels)
                last = None if stored is None else AgreementLevel(stored.decode())
                error = escalation_order_error(entry, last, position)
                if error is not None:
                    raise error
                transaction.put(key, entry.new_level.value.encode(), db=levels)
            transaction.put(self._key(position), encode(entry), db=entries)

    def read_since(self, tick: int) -> list[AgreementWalEntry]:
        """Return the entries after a tick in stored order."""
        return [entry for entry in self.load().entries if entry.tick > tick]

    def load(self) -> AgreementWalArtifact:
        """Return the whole log."""
        entries = [decode(AgreementWalEntry, data) for data in self._values("entries")]
        return AgreementWalArtifact(tuple(entries))

    def _key(self, position: int) -> bytes:
        return position.to_bytes(8, "big")


class LmdbCache(LmdbStore):
    """An evidence cache: outcomes by the hash of their id, in an order of their own."""

    databases = ("outcomes", "order")

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of exactly this id."""
        with self._transaction(write=False) as transaction:
            place = transaction.get(self._key(evidence_id), db=self._databases["order"])
            if place is None:
                return None
            data = transaction.get(place, db=self._databases["outcomes"])
        return decode(EvidenceOutcomeCacheEntry, bytes(data))

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry at the end, in place of any other with its id."""
        outcomes, order = self._databases["outcomes"], self._databases["order"]
        data = encode(entry)
        with self._transaction(write=True) as transaction:
            key = self._key(entry.evidence_id)
            old = transaction.get(key, db=order)
            if old is not None:
                transaction.delete(old, db=outcomes)
            cursor = transaction.cursor(outcomes)
            last = int.from_bytes(cursor.key(), "big") if cursor.last() else 0
            place = (last + 1).to_bytes(8, "big")
            transaction.put(place, data, db=outcomes)
            transaction.put(key, place, db=order)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache."""
        entries = [decode(EvidenceOutcomeCacheEntry, data) for data in self._values("outcomes")]
        return EvidenceOutcomeCacheArtifact(tuple(entries))

    def _key(self, evidence_id: str) -> bytes:
        return _digest(evidence_id)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=32).digest()


@declares("reopen", "process-kill", "exact-messages")
def make_log(directory: Path) -> LmdbLog:
    """Open the log in a directory."""
    return LmdbLog(directory)


@declares("reopen", "process-kill", "ordered-cache")
def make_cache(directory: Path) -> LmdbCache:
    """Open the cache in a directory."""
    return LmdbCache(directory)
