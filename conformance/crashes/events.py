"""What happens to the files of one folder, in one total order with the answers of the harness.

A file or folder is a number, whatever its names are; the folder itself is :data:`ROOT`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

__all__ = [
    "ROOT",
    "Answered",
    "Event",
    "Linked",
    "Renamed",
    "Resized",
    "SyncFailed",
    "Synced",
    "SyncedAll",
    "Unlinked",
    "Wrote",
]

ROOT: Final = 0
"""The folder that the backend was given; it is there whatever happens."""


@dataclass(frozen=True, slots=True)
class Wrote:
    """Bytes were written; ``is_synced`` where the call returned only once they were stable."""

    file: int
    offset: int
    data: bytes
    is_synced: bool = False


@dataclass(frozen=True, slots=True)
class Resized:
    """A file got another size; what is new in it is zero."""

    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Linked:
    """A folder got an entry: a new file or folder (``is_new``), or another name of a file."""

    folder: int
    name: str
    node: int
    is_folder: bool = False
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A folder lost an entry."""

    folder: int
    name: str
    node: int


@dataclass(frozen=True, slots=True)
class Renamed:
    """An entry moved; ``replaced`` is what had the new name before."""

    folder: int
    name: str
    new_folder: int
    new_name: str
    node: int
    replaced: int | None = None


@dataclass(frozen=True, slots=True)
class Synced:
    """A sync of one file or folder returned; what was before ``began_at`` in it is stable."""

    node: int
    began_at: int


@dataclass(frozen=True, slots=True)
class SyncFailed:
    """A sync of one file or folder failed; what it was for is in doubt for ever."""

    node: int
    began_at: int


@dataclass(frozen=True, slots=True)
class SyncedAll:
    """A sync of the whole file system returned."""

    began_at: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The harness has written one line, its end included."""

    line: bytes


Event: TypeAlias = (
    Wrote | Resized | Linked | Unlinked | Renamed | Synced | SyncFailed | SyncedAll | Answered
)
