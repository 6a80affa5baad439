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

# The marks and letters that extend a grapheme although their category does not say so: Unicode's
# property Other_Grapheme_Extend.
_OTHER_EXTENDERS = frozenset(
    "\u09be\u09d7\u0b3e\u0b57\u0bbe\u0bd7\u0cc0\u0cc2\u0cc7\u0cc8\u0cca\u0ccb\u0cd5\u0cd6"
    "\u0d3e\u0d57\u0dcf\u0ddf\u1715\u1734\u1b35\u1b3b\u1b3d\u1b43\u1b44\u1baa\u1bf2\u1bf3"
    "\u302e\u302f\ua953\ua9c0\uff9e\uff9f\U000111c0\U00011235\U0001133e\U0001134d"
    "\U00011357\U000114b0\U000114bd\U000115af\U000116b6\U00011930\U0001193d\U00016ff0"
    "\U00016ff1\U0001d165\U0001d166\U0001d16d\U0001d16e\U0001d16f\U0001d170\U0001d171"
    "\U0001d172"
)


def debug_name(wire_name: str) -> str:
    """Return the CamelCase name of a snake_case one, as Debug prints it (DOM-05)."""
    return "".join(part[:1].upper() + part[1:] for part in wire_name.split("_"))


def debug_string(text: str) -> str:
    """Return ``text`` quoted and escaped as Rust's ``{:?}`` prints a string.

    Exact for characters that the Unicode tables of Python and of Rust both know; of
    characters that are newer than one of the tables they make different things
    (INSPECT-02 pins ASCII only).
    """
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    short = _SHORT_ESCAPES.get(character)
    if short is not None:
        return short
    is_escaped = (
        unicodedata.category(character) in _ESCAPED_CATEGORIES or character in _OTHER_EXTENDERS
    )
    if character == " " or not is_escaped:
        return character
    return f"\\u{{{ord(character):x}}}"
