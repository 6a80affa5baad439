"""A child process whose every byte is waited for with a limit."""

from __future__ import annotations

import collections
import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import IO, Final, Protocol

from conformance.door.protocol import LINE_BYTES_MAX
from telltale_spec.operating_system import NEW_GROUP, NEW_GROUP_FLAGS, kill_group

__all__ = [
    "ChildEnded",
    "ChildProcess",
    "ChildSilent",
    "LineTooLong",
    "Process",
    "Start",
    "end_text",
    "started",
]

_CHUNK_BYTES: Final = 1 << 18
_ERROR_LINES_MAX: Final = 32
_ERROR_LINE_BYTES_MAX: Final = 2_000
_SLICE_SECONDS: Final = 0.05
_END_SECONDS: Final = 2.0


class ChildSilent(Exception):  # noqa: N818 - an observation, judged by who waits
    """Nothing came, or nothing was taken, within the limit."""


class ChildEnded(Exception):  # noqa: N818 - an observation, judged by who waits
    """The child closed its output or its input."""


class LineTooLong(Exception):  # noqa: N818 - an observation, judged by who waits
    """More came without a line feed, or without being asked for, than a line may have."""


class Process(Protocol):
    """What is asked of a process in a group of its own, as ``subprocess.Popen`` answers it."""

    pid: int

    @property
    def stdin(self) -> IO[bytes] | None:
        """Where its input goes."""

    @property
    def stdout(self) -> IO[bytes] | None:
        """Where its output comes from."""

    @property
    def stderr(self) -> IO[bytes] | None:
        """Where its errors come from."""

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit status; raises ``subprocess.TimeoutExpired``."""

    def kill(self) -> None:
        """End it."""


Start = Callable[[Sequence[str]], Process]
"""Starts a command; raises ``OSError``."""


def started(command: Sequence[str]) -> Process:
    """Start a program in a group of its own; raises ``OSError``."""
    return subprocess.Popen(  # noqa: S603 - the user's own command
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        process_group=NEW_GROUP,
        creationflags=NEW_GROUP_FLAGS,
    )


class ChildProcess:
    """A process in a group of its own, its standard input and output as lines.

    One thread at a time may read and one may write. Raises ``OSError`` where the
    program cannot be started.
    """

    def __init__(self, command: Sequence[str], start: Start = started) -> None:
        self._process = start(command)
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        self._input = self._process.stdin.fileno()
        self._output = self._process.stdout.fileno()
        os.set_blocking(self._input, False)
        os.set_blocking(self._output, False)
        self._buffer = bytearray()
        self._searched_bytes = 0
        self._output_lock = threading.Lock()
        self._error_lines: collections.deque[bytes] = collections.deque(maxlen=_ERROR_LINES_MAX)
        self._error_thread = threading.Thread(
            target=self._keep_error_lines, name="standard-error", daemon=True
        )
        self._error_thread.start()

    @property
    def process_id(self) -> int:
        """Number of the process, and of its group."""
        return self._process.pid

    @property
    def output_name(self) -> str:
        """What the kernel calls the pipe that is the child's standard output."""
        return f"pipe:[{os.fstat(self._output).st_ino}]"

    def read_line(self, deadline: float) -> bytes:
        """Return the next line without its end.

        ``deadline`` is a time of ``time.monotonic``. Raises :class:`ChildSilent`,
        :class:`ChildEnded` and :class:`LineTooLong`.
        """
        with self._output_lock:
            while True:
                end = self._buffer.find(b"\n", self._searched_bytes)
                if end >= 0:
                    line = bytes(self._buffer[:end])
                    del self._buffer[: end + 1]
                    self._searched_bytes = 0
                    return line
                self._searched_bytes = len(self._buffer)
                self._fill(deadline)

    @property
    def has_more(self) -> bool:
        """Whether something has come that nobody has read yet."""
        with self._output_lock:
            if not self._buffer and _is_ready(self._output, select.POLLIN, 0.0):
                with contextlib.suppress(BlockingIOError, OSError):
                    self._buffer += os.read(self._output, _CHUNK_BYTES)
            return bool(self._buffer)

    @property
    def unfinished(self) -> bytes:
        """What has come of a line whose end has not."""
        with self._output_lock:
            return bytes(self._buffer)

    def _fill(self, deadline: float) -> None:
        if len(self._buffer) > LINE_BYTES_MAX:
            raise LineTooLong
        if not _is_ready(self._output, select.POLLIN, deadline - time.monotonic()):
            raise ChildSilent
        try:
            chunk = os.read(self._output, _CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            raise ChildEnded from error
        if not chunk:
            raise ChildEnded
        self._buffer += chunk

    def write(self, data: bytes, deadline: float) -> None:
        """Write all of ``data``; raises :class:`ChildSilent` and :class:`ChildEnded`."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._input, view) :]
            except BlockingIOError:
                self._make_room(deadline)
            except OSError as error:
                raise ChildEnded from error

    def _make_room(self, deadline: float) -> None:
        """Wait until the child reads; take what it writes meanwhile, or both would wait."""
        left_seconds = deadline - time.monotonic()
        if left_seconds <= 0:
            raise ChildSilent
        if _is_ready(self._input, select.POLLOUT, min(left_seconds, _SLICE_SECONDS)):
            return
        if self._output_lock.acquire(blocking=False):
            try:
                with contextlib.suppress(ChildSilent):
                    self._fill(0.0)
            finally:
                self._output_lock.release()

    def end_input(self) -> None:
        """Close the child's standard input."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def wait(self, seconds: float) -> int | None:
        """Return the exit status, or ``None`` while the process goes on after so long."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """End the process and its group at once, and take its end."""
        kill_group(self._process.pid)
        self._process.kill()
        self.wait(_END_SECONDS)
        self._error_thread.join(_END_SECONDS)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def error_lines(self) -> list[str]:
        """Return the last lines of its standard error."""
        return [line.decode("utf-8", "backslashreplace") for line in self._error_lines]

    def settle(self) -> int | None:
        """Give a child that is ending the time for it; return its status, if it ended."""
        status = self.wait(_END_SECONDS)
        if status is not None:
            self._error_thread.join(_END_SECONDS)
        return status

    def _keep_error_lines(self) -> None:
        stream = self._process.stderr
        assert stream is not None  # noqa: S101 - asked for above
        with stream:
            rest = b""
            while chunk := os.read(stream.fileno(), 1 << 16):
                *lines, rest = (rest + chunk).split(b"\n")
                self._error_lines.extend(line[:_ERROR_LINE_BYTES_MAX] for line in lines)
                rest = rest[:_ERROR_LINE_BYTES_MAX]
            if rest:
                self._error_lines.append(rest)


def _is_ready(descriptor: int, event: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(max(0, seconds) * 1000))


def end_text(status: int) -> str:
    """Return how a process ended, in words."""
    if status >= 0:
        return f"ended with exit status {status}"
    names = {number.value: number.name for number in signal.Signals}
    return f"was ended by {names.get(-status, f'signal {-status}')}"
