"""A process with everything that it started: held still, or ended at once.

Servers put their workers into groups of their own, and a worker that outlives its parent still
writes: what is killed as by a crash is all of them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Final

__all__ = ["hold", "kill", "listens", "members"]

_PROCESSES: Final = Path("/proc")
_GONE_SECONDS_MAX: Final = 10.0
_GONE_POLL_SECONDS: Final = 0.005
_DEAD_STATES: Final = ("Z", "X")


def members(process_id: int) -> list[int]:
    """Return a process and all below it, the process first; alone where there is no ``/proc``."""
    children: dict[int, list[int]] = {}
    for number, (state, parent) in _table().items():
        if state not in _DEAD_STATES:
            children.setdefault(parent, []).append(number)
    found = [process_id]
    for each in found:
        found.extend(children.get(each, ()))
    return found


def hold(process_id: int) -> list[int]:
    """Stop a process and all below it where they are; return their numbers."""
    held: list[int] = []
    while True:
        # What was not stopped yet may have started another one meanwhile.
        moving = [each for each in members(process_id) if each not in held]
        if not moving:
            return held
        for each in moving:
            _send(each, signal.SIGSTOP)
            held.append(each)


def kill(process_id: int) -> None:
    """End a process and all below it by SIGKILL, and return when they are gone.

    The process itself may stay as one whose end nobody has taken. Raises ``TimeoutError``.
    """
    # Held first, so that none can start another one, or write a farewell.
    held = hold(process_id)
    for each in held:
        _send(each, signal.SIGKILL)
    limit = time.monotonic() + _GONE_SECONDS_MAX
    while not all(_is_gone(each) for each in held):
        if time.monotonic() > limit:
            raise TimeoutError(f"a process of {process_id} goes on after SIGKILL")
        time.sleep(_GONE_POLL_SECONDS)


def listens(process_id: int) -> bool:
    """Say whether a process, or one below it, waits for connections."""
    sockets = _listening_sockets()
    return any(_opened(each) & sockets for each in members(process_id))


def _send(process_id: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process_id, number)


def _table() -> dict[int, tuple[str, int]]:
    """Return the state and the parent of every process."""
    found = {}
    for folder in _PROCESSES.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # The name in parentheses may hold anything.
            words = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            found[int(folder.name)] = (words[0], int(words[1]))
    return found


def _is_gone(process_id: int) -> bool:
    if not _PROCESSES.is_dir():
        return True
    return _table().get(process_id, ("X", 0))[0] in _DEAD_STATES


def _listening_sockets() -> set[str]:
    """Return the inodes of sockets that wait for connections."""
    found = set()
    for name in ("tcp", "tcp6"):
        for row in _rows(name):
            if row[3] == "0A":
                found.add(row[9])
    for row in _rows("unix"):
        # The flag of a socket that accepts.
        if int(row[3], 16) & 0x10000:
            found.add(row[6])
    return found


def _rows(name: str) -> list[list[str]]:
    try:
        lines = (_PROCESSES / "net" / name).read_text("utf-8", "replace").splitlines()[1:]
    except OSError:
        return []
    return [line.split() for line in lines]


def _opened(process_id: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for descriptor in (_PROCESSES / str(process_id) / "fd").iterdir():
            with contextlib.suppress(OSError):
                target = str(descriptor.readlink())
                if target.startswith("socket:["):
                    found.add(target[len("socket:[") : -1])
    return found
