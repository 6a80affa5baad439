"""The directories that backends under test get: each fresh, empty, and with a name of its own."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from conformance.engine.scratch import ScratchFolder
from conformance.life_cycle import end_all

__all__ = ["Workspace"]


class Workspace:
    """A temporary folder that hands out empty directories, and is removed with all of them.

    Many backends never touch theirs. To remove a directory can take longer than a whole history
    in memory, so one that comes back empty is handed out again under another name.
    """

    def __init__(self) -> None:
        self._folder: ScratchFolder | None = None
        self._root = Path()
        self._count = 0
        self._spare: list[Path] = []

    def __enter__(self) -> Self:
        self._folder = ScratchFolder()
        # Resolved, as a backend may name it so in its texts.
        self._root = self._folder.path
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._folder is not None:
            # What an interrupted history left; the others have ended themselves.
            end_all(self._root)
            self._folder.cleanup()

    def new_directory(self, name: str | None = None) -> Path:
        """Return an empty directory that no backend has seen.

        No other has its name either, unless it is to have the ``name`` of one elsewhere.
        """
        if self._folder is None:
            raise RuntimeError("a workspace is a context manager; enter it first")
        self._count += 1
        directory = self._root / f"{self._count:06}"
        if name is not None:
            directory.mkdir(mode=_MODE)
            directory /= name
        if self._spare:
            self._spare.pop().rename(directory)
        else:
            directory.mkdir(mode=_MODE)
        return directory

    def take_back(self, directory: Path) -> None:
        """Remove a directory with what is in it, or keep it for another time."""
        if _is_as_new(directory):
            self._spare.append(directory)
        else:
            shutil.rmtree(directory, ignore_errors=True)


_MODE: Final = 0o700


def _is_as_new(directory: Path) -> bool:
    try:
        mode = stat.S_IMODE(directory.lstat().st_mode)
        return mode == _MODE and not any(directory.iterdir())
    except OSError:
        return False
