"""Storages of puts that keep what was not replaced: right ones, and each with one wrong step."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import decode
from tests.zoo.crashes.files import (
    contents,
    make_file,
    record,
    record_at,
    records,
    replace_file,
    sync_folder,
    write_at,
)
from tests.zoo.crashes.storages import AppendFile, Storage


def key_of(payload: bytes) -> str:
    return decode(EvidenceOutcomeCacheEntry, payload).evidence_id


def without_replaced(payloads: Sequence[bytes]) -> list[bytes]:
    last = {key_of(payload): index for index, payload in enumerate(payloads)}
    return [payloads[index] for index in sorted(last.values())]


class FilePerKey(Storage):
    """Right: a file for each key, replaced whole, with a number that gives the order."""

    def recover(self) -> Sequence[bytes]:
        found = {}
        for path in self.directory.glob("key-*"):
            kept = record_at(path.read_bytes(), 0) if path.suffix != ".new" else None
            if kept is not None:
                number, payload = kept
                found[number] = payload
        self.number = max(found, default=0)
        if found:
            # Again, as its name may not be durable.
            self.replace(found[self.number])
        return [found[number] for number in sorted(found)]

    def store(self, payload: bytes) -> None:
        self.number += 1
        self.replace(payload)

    def replace(self, payload: bytes) -> None:
        self.write(self.path_of(payload), record(self.number, payload))

    def path_of(self, payload: bytes) -> Path:
        return self.directory / f"key-{hashlib.sha256(key_of(payload).encode()).hexdigest()}"

    def write(self, path: Path, data: bytes) -> None:
        replace_file(path, data)


class FilePerKeyInPlace(FilePerKey):
    """Empties the file of a key and writes the new value into it."""

    def write(self, path: Path, data: bytes) -> None:
        make_file(path, data)
        sync_folder(self.directory)


class FilePerKeyRemovedFirst(FilePerKey):
    """Removes the old value before the new one takes its place."""

    def write(self, path: Path, data: bytes) -> None:
        path.unlink(missing_ok=True)
        sync_folder(self.directory)
        replace_file(path, data)


class FilePerKeyNameNotSynced(FilePerKey):
    """Syncs the file of a key and not the folder."""

    def write(self, path: Path, data: bytes) -> None:
        temporary = path.with_name(f"{path.name}.new")
        make_file(temporary, data)
        temporary.rename(path)


class FilePerKeyNotSynced(FilePerKey):
    """Syncs the folder and not the file of a key."""

    def write(self, path: Path, data: bytes) -> None:
        temporary = path.with_name(f"{path.name}.new")
        temporary.write_bytes(data)
        temporary.rename(path)
        sync_folder(self.directory)


class Compacted(AppendFile):
    """Right: every fourth put writes what is left to a new file, which replaces the old one."""

    puts = 0
    puts_max = 4
    count: int | None = None

    def make_file(self) -> None:
        """Make the file again, as the name of one that was compacted may not be durable."""
        replace_file(self.path, contents(self.path))

    def store(self, payload: bytes) -> None:
        if self.puts < self.puts_max:
            super().store(payload)
            self.puts += 1
            self.count = (self.count or 0) + 1
            return
        left = without_replaced([*self.payloads, payload])
        self.compact(records(left))
        self.open_files.remove(self.file)
        os.close(self.file)
        self.file = self.opened(self.path)
        self.end, self.puts, self.count = len(records(left)), 0, len(left)

    def recover(self) -> Sequence[bytes]:
        payloads = super().recover()
        self.puts, self.count = 0, len(payloads)
        return payloads

    def framed(self, number: int, payload: bytes) -> bytes:
        # The number in the file, which has fewer than there were puts.
        return record(number if self.count is None else self.count, payload)

    def compact(self, data: bytes) -> None:
        replace_file(self.path, data)


class CompactsInPlace(Compacted):
    """Empties the file to write what is left."""

    def compact(self, data: bytes) -> None:
        os.ftruncate(self.file, 0)
        write_at(self.file, data, 0)
        os.fdatasync(self.file)


class CompactsLate(Compacted):
    """Right: writes what is left after 100 puts."""

    puts_max = 100


class CompactsLateInPlace(CompactsInPlace):
    """Empties the file after 100 puts to write what is left."""

    puts_max = 100


class CompactsWithoutFileSync(Compacted):
    """Renames what is left before it is synced."""

    def compact(self, data: bytes) -> None:
        temporary = self.directory / "storage.new"
        temporary.write_bytes(data)
        temporary.rename(self.path)
        sync_folder(self.directory)


class CompactsWithoutFolderSync(Compacted):
    """Goes on in the new file before its name is durable."""

    def compact(self, data: bytes) -> None:
        temporary = self.directory / "storage.new"
        make_file(temporary, data)
        temporary.rename(self.path)


class CompactsAfterRemoving(Compacted):
    """Removes the old file before the new one has its name."""

    def compact(self, data: bytes) -> None:
        temporary = self.directory / "storage.left"
        make_file(temporary, data)
        self.path.unlink()
        sync_folder(self.directory)
        temporary.rename(self.path)
        sync_folder(self.directory)


class CompactsWithoutThePut(Compacted):
    """Compacts what is there, and appends the put to a buffer that nobody has written."""

    unwritten = b""

    def compact(self, data: bytes) -> None:
        payloads = without_replaced(self.payloads)
        replace_file(self.path, records(payloads))
        self.unwritten = data

    def close(self) -> None:
        if self.file >= 0 and self.unwritten:
            replace_file(self.path, self.unwritten + contents(self.path)[len(self.unwritten) :])
        super().close()
