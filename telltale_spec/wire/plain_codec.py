"""The codec in a few lines: the rule that the fast reader and the fast writer are held to.

Nothing at run time uses this. It says what canonical bytes are, and the tests ask it about every
value and every input that they can think of.
"""

from __future__ import annotations

from typing import Final, TypeVar

import cbor2

from telltale_spec.errors import DomainError
from telltale_spec.wire.record import Record

__all__ = ["plain_decode_canonical", "plain_encode"]

RecordType = TypeVar("RecordType", bound=Record)

_DEPTH_MAX: Final = 256


def plain_encode(record: Record) -> bytes:
    """Return the canonical CBOR form of any record: its tree, as cbor2 writes it."""
    return cbor2.dumps(record.shape().to_tree(record))


def plain_decode_canonical(record_class: type[RecordType], data: bytes) -> RecordType | None:
    """Return the record whose canonical bytes these are, or ``None``."""
    try:
        tree = cbor2.loads(
            data,
            max_depth=_DEPTH_MAX,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            strict_hashable_types=True,
        )
        record = record_class.from_dict(tree)
    except (cbor2.CBORDecodeError, DomainError, RecursionError):
        return None
    return record if plain_encode(record) == data else None
