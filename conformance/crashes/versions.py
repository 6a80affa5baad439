"""What files and folders can hold once some changes survive, each version made once.

The contents of a file follow from those of its own writes and sizes that survive, and the names
from the changes of folders that do. So images that differ in one file share all others, and one
more version costs one more change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

from conformance.crashes.disk import Disk, file_head, name_tail, resize, write_into
from conformance.crashes.events import (
    Event,
    Linked,
    Renamed,
    Resized,
    Unlinked,
    Wrote,
)

__all__ = ["Content", "FileVersions", "NameVersions", "Names", "bits_of"]

# However long a history is, no more is kept of what was made.
_KEPT_BYTES_MAX: Final = 8 << 20
_DISK_BYTES: Final = 2_000
# How many steps on the way to a version are kept with it.
_STEPS_KEPT: Final = 16

Version = TypeVar("Version")


class Content(NamedTuple):
    """The bytes of a file, their hash, and what goes on hashing behind them."""

    data: bytes
    digest: bytes
    hashing: hashlib.blake2b


@dataclass(frozen=True)
class Names:
    """All names below the folder: of files with their numbers, of folders, and further names.

    ``heads`` begin the hash of each file, ``tail`` ends that of an image.
    """

    files: tuple[tuple[str, int], ...]
    folders: tuple[str, ...]
    same: tuple[tuple[str, str], ...]
    heads: tuple[bytes, ...]
    tail: bytes


class _Versions(Generic[Version]):
    """Versions by the changes that survive, as bits; a version comes from one without the last."""

    def __init__(
        self,
        first: Version,
        changed: Callable[[Version, int], Version],
        size: Callable[[Version], int],
    ) -> None:
        self._first = first
        self._changed = changed
        self._size = size
        self._known: dict[int, Version] = {}
        self._kept_bytes = 0

    def at(self, bits: int) -> Version:
        """Return the version of these changes."""
        found = self._known.get(bits)
        if found is not None:
            return found
        steps: list[int] = []
        rest = bits
        while rest and rest not in self._known:
            last = rest.bit_length() - 1
            steps.append(last)
            rest ^= 1 << last
        version = self._known.get(rest, self._first)
        for count in range(len(steps) - 1, -1, -1):
            version = self._changed(version, steps[count])
            rest |= 1 << steps[count]
            if count < _STEPS_KEPT:
                self._keep(rest, version)
        return version

    def _keep(self, bits: int, version: Version) -> None:
        size = self._size(version) + bits.bit_length() // 8
        if self._kept_bytes + size > _KEPT_BYTES_MAX:
            self._known.clear()
            self._kept_bytes = 0
        self._known[bits] = version
        self._kept_bytes += size


class FileVersions:
    """The contents of one file."""

    def __init__(self, data: bytes, events: Sequence[Event], changes: Iterable[int]) -> None:
        self._events = events
        self.mask = bits_of(changes)
        self._versions = _Versions(_content(data), self._changed, _content_bytes)

    def at(self, kept: int) -> Content:
        """Return what it holds where these changes of any file survive."""
        return self._versions.at(kept & self.mask)

    def with_parts(self, kept: int, parts: Mapping[int, Callable[[bytearray], None]]) -> Content:
        """Return the same where some of those changes survive in part only, each in its way."""
        first = min(parts)
        before = self.at(kept & ((1 << first) - 1))
        data = bytearray(before.data)
        unchanged = len(data)
        rest = (kept & self.mask) >> first
        index = first
        while rest:
            if rest & 1:
                event = self._events[index]
                if index in parts:
                    parts[index](data)
                else:
                    _apply(data, event)
                unchanged = min(unchanged, _first_byte(event))
            rest >>= 1
            index += 1
        return _following(before, bytes(data), unchanged)

    def _changed(self, content: Content, index: int) -> Content:
        data = bytearray(content.data)
        event = self._events[index]
        _apply(data, event)
        return _following(content, bytes(data), _first_byte(event))


class NameVersions:
    """The names below the folder; those that end so are left out."""

    def __init__(
        self, disk: Disk, events: Sequence[Event], changes: Iterable[int], left_out: tuple[str, ...]
    ) -> None:
        self._events = events
        self._left_out = left_out
        self.mask = bits_of(changes)
        self._disks = _Versions(disk, self._changed, lambda _: _DISK_BYTES)
        self._names: dict[int, Names] = {}

    def at(self, kept: int) -> Names:
        """Return the names where these changes survive."""
        bits = kept & self.mask
        found = self._names.get(bits)
        if found is None:
            if len(self._names) * _DISK_BYTES > _KEPT_BYTES_MAX:
                self._names.clear()
            found = self._names[bits] = _names_of(self._disks.at(bits), self._left_out)
        return found

    def _changed(self, disk: Disk, index: int) -> Disk:
        changed = Disk({}, {number: {**each} for number, each in disk.folders.items()})
        event = self._events[index]
        if isinstance(event, (Linked, Unlinked, Renamed)):
            changed.apply(event)
        # Their contents are elsewhere.
        changed.files.clear()
        return changed


def bits_of(changes: Iterable[int]) -> int:
    """Return numbers as bits."""
    return sum(1 << each for each in changes)


def _content(data: bytes) -> Content:
    hashing = hashlib.blake2b(data, digest_size=16)
    return Content(data, hashing.digest(), hashing)


def _following(before: Content, data: bytes, unchanged: int) -> Content:
    """Return a content of which so many bytes at least are as they were before."""
    count = len(before.data)
    if unchanged < count:
        return _content(data)
    hashing = before.hashing.copy()
    hashing.update(data[count:])
    return Content(data, hashing.digest(), hashing)


def _first_byte(event: Event) -> int:
    """Return where what a write or a size changes begins."""
    match event:
        case Wrote(_, offset):
            return offset
        case Resized(_, size):
            return size
        case _:
            raise TypeError(f"{type(event).__name__} changes no contents")


def _content_bytes(content: Content) -> int:
    return len(content.data) + 1_000


def _apply(data: bytearray, event: Event) -> None:
    match event:
        case Wrote(_, offset, written):
            write_into(data, offset, written)
        case Resized(_, size):
            resize(data, size)
        case _:
            raise TypeError(f"{type(event).__name__} changes no contents")


def _names_of(disk: Disk, left_out: tuple[str, ...]) -> Names:
    files, folders, same = disk.names()
    files = [each for each in files if not each[0].endswith(left_out)]
    same = [each for each in same if not each[0].endswith(left_out)]
    return Names(
        tuple(files),
        tuple(folders),
        tuple(same),
        tuple([file_head(path) for path, _ in files]),
        name_tail(folders, same),
    )
