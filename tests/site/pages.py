"""What a page of HTML refers to, and whether all of it is there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["Page", "broken_links", "foreign_resources", "read_pages", "unmade_lists"]

# What a browser loads by itself, by element and attribute.
_LOADED = {
    ("audio", "src"),
    ("embed", "src"),
    ("form", "action"),
    ("iframe", "src"),
    ("image", "href"),
    ("img", "src"),
    ("img", "srcset"),
    ("input", "src"),
    ("object", "data"),
    ("script", "src"),
    ("source", "src"),
    ("source", "srcset"),
    ("track", "src"),
    ("use", "href"),
    ("video", "poster"),
    ("video", "src"),
}
# Elements of a head that only say where something is.
_NOT_LOADED = {"alternate", "author", "canonical", "license", "next", "prev"}
_NOT_FOUND_PAGE = "404.html"
_STYLE_ADDRESS = re.compile(r"url\(\s*[\"']?([^\"')]*)|@import\s+[\"']([^\"']*)")
_UNMADE_LIST = re.compile(r"^\s*(?:[-*+]|\d+\.) \S", re.MULTILINE)


@dataclass
class Page(HTMLParser):
    """One page: the ids in it, its links, what it loads, and the text of its paragraphs."""

    path: Path
    ids: Counter[str] = field(default_factory=Counter)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    paragraphs: list[str] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element is and refers to."""
        values = {name: value or "" for name, value in attrs}
        self._open.append(tag)
        self.classes.update(values.get("class", "").split())
        if "id" in values:
            self.ids[values["id"]] += 1
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "link" and not _NOT_LOADED.intersection(values.get("rel", "").split()):
            self.loaded.append(values.get("href", ""))
        if tag == "h1":
            self.headings.append("")
        if tag == "p":
            self.paragraphs.append("")
        self.loaded += [value for name, value in values.items() if (tag, name) in _LOADED]
        self.loaded += style_addresses(values.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        """Close an element, and those in it that need no end."""
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Note the text of paragraphs and headings, and what a style loads."""
        if "p" in self._open:
            self.paragraphs[-1] += data
        if "h1" in self._open:
            self.headings[-1] += data
        if self._open and self._open[-1] == "style":
            self.loaded += style_addresses(data)


def style_addresses(text: str) -> list[str]:
    """Return the addresses in a style."""
    return [address or imported for address, imported in _STYLE_ADDRESS.findall(text)]


def read_pages(site: Path) -> dict[Path, Page]:
    """Return every page of a site by its path."""
    return {path: Page(path) for path in sorted(site.resolve().rglob("*.html"))}


def _target(site: Path, page: Path, address: str) -> Path | None:
    """Return the file that an address within the site means; ``None`` where it may not stand.

    The page for what is not found stands under any address, so it alone counts from the top.
    """
    path = unquote(address)
    if path.startswith("/"):
        return (site / path.lstrip("/")).resolve() if page.name == _NOT_FOUND_PAGE else None
    return (page.parent / path).resolve() if path else page


def broken_links(site: Path, pages: dict[Path, Page]) -> tuple[int, list[str]]:
    """Return how many links within the site there are, and a sentence for each that is broken."""
    count, problems = 0, []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            count += 1
            target = _target(site, path, parts.path)
            anchor = unquote(parts.fragment)
            if target is None or not target.is_file():
                problems.append(f"{path.name}: `{link}` leads to no file")
            elif anchor and target in pages and anchor not in pages[target].ids:
                problems.append(f"{path.name}: `{link}` leads to no place of its page")
    return count, problems


def foreign_resources(site: Path, pages: dict[Path, Page]) -> Iterator[str]:
    """Yield a sentence for whatever is loaded from elsewhere, or is not there to be loaded."""
    styles = {path: style_addresses(path.read_text("utf-8")) for path in site.rglob("*.css")}
    for path, addresses in [
        *((each.path, each.loaded) for each in pages.values()),
        *styles.items(),
    ]:
        for address in addresses:
            parts = urlsplit(address)
            if parts.scheme == "data" or address.startswith("#") or not address:
                continue
            target = _target(site, path, parts.path)
            if parts.scheme or parts.netloc or target is None:
                yield f"{path.name}: loads `{address}` from elsewhere"
            elif not target.exists():
                yield f"{path.name}: loads `{address}`, which is not there"


def unmade_lists(page: Page) -> list[str]:
    """Return the paragraphs that look like a list which did not become one."""
    return [text for text in page.paragraphs if "\n" in text and _UNMADE_LIST.search(text)]
