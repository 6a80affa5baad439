"""What bounds a persisted artifact, and what its errors begin with."""

from __future__ import annotations

from typing import Final

from telltale_spec.errors import DecodeError, DecodeErrorCategory

__all__ = [
    "DECODE_CONTEXT",
    "ENCODE_CONTEXT",
    "MAX_PERSISTED_DURABILITY_BYTES",
    "PERSISTED_DURABILITY_SCHEMA_VERSION",
    "size_limit_error",
]

PERSISTED_DURABILITY_SCHEMA_VERSION: Final = "telltale.machine.durability.v1"
"""Schema version stamped on every artifact. Source: ARTIFACT-01 (L16-17)."""

MAX_PERSISTED_DURABILITY_BYTES: Final = 64 * 1024 * 1024
"""Largest input that is decoded, in bytes. Source: DEC-27 (L19-20)."""

DECODE_CONTEXT: Final = "decode persisted durability artifact"
ENCODE_CONTEXT: Final = "encode persisted durability artifact"


def size_limit_error(size_bytes: int) -> DecodeError:
    """Return the error of an input of ``size_bytes``, which is over the limit (DEC-27)."""
    return DecodeError(
        DECODE_CONTEXT,
        f"input is {size_bytes} bytes, max is {MAX_PERSISTED_DURABILITY_BYTES}",
        category=DecodeErrorCategory.SIZE_LIMIT,
    )
