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

import enum
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from conformance.crashes.disk import Disk, Image
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
    """What is left of one write: its bytes from ``begin`` to ``end``, and how the rest reads."""

    event: int
    begin: int
    end: int
    fill: Fill = Fill.NOTHING


class PowerModel:
    """The events of one recording on one file system, and the images that can be left of them."""

    def __init__(
        self, image: Image, events: Sequence[Event], file_system: FileSystem = FileSystem.POSIX
    ) -> None:
        self.image = image
        self.events = tuple(events)
        self.file_system = file_system
        self._stable_at = _stable_at(self.events, file_system)
        self._changes = sum(
            1 << index for index, event in enumerate(self.events) if isinstance(event, CHANGES)
        )
        self._base: tuple[int, Disk] = (0, Disk.of(image))

    def is_stable(self, event: int, point: int) -> bool:
        """Say whether a change is on disk for sure once the first ``point`` events are over."""
        stable_at = self._stable_at[event]
        return stable_at is not None and stable_at < point

    def pending(self, point: int) -> tuple[int, ...]:
        """Return the changes among the first ``point`` events that may be lost, in order."""
        return tuple(
            [
                index
                for index, event in enumerate(self.events[:point])
                if isinstance(event, CHANGES) and not self.is_stable(index, point)
            ]
        )

    def closed(self, lost: Collection[int], point: int) -> frozenset[int]:
        """Return those of the lost changes that the file system allows to be lost together."""
        if self.file_system is FileSystem.ORDERED:
            pending = self.pending(point)
            last_stable = max(
                (
                    index
                    for index, event in enumerate(self.events[:point])
                    if isinstance(event, CHANGES) and index not in pending
                ),
                default=-1,
            )
            last_kept = max((each for each in pending if each not in lost), default=-1)
            last = max(last_stable, last_kept)
            return frozenset(each for each in pending if each > last)
        if self.file_system is not FileSystem.EXT4:
            return frozenset(lost)
        kept_files = {
            event.node: index
            for index, event in enumerate(self.events[:point])
            if isinstance(event, Renamed) and event.replaced is not None and index not in lost
        }
        return frozenset(
            each
            for each in lost
            if not (
                isinstance(event := self.events[each], (Wrote, Resized))
                and each < kept_files.get(event.file, -1)
            )
        )

    def stable_size(self, file: int, point: int) -> int:
        """Return the size of a file by its stable changes alone."""
        disk = Disk.of(self.image)
        size = len(disk.files.get(file, b""))
        for index, event in enumerate(self.events[:point]):
            if not self.is_stable(index, point):
                continue
            if isinstance(event, Wrote) and event.file == file:
                size = max(size, event.offset + len(event.data))
            elif isinstance(event, Resized) and event.file == file:
                size = event.size
        return size

    def kept(self, point: int, lost: Collection[int]) -> int:
        """Return the changes that survive whole or in part, as bits: what an image follows from."""
        bits = self._changes & ((1 << point) - 1)
        for each in lost:
            bits &= ~(1 << each)
        return bits

    def after_kill(self, point: int) -> Image:
        """Return what the death of the process leaves: everything that it had done."""
        disk = self._start(point)
        for event in self.events[self._base[0] : point]:
            disk.apply(event)
        return disk.image()

    def after_power_loss(
        self, point: int, lost: Collection[int], parts: Sequence[Part] = ()
    ) -> Image:
        """Return what is there where ``lost`` changes are lost and ``parts`` survive in part."""
        partial = {part.event: part for part in parts}
        first = min([point, *lost, *partial])
        disk = self._start(first)
        for index in range(self._base[0], point):
            event = self.events[index]
            if index in partial and isinstance(event, Wrote):
                self._apply_part(disk, event, partial[index])
            elif index not in lost:
                disk.apply(event)
        return disk.image()

    def _start(self, first: int) -> Disk:
        """Return a disk with all events before one that is not later than ``first``."""
        count, base = self._base
        if count > first:
            count, base = 0, Disk.of(self.image)
        # Kept for the next, which usually begins at the same place.
        for event in self.events[count:first]:
            base.apply(event)
        self._base = (first, base)
        return base.copy()

    def _apply_part(self, disk: Disk, event: Wrote, part: Part) -> None:
        size = len(disk.files.get(event.file, b""))
        end = event.offset + len(event.data)
        if part.fill is not Fill.NOTHING and end > size:
            grown = bytes(end - size)
            if part.fill is Fill.STALE:
                grown = self._stale(event.file, size, end, part.event)
            disk.apply(Wrote(event.file, size, grown))
        begin = event.offset + part.begin
        disk.apply(Wrote(event.file, begin, event.data[part.begin : part.end]))

    def _stale(self, file: int, begin: int, end: int, before: int) -> bytes:
        """Return what blocks held before: what the file itself had there once, or junk."""
        old = bytearray(Disk.of(self.image).files.get(file, b""))
        for event in self.events[:before]:
            # Cut bytes stay where they were until others take their place.
            if isinstance(event, Wrote) and event.file == file:
                old.extend(bytes(max(0, event.offset + len(event.data) - len(old))))
                old[event.offset : event.offset + len(event.data)] = event.data
        held = bytes(old[begin:end])
        junk = _junk(end - begin)
        return held + junk[len(held) :] if any(held) else junk


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
