"""Backends on an SQLite database: the embedded default for real use.

One operation is one transaction. The journal is SQLite's write-ahead log with
full synchronisation: each commit is flushed before it is acknowledged, at the
price of one flush, and readers never wait for a writer. A rollback journal
would flush several files a commit. The write-ahead log needs a local file
system; where SQLite cannot use it, the rollback journal stays, and the level
``EXTRA`` flushes its removal too, without which an acknowledged entry could
vanish with the power.

A log and a cache may share one database. Handles are safe to use from several
threads, and any number of handles and processes may use one file: a writer
takes the write lock before it reads.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Self, TypeAlias, TypeVar

from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import (
    WAL_ENTRY,
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    escalation_order_error,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import decode_canonical, encode
from telltale_spec.wire.record import Record
from telltale_spec.wire.shapes import TEXT, U64, RecordShape

__all__ = ["SQLiteAgreementWal", "SQLiteEvidenceOutcomeCache"]

PathLike: TypeAlias = str | os.PathLike[str]
RecordType = TypeVar("RecordType", bound=Record)

# "TELT" in ASCII: tells our databases from those of other programs.
_APPLICATION_ID: Final = 0x54454C54
_LAYOUT_VERSION: Final = 1
_BUSY_TIMEOUT_SECONDS: Final = 10.0
_JOURNAL_SWITCHES_MAX: Final = 100
_ROWS_AT_A_TIME: Final = 500

# Texts are kept as UTF-8 blobs, because SQLite treats NUL in text specially in
# places. Ticks are big-endian blobs of eight bytes: SQLite's integers are
# signed, and blobs of one length compare as the numbers do.
_LAYOUT: Final = (
    "CREATE TABLE agreement_wal"
    " (position INTEGER PRIMARY KEY, tick BLOB NOT NULL, entry BLOB NOT NULL)",
    "CREATE INDEX agreement_wal_tick ON agreement_wal (tick)",
    "CREATE TABLE agreement_level"
    " (operation_id BLOB PRIMARY KEY, level TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE evidence_outcome"
    " (position INTEGER PRIMARY KEY, evidence_id BLOB NOT NULL UNIQUE, entry BLOB NOT NULL)",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {_LAYOUT_VERSION}",
)
_CACHE_ENTRY: Final = RecordShape(EvidenceOutcomeCacheEntry)

# The second is raised for what is too long to hand to SQLite at all.
_SQLITE_ERRORS: Final = (sqlite3.Error, OverflowError)


class _SQLiteBackend:
    """The connection that both backends have, with its lock and its error texts."""

    noun: str

    def __init__(
        self, path: PathLike, *, busy_timeout_seconds: float = _BUSY_TIMEOUT_SECONDS
    ) -> None:
        self.path = path
        self._lock = threading.Lock()
        with self._errors_of("open"):
            # An absolute path keeps SQLite from reading ":memory:" and "" as special.
            connection = sqlite3.connect(
                os.path.abspath(path),  # noqa: PTH100
                timeout=busy_timeout_seconds,
                isolation_level=None,
                check_same_thread=False,
            )
            # Closes the connection of a handle that nobody closed.
            self._close = weakref.finalize(self, connection.close)
            self._connection = connection
            try:
                _prepare(connection)
            except BaseException:
                self._close()
                raise

    def close(self) -> None:
        """Close the database; a second call does nothing.

        Every later operation raises ``DurabilityError``. To open it again,
        make a new handle on the same path.
        """
        with self._lock:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Hold the handle for one statement, which sees one state of the database."""
        with self._lock, self._errors_of("read"):
            yield self._connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Hold handle and write lock for one transaction, and commit it if nothing is raised."""
        with (
            self._lock,
            self._errors_of("write"),
            _transaction(self._connection, "BEGIN IMMEDIATE"),
        ):
            yield self._connection

    @contextmanager
    def _errors_of(self, action: str) -> Iterator[None]:
        try:
            yield
        except _SQLITE_ERRORS as error:
            raise self._error(action, str(error)) from error
        except ValueError as error:
            # A path that no file can have: with a NUL or with lone surrogates.
            if action == "open":
                raise self._error(action, str(error)) from error
            raise

    def _error(self, action: str, reason: str) -> DurabilityError:
        shown_path = os.fspath(self.path)
        return DurabilityError(f"{action} SQLite {self.noun} {shown_path}: {reason}")

    def _decoded(self, record_class: type[RecordType], data: object) -> RecordType:
        record = decode_canonical(record_class, data) if isinstance(data, bytes) else None
        if record is None:
            raise self._error("read", f"a stored {record_class.__name__} is corrupt")
        return record


class SQLiteAgreementWal(_SQLiteBackend):
    """An agreement WAL in an SQLite database; a rejected entry is not stored.

    Making one opens the database, and creates it if the file does not exist
    yet; raises ``DurabilityError`` for a file that is no database of this
    package and for a missing folder. The cost of an append does not depend on
    the length of the log: the last level of each operation has a row of its
    own. Source: WAL-01..WAL-09, WAL-13, mode ``clean-reject`` of WAL-04.
    """

    noun = "agreement WAL"

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry and return once it is on disk.

        Raises :class:`~telltale_spec.errors.EscalationOrderError` and stores
        nothing if the entry is out of order, and another ``DurabilityError``
        if the database refuses. Source: WAL-01, WAL-03, WAL-04.
        """
        self.append_many((WAL_ENTRY.check(entry, type(self).__name__, "entry"),))

    def append_many(self, entries: Iterable[AgreementWalEntry]) -> None:
        """Append entries in one transaction, all or none, and return once they are on disk.

        They have the order and pass the checks of as many single appends; the
        first one that such an append would refuse raises its error, and then
        nothing of the batch is stored. One flush for all of them is what makes
        a batch faster. Not part of the contract of logs. Source: WAL-01,
        WAL-03, WAL-04.
        """
        # An artifact checks all of its entries, in less time than one by one.
        batch = AgreementWalArtifact(tuple(entries)).entries
        with self._writing() as connection:
            ((start,),) = connection.execute(
                "SELECT coalesce(max(position) + 1, 0) FROM agreement_wal"
            ).fetchall()
            self._escalate(connection, batch, start)
            # Some at a time, so that a long batch is not held as rows besides.
            for first in range(0, len(batch), _ROWS_AT_A_TIME):
                connection.executemany(
                    "INSERT INTO agreement_wal VALUES (?, ?, ?)",
                    [
                        (position, _sortable(entry.tick), encode(entry))
                        for position, entry in enumerate(
                            batch[first : first + _ROWS_AT_A_TIME], start + first
                        )
                    ],
                )

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries strictly after ``tick`` in stored order (WAL-05)."""
        U64.check(tick, "read_since", "tick")
        with self._reading() as connection:
            rows = connection.execute(
                # Without the hint the whole log would be scanned for a suffix of any length.
                "SELECT entry FROM agreement_wal INDEXED BY agreement_wal_tick"
                " WHERE tick > ? ORDER BY position",
                (_sortable(tick),),
            ).fetchall()
        return tuple([self._entry(data) for (data,) in rows])

    def load(self) -> AgreementWalArtifact:
        """Return the whole log (WAL-06, WAL-07)."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT entry FROM agreement_wal ORDER BY position"
            ).fetchall()
        return AgreementWalArtifact(tuple([self._entry(data) for (data,) in rows]))

    def _entry(self, data: object) -> AgreementWalEntry:
        # The base of the variants stands for their union, so being abstract is no hindrance.
        return self._decoded(AgreementWalEntry, data)

    def _escalate(
        self, connection: sqlite3.Connection, batch: Sequence[AgreementWalEntry], start: int
    ) -> None:
        """Check the order of a batch that will be stored from ``start`` on; keep its levels."""
        levels: dict[bytes, AgreementLevel] = {}
        for position, entry in enumerate(batch, start):
            if not isinstance(entry, Escalation):
                continue
            key = entry.operation_id.encode()
            # An empty log has no levels to ask for.
            last_level = levels.get(key) or (self._last_level(connection, key) if start else None)
            error = escalation_order_error(entry, last_level, position)
            if error is not None:
                raise error
            levels[key] = entry.new_level
        if levels:
            connection.executemany(
                "INSERT OR REPLACE INTO agreement_level VALUES (?, ?)",
                [(key, level.value) for key, level in levels.items()],
            )

    def _last_level(self, connection: sqlite3.Connection, key: bytes) -> AgreementLevel | None:
        return self._level(
            connection.execute(
                "SELECT level FROM agreement_level WHERE operation_id = ?", (key,)
            ).fetchone()
        )

    def _level(self, row: tuple[str] | None) -> AgreementLevel | None:
        if row is None:
            return None
        try:
            return AgreementLevel(row[0])
        except ValueError as error:
            raise self._error("read", "a stored level is corrupt") from error


