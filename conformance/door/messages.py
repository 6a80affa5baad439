"""Lines and the messages in them; every fault of a line has a text of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from conformance.door.errors import MessageError

__all__ = [
    "ANSWER_KEYS",
    "answer_key",
    "encode_message",
    "parse_line",
    "shown_line",
]

ANSWER_KEYS: Final = ("ok", "refused", "fault", "unsupported")
"""What an answer of a harness can be; a call is answered by one of the first three."""

_SHOWN_CHARACTERS_MAX: Final = 200
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"`{text}` is not JSON")


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def encode_message(message: Mapping[str, Any]) -> bytes:
    """Return a message as one line, its line feed included.

    A lone surrogate, which only a text about an error can hold, becomes a question mark.
    """
    return _ENCODER.encode(message).encode("utf-8", "replace") + b"\n"


def parse_line(line: bytes) -> dict[str, Any]:
    """Return the message of a line without its end, or raise :class:`MessageError`."""
    if line.startswith(_BYTE_ORDER_MARK):
        raise MessageError("the line begins with a byte order mark; write plain UTF-8")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MessageError(f"the line is not UTF-8 (at byte {error.start})") from error
    if not text.strip():
        raise MessageError("the line is empty; every line is one JSON object")
    try:
        message = _DECODER.decode(text)
    except RecursionError as error:
        raise MessageError("the line is nested too deeply") from error
    except ValueError as error:
        hint = " (does something print to standard output? Logs go to standard error)"
        raise MessageError(f"the line is not JSON: {error}{hint}") from error
    if not isinstance(message, dict):
        raise MessageError(f"the line is a JSON {_kind(message)}, not an object")
    return message


def answer_key(message: Mapping[str, Any]) -> str:
    """Return which of the four kinds an answer is, or raise :class:`MessageError`."""
    keys = [key for key in ANSWER_KEYS if key in message]
    if len(keys) != 1:
        found = ", ".join(f"`{key}`" for key in keys) or "none"
        wanted = ", ".join(f"`{key}`" for key in ANSWER_KEYS)
        raise MessageError(f"an answer has exactly one of {wanted}; this one has {found}")
    content = message[keys[0]]
    if keys[0] in ("refused", "unsupported") and not isinstance(content, str):
        raise MessageError(f"`{keys[0]}` is a text, not {content!r}")
    if keys[0] == "fault" and not _is_fault(content):
        raise MessageError("`fault` is an object with the texts `kind` and `text`")
    return keys[0]


def _is_fault(content: object) -> bool:
    return isinstance(content, dict) and all(
        isinstance(content.get(key), str) for key in ("kind", "text")
    )


def shown_line(line: bytes) -> str:
    """Return a line for an error text, shortened if long."""
    text = line.decode("utf-8", "backslashreplace") or "(an empty line)"
    if len(text) <= _SHOWN_CHARACTERS_MAX:
        return text
    return f"{text[:_SHOWN_CHARACTERS_MAX]}... ({len(line)} bytes)"


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "text", list: "array"}
    return names[type(value)]
