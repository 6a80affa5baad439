"""Logs and caches whose one handle several threads share."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from conformance.backend import Backend, Capability
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import decode, encode
from tests.zoo.races.storages import line

THREADS = frozenset({Capability.THREADS})
LASTING = frozenset({Capability.THREADS, Capability.REOPEN})


class Log:
    """Entries in memory, added to behind a lock."""

    def __init__(self, directory: Path) -> None:
        self.entries: list[AgreementWalEntry] = []
        self.mutex = threading.Lock()

    def check(self, entry: AgreementWalEntry) -> None:
        AgreementWalArtifact((*self.entries, entry)).validate_monotonic_escalations()

    def append(self, entry: AgreementWalEntry) -> None:
        with self.mutex:
            self.check(entry)
            self.entries.append(entry)

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        return self.load().read_since(tick)

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(tuple(self.entries))


class BusyLog(Log):
    """Right: refuses what comes while another thread appends."""

    def append(self, entry: AgreementWalEntry) -> None:
        if not self.mutex.acquire(blocking=False):
            raise DurabilityError("another thread appends")
        try:
            self.check(entry)
            self.entries.append(entry)
        finally:
            self.mutex.release()


class AssertingLog(Log):
    """Trusts that nobody else is there, and raises what it does not declare where somebody is."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.is_entered = False

    def append(self, entry: AgreementWalEntry) -> None:
        if self.is_entered:
            raise RuntimeError("another thread appends")
        self.is_entered = True
        try:
            self.check(entry)
            self.entries.append(entry)
        finally:
            self.is_entered = False


class GivesUpForEver(Log):
    """Refuses everything, and says so, once two threads were in it at the same time."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.is_entered = self.has_given_up = False

    def append(self, entry: AgreementWalEntry) -> None:
        self.has_given_up = self.has_given_up or self.is_entered
        self.refuse_if_given_up()
        self.is_entered = True
        try:
            super().append(entry)
        finally:
            self.is_entered = False

    def load(self) -> AgreementWalArtifact:
        self.refuse_if_given_up()
        return super().load()

    def refuse_if_given_up(self) -> None:
        if self.has_given_up:
            raise DurabilityError("two threads were in it")


class UnlockedLog(Log):
    """Puts a longer list in the place of the one that it has looked at."""

    def append(self, entry: AgreementWalEntry) -> None:
        self.check(entry)
        entries = list(self.entries)
        entries.append(entry)
        self.entries = entries


class CheckingEarlyLog(Log):
    """Checks behind its lock, and appends behind its lock, one after the other."""

    def append(self, entry: AgreementWalEntry) -> None:
        with self.mutex:
            self.check(entry)
        with self.mutex:
            self.entries.append(entry)


class NumberedEarlyLog(Log):
    """Numbers behind its lock and fills later, and reads over numbers that have no entry yet."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.filled: dict[int, AgreementWalEntry] = {}

    def append(self, entry: AgreementWalEntry) -> None:
        with self.mutex:
            self.check(entry)
            self.entries.append(entry)
            number = len(self.entries)
        self.filled[number] = entry

    def load(self) -> AgreementWalArtifact:
        filled = self.filled.copy()
        return AgreementWalArtifact(tuple(filled[number] for number in sorted(filled)))


class RememberingLog(Log):
    """Remembers what it has read from a tick on, also what an append has made old meanwhile."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.remembered: dict[int, Sequence[AgreementWalEntry]] = {}

    def append(self, entry: AgreementWalEntry) -> None:
        with self.mutex:
            self.check(entry)
            self.entries.append(entry)
            self.remembered.clear()

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        found = self.remembered.get(tick)
        if found is None:
            found = self.load().read_since(tick)
            self.remembered[tick] = found
        return found


class CountingLog(Log):
    """Right: remembers what it has read together with the length of the log, and compares that."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.remembered: dict[int, tuple[int, Sequence[AgreementWalEntry]]] = {}

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        entries = tuple(self.entries)
        count, found = self.remembered.get(tick, (-1, ()))
        if count != len(entries):
            found = AgreementWalArtifact(entries).read_since(tick)
            self.remembered[tick] = (len(entries), found)
        return found


class Suffix(Sequence[AgreementWalEntry]):
    """A sequence that is neither a list nor a tuple."""

    def __init__(self, entries: Sequence[AgreementWalEntry]) -> None:
        self.entries = entries

    def __getitem__(self, index: Any) -> Any:
        return self.entries[index]

    def __len__(self) -> int:
        return len(self.entries)


