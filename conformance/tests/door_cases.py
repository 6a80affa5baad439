"""Backends for every door at once: one for each way in which verdicts used to depend on the door.

Each is a small log or cache with one property; its right verdict stands in the table at the end.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import queue
import sqlite3
import struct
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from conformance import declares
from telltale_spec import (
    AgreementWalArtifact,
    AgreementWalEntry,
    DurabilityError,
    EvidenceOutcomeCacheEntry,
    InMemoryEvidenceOutcomeCache,
    PersistedDurabilityArtifact,
    decode,
    encode,
)

__all__ = ["DOOR_CASES", "DoorCase"]

Entries = tuple[AgreementWalEntry, ...]


class InMemory:
    """A right log; the others differ from it in one thing."""

    def __init__(self, directory: Path) -> None:
        self.entries: list[AgreementWalEntry] = []

    def append(self, entry: AgreementWalEntry) -> None:
        AgreementWalArtifact((*self.load().entries, entry)).validate_monotonic_escalations()
        self.entries.append(entry)

    def read_since(self, tick: int) -> Any:
        return self.load().read_since(tick)

    def load(self) -> Any:
        return AgreementWalArtifact(tuple(self.entries))


# What it returns, and what it does with what it is given


class ReadsLazily(InMemory):
    def read_since(self, tick: int) -> Iterator[AgreementWalEntry]:
        return (entry for entry in self.load().entries if entry.tick > tick)


class LoadsAList(InMemory):
    def append(self, entry: AgreementWalEntry) -> None:
        self.entries.append(entry)

    def load(self) -> list[AgreementWalEntry]:
        return self.entries


class ChangesWhatItStores(InMemory):
    def append(self, entry: AgreementWalEntry) -> None:
        super().append(entry)
        object.__setattr__(entry, "operation_id", "changed")


class ChangesWhatItWasGiven(InMemory):
    def append(self, entry: AgreementWalEntry) -> None:
        super().append(decode(AgreementWalEntry, encode(entry)))
        object.__setattr__(entry, "tick", 7)


class ChangesWhatItPuts(InMemoryEvidenceOutcomeCache):
    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        object.__setattr__(entry, "operation_name", "changed")
        super().put(entry)


class GetsAPair(InMemoryEvidenceOutcomeCache):
    def get(self, evidence_id: str) -> Any:
        found = super().get(evidence_id)
        return None if found is None else (evidence_id, found)


# Noise


class Talks(InMemory):
    """Write to standard output by all three ways."""

    def append(self, entry: AgreementWalEntry) -> None:
        print("stored:", entry)
        os.write(1, b"from below the interpreter\n")
        logging.getLogger("log").error("stored %s", entry)
        super().append(entry)


class LeavesThreads(InMemory):
    """Have a thread that nothing ends."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        threading.Thread(target=threading.Event().wait, daemon=True).start()


class EndsTheProgram(InMemory):
    def append(self, entry: AgreementWalEntry) -> None:
        if len(self.entries) == 2:
            sys.exit(0)
        super().append(entry)


# Texts


