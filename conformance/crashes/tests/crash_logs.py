"""Small logs on files: right ones, and ones with one mistake each, as targets for a child process.

They are read by name, as ``conformance.crashes.tests.crash_logs:right``.
"""

from __future__ import annotations

import errno
import mmap
import os
import sqlite3
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from conformance.backend import Backend, Capability
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    escalation_order_error,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import decode_canonical, encode

SURVIVES = frozenset({Capability.REOPEN, Capability.PROCESS_KILL, Capability.POWER_LOSS})
_HEAD = struct.Struct("<II")
# Any start value but zero keeps a hole of zeros from having the right checksum.
_SEED = 0xFFFF


@dataclass(frozen=True)
class Habits:
    """What a log does; each field that is not the default is a mistake, or an unusual way."""

    syncs_file: bool = True
    syncs_folder: bool = True
    checksum_seed: int = _SEED
    checks: bool = True
    cuts_tail: bool = True
    refuses_torn_tail: bool = False
    checks_length_alone: bool = False
    answers_first: bool = False
    sync_at_open: bool = False


class FramedLog:
    """A log of frames: length, checksum, entry."""

    def __init__(self, directory: Path, habits: Habits) -> None:
        self._habits = habits
        self._path = directory / "log"
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        if habits.syncs_folder:
            # At every opening, as the one that made the file may not have come so far.
            _sync_folder(directory)
        self._entries, self._end = self._read()
        if habits.cuts_tail and self._end < os.fstat(self._file).st_size:
            os.ftruncate(self._file, self._end)
            os.fsync(self._file)
        elif habits.sync_at_open:
            os.fsync(self._file)

    def _read(self) -> tuple[list[AgreementWalEntry], int]:
        data = self._path.read_bytes()
        entries: list[AgreementWalEntry] = []
        position = 0
        while position + _HEAD.size <= len(data):
            length, checksum = _HEAD.unpack_from(data, position)
            body = data[position + _HEAD.size : position + _HEAD.size + length]
            if len(body) < length or (not length and not self._accepts(body, checksum)):
                break
            if not self._accepts(body, checksum):
                break
            entry = decode_canonical(AgreementWalEntry, body) if body else None
            if entry is None:
                raise DurabilityError(f"a frame at {position} holds no entry")
            entries.append(entry)
            position += _HEAD.size + length
        if position < len(data) and self._habits.refuses_torn_tail:
            raise DurabilityError("the log ends in the middle of a frame")
        return entries, position if self._habits.cuts_tail else len(data)

    def _accepts(self, body: bytes, checksum: int) -> bool:
        if not self._habits.checks:
            return True
        return zlib.crc32(body, self._habits.checksum_seed) == checksum

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry."""
        _check_order(self._entries, entry)
        body = encode(entry)
        frame = _HEAD.pack(len(body), zlib.crc32(body, self._habits.checksum_seed)) + body
        _write_whole(self._file, frame, self._end)
        if self._habits.syncs_file:
            os.fsync(self._file)
        self._end += len(frame)
        self._entries.append(entry)

    def load(self) -> AgreementWalArtifact:
        """Return the whole log."""
        return AgreementWalArtifact(tuple(self._entries))

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries after a tick."""
        return self.load().read_since(tick)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class RenamedLog:
    """A log that is written whole to another file and moved into place."""

    def __init__(self, directory: Path, *, syncs_file: bool, syncs_folder: bool) -> None:
        self._directory = directory
        self._syncs_file = syncs_file
        self._syncs_folder = syncs_folder

    def append(self, entry: AgreementWalEntry) -> None:
        """Write all entries again, with one more."""
        entries = self.load().entries
        _check_order(entries, entry)
        new = self._directory / "new"
        with new.open("wb") as file:
            for each in (*entries, entry):
                body = encode(each)
                file.write(_HEAD.pack(len(body), zlib.crc32(body, _SEED)) + body)
            file.flush()
            if self._syncs_file:
                os.fsync(file.fileno())
        new.replace(self._directory / "log")
        if self._syncs_folder:
            _sync_folder(self._directory)

    def load(self) -> AgreementWalArtifact:
        """Read the whole log."""
        path = self._directory / "log"
        data = path.read_bytes() if path.exists() else b""
        entries = []
        position = 0
        while position < len(data):
            length, checksum = _HEAD.unpack_from(data, position)
            body = data[position + _HEAD.size : position + _HEAD.size + length]
            entry = decode_canonical(AgreementWalEntry, body) if body else None
            if entry is None or zlib.crc32(body, _SEED) != checksum:
                raise DurabilityError("the log is damaged")
            entries.append(entry)
            position += _HEAD.size + length
        return AgreementWalArtifact(tuple(entries))

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries after a tick."""
        return self.load().read_since(tick)


class DatabaseLog:
    """A log in an SQLite database of chosen care."""

    def __init__(self, directory: Path, journal: str, synchronous: str) -> None:
        self._connection = sqlite3.connect(
            directory / "log.db", isolation_level=None, check_same_thread=False
        )
        try:
            self._connection.execute(f"PRAGMA journal_mode = {journal}")
            self._connection.execute(f"PRAGMA synchronous = {synchronous}")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS log (position INTEGER PRIMARY KEY, entry BLOB)"
            )
        except sqlite3.Error as error:
            raise DurabilityError(str(error)) from error

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry."""
        _check_order(self.load().entries, entry)
        try:
            self._connection.execute("INSERT INTO log (entry) VALUES (?)", (encode(entry),))
        except sqlite3.Error as error:
            raise DurabilityError(str(error)) from error

    def load(self) -> AgreementWalArtifact:
        """Return the whole log."""
        try:
            rows = self._connection.execute("SELECT entry FROM log ORDER BY position").fetchall()
        except sqlite3.Error as error:
            raise DurabilityError(str(error)) from error
        return AgreementWalArtifact(tuple(_decoded(data) for (data,) in rows))

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries after a tick."""
        return self.load().read_since(tick)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()


class RewrittenCache:
    """A cache that is written whole to another file and moved into place."""

    def __init__(self, directory: Path, *, syncs: bool) -> None:
        self._directory = directory
        self._syncs = syncs

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Write all entries again, with the new one last."""
        kept = [each for each in self.load().entries if each.evidence_id != entry.evidence_id]
        artifact = EvidenceOutcomeCacheArtifact((*kept, entry))
        new = self._directory / "new"
        with new.open("wb") as file:
            file.write(encode(artifact))
            file.flush()
            if self._syncs:
                os.fsync(file.fileno())
        new.replace(self._directory / "cache")
        if self._syncs:
            _sync_folder(self._directory)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Read the whole cache."""
        path = self._directory / "cache"
        if not path.exists():
            return EvidenceOutcomeCacheArtifact()
        artifact = decode_canonical(EvidenceOutcomeCacheArtifact, path.read_bytes())
        if artifact is None:
            raise DurabilityError("the cache is damaged")
        return artifact

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of an id."""
        return self.load().get(evidence_id)


