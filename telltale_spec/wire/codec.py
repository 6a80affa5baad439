"""Bytes to records and back.

The writer is canonical: one byte form for one value (WIRE-01). Reading starts
with the fast reader, which compares the input with what the writer would write
and takes nothing else (``compiled_reader``; ``plain_codec`` is its rule in a few
lines). Nearly all input in practice is canonical. Everything else, well-formed
or not, goes to the tolerant reader, which gives the specification's verdict,
value and error text (DEC-00..DEC-32). So the fast reader can only ever accept
what is canonical, and can never refuse anything by itself.
"""

from __future__ import annotations

from typing import Final, TypeVar

from telltale_spec.errors import (
    DecodeError,
    DecodeErrorCategory,
    EncodeError,
)
from telltale_spec.wire.compiled_reader import REFUSALS, reader_of
from telltale_spec.wire.compiled_writer import canonical_bytes
from telltale_spec.wire.limits import ENCODE_CONTEXT
from telltale_spec.wire.record import Record

__all__ = [
    "decode",
    "decode_canonical",
    "encode",
]

RecordType = TypeVar("RecordType", bound=Record)

# An artifact opens at most this many containers inside each other: the fixed
# ones around a cached response and two for each product of a value.
_CONTAINERS_MAX: Final = 256


def encode(record: Record) -> bytes:
    """Return the canonical CBOR form of any record (WIRE-01..WIRE-12).

    Equal records give equal bytes. There is no limit of size or depth, so what
    is written may be too large or too deep to be read (F9, F23). Raises
    :class:`~telltale_spec.errors.EncodeError` if Python cannot recurse deep
    enough.
    """
    try:
        return canonical_bytes(record)
    except RecursionError as error:
        raise EncodeError(ENCODE_CONTEXT, "the value is nested too deep for Python") from error


def decode_canonical(record_class: type[RecordType], data: bytes) -> RecordType | None:
    """Return the record of canonical bytes, or ``None`` if ``data`` is anything else.

    ``None`` means that this fast reader does not know: the bytes may still be
    acceptable in another form.
    """
    if type(data) is not bytes:
        data = bytes(data)
    try:
        record, end = reader_of(record_class)(data, 0, _CONTAINERS_MAX)
    except REFUSALS:
        return None
    return record if end == len(data) and isinstance(record, record_class) else None


def decode(record_class: type[RecordType], data: bytes) -> RecordType:
    """Return the record of canonical bytes, for backends that store records one by one.

    Raises :class:`~telltale_spec.errors.DecodeError` for anything but the
    canonical form of a ``record_class``.
    """
    record = decode_canonical(record_class, data)
    if record is None:
        raise DecodeError(
            f"decode {record_class.__name__}",
            f"{len(data)} bytes that are not its canonical form",
            category=DecodeErrorCategory.SEMANTIC,
        )
    return record
