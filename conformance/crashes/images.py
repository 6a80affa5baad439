"""Images as folders on a file system in memory, none of which outlives its use."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from conformance.crashes.disk import Image
from conformance.engine.scratch import MEMORY_FOLDER, ScratchFolder

__all__ = ["ImageFolder", "read_image", "write_image"]


class ImageFolder:
    """A folder in which images are written one after the other, each with a name of its own."""

    def __init__(self) -> None:
        in_memory = MEMORY_FOLDER.is_dir() and os.access(MEMORY_FOLDER, os.W_OK)
        self._scratch = ScratchFolder(MEMORY_FOLDER if in_memory else None)
        self._count = 0

    def end(self) -> None:
        """Remove all images."""
        self._scratch.cleanup()

    def write(self, image: Image) -> Path:
        """Write an image and return its folder."""
        self._count += 1
        folder = self._scratch.path / f"{self._count:07}"
        folder.mkdir(mode=0o700)
        write_image(image, folder)
        return folder

    def remove(self, folder: Path) -> None:
        """Remove an image with all that was done to it."""
        shutil.rmtree(folder, ignore_errors=True)


def write_image(image: Image, folder: Path) -> None:
    """Write an image into an empty folder; raises ``OSError``."""
    for path in image.folders:
        (folder / path).mkdir(mode=0o700)
    for path, data in image.files:
        (folder / path).write_bytes(data)
    for path, other in image.same:
        (folder / path).hardlink_to(folder / other)


def read_image(folder: Path) -> Image:
    """Return what a folder holds; links and special files are left out."""
    files: list[tuple[str, bytes]] = []
    folders: list[str] = []
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            continue
        if path.is_dir():
            folders.append(name)
        elif path.is_file():
            files.append((name, path.read_bytes()))
    return Image(tuple(sorted(files)), tuple(sorted(folders)))
