"""Links of a document that lead out of the folder of documents, turned to pages of the site."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Final

from docs.building.places import ROOT, page_of

__all__ = ["BrokenLinkError", "linked_paths", "rewritten"]

_LINK: Final = re.compile(r"(?<=\]\()(?P<path>[^)#\s]+)(?P<anchor>#[^)\s]*)?(?=\))")
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]*:|/", re.IGNORECASE)


class BrokenLinkError(Exception):
    """Report a link to a file that the repository does not have.

    ``document`` is where it stands and ``target`` what it says.
    """

    def __init__(self, document: str, target: str) -> None:
        self.document, self.target = document, target
        super().__init__(f"{document} links to `{target}`, which is no file and no folder here")


def linked_paths(text: str, document: str) -> list[str]:
    """Return the files and folders that a document links to, each relative to the root.

    ``document`` is its own path from the root. Raises :class:`BrokenLinkError`
    for one that does not exist.
    """
    found = [
        _resolved(match["path"], document)
        for is_code, line in _lines(text)
        if not is_code
        for match in _LINK.finditer(line)
        if not _ELSEWHERE.match(match["path"])
    ]
    return list(dict.fromkeys(found))


def rewritten(text: str, document: str) -> str:
    """Return a document with its links turned to where their targets stand on the site.

    ``document`` is its path from the root. Blocks of code stay as they are.
    Raises :class:`BrokenLinkError` for a link to what does not exist.
    """
    page = page_of(document)

    def turned(match: re.Match[str]) -> str:
        if _ELSEWHERE.match(match["path"]):
            return match[0]
        target = page_of(_resolved(match["path"], document))
        return posixpath.relpath(target, posixpath.dirname(page) or ".") + (match["anchor"] or "")

    return "".join(line if is_code else _LINK.sub(turned, line) for is_code, line in _lines(text))


def _resolved(target: str, document: str) -> str:
    path = posixpath.normpath(posixpath.join(posixpath.dirname(document), target))
    if path.startswith("..") or not (ROOT / path).exists():
        raise BrokenLinkError(document, target)
    return path


def _lines(text: str) -> Iterator[tuple[bool, str]]:
    """Yield each line, and whether it is one of a block of code."""
    fence = ""
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if fence:
            yield True, line
            if mark and mark[1].startswith(fence) and not line.strip(" `~\n"):
                fence = ""
        elif mark:
            fence = mark[1]
            yield True, line
        else:
            yield False, line
