"""The tolerant reader: the specification's verdict, value and error text for any bytes.

serde and ciborium accept much more than the writer writes (DEC-00..DEC-32,
F42). This reader accepts exactly the same, from the bytes alone:

* ``pull`` takes headers off the input, ``tolerant_skip`` steps over values.
* ``tolerant_direct`` and ``tolerant_content`` read typed values in the two
  regimes; the shapes say what to read.
* ``tolerant_errors`` has the words.

Memory is bounded by the value that comes out, and time is linear in the input:
no part of it is looked at more than a fixed number of times (F41).
"""

from __future__ import annotations

from typing import TypeVar

from telltale_spec.wire.limits import MAX_PERSISTED_DURABILITY_BYTES, size_limit_error
from telltale_spec.wire.pull import PullParser
from telltale_spec.wire.record import Record
from telltale_spec.wire.shapes import RecordShape
from telltale_spec.wire.tolerant_direct import DirectReader

__all__ = ["decode_tolerant"]

RecordType = TypeVar("RecordType", bound=Record)


def decode_tolerant(record_class: type[RecordType], data: bytes) -> RecordType:
    """Decode a persisted record from any bytes that the specification accepts.

    Bytes behind the record are ignored (DEC-26). Raises
    :class:`~telltale_spec.errors.DecodeError`, never anything else; what the record says of
    its schema is for the caller to judge, after a complete decode (DEC-31). Source:
    DEC-00..DEC-30 (L22-33, L980-989).
    """
    if len(data) > MAX_PERSISTED_DURABILITY_BYTES:
        raise size_limit_error(len(data))
    record: RecordType = DirectReader(PullParser(data)).read(RecordShape(record_class))
    return record
