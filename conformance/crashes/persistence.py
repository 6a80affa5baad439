"""What a loss of power leaves: which events are stable at a moment, and what the others can become.

Three file systems are told apart, the weakest first.

``posix``: what no sync covers may be lost, in any subset: writes, changes of size, entries of
folders. An entry needs a sync of its folder, also that of a new file. A write may be torn at any
sector; sectors are whole, so that only a write beyond the stable end of a file is torn at any byte.
``ext4``: as ``posix``, but a sync of a file makes its new entry stable too, and a rename over a
file takes the data of the new one along.
``ordered``: what survives is a prefix of the events.

A sync that failed leaves what it was for in doubt for ever: its pages count as clean, and a later
sync that succeeds says nothing about them (Rebello et al., Can Applications Recover from fsync
Failures?, ATC 2020).
"""

from __future__ import annotations

import bisect
import enum
import functools
import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from conformance.crashes.disk import Disk, Image, image_digest, write_into
from conformance.crashes.events import (
    Event,
    Linked,
    Renamed,
    Resized,
    Synced,
    SyncedAll,
    SyncFailed,
    Unlinked,
    Wrote,
)
from conformance.crashes.versions import Content, FileVersions, Names, NameVersions, bits_of

__all__ = [
    "CHANGES",
    "ENTRIES",
    "SECTOR_BYTES",
    "FileSystem",
    "Fill",
    "Part",
    "PowerModel",
]

SECTOR_BYTES: Final = 512
"""What a device writes as a whole."""

CHANGES: Final = (Wrote, Resized, Linked, Unlinked, Renamed)
"""The events that change something; the others say how stable it is."""

ENTRIES: Final = (Linked, Unlinked, Renamed)
"""The events that change entries of folders."""


class FileSystem(enum.Enum):
    """A named set of promises about what a loss of power leaves."""

    POSIX = "posix"
    EXT4 = "ext4"
    ORDERED = "ordered"


class Fill(enum.Enum):
    """What is read where a file has grown and the data has not arrived."""

    NOTHING = "nothing"
    """The file has not grown."""

    ZERO = "zero"
    STALE = "stale"
    """What the block held before, or junk where it held nothing of ours."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is left of one write: its bytes from ``begin`` to ``end``, and how the rest reads.

    Several parts of one write are what is left around holes.
    """

    event: int
    begin: int
    end: int
    fill: Fill = Fill.NOTHING


