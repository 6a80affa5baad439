"""Pages of what the documents link to and that is no document of the site's own folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from docs.building.links import linked_paths, rewritten
from docs.building.places import LANGUAGES, ROOT, SHOWN_BYTES_MAX, page_of

__all__ = ["linked_pages"]

# Copies of others' work and of what can be made again; no reader looks for them here.
_HIDDEN_FOLDERS: Final = frozenset({"__pycache__", "build", "node_modules", "target"})
_NOT_SEARCHED: Final = "---\nsearch:\n  exclude: true\nhide:\n  - navigation\n---\n\n"


def linked_pages(documents: Iterable[str]) -> dict[str, str]:
    """Return the pages of all that is reached from documents by links, by their sources.

    ``documents`` are paths from the root. A document outside of the folder of
    documents becomes a page with its links turned, a file a page that shows
    it, a folder a list of its files.
    """
    pages: dict[str, str] = {}
    waiting = list(documents)
    seen = set(waiting)
    while waiting:
        path = waiting.pop(0)
        reached = _reached(path)
        waiting += [each for each in reached if each not in seen]
        seen.update(reached)
        if not path.startswith("docs/"):
            pages[page_of(path)] = _page(path)
    return pages


def _reached(path: str) -> list[str]:
    """Return what is linked by a document, or what is in a folder."""
    if path.endswith(".md"):
        return linked_paths((ROOT / path).read_text(encoding="utf-8"), path)
    return _files_of(path) if (ROOT / path).is_dir() else []


def _page(path: str) -> str:
    whole = ROOT / path
    if path.endswith(".md"):
        return rewritten(whole.read_text(encoding="utf-8"), path)
    return _NOT_SEARCHED + (_folder_page(path) if whole.is_dir() else _file_page(path))


def _file_page(path: str) -> str:
    text = (ROOT / path).read_text(encoding="utf-8")
    fence = "`" * 3
    while fence in text:
        fence += "`"
    language = LANGUAGES[Path(path).suffix]
    return f"# {path}\n\n{fence}{language}\n{text.rstrip()}\n{fence}\n"


def _folder_page(path: str) -> str:
    lines = [f"# {path}", ""]
    for each in _files_of(path):
        name = PurePosixPath(each).relative_to(path).as_posix()
        lines.append(f"- [{name}]({name})")
    return rewritten("\n".join(lines) + "\n", f"{path}/")


def _files_of(folder: str) -> list[str]:
    """Return the files below a folder that are shown, in order."""
    return [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file()
        and not _HIDDEN_FOLDERS.intersection(path.relative_to(ROOT).parts)
        and (path.suffix in LANGUAGES or path.suffix == ".md")
        and path.stat().st_size <= SHOWN_BYTES_MAX
    ]
