"""Rust's Debug rendering, where the specification's texts contain it."""

from __future__ import annotations

import unicodedata

__all__ = ["debug_name", "debug_string"]

_SHORT_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\0": "\\0",
}

# Unicode general categories that Rust prints as \u{..}: marks that extend a
# grapheme, controls, formats, surrogates, private use, unassigned and the
# separators other than the plain space (INSPECT-02).
_ESCAPED_CATEGORIES = frozenset({"Mn", "Me", "Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})


def debug_name(wire_name: str) -> str:
    """Return the CamelCase name of a snake_case one, as Debug prints it (DOM-05)."""
    return "".join(part[:1].upper() + part[1:] for part in wire_name.split("_"))


def debug_string(text: str) -> str:
    """Return ``text`` quoted and escaped as Rust's ``{:?}`` prints a string.

    Exact for ASCII; beyond it as exact as Python's Unicode tables agree with
    Rust's (INSPECT-02 pins ASCII only).
    """
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    short = _SHORT_ESCAPES.get(character)
    if short is not None:
        return short
    if character == " " or unicodedata.category(character) not in _ESCAPED_CATEGORIES:
        return character
    return f"\\u{{{ord(character):x}}}"
