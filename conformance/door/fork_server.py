"""The harness's end of a fork server: a harness that has begun makes others of itself.

What takes longest in a short life is to begin: the interpreter, and everything that is imported.
A child that is forked behind that is as good as a program of its own, as long as nothing is held
that a fork does not take along, or shares: a thread, or a file that was opened meanwhile.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

from conformance.door.server import standard_streams
from telltale_spec.operating_system import allow_tracers

__all__ = ["MESSAGE_BYTES_MAX", "STREAMS_COUNT", "Holdings", "serve_forks"]

MESSAGE_BYTES_MAX: Final = 1 << 12
"""The longest message on the socket of a fork server, in either direction."""

STREAMS_COUNT: Final = 3
"""How many descriptors come with a request for a child: its standard streams."""

_OWN: Final = Path("/proc/self")
_POLL_SECONDS: Final = 0.001
_ENDING_SECONDS: Final = 0.5


class Holdings:
    """What this process holds before its backend is imported: the files that it has open."""

    def __init__(self) -> None:
        self._files = _open_files()

    def obstacle(self) -> str:
        """Return why a child that is forked now would not be a harness of its own, or nothing."""
        threads_count = _threads_count()
        if threads_count > 1:
            return f"it has {threads_count} threads"
        more = _open_files().items() - self._files.items()
        return f"it has opened {', '.join(sorted(name for _, name in more))}" if more else ""


def _threads_count() -> int:
    """Return how many threads this process has, once those that are ending have ended."""
    deadline = time.monotonic() + _ENDING_SECONDS
    while True:
        count = len(list(_OWN.joinpath("task").iterdir()))
        if count == 1 or time.monotonic() >= deadline:
            return count
        time.sleep(_POLL_SECONDS)


def _open_files() -> dict[int, str]:
    """Return the open descriptors of this process by what they are."""
    found: dict[int, str] = {}
    for link in _OWN.joinpath("fd").iterdir():
        # The one that the folder itself is read through is gone by now.
        with contextlib.suppress(FileNotFoundError):
            found[int(link.name)] = str(link.readlink())
    return found


def serve_forks(
    control: socket.socket, obstacle: str, live: Callable[[IO[bytes], IO[bytes]], None]
) -> None:
    """Say whether children can be forked, and fork one for each request until the socket ends.

    ``live`` is what a child does with its input and its output; it does not return.
    """
    _send(control, obstacle)
    while not obstacle:
        message, descriptors, _, _ = socket.recv_fds(control, MESSAGE_BYTES_MAX, STREAMS_COUNT)
        if not message:
            return
        request = json.loads(message)
        if "wait" in request:
            _send(control, _status(request["wait"], request["seconds"]))
            continue
        _send(control, _forked(control, descriptors, live))
        for each in descriptors:
            os.close(each)


def _forked(
    control: socket.socket,
    descriptors: list[int],
    live: Callable[[IO[bytes], IO[bytes]], None],
) -> int:
    """Return the number of a child that waits for its first request and has its own group."""
    ready, done = os.pipe()
    process_id = os.fork()
    if process_id == 0:
        os.close(ready)
        control.close()
        os.setpgid(0, 0)
        for number, each in enumerate(descriptors):
            os.dup2(each, number)
            os.close(each)
        streams = standard_streams()
        allow_tracers()
        # From here on it does nothing that it was not asked for.
        os.close(done)
        live(*streams)
    os.close(done)
    os.read(ready, 1)
    os.close(ready)
    return process_id


def _send(control: socket.socket, answer: Any) -> None:
    # Whoever does not listen any more has no use for the answer.
    with contextlib.suppress(OSError):
        control.send(json.dumps(answer).encode())


def _status(process_id: int, seconds: float) -> int | None:
    """Return how a child ended, as ``subprocess`` does, or nothing after so long."""
    deadline = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(process_id, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= deadline:
            return None
        time.sleep(_POLL_SECONDS)
