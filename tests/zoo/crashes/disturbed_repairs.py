"""Storages that mend what a kill has left, and what becomes of it where a call of that fails.

All of them are right while no call fails, and where one fails that stores something.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Any, Final

from conformance.backend import Backend
from tests.zoo.crashes.faulty_files import Segmented
from tests.zoo.crashes.files import replace_file, sync_folder, write_at, write_once
from tests.zoo.crashes.second_lives import kept_on
from tests.zoo.crashes.storages import AppendFile
from tests.zoo.crashes.table import CACHE, LOG

__all__ = ["BROKEN", "RIGHT"]


class MendsACopy(AppendFile):
    """Right: what is whole goes into a new file, which takes the place of a torn one."""

    def write(self, data: bytes) -> None:
        # In two parts, so that a kill leaves something torn.
        half = len(data) // 2
        write_at(self.file, data[:half], self.end)
        write_at(self.file, data[half:], self.end + half)

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        if self.end == len(data):
            super().mend(data, payloads)
            return
        self.put_in_place(data[: self.end])
        self.file = self.opened(self.path)

    def put_in_place(self, data: bytes) -> None:
        replace_file(self.path, data)


class TakesItForWhole(MendsACopy):
    """Does not look how much of the new file has been written."""

    def put_in_place(self, data: bytes) -> None:
        new = self.path.with_name("new")
        write_once(new, data)
        new.rename(self.path)
        sync_folder(self.directory)


class DoesWithoutTheCopy(MendsACopy):
    """Goes on with the torn file, behind what is torn, where the new one cannot take its place."""

    def put_in_place(self, data: bytes) -> None:
        try:
            super().put_in_place(data)
        except OSError:
            self.end = self.path.stat().st_size


class TakesTheFolderForEmpty(Segmented):
    """Looks for its parts in a way that takes a folder that cannot be listed for an empty one."""

    def part_names(self) -> list[str]:
        return [path.name for path in self.directory.glob("part-*")]


class PassesOverTheSync(AppendFile):
    """Does not look whether what an opening finds could be synced, and goes on behind it."""

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        if self.end == len(data):
            with contextlib.suppress(OSError):
                os.fdatasync(self.file)
            return
        super().mend(data, payloads)

    def sync(self) -> None:
        try:
            super().sync()
        except OSError:
            # What it stores itself it takes back, in a file that is written anew.
            replace_file(self.path, self.path.read_bytes()[: self.end])
            raise


BROKEN: Final[dict[str, tuple[str, Any, str]]] = {
    f"{storage.__name__}_{component}": (component, storage, f"{prefix}-08.{fault}")
    for component, prefix in ((LOG, "WAL"), (CACHE, "CACHE"))
    for storage, fault in (
        (TakesItForWhole, "disk-full"),
        (DoesWithoutTheCopy, "io-error"),
        (TakesTheFolderForEmpty, "io-error"),
        (PassesOverTheSync, "fsync-error"),
    )
}
"""By name: what is kept, by whom, and the requirement that has to fail."""

RIGHT: Final[dict[str, tuple[str, Any]]] = {
    f"{storage.__name__}_{component}": (component, storage)
    for storage in (MendsACopy, AppendFile, Segmented)
    for component in (LOG, CACHE)
}


def __getattr__(name: str) -> Backend:
    try:
        component, kept = (BROKEN.get(name) or RIGHT[name])[:2]
    except KeyError:
        raise AttributeError(name) from None
    return kept_on(name, component, kept)
