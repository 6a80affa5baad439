"""The runner's end of a fork server: children that begin at once, each of them under a tracer."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, Final

from conformance.backend import Launch
from conformance.door.child import Process
from conformance.door.fork_server import MESSAGE_BYTES_MAX, STREAMS_COUNT
from conformance.errors import BackendFault
from telltale_spec.operating_system import NEW_GROUP, kill_group

__all__ = ["ForkServer", "begun_fork_server", "can_fork"]

_OURS: Final = re.compile(r"-m conformance serve |-c import sys; .*conformance\.__main__.* serve ")
_POLL_SECONDS: Final = 0.000_5
_ANSWER_SECONDS: Final = 10.0
_TRACER_SECONDS_MAX: Final = 10.0
_ATTACHED: Final = " attached"


def can_fork(command: Sequence[str]) -> bool:
    """Say whether a harness is one of ours, which can make others of itself."""
    is_ours = command[0] == sys.executable and _OURS.match(" ".join(command[1:])) is not None
    return is_ours and sys.platform.startswith("linux")


class ForkServer:
    """A harness that has begun and makes others of itself, for one thread after the other.

    ``obstacle`` says why it cannot, or nothing. Raises ``OSError`` where it does not start or does
    not answer within ``seconds_max``.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        seconds_max: float,
        on_process: Callable[[int, bool], None],
    ) -> None:
        self._on_process = on_process
        self._asking = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [*command, "--fork-server", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                process_group=NEW_GROUP,
                pass_fds=(theirs.fileno(),),
            )
        on_process(self._process.pid, True)
        try:
            self.obstacle = str(self._answer(seconds_max))
        except OSError:
            self.end()
            raise

    @property
    def process_id(self) -> int:
        """Number of its process, and of its group."""
        return self._process.pid

    def end(self) -> None:
        """End the server; children of it that go on are not its own any more."""
        self._control.close()
        kill_group(self._process.pid)
        self._process.wait()
        self._on_process(self._process.pid, False)

    def start_traced(self, tracer: Sequence[str], told: Path) -> Process:
        """Start a child, and a tracer that sees all that it is asked to do.

        ``tracer`` is the command of strace without what it traces; what it has to say goes to the
        file ``told``. Raises ``OSError``.
        """
        child = self._started()
        try:
            child.trace(tracer, told)
        except OSError:
            kill_group(child.pid)
            child.kill()
            child.close()
            raise
        return child

    def start(self, command: Sequence[str]) -> Process:
        """Start a child in a group of its own, whatever its command; raises ``OSError``."""
        return self._started()

    def _started(self) -> _ForkedProcess:
        streams = [os.pipe() for _ in range(STREAMS_COUNT)]
        ours = [streams[0][1], streams[1][0], streams[2][0]]
        theirs = [streams[0][0], streams[1][1], streams[2][1]]
        try:
            with self._asking:
                socket.send_fds(self._control, [b"{}"], theirs)
                process_id = int(self._answer(_ANSWER_SECONDS))
        except OSError:
            for each in ours:
                os.close(each)
            raise
        finally:
            for each in theirs:
                os.close(each)
        return _ForkedProcess(self, process_id, ours)

    def wait(self, process_id: int, seconds: float) -> int | None:
        """Return how a child ended, or nothing while it goes on.

        Raises ``BackendFault`` where the server itself has ended, as a child may make it do.
        """
        try:
            with self._asking:
                question = {"wait": process_id, "seconds": seconds}
                self._control.send(json.dumps(question).encode())
                status = self._answer(seconds + _ANSWER_SECONDS)
        except OSError as error:
            raise BackendFault("fork server", f"it does not answer: {error}") from error
        return None if status is None else int(status)

    def _answer(self, seconds_max: float) -> Any:
        self._control.settimeout(seconds_max)
        answer = self._control.recv(MESSAGE_BYTES_MAX)
        if not answer:
            raise ConnectionResetError("the fork server has ended")
        return json.loads(answer)


def begun_fork_server(launch: Launch) -> ForkServer | None:
    """Return what starts harnesses at once, or nothing where that cannot be done.

    There is another way then, which tells what is wrong, if anything is.
    """
    if not can_fork(launch.command):
        return None
    try:
        server = ForkServer(
            launch.command, seconds_max=launch.starting_seconds_max, on_process=launch.on_process
        )
    except OSError:
        return None
    if server.obstacle:
        server.end()
        return None
    return server


class _ForkedProcess:
    """A child of a fork server, in the form of one of our own."""

    def __init__(self, server: ForkServer, process_id: int, streams: Sequence[int]) -> None:
        self._server = server
        self._tracer: subprocess.Popen[bytes] | None = None
        self._status: int | None = None
        self.pid = process_id
        self.stdin: IO[bytes] = os.fdopen(streams[0], "wb", 0)
        self.stdout: IO[bytes] = os.fdopen(streams[1], "rb", 0)
        self.stderr: IO[bytes] = os.fdopen(streams[2], "rb", 0)

    def trace(self, tracer: Sequence[str], told: Path) -> None:
        """Let a tracer attach, in the same group; return once it sees all that comes."""
        with told.open("wb") as errors:
            self._tracer = subprocess.Popen(  # noqa: S603 - strace, with our own options
                [*tracer, "-p", str(self.pid)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                process_group=self.pid,
            )
        deadline = time.monotonic() + _TRACER_SECONDS_MAX
        while _ATTACHED not in (text := told.read_text(errors="backslashreplace")):
            if self._tracer.poll() is not None or time.monotonic() > deadline:
                raise ChildProcessError(f"strace has not attached: {text.strip()}")
            time.sleep(_POLL_SECONDS)

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended, once its trace is whole.

        Raises ``subprocess.TimeoutExpired`` while it goes on, as a process of our own does.
        """
        seconds = _TRACER_SECONDS_MAX if timeout is None else timeout
        if self._status is None:
            # Nobody can ask for it twice.
            self._status = self._server.wait(self.pid, seconds)
        if self._status is None:
            raise subprocess.TimeoutExpired(["fork"], seconds)
        if self._tracer is not None:
            self._tracer.wait(_TRACER_SECONDS_MAX)
        return self._status

    def kill(self) -> None:
        """End the tracer; its process is in a group that whoever kills has killed."""
        if self._tracer is not None:
            self._tracer.kill()
            self._tracer.wait()

    def close(self) -> None:
        """Close the streams."""
        for each in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(OSError):
                each.close()
