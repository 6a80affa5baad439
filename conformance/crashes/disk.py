"""A disk in memory: files and folders by number, changed by events, and images of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from conformance.crashes.events import (
    ROOT,
    Event,
    Linked,
    Renamed,
    Resized,
    Unlinked,
    Wrote,
)

__all__ = [
    "Disk",
    "Image",
    "file_head",
    "image_digest",
    "name_tail",
    "resize",
    "write_into",
]


@dataclass(frozen=True)
class Image:
    """All that is below a folder: files and folders by their paths, in the order of the paths.

    ``same`` are pairs of names of one file.
    """

    files: tuple[tuple[str, bytes], ...] = ()
    folders: tuple[str, ...] = ()
    same: tuple[tuple[str, str], ...] = ()

    @cached_property
    def digest(self) -> bytes:
        """A hash of everything in it."""
        pieces: list[bytes] = []
        for path, data in self.files:
            pieces += (file_head(path), hashlib.blake2b(data, digest_size=16).digest())
        return image_digest(pieces, name_tail(self.folders, self.same))

    @classmethod
    def hashed(
        cls,
        files: tuple[tuple[str, bytes], ...],
        folders: tuple[str, ...],
        same: tuple[tuple[str, str], ...],
        digest: bytes,
    ) -> Image:
        """Return an image whose hash is known."""
        image = cls(files, folders, same)
        image.__dict__["digest"] = digest
        return image

    @classmethod
    def of_events(cls, image: Image, events: Iterable[Event]) -> Image:
        """Return what is there after events that nothing has interrupted."""
        disk = Disk.of(image)
        for event in events:
            disk.apply(event)
        return disk.image()

    def without(self, names: tuple[str, ...]) -> Image:
        """Return the image without the files whose paths end so."""
        files = tuple([each for each in self.files if not each[0].endswith(names)])
        same = tuple([each for each in self.same if not each[0].endswith(names)])
        return Image(files, self.folders, same)


@dataclass
class Disk:
    """The state of all files and folders; ``apply`` changes it."""

    files: dict[int, bytearray] = field(default_factory=dict)
    folders: dict[int, dict[str, int]] = field(default_factory=lambda: {ROOT: {}})
    nodes_count: int = 1

    @classmethod
    def of(cls, image: Image) -> Disk:
        """Return a disk with the contents of an image."""
        disk = cls()
        for path in image.folders:
            folder, name = disk.parent(path)
            disk.apply(Linked(folder, name, disk.new_number(), is_folder=True))
        for path, data in image.files:
            folder, name = disk.parent(path)
            number = disk.new_number()
            disk.apply(Linked(folder, name, number))
            disk.files[number][:] = data
        for other, path in image.same:
            folder, name = disk.parent(other)
            target = disk.find(path)
            if target is not None:
                disk.folders[folder][name] = target
        return disk

    def copy(self) -> Disk:
        """Return a disk of the same contents that changes by itself."""
        files = {number: bytearray(data) for number, data in self.files.items()}
        folders = {number: dict(entries) for number, entries in self.folders.items()}
        return Disk(files, folders, self.nodes_count)

    def new_number(self) -> int:
        """Return a number that nothing has had."""
        self.nodes_count += 1
        return self.nodes_count - 1

    def find(self, path: str) -> int | None:
        """Return what has a path below the folder, if anything has."""
        number = ROOT
        for name in [part for part in path.split("/") if part]:
            found = self.folders.get(number, {}).get(name)
            if found is None:
                return None
            number = found
        return number

    def parent(self, path: str) -> tuple[int, str]:
        """Return the folder that a path is in and its name there.

        Raises ``LookupError`` for a folder that is not there.
        """
        above, _, name = path.rpartition("/")
        folder = self.find(above)
        if folder is None:
            raise LookupError(path)
        return folder, name

    def apply(self, event: Event) -> None:
        """Change the disk by one event; what has no place on it changes nothing."""
        match event:
            case Wrote(file, offset, data):
                write_into(self.files.setdefault(file, bytearray()), offset, data)
            case Resized(file, size):
                resize(self.files.setdefault(file, bytearray()), size)
            case Linked(folder, name, node, is_folder):
                if is_folder:
                    self.folders.setdefault(node, {})
                else:
                    self.files.setdefault(node, bytearray())
                self.folders.setdefault(folder, {})[name] = node
            case Unlinked(folder, name, node):
                self._remove(folder, name, node)
            case Renamed(folder, name, new_folder, new_name, node):
                self._remove(folder, name, node)
                self.folders.setdefault(new_folder, {})[new_name] = node
            case _:
                # A sync or an answer changes no contents.
                return

    def _remove(self, folder: int, name: str, node: int) -> None:
        entries = self.folders.get(folder, {})
        if entries.get(name) == node:
            del entries[name]

    def image(self) -> Image:
        """Return all that can be reached from the folder."""
        files, folders, same = self.names()
        contents = tuple([(path, bytes(self.files.get(node, b""))) for path, node in files])
        return Image(contents, tuple(folders), tuple(same))

    def names(self) -> tuple[list[tuple[str, int]], list[str], list[tuple[str, str]]]:
        """Return all names that can be reached, in their order.

        Those are of files with their numbers, of folders, and pairs of further names of a file with
        the name that is among the first.
        """
        files: list[tuple[str, int]] = []
        folders: list[str] = []
        same: list[tuple[str, str]] = []
        seen: dict[int, str] = {}
        waiting = [("", ROOT)]
        while waiting:
            above, number = waiting.pop()
            for name, node in sorted(self.folders[number].items()):
                path = f"{above}{name}"
                if node in self.folders:
                    folders.append(path)
                    waiting.append((f"{path}/", node))
                elif node in seen:
                    same.append((path, seen[node]))
                else:
                    seen[node] = path
                    files.append((path, node))
        return sorted(files), sorted(folders), sorted(same)


def file_head(path: str) -> bytes:
    """Return what begins the hash of a file; that of its contents follows."""
    name = path.encode("utf-8", "surrogateescape")
    return b"f%d:%s" % (len(name), name)


def name_tail(folders: Sequence[str], same: Sequence[tuple[str, str]]) -> bytes:
    """Return what ends the hash of an image."""
    names = [*folders, *(name for pair in same for name in pair)]
    return b"n%d:" % len(folders) + "\0".join(names).encode("utf-8", "surrogateescape")


def image_digest(pieces: Iterable[bytes], tail: bytes) -> bytes:
    """Return the hash of an image: of heads of files, hashes of their contents, and names."""
    return hashlib.blake2b(b"".join((*pieces, tail)), digest_size=16).digest()


def write_into(contents: bytearray, offset: int, data: bytes) -> None:
    """Write bytes, with zeros where a gap would be."""
    if not data:
        return
    if len(contents) < offset:
        contents.extend(bytes(offset - len(contents)))
    contents[offset : offset + len(data)] = data


def resize(contents: bytearray, size: int) -> None:
    """Cut bytes off, or add zeros."""
    if size < len(contents):
        del contents[size:]
    else:
        contents.extend(bytes(size - len(contents)))