class PowerModel:
    """The events of one recording on one file system, and the images that can be left of them."""

    def __init__(
        self,
        image: Image,
        events: Sequence[Event],
        file_system: FileSystem = FileSystem.POSIX,
        left_out: tuple[str, ...] = (),
    ) -> None:
        """Take what was there at first and what happened; images do without ``left_out``.

        Those are ends of names of files.
        """
        self.image = image
        self.events = tuple(events)
        self.file_system = file_system
        self._stable_at = _stable_at(self.events, file_system)
        changed = [i for i, event in enumerate(self.events) if isinstance(event, CHANGES)]
        self._changed = changed
        self._changes = bits_of(changed)
        disk = Disk.of(image)
        of_file: dict[int, list[int]] = {number: [] for number in disk.files}
        names: list[int] = []
        for index in changed:
            event = self.events[index]
            if isinstance(event, (Wrote, Resized)):
                of_file.setdefault(event.file, []).append(index)
            else:
                names.append(index)
        self._files = {
            file: FileVersions(bytes(disk.files.get(file, b"")), self.events, changes)
            for file, changes in of_file.items()
        }
        self._names = NameVersions(Disk({}, disk.folders), self.events, names, left_out)
        # Two crashes at one point follow each other, so that one point is remembered.
        self._pending: tuple[int, tuple[int, ...]] = (0, ())
        self._stable_sizes: dict[tuple[int, int], int] = {}

    def is_stable(self, event: int, point: int) -> bool:
        """Say whether a change is on disk for sure once the first ``point`` events are over."""
        stable_at = self._stable_at[event]
        return stable_at is not None and stable_at < point

    def pending(self, point: int) -> tuple[int, ...]:
        """Return the changes among the first ``point`` events that may be lost, in order."""
        if self._pending[0] != point:
            stable_at = self._stable_at
            found = [
                index
                for index in self._changed[: bisect.bisect_left(self._changed, point)]
                if (by := stable_at[index]) is None or by >= point
            ]
            self._pending = (point, tuple(found))
            self._stable_sizes.clear()
        return self._pending[1]

    def closed(self, lost: Collection[int], point: int) -> tuple[int, ...]:
        """Return those of the lost changes that may be lost together, in their order."""
        if self.file_system is FileSystem.POSIX:
            return tuple(sorted(lost))
        if self.file_system is FileSystem.ORDERED:
            return self._closed_in_order(frozenset(lost), point)
        kept_files = {
            event.node: index
            for index, event in enumerate(self.events[:point])
            if isinstance(event, Renamed) and event.replaced is not None and index not in lost
        }
        return tuple(
            [
                each
                for each in sorted(lost)
                if not (
                    isinstance(event := self.events[each], (Wrote, Resized))
                    and each < kept_files.get(event.file, -1)
                )
            ]
        )

    def _closed_in_order(self, lost: frozenset[int], point: int) -> tuple[int, ...]:
        pending = self.pending(point)
        may_be_lost = {*pending}
        last_stable = max(
            (
                index
                for index, event in enumerate(self.events[:point])
                if isinstance(event, CHANGES) and index not in may_be_lost
            ),
            default=-1,
        )
        last_kept = max((each for each in pending if each not in lost), default=-1)
        last = max(last_stable, last_kept)
        return tuple([each for each in pending if each > last])

    def stable_size(self, file: int, point: int) -> int:
        """Return the size of a file by its stable changes alone."""
        found = self._stable_sizes.get((file, point))
        if found is None:
            stable = self.kept(point, self.pending(point))
            found = self._stable_sizes[(file, point)] = len(self._content(file, stable).data)
        return found

    def kept(self, point: int, lost: Collection[int]) -> int:
        """Return the changes that survive whole or in part, as bits: what an image follows from."""
        bits = self._changes & ((1 << point) - 1)
        for each in lost:
            bits &= ~(1 << each)
        return bits

    def after_kill(self, point: int) -> Image:
        """Return what the death of the process leaves: everything that it had done."""
        return self.after_power_loss(point, ())

    def after_power_loss(
        self, point: int, lost: Collection[int], parts: Sequence[Part] = ()
    ) -> Image:
        """Return what is there where ``lost`` changes are lost and ``parts`` survive in part."""
        names, contents = self._survivors(point, lost, parts)
        files = tuple(
            [(path, content.data) for (path, _), content in zip(names.files, contents, strict=True)]
        )
        return Image.hashed(files, names.folders, names.same, _digest(names, contents))

    def digest(self, point: int, lost: Collection[int], parts: Sequence[Part] = ()) -> bytes:
        """Return the hash of that image, which is not made for it."""
        return _digest(*self._survivors(point, lost, parts))

    def _survivors(
        self, point: int, lost: Collection[int], parts: Sequence[Part]
    ) -> tuple[Names, list[Content]]:
        """Return the names that survive, and the contents of each file."""
        kept = self.kept(point, lost)
        names = self._names.at(kept)
        if not parts:
            return names, [self._content(node, kept) for _, node in names.files]
        torn: dict[int, dict[int, Callable[[bytearray], None]]] = {}
        for index in {part.event for part in parts}:
            event = self.events[index]
            if isinstance(event, Wrote):
                left = [part for part in parts if part.event == index]
                torn.setdefault(event.file, {})[index] = partial(self._apply_parts, event, left)
        return names, [
            self._files[node].with_parts(kept, torn[node])
            if node in torn
            else self._content(node, kept)
            for _, node in names.files
        ]

    def _content(self, file: int, kept: int) -> Content:
        found = self._files.get(file)
        return _EMPTY if found is None else found.at(kept)

    def _apply_parts(self, event: Wrote, parts: Sequence[Part], data: bytearray) -> None:
        for part in parts:
            self._apply_part(event, part, data)

    def _apply_part(self, event: Wrote, part: Part, data: bytearray) -> None:
        """Write what survives of a write, and what is read where the rest would be."""
        size = len(data)
        end = event.offset + len(event.data)
        if part.fill is not Fill.NOTHING and end > size:
            grown = bytes(end - size)
            if part.fill is Fill.STALE:
                grown = self._stale(event.file, size, end, part.event)
            write_into(data, size, grown)
        write_into(data, event.offset + part.begin, event.data[part.begin : part.end])

    def _stale(self, file: int, begin: int, end: int, before: int) -> bytes:
        """Return what blocks held before: what the file itself had there once, or junk."""
        old = bytearray(self._content(file, 0).data)
        for event in self.events[:before]:
            # Cut bytes stay where they were until others take their place.
            if isinstance(event, Wrote) and event.file == file:
                old.extend(bytes(max(0, event.offset + len(event.data) - len(old))))
                old[event.offset : event.offset + len(event.data)] = event.data
        held = bytes(old[begin:end])
        junk = _junk(end - begin)
        return held + junk[len(held) :] if any(held) else junk


