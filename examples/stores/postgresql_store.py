"""A log and a cache on PostgreSQL, a schema for each history.

``--target-option address=...`` is libpq's connection string. Its ``bigint`` is signed and its
``text`` takes no NUL: ticks are ``numeric(20)``, ids and entries ``bytea``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

import conformance
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

__all__ = ["PostgresqlCache", "PostgresqlLog", "PostgresqlStore", "make_cache", "make_log"]


class PostgresqlStore:
    """A connection to one schema, whose errors are the declared one."""

    tables: tuple[str, ...] = ()

    def __init__(self, history: conformance.History) -> None:
        self._address, self._schema = history.options["address"], history.name
        with self._declared_errors():
            self._connection = psycopg.connect(self._address, autocommit=True)
            # Two handles that open at the same time must not both create the schema.
            with self._connection.transaction():
                self._connection.execute("SELECT pg_advisory_xact_lock(7451)")
                self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {self._schema}")
                for table in self.tables:
                    self._connection.execute(f"CREATE TABLE IF NOT EXISTS {self._schema}.{table}")
            self._connection.execute(f"SET search_path = {self._schema}")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def destroy(self) -> None:
        """Remove what the history made."""
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute("SET client_min_messages = warning")
            connection.execute(f"DROP SCHEMA IF EXISTS {self._schema} CASCADE")

    @contextmanager
    def _declared_errors(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise DurabilityError(f"PostgreSQL: {type(error).__name__}: {error}") from error

    @contextmanager
    def _locked(self, table: str) -> Iterator[Any]:
        """Hold a table for one writer, so that what it reads is still so when it commits."""
        with self._declared_errors(), self._connection.transaction():
            self._connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
            yield self._connection

    def _rows(self, query: Any, *parameters: Any) -> list[Any]:
        with self._declared_errors():
            rows: list[Any] = self._connection.execute(query, parameters).fetchall()
            return rows


class PostgresqlLog(PostgresqlStore):
    """An agreement log in one table."""

    tables = (
        "entry (position bigint PRIMARY KEY, tick numeric(20) NOT NULL, operation bytea,"
        " level text, data bytea NOT NULL)",
    )

    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry, unless it breaks the order of its operation."""
        operation, level = None, None
        with self._locked("entry") as connection:
            ((position,),) = connection.execute("SELECT count(*) FROM entry").fetchall()
            if isinstance(entry, Escalation):
                operation, level = entry.operation_id.encode(), entry.new_level.value
                error = escalation_order_error(entry, self._last_level(operation), position)
                if error is not None:
                    raise error
            connection.execute(
                "INSERT INTO entry VALUES (%s, %s, %s, %s, %s)",
                (position, entry.tick, operation, level, encode(entry)),
            )

    def read_since(self, tick: int) -> list[AgreementWalEntry]:
        """Return the entries after a tick in stored order."""
        rows = self._rows("SELECT data FROM entry WHERE tick > %s ORDER BY position", tick)
        return [decode(AgreementWalEntry, bytes(data)) for (data,) in rows]

    def load(self) -> AgreementWalArtifact:
        """Return the whole log."""
        rows = self._rows("SELECT data FROM entry ORDER BY position")
        return AgreementWalArtifact(tuple(decode(AgreementWalEntry, bytes(row[0])) for row in rows))

    def _last_level(self, operation: bytes) -> AgreementLevel | None:
        rows = self._rows(
            "SELECT level FROM entry WHERE operation = %s ORDER BY position DESC LIMIT 1", operation
        )
        return AgreementLevel(rows[0][0]) if rows else None


class PostgresqlCache(PostgresqlStore):
    """An evidence cache in one table."""

    tables = (
        "outcome (position bigint GENERATED ALWAYS AS IDENTITY, evidence bytea PRIMARY KEY,"
        " data bytea NOT NULL)",
    )

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of exactly this id."""
        rows = self._rows("SELECT data FROM outcome WHERE evidence = %s", self._key(evidence_id))
        return decode(EvidenceOutcomeCacheEntry, bytes(rows[0][0])) if rows else None

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry at the end, in place of any other with its id."""
        key, data = self._key(entry.evidence_id), encode(entry)
        with self._locked("outcome") as connection:
            connection.execute("DELETE FROM outcome WHERE evidence = %s", (key,))
            connection.execute("INSERT INTO outcome (evidence, data) VALUES (%s, %s)", (key, data))

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache."""
        rows = self._rows("SELECT data FROM outcome ORDER BY position")
        entries = tuple(decode(EvidenceOutcomeCacheEntry, bytes(row[0])) for row in rows)
        return EvidenceOutcomeCacheArtifact(entries)

    def _key(self, evidence_id: str) -> bytes:
        # An index takes keys of a third of a page at most, so a long id is kept by its hash.
        encoded = evidence_id.encode()
        return b"t" + encoded if len(encoded) < 1_000 else b"h" + _digest(encoded)


def _digest(data: bytes) -> bytes:
    import hashlib

    return hashlib.blake2b(data, digest_size=32).digest()


@declares("reopen", "process-kill", "concurrent-handles", "exact-messages")
def make_log(history: conformance.History) -> PostgresqlLog:
    """Open the log of a history."""
    return PostgresqlLog(history)


@declares("reopen", "process-kill", "concurrent-handles", "ordered-cache")
def make_cache(history: conformance.History) -> PostgresqlCache:
    """Open the cache of a history."""
    return PostgresqlCache(history)
