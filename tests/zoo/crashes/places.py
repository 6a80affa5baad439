"""Caches that keep what they hold in places: which place is free for the next store."""

from __future__ import annotations

import os
from pathlib import Path

from telltale_spec.errors import DurabilityError
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import decode, encode
from tests.zoo.crashes.files import record, record_at

Entries = dict[str, EvidenceOutcomeCacheEntry]


def synced(path: Path, data: bytes | None = None) -> None:
    """Write a file over what is in it, or write nothing, and sync it."""
    flags = os.O_RDONLY if data is None else os.O_WRONLY | os.O_CREAT
    file = os.open(path, flags, 0o666)
    try:
        if data is not None and os.write(file, data) < len(data):
            raise OSError("a part was written")
        os.fsync(file)
    finally:
        os.close(file)


def replaced(path: Path, data: bytes) -> None:
    """Put a new file in the place of another one, whole."""
    temporary = path.with_name("new")
    temporary.unlink(missing_ok=True)
    synced(temporary, data)
    temporary.rename(path)
    synced(path.parent)


class Cache:
    """Shows what is in memory."""

    entries: Entries

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        entries = {**self.entries}
        entries.pop(entry.evidence_id, None)
        entries[entry.evidence_id] = entry
        try:
            self.store(entries, entry)
        except OSError as error:
            raise DurabilityError(str(error)) from error
        self.entries = entries

    def store(self, entries: Entries, entry: EvidenceOutcomeCacheEntry) -> None:
        raise NotImplementedError

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return self.entries.get(evidence_id)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        return EvidenceOutcomeCacheArtifact(tuple(self.entries.values()))


class SlotsCache(Cache):
    """Right: a file for each entry, named by an index; what that names no more is free."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        index = directory / "index"
        lines = index.read_text().split("\n") if index.exists() else []
        self.slots = {
            bytes.fromhex(name).decode(): int(slot)
            for slot, _, name in (line.partition(" ") for line in lines)
        }
        self.entries = {
            name: decode(EvidenceOutcomeCacheEntry, (directory / f"slot-{slot}").read_bytes())
            for name, slot in self.slots.items()
        }
        top = max(self.slots.values(), default=-1)
        self.free = [slot for slot in range(top) if slot not in self.slots.values()]
        self.top = top + 1

    def store(self, entries: Entries, entry: EvidenceOutcomeCacheEntry) -> None:
        if self.free:
            slot = self.free.pop()
        else:
            slot, self.top = self.top, self.top + 1
        replaced(self.directory / f"slot-{slot}", encode(entry))
        slots = {**self.slots}
        old = slots.pop(entry.evidence_id, None)
        slots[entry.evidence_id] = slot
        self.name(slots, old)

    def name(self, slots: dict[str, int], old: int | None) -> None:
        """Store which slot has which id; then the old one is free."""
        self.write_index(slots)
        self.free += [] if old is None else [old]

    def write_index(self, slots: dict[str, int]) -> None:
        lines = [f"{slot} {name.encode().hex()}" for name, slot in slots.items()]
        replaced(self.directory / "index", "\n".join(lines).encode())
        self.slots = slots


class FreesTooEarlyCache(SlotsCache):
    """Takes a slot for free that the index still names, if that could not be written."""

    def name(self, slots: dict[str, int], old: int | None) -> None:
        self.free += [] if old is None else [old]
        self.write_index(slots)


class ImagesInTurnsCache(Cache):
    """Right: three images, of which the oldest is written over; a torn one is no image."""

    def __init__(self, directory: Path) -> None:
        self.paths = [directory / f"image-{number}" for number in range(3)]
        found = []
        for path in self.paths:
            if not path.exists():
                synced(path, b"")
            whole = record_at(path.read_bytes(), 0)
            found.append((-1, b"") if whole is None else whole)
        synced(directory)
        self.number, newest = max(found)
        self.turn = self.first_turn([number for number, _ in found])
        entries = decode(EvidenceOutcomeCacheArtifact, newest).entries if newest else ()
        self.entries = {entry.evidence_id: entry for entry in entries}

    def first_turn(self, numbers: list[int]) -> int:
        """Return which image is the first to be written over."""
        return numbers.index(min(numbers))

    def store(self, entries: Entries, entry: EvidenceOutcomeCacheEntry) -> None:
        artifact = EvidenceOutcomeCacheArtifact(tuple(entries.values()))
        synced(self.paths[self.turn], record(self.number + 1, encode(artifact)))
        self.number, self.turn = self.number + 1, (self.turn + 1) % 3


class BeginsWithTheFirstCache(ImagesInTurnsCache):
    """Writes over the first image first, which may be the newest."""

    def first_turn(self, numbers: list[int]) -> int:
        return 0
