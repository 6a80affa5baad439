"""Text of others, made safe for a terminal."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["visible", "visible_lines"]

_ESCAPED_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SHORT_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """Return a text whose control and format characters are escaped.

    An id from a file can then neither move the cursor nor hide what stands
    beside it. Other characters are kept, backslashes included.
    """
    return "".join(map(_visible_character, text))


def visible_lines(text: str, indent: str = "") -> str:
    """Return a text of several lines, each made safe and all but the first indented."""
    return f"\n{indent}".join(visible(line) for line in text.split("\n"))


def _visible_character(character: str) -> str:
    short = _SHORT_ESCAPES.get(character)
    if short is not None:
        return short
    if unicodedata.category(character) in _ESCAPED_CATEGORIES:
        return f"\\u{{{ord(character):x}}}"
    return character
