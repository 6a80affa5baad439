"""Damage to files at rest: one flipped bit, or one sector that reads as zeros.

Pure: the same files give the same damages. No region of a file is left to luck: first and last bit,
both sides of every sector's edge, and the first and last bytes of every record are always among
them, as far as the count allows, and each bit that the first and last records begin with.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from conformance.crashes.disk import Image
from conformance.crashes.persistence import SECTOR_BYTES

__all__ = ["Damage", "DamageKind", "Record", "changed_records", "damages"]

_BYTE_BITS: Final = 8
# Where a record has its length, its checksum and the like.
_HEAD_BYTES: Final = 24
_TAIL_BYTES: Final = 4
# The head of the file itself, and what comes behind it.
_FIRST: Final = 2
_KINDS_MAX: Final = 8


class DamageKind(enum.Enum):
    """What has become of a file at rest."""

    FLIPPED_BIT = "flipped-bit"
    ZEROED_SECTOR = "zeroed-sector"


@dataclass(frozen=True, slots=True)
class Damage:
    """One damage: ``offset`` is that of a byte, or of the first byte of a sector."""

    path: str
    kind: DamageKind
    offset: int
    bit: int = 0

    @property
    def text(self) -> str:
        """What happens, in words."""
        if self.kind is DamageKind.FLIPPED_BIT:
            return f"bit {self.bit} of byte {self.offset} of {self.path} flips"
        return f"the sector at byte {self.offset} of {self.path} reads as zeros"

    def fits(self, image: Image) -> bool:
        """Say whether the files have the place that is damaged."""
        return any(path == self.path and self.offset < len(data) for path, data in image.files)

    def apply(self, image: Image) -> Image:
        """Return the files with this damage."""
        files = [
            (path, self._damaged(data) if path == self.path else data) for path, data in image.files
        ]
        return Image(tuple(files), image.folders, image.same)

    def _damaged(self, data: bytes) -> bytes:
        changed = bytearray(data)
        if self.kind is DamageKind.FLIPPED_BIT:
            changed[self.offset] ^= 1 << self.bit
        else:
            end = min(self.offset + SECTOR_BYTES, len(data))
            changed[self.offset : end] = bytes(end - self.offset)
        return bytes(changed)


@dataclass(frozen=True, slots=True)
class Record:
    """The bytes of a file that one operation has changed; ``kind`` is that of what it stored."""

    path: str
    begin: int
    end: int
    kind: str = ""


def changed_records(before: Image, after: Image, kind: str = "") -> Iterator[Record]:
    """Yield for each file that changed the stretch from its first new byte to its last one."""
    old = dict(before.files)
    for path, data in after.files:
        was = old.get(path, b"")
        if was == data:
            continue
        begin = _equal_bytes(was, data)
        # What is behind the last difference is as it was, where the file has not grown.
        behind = _equal_bytes(was[begin:][::-1], data[begin:][::-1])
        end = len(data) if len(was) != len(data) else len(data) - behind
        if begin < end:
            yield Record(path, begin, end, kind)


def _equal_bytes(one: bytes, other: bytes) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    differing = (index for index, (left, right) in pairs if left != right)
    return next(differing, min(len(one), len(other)))


def damages(image: Image, records: Iterable[Record], seed: int, count_max: int) -> list[Damage]:
    """Return at most ``count_max`` damages, each of which changes the files, and some more.

    Each file has some, and what a record begins and ends with comes before the rest. Of each kind
    of record one has every bit of its ends flipped besides: a mark that no checksum covers may
    count in records of its kind alone.
    """
    chance = random.Random(f"{seed} {image.digest.hex()}")  # noqa: S311 - a sample, not a secret
    files = [(path, data) for path, data in image.files if data]
    sizes = {path: len(data) for path, data in files}
    kept = [record for record in records if record.begin < sizes.get(record.path, 0)]
    ends = [each for path, data in files for each in _ends(path, data)]
    ends += [each for record in (*kept[:_FIRST], *kept[-1:]) for each in _every_bit(record)]
    zeroed = [each for path, data in files for each in _zeroed(path, data)]
    placed = [each for path, data in files for each in _edges(path, data, chance)]
    for record in kept:
        placed += _of_record(record, sizes.get(record.path, 0), chance)
    quarter = max(1, count_max // 4)
    chosen = [*ends, *_some(zeroed, quarter, chance)]
    chosen += _some(list(dict.fromkeys(placed)), max(1, count_max // 2), chance)
    distinct = dict.fromkeys(chosen)
    rest = count_max - len(distinct)
    distinct |= dict.fromkeys(_spread(files, rest, chance))
    of_kinds = [each for record in _of_each_kind(kept) for each in _every_end(record, sizes)]
    return list(dict.fromkeys([*list(distinct)[:count_max], *of_kinds]))


def _of_each_kind(records: Sequence[Record]) -> list[Record]:
    """Return the first record of each kind in each file, as far as there are few."""
    firsts: dict[tuple[str, str], Record] = {}
    for record in records:
        if record.kind:
            firsts.setdefault((record.kind, record.path), record)
    return list(firsts.values())[:_KINDS_MAX]


def _every_end(record: Record, sizes: Mapping[str, int]) -> Iterator[Damage]:
    """Yield each bit of both ends of a record."""
    for offset in _end_bytes(record, sizes[record.path]):
        for bit in range(_BYTE_BITS):
            yield Damage(record.path, DamageKind.FLIPPED_BIT, offset, bit)


def _flip(path: str, offset: int, chance: random.Random) -> Damage:
    return Damage(path, DamageKind.FLIPPED_BIT, offset, chance.randrange(_BYTE_BITS))


def _ends(path: str, data: bytes) -> Iterator[Damage]:
    yield Damage(path, DamageKind.FLIPPED_BIT, 0, 0)
    yield Damage(path, DamageKind.FLIPPED_BIT, len(data) - 1, _BYTE_BITS - 1)


def _every_bit(record: Record) -> Iterator[Damage]:
    """Yield each bit of the first byte of a record, where a mark that it counts may stand alone."""
    for bit in range(_BYTE_BITS):
        yield Damage(record.path, DamageKind.FLIPPED_BIT, record.begin, bit)


def _zeroed(path: str, data: bytes) -> Iterator[Damage]:
    for offset in range(0, len(data), SECTOR_BYTES):
        if any(data[offset : offset + SECTOR_BYTES]):
            yield Damage(path, DamageKind.ZEROED_SECTOR, offset)


def _edges(path: str, data: bytes, chance: random.Random) -> Iterator[Damage]:
    for offset in range(SECTOR_BYTES, len(data), SECTOR_BYTES):
        yield _flip(path, offset - 1, chance)
        yield _flip(path, offset, chance)


def _of_record(record: Record, size: int, chance: random.Random) -> Iterator[Damage]:
    """Yield a flip in each byte at both ends of a record, and in the last one before it."""
    before = [record.begin - 1] if record.begin else []
    for offset in [*before, *_end_bytes(record, size)]:
        yield _flip(record.path, offset, chance)


def _end_bytes(record: Record, size: int) -> list[int]:
    """Return the places of the first and the last bytes of a record."""
    end = min(record.end, size)
    head = range(record.begin, min(record.begin + _HEAD_BYTES, end))
    return list(dict.fromkeys([*head, *range(max(record.begin, end - _TAIL_BYTES), end)]))


def _spread(
    files: Sequence[tuple[str, bytes]], count: int, chance: random.Random
) -> Iterator[Damage]:
    """Yield flips of all bits where there are few, and of one bit in each of equal stretches."""
    total = sum(len(data) * _BYTE_BITS for _, data in files)
    count = min(max(0, count), total)
    edges = [index * total // count for index in range(count + 1)] if count else []
    starts: list[tuple[int, str]] = []
    start = 0
    for path, data in files:
        starts.append((start, path))
        start += len(data) * _BYTE_BITS
    for first, last in pairwise(edges):
        position = chance.randrange(first, last)
        begin, path = next(each for each in reversed(starts) if each[0] <= position)
        offset, bit = divmod(position - begin, _BYTE_BITS)
        yield Damage(path, DamageKind.FLIPPED_BIT, offset, bit)


def _some(items: Sequence[Damage], count_max: int, chance: random.Random) -> list[Damage]:
    """Return all items, or as many as are wanted, in their order."""
    if len(items) <= count_max:
        return list(items)
    chosen = sorted(chance.sample(range(len(items)), count_max))
    return [items[index] for index in chosen]
