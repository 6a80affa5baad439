"""A log and a cache on PostgreSQL, each in a schema of your choice.

One operation is one transaction, and an append holds its table for one writer from its beginning,
so that what it validates is still so when it commits. PostgreSQL's ``bigint`` is signed and its
``text`` takes no NUL: ticks are ``numeric(20)``, ids and entries ``bytea``. A commit is
acknowledged once it is on disk: ``synchronous_commit`` is turned on for it, and a server with
``fsync = off`` is refused.

A handle has a connection of its own, or borrows one of a ``psycopg_pool.ConnectionPool`` for each
operation. Handles are safe to use from several threads, and any number of handles and processes may
use one schema. Needs the extra ``postgresql``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

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
    import psycopg
    from psycopg import sql

    from telltale_spec.backends.postgresql_sessions import (
        OwnConnection,
        PooledConnections,
        Sessions,
    )
except ImportError as error:
    raise MissingExtraError("postgresql", "psycopg") from error

__all__ = ["PostgreSQLAgreementWal", "PostgreSQLEvidenceOutcomeCache"]

# Two handles that open at the same time must not both make the schema; the number is ours alone.
_SCHEMA_LOCK: Final = 0x54454C54
# An index takes keys of a third of a page at most, so a longer id is kept by its digest.
_WHOLE_ID_BYTES_MAX: Final = 1_000


class _PostgreSQLBackend(DatabaseHandle):
    """One schema, whose errors are the declared one.

    ``address`` is libpq's connection string, or a pool that is open and stays its owner's.
    """

    noun = "PostgreSQL schema"
    library_errors = (psycopg.Error,)
    tables: tuple[str, ...] = ()
    synchronous_commit = "on"

    def __init__(self, address: Any, schema: str = "telltale") -> None:
        super().__init__(schema)
        with self._declared_errors("open"):
            sessions = OwnConnection if isinstance(address, str) else PooledConnections
            self._sessions: Sessions = sessions(address, schema, self.synchronous_commit)
            try:
                with self._sessions.transaction() as connection:
                    self._prepare(connection)
            except BaseException:
                self._sessions.close()
                raise

    def _check_server(self, connection: Any) -> None:
        ((synced,),) = connection.execute("SHOW fsync").fetchall()
        if synced != "on":
            raise self._error("open", "the server has fsync = off, so that a crash loses entries")

    def _prepare(self, connection: Any) -> None:
        self._check_server(connection)
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
        connection.execute("SET LOCAL client_min_messages = warning")
        name = sql.Identifier(self.place)
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
        for table in self.tables:
            connection.execute(sql.SQL("CREATE TABLE IF NOT EXISTS " + table))

    def close(self) -> None:
        """End the handle; every later operation raises ``DurabilityError``."""
        self._sessions.close()

    def destroy(self) -> None:
        """Remove the schema with everything in it, by another connection."""
        with (
            self._declared_errors("destroy"),
            self._sessions.outside() as connection,
            connection.transaction(),
        ):
            connection.execute("SET LOCAL client_min_messages = warning")
            name = sql.Identifier(self.place)
            connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(name))

    @contextmanager
    def _writing(self, table: str) -> Iterator[Any]:
        """Hold a table for one writer, in one transaction that commits if nothing is raised."""
        with self._declared_errors("write"), self._sessions.transaction() as connection:
            # Readers go on meanwhile: each sees what was committed.
            connection.execute(sql.SQL(f"LOCK TABLE {table} IN EXCLUSIVE MODE"))
            yield connection

    def _rows(self, query: Any, *parameters: Any) -> list[Any]:
        with self._declared_errors("read"), self._sessions.transaction() as connection:
            rows: list[Any] = connection.execute(query, parameters).fetchall()
            return rows


class PostgreSQLAgreementWal(_PostgreSQLBackend):
    """An agreement WAL in one table; a rejected entry is not stored.

    ``address`` is libpq's connection string, or a ``psycopg_pool.ConnectionPool`` that is open, of
    which every operation borrows a connection. Making a log connects, and makes schema and table
    where they do not exist; raises ``DurabilityError`` where that fails. The cost of an append does
    not depend on the length of the log. Source: WAL-01..WAL-09, WAL-13, mode ``clean-reject``.
    """

    tables = (
        "entry (position bigint PRIMARY KEY, tick numeric(20) NOT NULL, operation bytea,"
        " level text, data bytea NOT NULL)",
        # One row an operation: its last level.
        "level (operation bytea PRIMARY KEY, level text NOT NULL)",
    )

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry and return once it is on disk.

        Raises :class:`~telltale_spec.errors.EscalationOrderError` and stores nothing if the entry
        is out of order, another ``DurabilityError`` if the database refuses (WAL-01, WAL-03).
        """
        data = checked_entry(entry, type(self).__name__)
        with self._writing("entry") as connection:
            ((position,),) = connection.execute(
                "SELECT coalesce(max(position) + 1, 0) FROM entry"
            ).fetchall()
            if isinstance(entry, Escalation):
                self._escalate(connection, entry, position)
            connection.execute(
                "INSERT INTO entry (position, tick, data) VALUES (%s, %s, %s)",
                (position, entry.tick, data),
            )

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries strictly after ``tick`` in stored order (WAL-05)."""
        query = "SELECT data FROM entry WHERE tick > %s ORDER BY position"
        return tuple([self._entry(data) for (data,) in self._rows(query, checked_tick(tick))])

    def load(self) -> AgreementWalArtifact:
        """Return the whole log (WAL-06, WAL-07)."""
        rows = self._rows("SELECT data FROM entry ORDER BY position")
        return AgreementWalArtifact(tuple([self._entry(data) for (data,) in rows]))

    def _entry(self, data: bytes) -> AgreementWalEntry:
        return stored_record(AgreementWalEntry, data, type(self).__name__)

    def _escalate(self, connection: Any, entry: Escalation, position: int) -> None:
        key = digest(entry.operation_id.encode())
        rows = connection.execute("SELECT level FROM level WHERE operation = %s", (key,)).fetchall()
        last = AgreementLevel(rows[0][0]) if rows else None
        error = escalation_order_error(entry, last, position)
        if error is not None:
            raise error
        connection.execute(
            "INSERT INTO level VALUES (%s, %s)"
            " ON CONFLICT (operation) DO UPDATE SET level = excluded.level",
            (key, entry.new_level.value),
        )


class PostgreSQLEvidenceOutcomeCache(_PostgreSQLBackend):
    """An evidence-outcome cache in one table, in the order of CACHE-04.

    Opens and fails as :class:`PostgreSQLAgreementWal` does. Source: CACHE-01..08.
    """

    tables = (
        "outcome (position bigint GENERATED ALWAYS AS IDENTITY, evidence bytea PRIMARY KEY,"
        " data bytea NOT NULL)",
    )

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of exactly this id, or ``None`` (CACHE-01)."""
        key = self._key(checked_id(evidence_id))
        rows = self._rows("SELECT data FROM outcome WHERE evidence = %s", key)
        return self._outcome(rows[0][0]) if rows else None

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry at the end, in place of any other with its id (CACHE-03, CACHE-04)."""
        data = checked_outcome(entry, type(self).__name__)
        key = self._key(entry.evidence_id.encode())
        with self._writing("outcome") as connection:
            connection.execute("DELETE FROM outcome WHERE evidence = %s", (key,))
            connection.execute("INSERT INTO outcome (evidence, data) VALUES (%s, %s)", (key, data))

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache (CACHE-06)."""
        rows = self._rows("SELECT data FROM outcome ORDER BY position")
        return EvidenceOutcomeCacheArtifact(tuple([self._outcome(data) for (data,) in rows]))

    def _outcome(self, data: bytes) -> EvidenceOutcomeCacheEntry:
        return stored_record(EvidenceOutcomeCacheEntry, data, type(self).__name__)

    def _key(self, evidence_id: bytes) -> bytes:
        is_short = len(evidence_id) <= _WHOLE_ID_BYTES_MAX
        return b"t" + evidence_id if is_short else b"h" + digest(evidence_id)