class OwnSequenceLog(Log):
    """Right: reads give a sequence of its own."""

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        return Suffix(super().read_since(tick))


class OwnLockLog(Log):
    """Has a lock for each thread, which nobody else ever waits for."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.locks = threading.local()

    @contextlib.contextmanager
    def own_lock(self) -> Iterator[None]:
        if not hasattr(self.locks, "own"):
            self.locks.own = threading.Lock()
        with self.locks.own:
            yield

    def append(self, entry: AgreementWalEntry) -> None:
        with self.own_lock():
            entries = [*self.entries, entry]
            self.check(entry)
            self.entries = entries


class BufferedLog(Log):
    """Writes a buffer that all threads fill, and empties it afterwards."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.buffer: list[bytes] = []
        self.path = directory / "log"
        self.file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        data = [bytes.fromhex(each) for each in self.path.read_text("ascii").split()]
        self.entries = [decode(AgreementWalEntry, each) for each in data]

    def append(self, entry: AgreementWalEntry) -> None:
        with self.mutex:
            self.check(entry)
            self.entries.append(entry)
            self.buffer.append(line(encode(entry)))
        self.flush()

    def flush(self) -> None:
        data = b"".join(self.buffer)
        os.write(self.file, data)
        self.buffer.clear()

    def close(self) -> None:
        if self.file >= 0:
            os.close(self.file)
            self.file = -1


class LockedBufferLog(BufferedLog):
    """Right: fills and writes its buffer behind one lock."""

    def append(self, entry: AgreementWalEntry) -> None:
        with self.mutex:
            self.check(entry)
            self.buffer.append(line(encode(entry)))
            self.flush()
            self.entries.append(entry)


class OneConnectionLog(Log):
    """Shares one connection to SQLite, and so its transactions."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.directory = directory
        self.connections: list[sqlite3.Connection] = []
        self.of_thread = threading.local()
        self.shared = self.connected()
        self.shared.execute("PRAGMA journal_mode = WAL")
        self.shared.execute(
            "CREATE TABLE IF NOT EXISTS log (number INTEGER PRIMARY KEY, entry BLOB)"
        )

    def connected(self) -> sqlite3.Connection:
        path = self.directory / "database"
        made = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connections.append(made)
        return made

    @property
    def database(self) -> sqlite3.Connection:
        return self.shared

    def append(self, entry: AgreementWalEntry) -> None:
        database = self.database
        database.execute("BEGIN IMMEDIATE")
        try:
            before = self.load().entries
            AgreementWalArtifact((*before, entry)).validate_monotonic_escalations()
            database.execute("INSERT INTO log (entry) VALUES (?)", (encode(entry),))
        except BaseException:
            database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")

    def load(self) -> AgreementWalArtifact:
        rows = self.database.execute("SELECT entry FROM log ORDER BY number").fetchall()
        return AgreementWalArtifact(tuple(decode(AgreementWalEntry, data) for (data,) in rows))

    def close(self) -> None:
        while self.connections:
            self.connections.pop().close()


class ConnectionEachLog(OneConnectionLog):
    """Right: a connection for each thread, so that SQLite orders them."""

    @property
    def database(self) -> sqlite3.Connection:
        if not hasattr(self.of_thread, "own"):
            self.of_thread.own = self.connected()
        own: sqlite3.Connection = self.of_thread.own
        return own


class Cache:
    """Right without any lock: each step on the dictionary is one of the interpreter's."""

    def __init__(self, directory: Path) -> None:
        self.found: dict[str, EvidenceOutcomeCacheEntry] = {}

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return self.found.get(evidence_id)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        self.found[entry.evidence_id] = entry

    def load(self) -> EvidenceOutcomeCacheArtifact:
        return EvidenceOutcomeCacheArtifact(tuple(self.found.values()))


class CopyingCache(Cache):
    """Puts a changed copy in the place of the one that it has looked at."""

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        copy = dict(self.found)
        copy[entry.evidence_id] = entry
        self.found = copy


class InOneLineCache(Cache):
    """The same in one line, which others come into the middle of all the same."""

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        self.found = {**self.found, entry.evidence_id: decode(type(entry), encode(entry))}


class RemovingCache(Cache):
    """Takes the old entry away before it stores the new one."""

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        self.found.pop(entry.evidence_id, None)
        self.found[entry.evidence_id] = entry


