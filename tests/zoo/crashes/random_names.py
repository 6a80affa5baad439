"""New files with names that no other run gives them, which then take the place of the old one."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence

from tests.zoo.crashes.files import TakenBackError, sync_folder, write_at
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
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            self.fill(file, data)
            os.fsync(file)
        except OSError as error:
            new.unlink()
            raise TakenBackError(error.errno, error.strerror) from error
        finally:
            os.close(file)
        new.rename(self.path)
        sync_folder(self.directory)

    def fill(self, file: int, data: bytes) -> None:
        write_at(file, data, 0)


class IgnoresFullDiskAtRandom(NamedAtRandom):
    """Does not look whether there was space for its new file."""

    def fill(self, file: int, data: bytes) -> None:
        with contextlib.suppress(OSError):
            super().fill(file, data)


class TakesAPartAtRandom(NamedAtRandom):
    """Does not look how much of its new file was written."""

    def fill(self, file: int, data: bytes) -> None:
        os.write(file, data)