class SQLiteEvidenceOutcomeCache(_SQLiteBackend):
    """An evidence-outcome cache in an SQLite database, in the order of CACHE-04.

    Opens and fails as :class:`SQLiteAgreementWal` does. Source: CACHE-01..08.
    """

    noun = "evidence outcome cache"

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of exactly this id, or ``None`` (CACHE-01)."""
        TEXT.check(evidence_id, "get", "evidence_id")
        with self._reading() as connection:
            row = connection.execute(
                "SELECT entry FROM evidence_outcome WHERE evidence_id = ?",
                (evidence_id.encode(),),
            ).fetchone()
        return None if row is None else self._decoded(EvidenceOutcomeCacheEntry, row[0])

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry at the end, in place of any other with its id (CACHE-03, CACHE-04).

        Raises ``DurabilityError`` and keeps the old entry if the database
        refuses, or if the entry is nested too deep to be read back (F23).
        """
        _CACHE_ENTRY.check(entry, type(self).__name__, "entry")
        data = encode(entry)
        if decode_canonical(EvidenceOutcomeCacheEntry, data) is None:
            raise self._error("write", "the entry is nested too deep to be read back")
        with self._writing() as connection:
            # The new row gets the highest position, which is the end of the order.
            connection.execute(
                "INSERT OR REPLACE INTO evidence_outcome (evidence_id, entry) VALUES (?, ?)",
                (entry.evidence_id.encode(), data),
            )

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache (CACHE-06)."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT entry FROM evidence_outcome ORDER BY position"
            ).fetchall()
        return EvidenceOutcomeCacheArtifact(
            tuple([self._decoded(EvidenceOutcomeCacheEntry, data) for (data,) in rows])
        )