class ElsewhereLog(FramedLog):
    """A log that remembers the path of its directory in it, so that a copy does not open."""

    def __init__(self, directory: Path) -> None:
        mark = directory / "where"
        if mark.exists() and mark.read_text() != str(directory):
            raise DurabilityError(f"this is the log of {mark.read_text()}")
        mark.write_text(str(directory))
        super().__init__(directory, Habits())


class MappedLog(FramedLog):
    """A log that writes through a mapping of its file."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, Habits())
        os.ftruncate(self._file, max(4096, self._end))
        self._mapping = mmap.mmap(self._file, 4096)

    def close(self) -> None:
        """Close mapping and file."""
        self._mapping.close()
        super().close()


def _decoded(data: bytes) -> AgreementWalEntry:
    entry = decode_canonical(AgreementWalEntry, data)
    if entry is None:
        raise DurabilityError("a stored entry is damaged")
    return entry


def _check_order(
    entries: tuple[AgreementWalEntry, ...] | list[AgreementWalEntry], entry: AgreementWalEntry
) -> None:
    if not isinstance(entry, Escalation):
        return
    levels = [
        each.new_level
        for each in entries
        if isinstance(each, Escalation) and each.operation_id == entry.operation_id
    ]
    error = escalation_order_error(entry, levels[-1] if levels else None, len(entries))
    if error is not None:
        raise error


def _write_whole(file: int, data: bytes, offset: int) -> None:
    written = 0
    while written < len(data):
        written += os.pwrite(file, data[written:], offset + written)


def _sync_folder(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _log(name: str, make: Callable[[Path], object]) -> Backend:
    return Backend(name, agreement_wal=make, capabilities=SURVIVES)  # type: ignore[arg-type]


def _framed(name: str, habits: Habits) -> Backend:
    return _log(name, lambda directory: FramedLog(directory, habits))


def _renamed(name: str, *, syncs_file: bool = True, syncs_folder: bool = True) -> Backend:
    return _log(name, lambda d: RenamedLog(d, syncs_file=syncs_file, syncs_folder=syncs_folder))


right = _framed("right", Habits())
syncs_when_opened = _framed("syncs when opened", Habits(sync_at_open=True))
no_sync = _framed("no sync", Habits(syncs_file=False))
no_folder_sync = _framed("no folder sync", Habits(syncs_folder=False))
zeros_are_frames = _framed("zeros are frames", Habits(checksum_seed=0))
no_checksum = _framed("no checksum", Habits(checks=False))
tail_stays = _framed("tail stays", Habits(cuts_tail=False))
refuses_torn_tail = _framed("refuses torn tail", Habits(refuses_torn_tail=True))

renamed = _renamed("renamed")
renamed_unsynced = _renamed("renamed unsynced", syncs_file=False)
renamed_no_folder_sync = _renamed("renamed no folder sync", syncs_folder=False)

database_full = _log("database full", lambda d: DatabaseLog(d, "DELETE", "EXTRA"))
database_wal = _log("database wal", lambda d: DatabaseLog(d, "WAL", "FULL"))
database_normal = _log("database normal", lambda d: DatabaseLog(d, "WAL", "NORMAL"))
database_off = _log("database off", lambda d: DatabaseLog(d, "DELETE", "OFF"))

elsewhere = _log("elsewhere", ElsewhereLog)
mapped = _log("mapped", MappedLog)
right_cache = Backend(
    "right cache", evidence_cache=lambda d: RewrittenCache(d, syncs=True), capabilities=SURVIVES
)
unsynced_cache = Backend(
    "unsynced cache", evidence_cache=lambda d: RewrittenCache(d, syncs=False), capabilities=SURVIVES
)


class ForgetfulRecovery(FramedLog):
    """A log that cuts its file to nothing when it finds a torn tail, and writes it again."""

    def __init__(self, directory: Path) -> None:
        path = directory / "log"
        before = path.stat().st_size if path.exists() else 0
        super().__init__(directory, Habits(cuts_tail=False))
        whole = _HEAD.size * len(self._entries) + sum(len(encode(each)) for each in self._entries)
        if whole < before:
            frames = b"".join(self._frame(each) for each in self._entries)
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, frames, 0)
            os.fsync(self._file)
        self._end = whole

    @staticmethod
    def _frame(entry: AgreementWalEntry) -> bytes:
        body = encode(entry)
        return _HEAD.pack(len(body), zlib.crc32(body, _SEED)) + body


forgetful_recovery = _log("forgetful recovery", ForgetfulRecovery)


class CarefulLog(FramedLog):
    """A log that answers faults with the declared error; how it goes on is chosen."""

    def __init__(self, directory: Path, after_fault: str) -> None:
        self._after_fault = after_fault
        self._is_poisoned = False
        try:
            super().__init__(directory, Habits())
        except OSError as error:
            raise DurabilityError(f"the log does not open: {error}") from error

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry, or stop taking any."""
        if self._is_poisoned:
            raise DurabilityError("the log has failed; open it again")
        end, count = self._end, len(self._entries)
        try:
            super().append(entry)
        except OSError as error:
            self._end = end
            del self._entries[count:]
            self._fail(entry, error)

    def _fail(self, entry: AgreementWalEntry, error: OSError) -> None:
        if self._after_fault == "anyway" and error.errno == errno.EIO:
            self._entries.append(entry)
            self._end = os.fstat(self._file).st_size
            return
        if self._after_fault == "again" and error.errno == errno.EIO:
            os.fsync(self._file)
            self._entries.append(entry)
            self._end = os.fstat(self._file).st_size
            return
        self._is_poisoned = self._after_fault == "stop"
        raise DurabilityError(f"the append failed: {error}") from error


