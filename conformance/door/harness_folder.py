"""The harnesses that we ship to be filled in: a folder of plain files for each language.

They are package data, copied to the letter, so that what users get is what our own checks build.
The protocol part of a language with a kit is a link to the kit's; ``kits/README.md`` says why.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from conformance.errors import UsageError

__all__ = ["FolderError", "template_files", "write_harness"]

# Named one by one, since builds and tools leave other files beside these.
_JAVA_PROTOCOL: Final = "src/main/java/telltale/harness/protocol"
_FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "python": ("harness.py", "protocol.py"),
    "rust": ("Cargo.toml", "src/main.rs", "src/protocol.rs"),
    "go": ("go.mod", "harness.go", "protocol/protocol.go"),
    "java": (
        "pom.xml",
        "src/main/java/harness/Main.java",
        f"{_JAVA_PROTOCOL}/CalleeFault.java",
        f"{_JAVA_PROTOCOL}/Operations.java",
        f"{_JAVA_PROTOCOL}/Promises.java",
        f"{_JAVA_PROTOCOL}/Refused.java",
        f"{_JAVA_PROTOCOL}/Request.java",
        f"{_JAVA_PROTOCOL}/Runner.java",
        f"{_JAVA_PROTOCOL}/Unsupported.java",
    ),
    "node": ("exact-json.js", "harness.js", "package.json", "protocol.js"),
}


class FolderError(UsageError):
    """Report a folder into which no harness can be written; exit status 2."""

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder = folder
        self.reason = reason
        super().__init__(f"{folder}: {reason}")


def template_files(language: str) -> dict[str, bytes]:
    """Return the files of a language's harness by their path below its folder."""
    root = resources.files("conformance").joinpath("harness_templates", language)
    return {name: root.joinpath(name).read_bytes() for name in _FILES[language]}


def write_harness(language: str, folder: Path) -> list[str]:
    """Write a harness into a folder that is absent or empty, and return the names of its files.

    All of it is written aside and moved into place, so a failure leaves nothing.
    Raises :class:`FolderError`.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow a link
    reason = _problem(folder)
    if reason is not None:
        raise FolderError(folder, reason)
    files = template_files(language)
    exists = folder.is_dir()
    partial: Path | None = None
    try:
        # A folder that is there stays the same one, since a shell may be in it.
        parent = folder if exists else folder.parent
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=parent))
        _write_files(partial, files)
        if exists:
            _move_items(partial, folder)
        else:
            partial.rename(folder)
    except OSError as error:
        raise FolderError(folder, error.strerror or str(error)) from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)
    return list(files)


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    # The folder of mkdtemp is for its owner alone; this one is an ordinary folder.
    folder.chmod(0o777 & ~_umask())


def _move_items(source: Path, target: Path) -> None:
    """Move all of a folder into an empty one, or nothing of it."""
    names = sorted(item.name for item in source.iterdir())
    moved: list[str] = []
    try:
        for name in names:
            (source / name).rename(target / name)
            moved.append(name)
    except OSError:
        for name in moved:
            (target / name).rename(source / name)
        raise


def _problem(folder: Path) -> str | None:
    """Return why the folder cannot take a harness, or ``None``."""
    if folder.is_symlink():
        return "that is a link; name the folder itself"
    if folder.is_dir():
        try:
            is_empty = not any(folder.iterdir())
        except OSError as error:
            return error.strerror or str(error)
        return None if is_empty else "the folder is not empty; nothing was written"
    if folder.exists():
        return "that is a file; name a folder that is absent or empty"
    if not folder.parent.is_dir():
        return f"there is no folder {folder.parent}"
    return None


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
