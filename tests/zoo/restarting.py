"""Storages that are opened again: some only by the process that they were written by."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import sqlite3
import weakref
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Final

from conformance.backend import Backend, Capability
from conformance.life_cycle import opened
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import decode, encode
from tests.zoo.races.components import CacheOn, LogOn
from tests.zoo.races.storages import Check, Storage, line

__all__ = ["BROKEN", "RIGHT"]

_SHARDS: Final = 16


class InTheProcess(Storage):
    """Keeps what it has by its path in the process, and writes it where the process ends."""

    kept: ClassVar[dict[Path, list[bytes]]] = {}

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.payloads = self.kept.setdefault(directory, super().read())
        atexit.register(self.write_at_exit)

    def read(self) -> list[bytes]:
        return list(self.payloads)

    def add(self, payload: bytes, check: Check) -> None:
        check(self.payloads)
        self.payloads.append(payload)

    def write_at_exit(self) -> None:
        # The folder of a history is gone by then.
        with contextlib.suppress(OSError):
            self.path.write_bytes(b"".join(map(line, self.payloads)))


class InSharedMemory(Storage):
    """A database in memory that lives as long as one connection of the process does."""

    connections: ClassVar[dict[Path, sqlite3.Connection]] = {}

    def __init__(self, directory: Path) -> None:
        name = sha256(bytes(directory)).hexdigest()
        self.database = sqlite3.connect(
            f"file:{name}?mode=memory&cache=shared", uri=True, check_same_thread=False
        )
        self.connections.setdefault(directory, self.database)
        self.database.execute("CREATE TABLE IF NOT EXISTS payloads (payload BLOB)")

    def read(self) -> list[bytes]:
        rows = self.database.execute("SELECT payload FROM payloads ORDER BY rowid")
        return [payload for (payload,) in rows]

    def add(self, payload: bytes, check: Check) -> None:
        check(self.read())
        with self.database:
            self.database.execute("INSERT INTO payloads VALUES (?)", (payload,))

    def close(self) -> None:
        if self.database not in self.connections.values():
            self.database.close()


class NamedByItsProcess(Storage):
    """Writes into a file that is named after the process."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        os.close(self.file)
        self.path = directory / f"storage-{os.getpid()}"
        self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)

    def add(self, payload: bytes, check: Check) -> None:
        check(self.read())
        self.write_behind(payload)


class OneProcessAtATime(Storage):
    """Right: a lock that lives as long as the handle, so that no other process has it open too."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.locking = self.lock(waits=False)
        self.locking.__enter__()

    def add(self, payload: bytes, check: Check) -> None:
        check(self.read())
        self.write_behind(payload)

    def close(self) -> None:
        if self.file >= 0:
            self.locking.__exit__(None, None, None)
        super().close()


class WritesWhenItIsClosed(InTheProcess):
    """Right: keeps what it has until it is closed, and writes it then."""

    kept: ClassVar[dict[Path, list[bytes]]] = {}

    def __init__(self, directory: Path) -> None:
        Storage.__init__(self, directory)
        self.payloads = Storage.read(self)

    def close(self) -> None:
        if self.file >= 0:
            self.write_anew(self.payloads)
        super().close()


class WritesWhenItIsLeft:
    """Right: a context manager without a close, which writes when it is left, and only once."""

    def __init__(self, directory: Path) -> None:
        self.log = LogOn(WritesWhenItIsClosed, directory)
        self.append, self.read_since, self.load = (
            self.log.append,
            self.log.read_since,
            self.log.load,
        )

    def __enter__(self) -> WritesWhenItIsLeft:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.log.storage.file < 0:
            raise RuntimeError("it has been left before")
        self.log.close()


class BelongsToItsProcess:
    """Right: locked by the first process that opens it, for as long as that lives; has no close."""

    open: ClassVar[dict[Path, LogOn]] = {}

    def __init__(self, directory: Path) -> None:
        if directory not in self.open:
            self.open[directory] = LogOn(OneProcessAtATime, directory)
        log = self.open[directory]
        self.append, self.read_since, self.load = log.append, log.read_since, log.load


class LockedWhileInUse:
    """Right: locked for as long as anything refers to it, by whichever process; has no close."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "log"
        self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        weakref.finalize(self, os.close, self.file)
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DurabilityError("somebody else has it open") from error

    def append(self, entry: AgreementWalEntry) -> None:
        AgreementWalArtifact((*self.load().entries, entry)).validate_monotonic_escalations()
        os.write(self.file, line(encode(entry)))

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        return self.load().read_since(tick)

    def load(self) -> AgreementWalArtifact:
        payloads = map(bytes.fromhex, self.path.read_text("ascii").split())
        return AgreementWalArtifact(tuple(decode(AgreementWalEntry, each) for each in payloads))


