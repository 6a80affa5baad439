"""Folders for scratch files that do not outlive the runs they belong to.

A run holds a lock in its folder for as long as its process lives, however that ends. A folder
whose lock is free belongs to a run that is dead, and the next run removes it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from telltale_spec.operating_system import try_lock

__all__ = ["MEMORY_FOLDER", "ScratchFolder", "remove_dead_folders", "storage_folder"]

MEMORY_FOLDER: Final = Path("/dev/shm")  # noqa: S108 - folders in it are made by mkdtemp
"""Where scratch files are kept in memory, on systems that have it."""

_PREFIX: Final = "telltale-conformance-"
_OWNER: Final = ".owner"


class ScratchFolder:
    """A folder of this process, until it is removed or the process ends."""

    def __init__(self, parent: Path | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent)).resolve()
        self._lock = os.open(self.path / ".new-owner", os.O_CREAT | os.O_RDWR, 0o600)
        # Locked before it has its name, so that nobody finds it without its lock.
        if try_lock(self._lock):
            (self.path / ".new-owner").rename(self.path / _OWNER)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cleanup()

    def cleanup(self) -> None:
        """Remove the folder with all that is in it, also where that is interrupted once."""
        try:
            shutil.rmtree(self.path, ignore_errors=True)
        except KeyboardInterrupt:
            shutil.rmtree(self.path, ignore_errors=True)
            raise
        finally:
            with contextlib.suppress(OSError):
                os.close(self._lock)


@contextlib.contextmanager
def storage_folder() -> Iterator[Path]:
    """Give an empty folder for one storage, which is removed afterwards."""
    scratch = ScratchFolder()
    try:
        directory = scratch.path / "storage"
        directory.mkdir(mode=0o700)
        yield directory
    finally:
        scratch.cleanup()


def remove_dead_folders() -> None:
    """Remove the scratch folders of runs whose processes are gone."""
    parents = (Path(tempfile.gettempdir()), MEMORY_FOLDER)
    owners = [owner for parent in parents for owner in parent.glob(f"{_PREFIX}*/{_OWNER}")]
    for owner in owners:
        try:
            lock = os.open(owner, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
        except OSError:
            # Removed by its own run, or another user's.
            continue
        try:
            # Where it is held, its run is alive.
            if try_lock(lock):
                shutil.rmtree(owner.parent, ignore_errors=True)
        finally:
            os.close(lock)
