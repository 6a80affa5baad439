"""CBOR written piece by piece, and artifacts around the piece that a test is about."""

from __future__ import annotations

from typing import Final

import cbor2

from telltale_spec.wire.limits import PERSISTED_DURABILITY_SCHEMA_VERSION

NULL: Final = b"\xf6"
UNDEFINED: Final = b"\xf7"
FALSE: Final = b"\xf4"
TRUE: Final = b"\xf5"
BREAK: Final = b"\xff"
UNKNOWN_SIMPLE: Final = b"\xf8\x64"
EMPTY_MAP: Final = b"\xa0"

MAP: Final = 5
ARRAY: Final = 4
TEXT: Final = 3
BYTES: Final = 2

# What every test recognizes as the prefix of a decode error (DEC-29).
PREFIX: Final = "decode persisted durability artifact: "


def head(major: int, argument: int, argument_bytes: int | None = None) -> bytes:
    """Return the head of an item, in the shortest form unless a size is given."""
    if argument_bytes is None:
        if argument < 24:
            return bytes([major << 5 | argument])
        argument_bytes = next(size for size in (1, 2, 4, 8) if argument < 256**size)
    minor = {1: 24, 2: 25, 4: 26, 8: 27}[argument_bytes]
    return bytes([major << 5 | minor]) + argument.to_bytes(argument_bytes, "big")


def uint(value: int, argument_bytes: int | None = None) -> bytes:
    return head(0, value, argument_bytes)


def text(content: str) -> bytes:
    return head(TEXT, len(content.encode())) + content.encode()


def octets(content: bytes) -> bytes:
    return head(BYTES, len(content)) + content


def chunks(major: int, *pieces: bytes) -> bytes:
    """Return a text or byte string of indefinite length."""
    return bytes([major << 5 | 31]) + b"".join(pieces) + BREAK


def array(*items: bytes) -> bytes:
    return head(ARRAY, len(items)) + b"".join(items)


def open_array(*items: bytes) -> bytes:
    return b"\x9f" + b"".join(items) + BREAK


def mapping(*pairs: tuple[str | bytes, bytes]) -> bytes:
    return head(MAP, len(pairs)) + _pairs(pairs)


def open_mapping(*pairs: tuple[str | bytes, bytes]) -> bytes:
    return b"\xbf" + _pairs(pairs) + BREAK


def tag(number: int, item: bytes) -> bytes:
    return head(6, number) + item


def big(magnitude: bytes, *, negative: bool = False) -> bytes:
    return tag(3 if negative else 2, octets(magnitude))


def plain(value: object) -> bytes:
    """Return a plain Python value in canonical form."""
    return cbor2.dumps(value)


def envelope(payload: bytes) -> bytes:
    return mapping(
        ("schema_version", text(PERSISTED_DURABILITY_SCHEMA_VERSION)), ("payload", payload)
    )


def artifact(kind: str, content: bytes) -> bytes:
    return envelope(mapping(("kind", text(kind)), ("payload", content)))


def artifact_content_first(kind: str, content: bytes) -> bytes:
    """Return an artifact whose whole content has to be buffered (DEC-00)."""
    return envelope(mapping(("payload", content), ("kind", text(kind))))


def wal(*entries: bytes) -> bytes:
    return artifact("agreement_wal", mapping(("entries", array(*entries))))


def recovery(*pairs: tuple[str | bytes, bytes]) -> bytes:
    """Return recovery metadata with the one required field and ``pairs``."""
    return artifact("recovery_metadata", mapping(("checkpoint_tick", uint(5)), *pairs))


def cache_of_outcome(outcome: bytes) -> bytes:
    entry = mapping(
        ("evidence_id", text("e")),
        ("interface_name", text("i")),
        ("operation_name", text("o")),
        ("outcome", outcome),
    )
    return artifact("evidence_outcome_cache", mapping(("entries", array(entry))))


def cache_of_response(response: bytes) -> bytes:
    return cache_of_outcome(
        mapping(("status", plain({"status": "success"})), ("response", response))
    )


def cache_of_value(value: bytes) -> bytes:
    """Return a cache whose one response acquired ``value``."""
    return cache_of_response(mapping(("kind", text("acquire")), ("evidence", value)))


def cache_of_event(event: bytes) -> bytes:
    return cache_of_response(mapping(("kind", text("topology_events")), ("events", array(event))))


def _pairs(pairs: tuple[tuple[str | bytes, bytes], ...]) -> bytes:
    return b"".join([(text(key) if isinstance(key, str) else key) + value for key, value in pairs])
