"""Storages that find a file whose name is not stable, or that is older than what is beside it."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from pathlib import Path

from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EscalationTracker,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import decode, encode
from tests.zoo.crashes.files import (
    HEAD,
    make_file,
    record,
    record_at,
    records,
    sync_folder,
    whole_records,
)
from tests.zoo.crashes.places import Cache, Entries, replaced, synced

_ROOT = hashlib.sha256(b"").hexdigest()


class ObjectsLog:
    """Right: a file for each entry, named by its hash, with the name of the one before it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.objects = directory / "objects"
        self.objects.mkdir(exist_ok=True)
        sync_folder(directory)
        head = directory / "head"
        self.head = head.read_text() if head.exists() else _ROOT
        newest_first: list[AgreementWalEntry] = []
        name = self.head
        while name != _ROOT:
            body = (self.objects / name).read_bytes()
            newest_first.append(decode(AgreementWalEntry, body[len(_ROOT) :]))
            name = body[: len(_ROOT)].decode()
        self.entries = newest_first[::-1]
        self.levels = EscalationTracker()
        for entry in self.entries:
            self.levels.observe(entry)

    def append(self, entry: AgreementWalEntry) -> None:
        error = self.levels.preview(entry)
        if error is not None:
            raise DurabilityError(error.message)
        body = self.head.encode() + encode(entry)
        name = hashlib.sha256(body).hexdigest()
        self.make_object(self.objects / name, body)
        replaced(self.directory / "head", name.encode())
        self.head = name
        self.entries.append(entry)
        self.levels.observe(entry)

    def make_object(self, path: Path, body: bytes) -> None:
        if path.exists():
            sync_folder(path.parent)
        else:
            replaced(path, body)

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        return tuple([entry for entry in self.entries if entry.tick > tick])

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(tuple(self.entries))


class TakesWhatIsThereLog(ObjectsLog):
    """Takes an object for stable that a process made and was killed before it synced the name."""

    def make_object(self, path: Path, body: bytes) -> None:
        if not path.exists():
            replaced(path, body)


class LevelsBesideLog(ObjectsLog):
    """Right: what the objects have is in a file of levels as well, which is made after them."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.beside = directory / "levels"
        self.known: dict[str, str] = {}
        if self.beside.exists():
            head, self.known = json.loads(self.beside.read_text())
            if head != self.head:
                self.known = {}

    def append(self, entry: AgreementWalEntry) -> None:
        self.check(entry)
        super().append(entry)
        self.note(entry, self.head)

    def check(self, entry: AgreementWalEntry) -> None:
        if isinstance(entry, Escalation) and entry.operation_id in self.known:
            known = AgreementLevel(self.known[entry.operation_id])
            if entry.previous_level.rank < known.rank:
                raise DurabilityError(f"{entry.operation_id} has {known.value} already")

    def note(self, entry: AgreementWalEntry, head: str) -> None:
        if isinstance(entry, Escalation):
            self.known[entry.operation_id] = entry.new_level.value
        replaced(self.beside, json.dumps([head, self.known]).encode())


class LevelsBeforeLog(LevelsBesideLog):
    """Writes the levels down first, and believes them when the entry has not come to be."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        if self.beside.exists():
            self.known = json.loads(self.beside.read_text())[1]

    def append(self, entry: AgreementWalEntry) -> None:
        self.check(entry)
        if self.levels.preview(entry) is None:
            self.note(entry, "")
        ObjectsLog.append(self, entry)


