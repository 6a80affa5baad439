"""A note beside a log: which frame was there when it was closed, so that a loss of it shows.

A damaged end looks like the rest of an append that a crash cut off, whatever is written behind it
in the same sector. The note lies in another file, and one damage does not reach both. What it says
stays true, as frames are only ever added: it need not be synced, and an old one does no harm.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import Final

from telltale_spec.backends.durable_files import write_whole

__all__ = ["noted_number", "write_note"]

_MAGIC: Final = b"\xffTlgNote"
_NOTE: Final = struct.Struct("<8sQI")
_CHECKED_BYTES: Final = _NOTE.size - 4


def write_note(descriptor: int, title: bytes, number: int) -> None:
    """Write that the frame of this number is there; ``title`` is that of the log."""
    checked = _NOTE.pack(_MAGIC, number, 0)[:_CHECKED_BYTES]
    write_whole(descriptor, _NOTE.pack(_MAGIC, number, zlib.crc32(title + checked)), 0)


def noted_number(descriptor: int, title: bytes) -> int | None:
    """Return the number that was noted, or ``None`` for no note and for a damaged one."""
    data = os.pread(descriptor, _NOTE.size, 0)
    if len(data) < _NOTE.size:
        return None
    magic, number, checksum = _NOTE.unpack(data)
    if magic != _MAGIC or zlib.crc32(title + data[:_CHECKED_BYTES]) != checksum:
        return None
    return int(number)
