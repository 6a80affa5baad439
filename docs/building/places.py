"""Where each file of the repository stands on the site."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

__all__ = ["LANGUAGES", "ROOT", "SHOWN_BYTES_MAX", "page_of"]

ROOT: Final = Path(__file__).resolve().parents[2]

# Pages of their own places, by their path from the root; all others follow from their path.
_PAGES: Final = {
    "README.md": "index.md",
    "docs/README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "benchmarks.md",
    "examples/harness-rust/README.md": "harness-rust.md",
    "kits/README.md": "kits.md",
}

LANGUAGES: Final = {
    ".c": "c",
    ".cfg": "ini",
    ".css": "css",
    ".go": "go",
    ".ini": "ini",
    ".java": "java",
    ".js": "javascript",
    ".json": "json",
    ".jsonl": "json",
    ".lock": "toml",
    ".mjs": "javascript",
    ".mod": "text",
    ".py": "python",
    ".pyi": "python",
    ".rs": "rust",
    ".toml": "toml",
    ".txt": "text",
    ".xml": "xml",
    ".yml": "yaml",
}
"""The language of a file that is shown, by its suffix; nothing else is shown."""

SHOWN_BYTES_MAX: Final = 200_000
"""The largest file that gets a page, in bytes; what is longer nobody reads on a page."""


def page_of(path: str) -> str:
    """Return the source of the page on which a file or a folder of the repository stands.

    ``path`` is relative to the root, with slashes; the answer is relative to
    the folder of the documents. What is no document stands below ``source``.
    """
    if path in _PAGES:
        return _PAGES[path]
    name = PurePosixPath(path)
    if name.suffix == ".md":
        if name.is_relative_to("docs"):
            return name.relative_to("docs").as_posix()
        return f"source/{name.with_suffix('')}.md"
    return f"source/{name}/index.md" if (ROOT / path).is_dir() else f"source/{name}.md"