class HintedCache(Cache):
    """Right: one file, and a hint from an orderly end of where in it the live records are."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data, self.hint = directory / "data", directory / "hint"
        if not self.data.exists():
            replaced(self.data, b"")
        sync_folder(directory)
        data = self.data.read_bytes()
        self.count, end, live = self.read_hint(len(data))
        self.entries = {}
        self.offsets: dict[str, int] = {}
        for offset in live:
            found = record_at(data, offset)
            if found is None:
                raise DurabilityError(f"no record at {offset}")
            self.take(found[1], offset)
        while (found := record_at(data, end)) is not None and found[0] == self.count:
            self.take(found[1], end)
            self.count, end = self.count + 1, end + HEAD.size + len(found[1])
        self.write(data[:end])

    def write(self, data: bytes) -> None:
        """Make the file that long and stable, as a torn record may be behind the whole ones."""
        with self.data.open("r+b") as file:
            file.truncate(len(data))
        synced(self.data)
        self.end = len(data)

    def read_hint(self, size: int) -> tuple[int, int, list[int]]:
        raw = self.hint.read_bytes() if self.hint.exists() else b""
        if len(raw) < 4 or zlib.crc32(raw[4:]) != int.from_bytes(raw[:4], "big"):
            return 0, 0, []
        count, end, live = json.loads(raw[4:])
        return (count, end, live) if end <= size else (0, 0, [])

    def take(self, payload: bytes, offset: int) -> None:
        entry = decode(EvidenceOutcomeCacheEntry, payload)
        for each in (self.entries, self.offsets):
            each.pop(entry.evidence_id, None)
        self.entries[entry.evidence_id] = entry
        self.offsets[entry.evidence_id] = offset

    def store(self, entries: Entries, entry: EvidenceOutcomeCacheEntry) -> None:
        if self.count > 2 * len(self.entries) + 6:
            self.gather_up()
        payload = encode(entry)
        whole = record(self.count, payload)
        with self.data.open("r+b") as file:
            file.seek(self.end)
            file.write(whole)
        synced(self.data)
        self.take(payload, self.end)
        self.count, self.end = self.count + 1, self.end + len(whole)

    def gather_up(self) -> None:
        """Write what counts to a new file; the hint is of the old one."""
        self.forget_the_hint()
        whole = [record(number, encode(each)) for number, each in enumerate(self.entries.values())]
        replaced(self.data, b"".join(whole))
        ends = [sum(map(len, whole[:number])) for number in range(len(whole) + 1)]
        self.offsets = dict(zip(self.entries, ends, strict=False))
        self.count, self.end = len(whole), ends[-1]

    def forget_the_hint(self) -> None:
        self.hint.unlink(missing_ok=True)
        sync_folder(self.directory)

    def close(self) -> None:
        raw = json.dumps([self.count, self.end, [*self.offsets.values()]]).encode()
        replaced(self.hint, zlib.crc32(raw).to_bytes(4, "big") + raw)


class KeepsAnOldHintCache(HintedCache):
    """Lets the hint come back beside the new file, as both names become stable at once."""

    def forget_the_hint(self) -> None:
        self.hint.unlink(missing_ok=True)


class TablesCache(Cache):
    """Right: a table of all that counts, and a log of what was put since; a file says which two."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.current = directory, directory / "current"
        if not self.current.exists():
            self.begin(0, {})
        sync_folder(directory)
        self.number = int(self.current.read_text())
        self.entries = {}
        table = (directory / f"table-{self.number}").read_bytes()
        if zlib.crc32(table[:-4]) != int.from_bytes(table[-4:], "big"):
            raise DurabilityError("a table is damaged")
        log = directory / f"log-{self.number}"
        payloads, end = whole_records(log.read_bytes())
        for payload in (*whole_records(table[:-4])[0], *payloads):
            entry = decode(EvidenceOutcomeCacheEntry, payload)
            self.entries.pop(entry.evidence_id, None)
            self.entries[entry.evidence_id] = entry
        os.truncate(log, end)
        synced(log)
        self.count, self.end = len(payloads), end

    def begin(self, number: int, entries: Entries) -> None:
        """Store all that counts as a table, with a log of nothing, and say that these count."""
        table = records([encode(each) for each in entries.values()])
        whole = table + zlib.crc32(table).to_bytes(4, "big")
        self.write_table(self.directory / f"table-{number}", whole)
        make_file(self.directory / f"log-{number}", b"")
        sync_folder(self.directory)
        replaced(self.current, str(number).encode())
        self.number, self.count, self.end = number, 0, 0

    def write_table(self, path: Path, whole: bytes) -> None:
        make_file(path, whole)

    def store(self, entries: Entries, entry: EvidenceOutcomeCacheEntry) -> None:
        if self.count == 4:
            self.begin(self.number + 1, entries)
            return
        whole = record(self.count, encode(entry))
        with (self.directory / f"log-{self.number}").open("r+b") as file:
            file.seek(self.end)
            file.write(whole)
            file.flush()
            os.fsync(file.fileno())
        self.count, self.end = self.count + 1, self.end + len(whole)


class WritesOverALongerTableCache(TablesCache):
    """Writes over what a killed process has left of the next table, which may be longer."""

    def write_table(self, path: Path, whole: bytes) -> None:
        synced(path, whole)