class ShardedCache:
    """Files by a hash of the id, which is another one in every process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def number(self, evidence_id: str) -> int:
        return hash(evidence_id) % _SHARDS

    def path(self, evidence_id: str) -> Path:
        return self.directory / f"{self.number(evidence_id):02}"

    def found_in(self, path: Path) -> dict[str, EvidenceOutcomeCacheEntry]:
        if not path.exists():
            return {}
        entries = decode(EvidenceOutcomeCacheArtifact, path.read_bytes()).entries
        return {entry.evidence_id: entry for entry in entries}

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return self.found_in(self.path(evidence_id)).get(evidence_id)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        found = self.found_in(self.path(entry.evidence_id)) | {entry.evidence_id: entry}
        try:
            # What cannot be read back is not kept: the depth of a value is limited (F23).
            data = encode(EvidenceOutcomeCacheArtifact(tuple(found.values())))
            decode(EvidenceOutcomeCacheArtifact, data)
        except ValueError as error:
            raise DurabilityError(str(error)) from error
        self.path(entry.evidence_id).write_bytes(data)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        found = (self.found_in(path) for path in sorted(self.directory.iterdir()))
        return EvidenceOutcomeCacheArtifact(tuple(each for of in found for each in of.values()))


class ShardedByDigestCache(ShardedCache):
    """Right: files by a hash of the id that is the same everywhere."""

    def number(self, evidence_id: str) -> int:
        return sha256(evidence_id.encode()).digest()[0] % _SHARDS


class LevelsInTheProcess(LogOn):
    """Writes its entries, and keeps the levels that it checks in the process."""

    levels: ClassVar[dict[Path, Any]] = {}

    def __init__(self, directory: Path) -> None:
        super().__init__(_Unchecked, directory)
        self.checked = self.levels.setdefault(directory, [])

    def append(self, entry: Any) -> None:
        AgreementWalArtifact((*self.checked, entry)).validate_monotonic_escalations()
        super().append(entry)
        self.checked.append(entry)


class _Unchecked(Storage):
    def add(self, payload: bytes, check: Check) -> None:
        self.write_behind(payload)


_LASTS: Final = frozenset({Capability.REOPEN})


def _log(storage: type[Storage]) -> Backend:
    def make(directory: Path) -> LogOn:
        return LogOn(storage, directory)

    return Backend(f"{storage.__name__}_log", agreement_wal=make, capabilities=_LASTS)


def _cache(name: str, make: Callable[[Path], Any]) -> Backend:
    return Backend(f"{name}_cache", evidence_cache=make, capabilities=_LASTS)


def _cache_on(storage: type[Storage]) -> Backend:
    return _cache(storage.__name__, lambda directory: CacheOn(storage, directory))


BROKEN: Final = (
    _log(InTheProcess),
    _log(InSharedMemory),
    _log(NamedByItsProcess),
    Backend("LevelsInTheProcess_log", agreement_wal=LevelsInTheProcess, capabilities=_LASTS),
    _cache_on(InTheProcess),
    _cache_on(InSharedMemory),
    _cache("ShardedCache", ShardedCache),
)
RIGHT: Final = (
    _log(OneProcessAtATime),
    _log(WritesWhenItIsClosed),
    Backend(
        "WritesWhenItIsLeft_log",
        agreement_wal=lambda directory: opened(directory, WritesWhenItIsLeft(directory)),
        capabilities=_LASTS,
    ),
    Backend("LockedWhileInUse_log", agreement_wal=LockedWhileInUse, capabilities=_LASTS),
    Backend("BelongsToItsProcess_log", agreement_wal=BelongsToItsProcess, capabilities=_LASTS),
    _cache_on(OneProcessAtATime),
    _cache_on(WritesWhenItIsClosed),
    _cache("ShardedByDigestCache", ShardedByDigestCache),
)


def _named() -> Iterator[tuple[str, Backend]]:
    for each in (*BROKEN, *RIGHT):
        yield f"served_{each.name}", each


def __getattr__(name: str) -> Backend:
    for served, backend in _named():
        if served == name:
            return backend
    raise AttributeError(name)
