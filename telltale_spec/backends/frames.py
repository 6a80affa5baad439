"""Frames: how a log that only grows tells what it holds from what a crash left behind.

A frame is a header of 32 bytes and a payload::

    magic  checksum  payload bytes  kind  epoch  number
    4      4         4              4     8      8        little-endian

``number`` counts the frames of a log without a gap. ``epoch`` grows with every
opening, so that bytes which an earlier life of the file left on the disk can
never stand for a frame of this one. The checksum is CRC-32 over everything
behind it. A hole of zeros fails already at the magic, and the magic begins
with a byte that no UTF-8 text and no head of our CBOR has, so that no stored
text can pass for a frame.

A writer that starts a frame only when all before it is synced can leave
nothing but the last one incomplete. So damage with a whole frame behind it is
no trace of a crash, and :func:`scan` tells the two apart.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

__all__ = [
    "BASE",
    "CLOSING",
    "CONTENT",
    "CONTINUATION",
    "HEADER_BYTES",
    "OPENING",
    "PAYLOAD_BYTES_MAX",
    "Frame",
    "Scan",
    "begins_with_base",
    "frame_bytes",
    "scan",
]

# What a frame is for. Zero is none of them.
BASE: Final = 1
"""Begins a segment that stands for all before it; its payload has that content."""

CONTINUATION: Final = 2
"""Begins a segment that goes on where the one before it ends."""

OPENING: Final = 3
"""Begins the epoch of an opening, which has found everything before it durable."""

CONTENT: Final = 4
"""Holds one batch, which is stored whole or not at all."""

CLOSING: Final = 5
"""Says that everything before it was acknowledged, so that a loss there is noticed."""

_MAGIC: Final = b"\xffTlg"
_HEADER: Final = struct.Struct("<4sIIIQQ")
_CHECKED: Final = struct.Struct("<IIQQ")
HEADER_BYTES: Final = _HEADER.size
_CHECKED_FROM: Final = 8
PAYLOAD_BYTES_MAX: Final = 2**32 - 1
_KINDS: Final = frozenset({BASE, CONTINUATION, OPENING, CONTENT, CLOSING})


# A tuple, because making one takes a third of the time that a frozen dataclass takes.
class Frame(NamedTuple):
    """One whole frame, and where it lies in its segment, in bytes."""

    kind: int
    epoch: int
    number: int
    payload: bytes
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What one segment holds.

    ``frames`` are the whole ones from its beginning on; ``end`` is where they
    end, and what lies behind is the rest of an append that a crash cut off.
    ``damage`` is ``None``, or says why the rest is none of that.
    """

    frames: tuple[Frame, ...]
    end: int
    damage: str | None


def frame_bytes(kind: int, epoch: int, number: int, payload: bytes) -> bytes:
    """Return a frame; the payload has at most :data:`PAYLOAD_BYTES_MAX` bytes."""
    payload_bytes = len(payload)
    checked = zlib.crc32(_CHECKED.pack(payload_bytes, kind, epoch, number))
    checksum = zlib.crc32(payload, checked)
    return _HEADER.pack(_MAGIC, checksum, payload_bytes, kind, epoch, number) + payload


def scan(data: bytes) -> Scan:
    """Return the frames of a segment's bytes, read to the last one before anything is said.

    Each has the number that follows its neighbour's, and no epoch is smaller
    than the one before it. A whole frame of an earlier epoch behind them is a
    remnant that the disk gave back, and one that is later than the last is a
    sign that something between the two was lost.
    """
    frames: list[Frame] = []
    end = 0
    while (frame := _frame_at(data, end)) is not None:
        if frames and (frame.number != frames[-1].number + 1 or frame.epoch < frames[-1].epoch):
            break
        frames.append(frame)
        end = frame.end
    for later in _whole_frames(data, end):
        if not frames or (later.number > frames[-1].number and later.epoch >= frames[-1].epoch):
            damage = f"what is at byte {end} is damaged, and frame {later.number} behind it is not"
            return Scan(tuple(frames), end, damage)
    return Scan(tuple(frames), end, None)


def begins_with_base(data: bytes) -> bool:
    """Say whether the header at the beginning is that of a base, without any other check."""
    return len(data) >= HEADER_BYTES and _HEADER.unpack_from(data)[3] == BASE


def _frame_at(data: bytes, offset: int) -> Frame | None:
    """Return the whole frame that begins at ``offset``, or ``None``."""
    if len(data) - offset < HEADER_BYTES:
        return None
    magic, checksum, payload_bytes, kind, epoch, number = _HEADER.unpack_from(data, offset)
    end = offset + HEADER_BYTES + payload_bytes
    if magic != _MAGIC or end > len(data) or kind not in _KINDS:
        return None
    if zlib.crc32(data[offset + _CHECKED_FROM : end]) != checksum:
        return None
    return Frame(kind, epoch, number, data[offset + HEADER_BYTES : end], offset, end)


def _whole_frames(data: bytes, offset: int) -> Iterator[Frame]:
    """Yield each whole frame that begins at ``offset`` or later, whatever lies between them."""
    while (offset := data.find(_MAGIC, offset)) >= 0:
        frame = _frame_at(data, offset)
        if frame is None:
            offset += 1
        else:
            yield frame
            offset = frame.end
