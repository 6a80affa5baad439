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

from telltale_spec.errors import DecodeError, DecodeErrorCategory, UnsupportedSchemaVersionError
from telltale_spec.wire.persisted import (
    DECODE_CONTEXT,
    MAX_PERSISTED_DURABILITY_BYTES,
    PERSISTED_DURABILITY_SCHEMA_VERSION,
    PersistedDurabilityArtifact,
)
from telltale_spec.wire.pull import PullParser
from telltale_spec.wire.shapes import RecordShape
from telltale_spec.wire.tolerant_direct import DirectReader

__all__ = ["decode_tolerant"]


def decode_tolerant(data: bytes) -> PersistedDurabilityArtifact:
    """Decode a persisted artifact from any bytes that the specification accepts.

    Bytes behind the artifact are ignored (DEC-26). Raises
    :class:`~telltale_spec.errors.DecodeError`, or
    :class:`~telltale_spec.errors.UnsupportedSchemaVersionError` after a
    complete decode (DEC-31); never anything else. Source: DEC-00..DEC-31
    (L22-33, L980-989).
    """
    if len(data) > MAX_PERSISTED_DURABILITY_BYTES:
        raise DecodeError(
            DECODE_CONTEXT,
            f"input is {len(data)} bytes, max is {MAX_PERSISTED_DURABILITY_BYTES}",
            category=DecodeErrorCategory.SIZE_LIMIT,
        )
    reader = DirectReader(PullParser(data))
    artifact: PersistedDurabilityArtifact = reader.read(RecordShape(PersistedDurabilityArtifact))
    if artifact.schema_version != PERSISTED_DURABILITY_SCHEMA_VERSION:
        raise UnsupportedSchemaVersionError(artifact.schema_version)
    return artifact
