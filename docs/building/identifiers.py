"""Links from the ids of requirements and findings, wherever a page names them, to their pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

__all__ = ["linked"]

_TAG: Final = re.compile(r"(<[^>]*>)")
_NAME: Final = re.compile(r"</?([a-zA-Z0-9]+)")
_IDENTIFIER: Final = re.compile(
    r"(?<![\w.&#/-])(?:[A-Z]+(?:-[A-Z]+)*-\d+[a-z]?(?:\.[a-z-]*[a-z])?|F\d+)(?![\w-])"
)
# What is a link already, what names a place of the page, and what was printed by a program.
_LEFT_ALONE: Final = frozenset(
    {"a", "button", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "script", "style", "svg"}
)


def linked(html: str, url_of: Callable[[str], str | None]) -> str:
    """Return HTML with a link around each id that has a page.

    ``url_of`` gives the address of the page of an id, ``None`` for what is no
    id. Inside of code an id counts only where it is all of the code.
    """
    pieces = _TAG.split(html)
    left_alone = 0
    for index, piece in enumerate(pieces):
        if index % 2:
            name = _NAME.match(piece)
            if name is not None and name[1].lower() in _LEFT_ALONE:
                left_alone += -1 if piece.startswith("</") else 1
        elif left_alone == 0 and piece:
            is_code = index > 0 and pieces[index - 1].startswith("<code")
            pieces[index] = _linked_text(piece, url_of, whole=is_code)
    return "".join(pieces)


def _linked_text(text: str, url_of: Callable[[str], str | None], *, whole: bool) -> str:
    def turned(match: re.Match[str]) -> str:
        url = url_of(match[0]) if not whole or match[0] == text else None
        return match[0] if url is None else f'<a href="{url}">{match[0]}</a>'

    return _IDENTIFIER.sub(turned, text)