class OneLineEach:
    """Keep one JSON text a line, and cut the file where a line ends."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "log"
        self.path.touch()

    def cut(self, text: str) -> list[str]:
        return text.split("\n")

    def append(self, entry: AgreementWalEntry) -> None:
        AgreementWalArtifact((*self.load().entries, entry)).validate_monotonic_escalations()
        with self.path.open("ab") as file:
            file.write(json.dumps(entry.to_dict(), ensure_ascii=False).encode() + b"\n")

    def load(self) -> AgreementWalArtifact:
        found = []
        for line in self.cut(self.path.read_bytes().decode()):
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return AgreementWalArtifact.from_dict({"entries": found})

    def read_since(self, tick: int) -> Entries:
        return self.load().read_since(tick)


class CutsAtEverySeparator(OneLineEach):
    def cut(self, text: str) -> list[str]:
        return text.splitlines()


class RefusesNul(InMemory):
    def append(self, entry: AgreementWalEntry) -> None:
        if "\\u0000" in json.dumps(entry.to_dict()):
            raise DurabilityError("a text with NUL cannot be stored")
        super().append(entry)


class DropsNul(InMemory):
    def append(self, entry: AgreementWalEntry) -> None:
        kept = json.loads(json.dumps(entry.to_dict()).replace("\\u0000", ""))
        super().append(AgreementWalArtifact.from_dict({"entries": [kept]}).entries[0])


class RefusesLargeTicks(InMemory):
    def append(self, entry: AgreementWalEntry) -> None:
        if entry.tick >= 2**63:
            raise DurabilityError("the tick is over 2^63-1")
        super().append(entry)


class HasItsOwnWords(InMemory):
    def append(self, entry: AgreementWalEntry) -> None:
        try:
            super().append(entry)
        except DurabilityError:
            raise DurabilityError("not in this order") from None


# Storage


class WritesBeforeItLooks:
    """Begin a frame on disk, and only then ask whether the entry is in order."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "log"
        self.path.touch()

    def append(self, entry: AgreementWalEntry) -> None:
        frame = struct.pack(">I", len(encode(entry))) + encode(entry)
        before = self.load().entries
        with self.path.open("ab") as file:
            file.write(frame[:9])
            file.flush()
            AgreementWalArtifact((*before, entry)).validate_monotonic_escalations()
            file.write(frame[9:])

    def load(self) -> AgreementWalArtifact:
        data, found = self.path.read_bytes(), []
        while len(data) >= 4:
            (length,) = struct.unpack_from(">I", data)
            body, data = data[4 : 4 + length], data[4 + length :]
            try:
                found.append(decode(AgreementWalEntry, body))
            except DurabilityError:
                break
        return AgreementWalArtifact(tuple(found))

    def read_since(self, tick: int) -> Entries:
        return self.load().read_since(tick)


class SharesOneList(InMemory):
    """Have one storage for all histories."""

    shared: ClassVar[list[AgreementWalEntry]] = []

    def __init__(self, directory: Path) -> None:
        self.entries = self.shared


class NeverWaits:
    """Refuse whatever comes while another handle writes."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "log.db"
        with self._connected() as database:
            database.execute("create table if not exists log (n integer primary key, entry blob)")

    def _connected(self, timeout: float = 5.0) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=timeout, isolation_level=None)

    def append(self, entry: AgreementWalEntry) -> None:
        database = self._connected(0.0)
        try:
            database.execute("begin immediate")
            AgreementWalArtifact((*self._all(database), entry)).validate_monotonic_escalations()
            database.execute("insert into log (entry) values (?)", (encode(entry),))
            database.execute("commit")
        except sqlite3.OperationalError as error:
            raise DurabilityError(f"busy: {error}") from error
        finally:
            database.close()

    @staticmethod
    def _all(database: sqlite3.Connection) -> Entries:
        rows = database.execute("select entry from log order by n").fetchall()
        return tuple(decode(AgreementWalEntry, row) for (row,) in rows)

    def load(self) -> AgreementWalArtifact:
        database = self._connected()
        try:
            return AgreementWalArtifact(self._all(database))
        finally:
            database.close()

    def read_since(self, tick: int) -> Entries:
        return self.load().read_since(tick)


# Several processes


class LocksItsOwnFile:
    """Hold a lock of the process on the very file that reading opens and closes."""

    lock_name = "log"
    threads = threading.RLock()

    def __init__(self, directory: Path) -> None:
        self.path, self.lock_path = directory / "log", directory / self.lock_name
        self.lock_path.touch()

    def load(self) -> AgreementWalArtifact:
        data = self.path.read_bytes() if self.path.exists() else b""
        if not data:
            return AgreementWalArtifact()
        return PersistedDurabilityArtifact.from_slice(data).into_agreement_wal()

    def append(self, entry: AgreementWalEntry) -> None:
        with self.threads, self.lock_path.open("rb+") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            log = AgreementWalArtifact((*self.load().entries, entry))
            log.validate_monotonic_escalations()
            written = self.path.with_name(f"log.{os.getpid()}")
            written.write_bytes(PersistedDurabilityArtifact.agreement_wal(log).to_cbor())
            if self.lock_path != self.path:
                written.replace(self.path)
                return
            with self.path.open("rb+") as file:
                file.write(written.read_bytes())
                file.truncate()

    def read_since(self, tick: int) -> Entries:
        return self.load().read_since(tick)


class LocksAnotherFile(LocksItsOwnFile):
    lock_name = "lock"


class AcknowledgesEarly:
    """Leave the writing to a thread; a read waits for it, a death does not."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "log"
        self.path.touch()
        self.entries = list(self._written())
        self.waiting: queue.Queue[AgreementWalEntry] = queue.Queue()
        threading.Thread(target=self._write, daemon=True).start()

    def _written(self) -> Entries:
        lines = self.path.read_text().split()
        return tuple(decode(AgreementWalEntry, bytes.fromhex(each)) for each in lines)

    def _write(self) -> None:
        while True:
            entries = [self.waiting.get()]
            threading.Event().wait(0.02)
            # All that came meanwhile is written at once, so that long histories end.
            entries += [self.waiting.get() for _ in range(self.waiting.qsize())]
            # It may come so late that the history is over and its directory gone.
            with contextlib.suppress(FileNotFoundError), self.path.open("a") as file:
                file.writelines(f"{encode(entry).hex()}\n" for entry in entries)
            for _ in entries:
                self.waiting.task_done()

    def append(self, entry: AgreementWalEntry) -> None:
        AgreementWalArtifact((*self.entries, entry)).validate_monotonic_escalations()
        self.entries.append(entry)
        self.waiting.put(entry)

    def load(self) -> AgreementWalArtifact:
        self.waiting.join()
        return AgreementWalArtifact(self._written())

    def read_since(self, tick: int) -> Entries:
        return self.load().read_since(tick)