class IteratingCache(Cache):
    """Goes through the dictionary while others add to it."""

    def load(self) -> EvidenceOutcomeCacheArtifact:
        entries = []
        for entry in self.found.values():
            entries.append(entry)
        return EvidenceOutcomeCacheArtifact(tuple(entries))


class FillingCache(Cache):
    """Fills what is near from what is far, also with what a put has replaced meanwhile."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.near: dict[str, EvidenceOutcomeCacheEntry] = {}

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        entry = self.near.get(evidence_id) or super().get(evidence_id)
        if entry is not None:
            self.near[evidence_id] = entry
        return entry

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        super().put(entry)
        self.near.pop(entry.evidence_id, None)


class FillingBehindLockCache(FillingCache):
    """Right: fills and puts behind one lock."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.mutex = threading.Lock()

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        with self.mutex:
            return super().get(evidence_id)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        with self.mutex:
            super().put(entry)


class TurningCache(Cache):
    """Puts into two copies, one after the other, and reads now the one and now the other."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.copy: dict[str, EvidenceOutcomeCacheEntry] = {}
        self.gets = 0

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        self.gets += 1
        return (self.found if self.gets % 2 else self.copy).get(evidence_id)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        super().put(entry)
        self.copy[entry.evidence_id] = entry


class SecondCopyCache(TurningCache):
    """Right: puts into two copies, one after the other, and reads the second one alone."""

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return self.copy.get(evidence_id)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        return EvidenceOutcomeCacheArtifact(tuple(self.copy.values()))


class ColumnsCache(Cache):
    """Right: keeps each field in a column of its own, behind one lock."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.mutex = threading.RLock()
        self.rows: dict[str, int] = {}
        self.columns: tuple[list[Any], list[Any], list[Any]] = ([], [], [])

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        with self.mutex:
            self.fill(entry)

    def fill(self, entry: EvidenceOutcomeCacheEntry) -> None:
        fields = (entry.interface_name, entry.operation_name, entry.outcome)
        row = self.rows.get(entry.evidence_id)
        if row is None:
            for column, field in zip(self.columns, fields, strict=True):
                column.append(field)
            self.rows[entry.evidence_id] = len(self.columns[-1]) - 1
            return
        for column, field in zip(self.columns, fields, strict=True):
            column[row] = field

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        with self.mutex:
            return self.found_at(evidence_id)

    def found_at(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        row = self.rows.get(evidence_id)
        if row is None:
            return None
        return EvidenceOutcomeCacheEntry(evidence_id, *(column[row] for column in self.columns))

    def load(self) -> EvidenceOutcomeCacheArtifact:
        with self.mutex:
            found = [self.found_at(each) for each in self.rows]
        return EvidenceOutcomeCacheArtifact(tuple(each for each in found if each is not None))


class ColumnsReadWithoutLockCache(ColumnsCache):
    """Reads a row while another thread has filled a part of its columns."""

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return self.found_at(evidence_id)


def _log(made: type[Log], capabilities: frozenset[Capability] = THREADS) -> Backend:
    return Backend(made.__name__, agreement_wal=made, capabilities=capabilities)


def _cache(made: type[Cache]) -> Backend:
    return Backend(made.__name__, evidence_cache=made, capabilities=THREADS)


BROKEN = (
    _log(UnlockedLog),
    _log(CheckingEarlyLog),
    _log(AssertingLog),
    _log(GivesUpForEver),
    _log(OwnLockLog),
    _log(NumberedEarlyLog),
    _log(RememberingLog),
    _log(BufferedLog, LASTING),
    _log(OneConnectionLog, LASTING),
    _cache(CopyingCache),
    _cache(InOneLineCache),
    _cache(RemovingCache),
    _cache(IteratingCache),
    _cache(FillingCache),
    _cache(TurningCache),
    _cache(ColumnsReadWithoutLockCache),
)
RIGHT = (
    _log(Log),
    _log(BusyLog),
    _log(CountingLog),
    _log(OwnSequenceLog),
    _log(LockedBufferLog, LASTING),
    _log(ConnectionEachLog, LASTING),
    _cache(Cache),
    _cache(FillingBehindLockCache),
    _cache(SecondCopyCache),
    _cache(ColumnsCache),
)


def __getattr__(name: str) -> Backend:
    for each in (*BROKEN, *RIGHT):
        if f"served_{each.name}" == name:
            return each
    raise AttributeError(name)