_EMPTY: Final = FileVersions(b"", (), ()).at(0)


def _digest(names: Names, contents: Sequence[Content]) -> bytes:
    pieces: list[bytes] = []
    for head, content in zip(names.heads, contents, strict=True):
        pieces += (head, content.digest)
    return image_digest(pieces, names.tail)


@functools.lru_cache(maxsize=64)
def _junk(count: int) -> bytes:
    """Return bytes that look like nothing, the same every time."""
    blocks = [hashlib.blake2b(b"%d" % index).digest() for index in range(count // 64 + 1)]
    return b"".join(blocks)[:count]


def _folders_of(event: Event) -> tuple[int, ...]:
    match event:
        case Linked(folder) | Unlinked(folder):
            return (folder,)
        case Renamed(folder, _, new_folder):
            return tuple(dict.fromkeys((folder, new_folder)))
        case _:
            return ()


def _stable_at(events: Sequence[Event], file_system: FileSystem) -> list[int | None]:
    """Return for each change the event that makes it stable, or ``None``."""
    stable_at: list[int | None] = [None] * len(events)
    # What each change still waits for: the files and folders whose sync it needs.
    waiting: dict[int, set[int]] = {}
    for index, event in enumerate(events):
        match event:
            case Wrote(is_synced=True):
                stable_at[index] = index
            case Wrote(file) | Resized(file):
                waiting[index] = {file}
            case Linked() | Unlinked() | Renamed():
                waiting[index] = set(_folders_of(event))
            case Synced(node, began_at):
                for each in [each for each in waiting if each < began_at]:
                    waiting[each].discard(node)
                    if not waiting[each] or _goes_along(events[each], node, file_system):
                        stable_at[each] = index
                        del waiting[each]
            case SyncFailed(node, began_at):
                for each in [each for each in waiting if each < began_at]:
                    if isinstance(events[each], (Wrote, Resized)) and node in waiting[each]:
                        # In doubt for ever; an entry still waits for a sync of its folder.
                        del waiting[each]
            case SyncedAll(began_at):
                for each in [each for each in waiting if each < began_at]:
                    stable_at[each] = index
                    del waiting[each]
            case _:
                continue
    return stable_at


def _goes_along(event: Event, node: int, file_system: FileSystem) -> bool:
    """Say whether a sync of a file makes an entry of it stable."""
    is_entry = isinstance(event, (Linked, Renamed)) and event.node == node
    return is_entry and file_system is FileSystem.EXT4