def _sortable(tick: int) -> bytes:
    return tick.to_bytes(8, "big")


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _prepare(connection: sqlite3.Connection) -> None:
    """Make a new database ours, or make sure that an old one is."""
    # Asked before anything is changed, so that a file of another program stays as it is.
    with _transaction(connection, "BEGIN"):
        _check_owner(connection)
    _use_write_ahead_log(connection)
    connection.execute("PRAGMA synchronous = EXTRA")
    with _transaction(connection, "BEGIN IMMEDIATE"):
        # Asked again under the write lock: another handle may have been first.
        if not _check_owner(connection):
            for statement in _LAYOUT:
                connection.execute(statement)


def _check_owner(connection: sqlite3.Connection) -> bool:
    """Say whether the database has our layout already; raise if it is somebody else's."""
    ((application_id,),) = connection.execute("PRAGMA application_id").fetchall()
    ((version,),) = connection.execute("PRAGMA user_version").fetchall()
    ((tables_count,),) = connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    if application_id == _APPLICATION_ID and version == _LAYOUT_VERSION:
        return True
    if application_id == _APPLICATION_ID:
        raise sqlite3.DatabaseError(f"the layout has version {version}, not {_LAYOUT_VERSION}")
    if application_id or version or tables_count:
        raise sqlite3.DatabaseError("file is a database of another application")
    return False


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the journal, for which SQLite does not wait while another handle does the same."""
    for attempts_left in reversed(range(_JOURNAL_SWITCHES_MAX)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if not attempts_left:
                raise
            # For the write lock SQLite does wait, so this lasts as long as the other handle.
            with _transaction(connection, "BEGIN IMMEDIATE"):
                continue
        else:
            return