def changes_what_it_puts(directory: Path) -> ChangesWhatItPuts:
    return ChangesWhatItPuts()


def gets_a_pair(directory: Path) -> GetsAPair:
    return GetsAPair()


for _log in (OneLineEach, CutsAtEverySeparator, WritesBeforeItLooks):
    declares("reopen")(_log)
for _locking in (LocksItsOwnFile, LocksAnotherFile):
    declares("reopen", "concurrent-handles")(_locking)
declares("reopen", "process-kill")(AcknowledgesEarly)
declares("reopen", "concurrent-handles")(NeverWaits)


@dataclass(frozen=True)
class DoorCase:
    """One target of this module, and what must fail it; nothing where it conforms.

    What ``remembers`` earlier histories is found at every door, and what else can be
    said of it depends on how many there were. One that ``is_timed`` writes in its own time, and
    what can be said of it beside its failures depends on how fast it is asked.
    """

    name: str
    failures: tuple[str, ...] = ()
    remembers: bool = False
    is_timed: bool = False


DOOR_CASES: Final = (
    DoorCase("InMemory"),
    DoorCase("ReadsLazily", ("WAL-05",)),
    DoorCase("LoadsAList", ("WAL-07",)),
    DoorCase("ChangesWhatItStores", ("WAL-01",)),
    DoorCase("ChangesWhatItWasGiven", ("WAL-01",)),
    DoorCase("changes_what_it_puts", ("CACHE-02",)),
    DoorCase("gets_a_pair", ("CACHE-02",)),
    DoorCase("Talks"),
    DoorCase("LeavesThreads"),
    DoorCase("EndsTheProgram", ("WAL-09",)),
    DoorCase("OneLineEach"),
    DoorCase("CutsAtEverySeparator", ("WAL-01",)),
    DoorCase("RefusesNul"),
    DoorCase("DropsNul", ("WAL-01",)),
    DoorCase("RefusesLargeTicks"),
    DoorCase("HasItsOwnWords"),
    DoorCase("WritesBeforeItLooks", ("WAL-01", "WAL-02")),
    DoorCase("SharesOneList", ("WAL-07",), remembers=True),
    DoorCase("NeverWaits"),
    DoorCase("LocksItsOwnFile", ("WAL-01.handles",)),
    DoorCase("LocksAnotherFile"),
    DoorCase("AcknowledgesEarly", ("WAL-08.kill",), is_timed=True),
)
