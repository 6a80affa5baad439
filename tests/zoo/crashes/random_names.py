"""New files with names that no other run gives them, which then take the place of the old one."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from tests.zoo.crashes.files import make_file, sync_folder, write_at
from tests.zoo.crashes.storages import WholeFile

__all__ = ["IgnoresFullDiskAtRandom", "NamedAtRandom", "TakesAPartAtRandom"]


class NamedAtRandom(WholeFile):
    """Right: removes a new file that it could not write, and those that a crash has left."""

    def recover(self) -> Sequence[bytes]:
        for path in self.directory.glob("new-*"):
            path.unlink()
        return super().recover()

    def write(self, data: bytes) -> None:
        new = self.directory / f"new-{secrets.token_hex(4)}"
        self.make(new, data)
        new.rename(self.path)
        sync_folder(self.directory)

    def make(self, path: Path, data: bytes) -> None:
        make_file(path, data)


class IgnoresFullDiskAtRandom(NamedAtRandom):
    """Does not look whether there was space for its new file."""

    def make(self, path: Path, data: bytes) -> None:
        with path.open("xb", buffering=0) as file, contextlib.suppress(OSError):
            write_at(file.fileno(), data, 0)
            os.fsync(file.fileno())


class TakesAPartAtRandom(NamedAtRandom):
    """Does not look how much of its new file was written."""

    def make(self, path: Path, data: bytes) -> None:
        with path.open("xb", buffering=0) as file:
            file.write(data)
            os.fsync(file.fileno())
