"""The errors of the tolerant reader, in the words of the specification's own decoder.

The text behind the context prefix is what ciborium's Debug form prints for an
error (DEC-29). Four kinds exist: the input ended, a syntax error at an offset,
a semantic error with a sentence, and too many open containers.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Context, Decimal, localcontext
from typing import Final

from telltale_spec.errors import DecodeError, DecodeErrorCategory
from telltale_spec.wire.limits import DECODE_CONTEXT
from telltale_spec.wire.rust_debug import debug_string

__all__ = [
    "duplicate_field",
    "input_ended",
    "invalid_length",
    "invalid_type",
    "invalid_value",
    "missing_field",
    "quoted",
    "recursion_limit_exceeded",
    "rust_float",
    "semantic_error",
    "syntax_error",
    "unknown_field",
    "unknown_variant",
]

# A text is escaped in pieces of this many characters, so that an error about a
# text as large as the input needs memory for the result only (F41).
_QUOTED_PIECE_CHARACTERS: Final = 65_536

# The exact digits of any float, of which there are at most 767, and room to add to them.
_EXACT: Final = Context(prec=1_200)


def input_ended() -> DecodeError:
    """Return the error of an input that ends inside an item."""
    return DecodeError(
        DECODE_CONTEXT,
        'Io(Error { kind: UnexpectedEof, message: "failed to fill whole buffer" })',
        category=DecodeErrorCategory.INPUT_ENDED,
    )


def syntax_error(offset: int) -> DecodeError:
    """Return the error of an item at ``offset`` that no CBOR decoder could read."""
    return DecodeError(
        DECODE_CONTEXT,
        f"Syntax({offset})",
        category=DecodeErrorCategory.SYNTAX,
        offset=offset,
    )


def recursion_limit_exceeded() -> DecodeError:
    """Return the error of an input with too many open containers (DEC-28)."""
    return DecodeError(
        DECODE_CONTEXT,
        "RecursionLimitExceeded",
        category=DecodeErrorCategory.RECURSION_LIMIT,
    )


def semantic_error(message: str) -> DecodeError:
    """Return the error of an item that is readable, but not what was asked for."""
    return DecodeError(
        DECODE_CONTEXT,
        f"Semantic(None, {quoted(message)})",
        category=DecodeErrorCategory.SEMANTIC,
    )


def invalid_type(found: str, expected: str) -> DecodeError:
    """Return the error of a value of another type than ``expected``."""
    return semantic_error(f"invalid type: {found}, expected {expected}")


def invalid_value(found: str, expected: str) -> DecodeError:
    """Return the error of a value of the right type that is not allowed."""
    return semantic_error(f"invalid value: {found}, expected {expected}")


def invalid_length(length: int, expected: str) -> DecodeError:
    """Return the error of a sequence with ``length`` elements, too few or too many."""
    return semantic_error(f"invalid length {length}, expected {expected}")


def missing_field(name: str) -> DecodeError:
    """Return the error of a field that has to be there (DEC-03)."""
    return semantic_error(f"missing field `{name}`")


def duplicate_field(name: str) -> DecodeError:
    """Return the error of a field that is there twice (DEC-05)."""
    return semantic_error(f"duplicate field `{name}`")


def unknown_field(name: str, names: Sequence[str]) -> DecodeError:
    """Return the error of a field that must not be there (DEC-24)."""
    return semantic_error(f"unknown field `{name}`, expected {_one_of(names)}")


def unknown_variant(name: str, names: Sequence[str]) -> DecodeError:
    """Return the error of a variant that does not exist."""
    return semantic_error(f"unknown variant `{name}`, expected {_one_of(names)}")


def quoted(text: str) -> str:
    """Return ``text`` as Rust's Debug form quotes it."""
    pieces = io.StringIO()
    pieces.write('"')
    for start in range(0, len(text), _QUOTED_PIECE_CHARACTERS):
        piece = text[start : start + _QUOTED_PIECE_CHARACTERS]
        is_plain = piece.isascii() and piece.isprintable()
        if is_plain and '"' not in piece and "\\" not in piece:
            pieces.write(piece)
        else:
            pieces.write(debug_string(piece)[1:-1])
    pieces.write('"')
    return pieces.getvalue()


def rust_float(number: float) -> str:
    """Return a float as serde prints it: shortest digits, no exponent, always a point."""
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return str(number)
    digits = format(_shortest_decimal(number), "f")
    return digits if "." in digits else f"{digits}.0"


def _shortest_decimal(number: float) -> Decimal:
    """Return the shortest decimal that reads as ``number``, the nearest to it of those.

    Where two are equally near, Python's is the even one and Rust's the one farther from zero.
    """
    shortest, exact = Decimal(repr(number)), Decimal(number)
    unit = Decimal((0, (1,), int(shortest.as_tuple().exponent)))
    with localcontext(_EXACT):
        is_midway = abs(exact) - abs(shortest) == unit / 2
        return shortest + unit.copy_sign(shortest) if is_midway else shortest


def _one_of(names: Sequence[str]) -> str:
    shown = [f"`{name}`" for name in names]
    if len(shown) <= 2:
        return " or ".join(shown)
    return f"one of {', '.join(shown)}"
