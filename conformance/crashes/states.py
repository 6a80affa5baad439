"""The crash states of a recording, class by class: where it crashed and what survived.

A state is data: a class, a point among the events, the changes that were lost and the writes that
survived in part. Its image is made from these alone, so that a state can be told, replayed and made
smaller.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from typing import Final

from conformance.crashes.disk import Image
from conformance.crashes.events import Answered, Synced, SyncedAll, SyncFailed, Wrote
from conformance.crashes.persistence import (
    ENTRIES,
    SECTOR_BYTES,
    FileSystem,
    Fill,
    Part,
    PowerModel,
)

__all__ = ["POWER_CLASSES", "CrashClass", "CrashState", "states_of"]


class CrashClass(enum.Enum):
    """A kind of crash, by what it leaves."""

    KILL_INSIDE = "kill-inside"
    """The process is killed at a system call; everything that it did is there."""

    POWER_PREFIX = "power-prefix"
    """The changes that are not stable are lost from some point on."""

    POWER_TORN = "power-torn"
    """One write survives in part, or two that follow each other do."""

    POWER_REORDERED = "power-reordered"
    """Any subset of what is not stable survives."""

    POWER_ZERO = "power-zero"
    """A file has grown, and zeros are read where its data has not arrived."""

    POWER_STALE = "power-stale"
    """A file has grown, and old bytes or junk are read where its data has not arrived."""

    POWER_ENTRY = "power-entry"
    """Entries of folders are lost, and all data has arrived."""


POWER_CLASSES: Final = tuple(each for each in CrashClass if each is not CrashClass.KILL_INSIDE)

_ALL_SUBSETS_MAX: Final = 8
_SAMPLES: Final = 64
_BYTE_CUTS_MAX: Final = 32
_SECTOR_CUTS_MAX: Final = 16
_HOLES_MAX: Final = 4
_PAIRS_MAX: Final = 8
_PAIR_CUTS_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class CrashState:
    """One crash: after the first ``point`` events, with these changes lost or in part."""

    crash_class: CrashClass
    point: int
    lost: tuple[int, ...] = ()
    parts: tuple[Part, ...] = ()

    def image(self, model: PowerModel) -> Image:
        """Return what it leaves."""
        return model.after_power_loss(self.point, self.lost, self.parts)

    def digest(self, model: PowerModel) -> bytes:
        """Return the hash of what it leaves."""
        return model.digest(self.point, self.lost, self.parts)


def states_of(
    model: PowerModel,
    crash_class: CrashClass,
    seed: int = 0,
    since: int = 0,
    until: int | None = None,
) -> Iterator[CrashState]:
    """Yield the states of a class, the earliest crash first, from ``since`` events to ``until``.

    Equal arguments give equal states. States of a power class at a point between two syncs or
    answers are among those of the next one, so that only these are made.
    """
    end = len(model.events) + 1 if until is None else min(until, len(model.events) + 1)
    if crash_class is CrashClass.KILL_INSIDE:
        for point in range(since, end):
            yield CrashState(crash_class, point)
        return
    if model.file_system is FileSystem.ORDERED and crash_class is not CrashClass.POWER_PREFIX:
        return
    for point in [each for each in _points(model) if since <= each < end]:
        # By bits, which take far less than what is lost.
        seen: set[int] = set()
        pending = model.pending(point)
        for lost, parts in _MAKERS[crash_class](model, point, pending, seed):
            closed = model.closed(lost, point) if not parts else _closed(model, point, lost, parts)
            if closed is None:
                # The file system keeps that write whole.
                continue
            if not parts:
                kept = model.kept(point, closed)
                if kept in seen:
                    continue
                seen.add(kept)
            yield CrashState(crash_class, point, closed, parts)


def _closed(
    model: PowerModel, point: int, lost: Sequence[int], parts: Sequence[Part]
) -> tuple[int, ...] | None:
    """Return what can be lost besides what survives in part; ``None`` where that cannot be."""
    partial = {part.event for part in parts}
    may_be_lost = {*model.closed([*lost, *partial], point)}
    if not partial <= may_be_lost:
        return None
    return tuple(sorted(may_be_lost - partial))


def _points(model: PowerModel) -> list[int]:
    """Return the points before every sync, and before and after every answer."""
    points = {len(model.events)}
    for index, event in enumerate(model.events):
        if isinstance(event, (Synced, SyncedAll, SyncFailed, Answered)):
            points.add(index)
        if isinstance(event, Answered):
            points.add(index + 1)
    return sorted(points)


_Made = Iterator[tuple[Sequence[int], tuple[Part, ...]]]


def _prefixes(model: PowerModel, point: int, pending: Sequence[int], seed: int) -> _Made:
    for kept in range(len(pending), -1, -1):
        yield pending[kept:], ()


def _subsets(items: Sequence[int], seed: int) -> Iterator[tuple[int, ...]]:
    """Yield all subsets of few items; of many, the small and the large ones and a sample."""
    count = len(items)
    if count <= _ALL_SUBSETS_MAX:
        for size in range(count + 1):
            yield from combinations(items, size)
        return
    yield ()
    yield tuple(items)
    for index in range(count):
        yield (items[index],)
        yield (*items[:index], *items[index + 1 :])
    chance = random.Random(f"{seed} {count} {items[0]}")  # noqa: S311 - a sample, not a secret
    for _ in range(_SAMPLES):
        yield tuple([each for each in items if chance.random() < 0.5])


def _reordered(model: PowerModel, point: int, pending: Sequence[int], seed: int) -> _Made:
    for lost in _subsets(pending, seed):
        yield lost, ()


def _entries(model: PowerModel, point: int, pending: Sequence[int], seed: int) -> _Made:
    entries = [each for each in pending if isinstance(model.events[each], ENTRIES)]
    for lost in _subsets(entries, seed):
        if lost:
            yield lost, ()


def _around(pending: Sequence[int], index: int) -> list[Sequence[int]]:
    """Return what is lost besides a write: nothing, or all that came later."""
    later = [each for each in pending if each > index]
    return [(), later] if later else [()]


def _torn(model: PowerModel, point: int, pending: Sequence[int], seed: int) -> _Made:
    writes = [each for each in pending if isinstance(model.events[each], Wrote)]
    for index in writes:
        event = model.events[index]
        if not isinstance(event, Wrote):
            continue
        size = len(event.data)
        cuts = _sector_cuts(event)
        parts = [Part(index, 0, cut) for cut in cuts] + [Part(index, cut, size) for cut in cuts]
        for left in [*((part,) for part in parts), *_holed(index, size, cuts)]:
            for lost in _around(pending, index):
                yield lost, left
        if index == writes[-1]:
            first = max(1, model.stable_size(event.file, point) - event.offset)
            for cut in _sampled(range(first, size), _BYTE_CUTS_MAX):
                yield [each for each in pending if each > index], (Part(index, 0, cut),)
    yield from _torn_pairs(model, writes)


def _holed(index: int, size: int, cuts: Sequence[int]) -> Iterator[tuple[Part, ...]]:
    """Leave out what is between two sectors of one write, which arrive in any order."""
    neighbours = list(pairwise(cuts))
    around_all = [(cuts[0], cuts[-1])] if len(neighbours) > 1 else []
    for begin, end in around_all + neighbours[:_HOLES_MAX]:
        yield Part(index, 0, begin), Part(index, end, size)


def _torn_pairs(model: PowerModel, writes: Sequence[int]) -> _Made:
    """Tear two writes at once, each at a sector: neighbours, as those of a copy and its page."""
    for first, second in pairwise(writes[-_PAIRS_MAX - 1 :]):
        for one, other in product(_sector_parts(model, first), _sector_parts(model, second)):
            yield (), (one, other)


def _sector_parts(model: PowerModel, index: int) -> list[Part]:
    """Return what is left of a write that is torn at one of a few sectors: either side of it."""
    event = model.events[index]
    if not isinstance(event, Wrote):
        return []
    cuts = _sampled(range(_first_cut(event), len(event.data), SECTOR_BYTES), _PAIR_CUTS_MAX)
    return [
        part for cut in cuts for part in (Part(index, 0, cut), Part(index, cut, len(event.data)))
    ]


def _filled(fill: Fill, model: PowerModel, point: int, pending: Sequence[int]) -> _Made:
    for index in pending:
        event = model.events[index]
        if not isinstance(event, Wrote):
            continue
        size = len(event.data)
        if event.offset + size <= model.stable_size(event.file, point):
            continue
        for cut in (0, *_sector_cuts(event)):
            parts = [Part(index, 0, cut, fill)]
            if cut:
                parts.append(Part(index, cut, size, fill))
            for part in parts:
                for lost in _around(pending, index):
                    yield lost, (part,)


def _zero(model: PowerModel, point: int, pending: Sequence[int], seed: int) -> _Made:
    return _filled(Fill.ZERO, model, point, pending)


def _stale(model: PowerModel, point: int, pending: Sequence[int], seed: int) -> _Made:
    return _filled(Fill.STALE, model, point, pending)


def _sector_cuts(event: Wrote) -> list[int]:
    return _sampled(range(_first_cut(event), len(event.data), SECTOR_BYTES), _SECTOR_CUTS_MAX)


def _first_cut(event: Wrote) -> int:
    return SECTOR_BYTES - event.offset % SECTOR_BYTES


def _sampled(items: range, count_max: int) -> list[int]:
    """Return all items, or of many those at both ends and some in between."""
    if len(items) <= count_max:
        return list(items)
    third = count_max // 3
    middle = items[third:-third]
    stride = max(1, len(middle) // third)
    return [*items[:third], *middle[::stride][:third], *items[-third:]]


_MAKERS: Final = {
    CrashClass.POWER_PREFIX: _prefixes,
    CrashClass.POWER_TORN: _torn,
    CrashClass.POWER_REORDERED: _reordered,
    CrashClass.POWER_ZERO: _zero,
    CrashClass.POWER_STALE: _stale,
    CrashClass.POWER_ENTRY: _entries,
}
