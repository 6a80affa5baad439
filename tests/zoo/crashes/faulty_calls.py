"""Storages that are wrong only where a call fails in another way than for want of space."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from tests.zoo.crashes.files import (
    record,
    records,
    replace_file,
    sync_folder,
    whole_records,
    write_once,
)
from tests.zoo.crashes.storages import AppendFile, WholeFile


class TakesUnreadableForEmpty(WholeFile):
    """Reads its file before it writes it anew, and takes one that does not open for empty."""

    def store(self, payload: bytes) -> None:
        found: Sequence[bytes] = []
        with contextlib.suppress(OSError):
            file = os.open(self.path, os.O_RDONLY)
            try:
                found, _ = whole_records(os.pread(file, os.fstat(file).st_size, 0))
            finally:
                os.close(file)
        replace_file(self.path, records([*found, payload]))


class RenamesInVain(WholeFile):
    """Does not look whether its new file has taken the place of the old one."""

    def write(self, data: bytes) -> None:
        new = self.path.with_name("new")
        write_once(new, data)
        with contextlib.suppress(PermissionError):
            new.rename(self.path)
        sync_folder(self.directory)


class WritesAgainBehindIt(AppendFile):
    """Writes a record in two parts, and all of it once more, behind itself, where one fails."""

    def store(self, payload: bytes) -> None:
        data = record(len(self.payloads), payload)
        half = len(data) // 2
        os.lseek(self.file, 0, os.SEEK_END)
        try:
            os.write(self.file, data[:half])
            os.write(self.file, data[half:])
        except OSError:
            os.write(self.file, data)
        os.fdatasync(self.file)
        self.end += len(data)


class StepsAside(WholeFile):
    """Writes into a file of another name where its own cannot be made, and reads that one never."""

    def write(self, data: bytes) -> None:
        try:
            os.close(os.open(self.directory / "mark", os.O_WRONLY | os.O_CREAT, 0o666))
        except OSError:
            replace_file(self.path.with_name("storage.fallback"), data)
            return
        replace_file(self.path, data)


class CleansUpFirst(WholeFile):
    """Right: what it cannot remove it leaves, and what it cannot make it reports."""

    def write(self, data: bytes) -> None:
        spare = self.path.with_name("spare")
        os.close(os.open(spare, os.O_WRONLY | os.O_CREAT, 0o666))
        with contextlib.suppress(OSError):
            spare.unlink()
        replace_file(self.path, data)
