"""Storages of which one handle dies in the middle of a call, while another one lives on.

Each entry is two writes, its length and then itself, behind a lock that ends with its process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.zoo.races.storages import Check, Storage

_LENGTH_BYTES: Final = 4


class Framed(Storage):
    """A length, then a payload, one after the other; what is not whole at the end is not there."""

    def read(self) -> list[bytes]:
        return [payload for payload, _ in self.frames()]

    def frames(self) -> Iterator[tuple[bytes, int]]:
        """Yield every whole payload, and where it ends."""
        data, place = self.path.read_bytes(), 0
        while len(head := data[place : place + _LENGTH_BYTES]) == _LENGTH_BYTES:
            end = place + _LENGTH_BYTES + int.from_bytes(head)
            if end > len(data):
                return
            yield data[place + _LENGTH_BYTES : end], end
            place = end

    def write_behind(self, payload: bytes) -> None:
        os.write(self.file, len(payload).to_bytes(_LENGTH_BYTES))
        os.write(self.file, payload)

    def repair(self) -> None:
        """Cut off what is not whole."""
        end = max((end for _, end in self.frames()), default=0)
        if self.path.stat().st_size > end:
            os.truncate(self.path, end)

    def add(self, payload: bytes, check: Check) -> None:
        with self.lock():
            check(self.read())
            self.write_behind(payload)


class RepairsBeforeItWrites(Framed):
    """Right: whoever writes cuts off first what somebody has left half written."""

    def add(self, payload: bytes, check: Check) -> None:
        with self.lock():
            self.repair()
            check(self.read())
            self.write_behind(payload)


class RepairsAtOpening(Framed):
    """Cuts off what is half written when it is opened, and never again."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        with self.lock():
            self.repair()


class _Undoes(Framed):
    """Notes the length before it writes, so that an opening can go back to it."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.note = directory / "undo"
        with self.lock():
            self.undo()

    def undo(self) -> None:
        if self.note.exists():
            text = self.note.read_text("ascii")
            if text.endswith("."):
                os.truncate(self.path, int(text[:-1]))
            self.note.unlink()

    def add_noted(self, payload: bytes) -> None:
        if not self.note.exists():
            self.note.write_text(f"{self.path.stat().st_size}.", "ascii")
        self.write_behind(payload)
        self.note.unlink()


class UndoesBeforeItWrites(_Undoes):
    """Right: whoever writes goes back first to where the dead one began."""

    def add(self, payload: bytes, check: Check) -> None:
        with self.lock():
            self.undo()
            check(self.read())
            self.add_noted(payload)


class UndoesAtOpening(_Undoes):
    """Writes behind what a dead handle has left, and the next opening undoes both."""

    def add(self, payload: bytes, check: Check) -> None:
        with self.lock():
            self.repair()
            check(self.read())
            if self.note.exists():
                # Somebody has noted a length already.
                self.write_behind(payload)
            else:
                self.add_noted(payload)


class TakesOverLock(Storage):
    """Right: a file is the lock; that of a process that has ended is taken over."""

    def add(self, payload: bytes, check: Check) -> None:
        path = self.directory / "locked"
        own = self.directory / f"own-{os.getpid()}"
        own.write_text(f"{os.getpid()}", "ascii")
        try:
            path.hardlink_to(own)
        except FileExistsError as error:
            if _is_alive(path):
                raise BlockingIOError("another handle writes") from error
            own.replace(path)
        else:
            own.unlink()
        try:
            check(self.read())
            self.write_behind(payload)
        finally:
            path.unlink()


def _is_alive(path: Path) -> bool:
    try:
        os.kill(int(path.read_text("ascii")), 0)
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        # It has just ended by itself; whoever asks may ask again.
        return True
    return True


MORTAL: Final[Sequence[type[Storage]]] = (
    RepairsBeforeItWrites,
    RepairsAtOpening,
    UndoesBeforeItWrites,
    UndoesAtOpening,
    TakesOverLock,
)
