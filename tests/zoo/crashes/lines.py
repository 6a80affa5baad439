"""Caches whose file has a line for each put: what becomes of one that could not be written."""

from __future__ import annotations

import os
from pathlib import Path

from telltale_spec.errors import DurabilityError
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.codec import decode, encode


class CutsOffCache:
    """Right: cuts off what a failed put has left before anything is written over it."""

    def __init__(self, directory: Path) -> None:
        path = directory / "cache"
        self.file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        # The name of a new file is lost with the power as long as its folder is not synced.
        folder = os.open(directory, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        *lines, rest = path.read_bytes().split(b"\n")
        self.end = sum(len(line) + 1 for line in lines)
        self.entries: dict[str, EvidenceOutcomeCacheEntry] = {}
        for line in lines:
            entry = decode(EvidenceOutcomeCacheEntry, bytes.fromhex(line.decode()))
            self.keep(entry)
        if rest:
            self.cut()
        os.fsync(self.file)

    def cut(self) -> None:
        os.ftruncate(self.file, self.end)

    def keep(self, entry: EvidenceOutcomeCacheEntry) -> None:
        self.entries.pop(entry.evidence_id, None)
        self.entries[entry.evidence_id] = entry

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        data = encode(entry).hex().encode() + b"\n"
        try:
            if os.fstat(self.file).st_size > self.end:
                self.cut_what_is_left()
            if os.pwrite(self.file, data, self.end) < len(data):
                raise OSError("a part was written")
            os.fsync(self.file)
        except OSError as error:
            raise DurabilityError(str(error)) from error
        self.end += len(data)
        self.keep(entry)

    def cut_what_is_left(self) -> None:
        self.cut()

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return self.entries.get(evidence_id)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        return EvidenceOutcomeCacheArtifact(tuple(self.entries.values()))

    def close(self) -> None:
        if self.file >= 0:
            os.close(self.file)
            self.file = -1


class WritesOverCache(CutsOffCache):
    """Writes over what a failed put has left, of which the end stays where that was longer."""

    def cut_what_is_left(self) -> None:
        """Leave it there."""
