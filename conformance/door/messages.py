"""Lines and the messages in them; every fault of a line has a text of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from conformance.door.errors import MessageError

__all__ = ["ANSWER_KEYS", "encode_message", "parse_line", "shown_line"]

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


def shown_line(line: bytes) -> str:
    """Return a line for an error text, shortened if long."""
    text = line.decode("utf-8", "backslashreplace")
    if len(text) <= _SHOWN_CHARACTERS_MAX:
        return text
    return f"{text[:_SHOWN_CHARACTERS_MAX]}... ({len(line)} bytes)"


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "text", list: "array"}
    return names[type(value)]
