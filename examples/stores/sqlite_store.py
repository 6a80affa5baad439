"""A log and a cache on SQLite with a schema of their own: JSON documents beside searchable columns.

SQLite's integers are signed and its texts end at a NUL for some functions, so ticks are kept as
twenty digits, which compare as the numbers do, and texts as UTF-8 blobs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance import declares
from telltale_spec import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    DurabilityError,
    Escalation,
    EvidenceOutcomeCacheArtifact,
    EvidenceOutcomeCacheEntry,
)
from telltale_spec.wire.agreement import escalation_order_error

__all__ = ["SQLiteStore", "SQLiteStoreCache", "SQLiteStoreLog", "make_cache", "make_log"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    position INTEGER PRIMARY KEY,
    tick TEXT NOT NULL CHECK (length(tick) = 20),
    operation BLOB,
    level TEXT,
    document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS entry_of_operation ON entry (operation, position) WHERE level NOT NULL;
CREATE TABLE IF NOT EXISTS outcome (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    evidence BLOB NOT NULL UNIQUE,
    document TEXT NOT NULL
);
"""


class SQLiteStore:
    """A connection whose errors are the declared one; each write is one transaction."""

    def __init__(self, path: Path) -> None:
        with self._declared_errors():
            self._connection = sqlite3.connect(
                path, timeout=10.0, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA synchronous = EXTRA")
            self._connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}COMMIT;")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def _declared_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OverflowError) as error:
            raise DurabilityError(f"SQLite: {error}") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._declared_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.rollback()
                raise


class SQLiteStoreLog(SQLiteStore):
    """An agreement log in one table."""

    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry, unless it breaks the order of its operation."""
        operation, level = None, None
        with self._transaction() as connection:
            ((position,),) = connection.execute("SELECT count(*) FROM entry")
            if isinstance(entry, Escalation):
                operation, level = entry.operation_id.encode(), entry.new_level.value
                error = escalation_order_error(entry, self._last_level(operation), position)
                if error is not None:
                    raise error
            row = (position, self._sortable(entry.tick), operation, level, entry.to_json())
            connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", row)

    def read_since(self, tick: int) -> list[AgreementWalEntry]:
        """Return the entries after a tick in stored order."""
        with self._declared_errors():
            rows = self._connection.execute(
                "SELECT document FROM entry WHERE tick > ? ORDER BY position",
                (self._sortable(tick),),
            ).fetchall()
        return [AgreementWalEntry.from_json(document) for (document,) in rows]

    def load(self) -> AgreementWalArtifact:
        """Return the whole log."""
        with self._declared_errors():
            rows = self._connection.execute(
                "SELECT document FROM entry ORDER BY position"
            ).fetchall()
        return AgreementWalArtifact(tuple(AgreementWalEntry.from_json(each) for (each,) in rows))

    def _last_level(self, operation: bytes) -> AgreementLevel | None:
        row = self._connection.execute(
            "SELECT level FROM entry WHERE operation = ? AND level NOT NULL"
            " ORDER BY position DESC LIMIT 1",
            (operation,),
        ).fetchone()
        return None if row is None else AgreementLevel(row[0])

    def _sortable(self, tick: int) -> str:
        return f"{tick:020}"


class SQLiteStoreCache(SQLiteStore):
    """An evidence cache in one table."""

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of exactly this id."""
        with self._declared_errors():
            row = self._connection.execute(
                "SELECT document FROM outcome WHERE evidence = ?", (self._key(evidence_id),)
            ).fetchone()
        return None if row is None else EvidenceOutcomeCacheEntry.from_json(row[0])

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry at the end, in place of any other with its id."""
        try:
            document = entry.to_json()
            EvidenceOutcomeCacheEntry.from_json(document)
        except (RecursionError, ValueError) as error:
            raise DurabilityError(f"the outcome cannot be kept as JSON: {error}") from error
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO outcome (evidence, document) VALUES (?, ?)",
                (self._key(entry.evidence_id), document),
            )

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache."""
        with self._declared_errors():
            rows = self._connection.execute(
                "SELECT document FROM outcome ORDER BY position"
            ).fetchall()
        entries = tuple(EvidenceOutcomeCacheEntry.from_json(each) for (each,) in rows)
        return EvidenceOutcomeCacheArtifact(entries)

    def _key(self, evidence_id: str) -> bytes | str:
        return evidence_id.encode()


@declares("reopen", "process-kill", "concurrent-handles", "exact-messages")
def make_log(directory: Path) -> SQLiteStoreLog:
    """Open the log in a directory."""
    return SQLiteStoreLog(directory / "store.db")


@declares("reopen", "process-kill", "concurrent-handles", "ordered-cache")
def make_cache(directory: Path) -> SQLiteStoreCache:
    """Open the cache in a directory."""
    return SQLiteStoreCache(directory / "store.db")