class RewritingLog(CarefulLog):
    """A log that stops at a fault and writes what it shows again when it is opened."""

    def __init__(self, directory: Path, after_fault: str) -> None:
        super().__init__(directory, after_fault)
        frames = self._path.read_bytes()[: self._end]
        try:
            os.pwrite(self._file, frames, 0)
            os.fsync(self._file)
        except OSError as error:
            raise DurabilityError(f"the log does not open: {error}") from error


class HalfLog(CarefulLog):
    """A log that writes head and body apart and goes on behind a head without a body."""

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry by two writes."""
        _check_order(self._entries, entry)
        body = encode(entry)
        head = _HEAD.pack(len(body), zlib.crc32(body, _SEED))
        try:
            for part in (head, body):
                _write_whole(self._file, part, self._end)
                self._end += len(part)
            os.fsync(self._file)
        except OSError as error:
            raise DurabilityError(f"the append failed: {error}") from error
        self._entries.append(entry)


class TolerantCache(RewrittenCache):
    """A cache that answers faults with the declared error."""

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store one entry, or say that it failed."""
        try:
            super().put(entry)
        except OSError as error:
            raise DurabilityError(f"the put failed: {error}") from error


poisoned = _log("poisoned", lambda d: RewritingLog(d, "stop"))
trusts_what_it_finds = _log("trusts what it finds", lambda d: CarefulLog(d, "stop"))
tries_sync_again = _log("tries sync again", lambda d: CarefulLog(d, "again"))
acknowledges_anyway = _log("acknowledges anyway", lambda d: CarefulLog(d, "anyway"))
leaves_half = _log("leaves half", lambda d: HalfLog(d, "go on"))
right_cache_tolerant = Backend(
    "right cache tolerant",
    evidence_cache=lambda d: TolerantCache(d, syncs=True),
    capabilities=SURVIVES,
)
