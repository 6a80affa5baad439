"""A server that is started by a command line, killed as by a crash, and started again.

The suite starts it itself and sends SIGKILL itself: an orderly end that somebody else's program
makes of a kill would let a server pass that keeps nothing.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import IO, Final

from conformance.backend import ServerFault
from conformance.errors import UsageError
from conformance.servers import trees
from telltale_spec.operating_system import NEW_GROUP, NEW_GROUP_FLAGS

__all__ = [
    "READY_VARIABLE",
    "SERVER_VARIABLE",
    "ServerProcess",
    "is_server_given",
    "server_of_environment",
    "set_server",
]

SERVER_VARIABLE: Final = "TELLTALE_SERVER"
READY_VARIABLE: Final = "TELLTALE_SERVER_READY"

_STARTING_SECONDS_MAX: Final = 30.0
_POLL_SECONDS: Final = 0.02
_ASKING_SECONDS_MAX: Final = 10.0
_SHOWN_LINES: Final = 3
_SHOWN_BYTES: Final = 4_096


class ServerProcess:
    """A server in the foreground of a process of ours (WAL-08.server-kill).

    ``command`` runs it on its data and does not return; ``ready`` ends with status 0 once it
    serves. Without the latter it counts as ready as soon as it waits for connections.
    ``on_process`` gets the number of its process when it starts (true) and when it is gone (false).
    """

    def __init__(
        self,
        command: str,
        ready: str | None = None,
        *,
        on_process: Callable[[int, bool], None] = lambda process_id, started: None,
        starting_seconds_max: float = _STARTING_SECONDS_MAX,
    ) -> None:
        self._command = _words(command, SERVER_VARIABLE)
        self._ready = None if ready is None else _words(ready, READY_VARIABLE)
        self._on_process = on_process
        self._starting_seconds_max = starting_seconds_max
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None

    def start(self) -> None:
        """Start it on its data and return once it serves; raises :class:`ServerFault`."""
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed where it is killed
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own command
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                process_group=NEW_GROUP,
                creationflags=NEW_GROUP_FLAGS,
            )
        except OSError as error:
            self._output.close()
            text = f"`{self._command[0]}` cannot be started: {error.strerror}"
            raise ServerFault(text) from error
        self._process = process
        self._on_process(process.pid, True)
        limit = time.monotonic() + self._starting_seconds_max
        while not self._is_ready(process):
            status = process.poll()
            if status is not None or time.monotonic() > limit:
                ended = f"ended with status {status}"
                waited = f"did not get ready within {self._starting_seconds_max:g} seconds"
                text = f"the server {waited if status is None else ended}{self._last_lines()}"
                self.kill()
                raise ServerFault(text)
            time.sleep(_POLL_SECONDS)

    def freeze(self) -> None:
        """Stop it where it is: what it is sent from now on waits until it is killed."""
        if self._process is not None:
            trees.hold(self._process.pid)

    def kill(self) -> None:
        """End it and everything it started by SIGKILL, and return when all of it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        trees.kill(process.pid)
        process.wait(_ASKING_SECONDS_MAX)
        self._on_process(process.pid, False)
        if self._output is not None:
            self._output.close()

    def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        if self._ready is None:
            return trees.listens(process.pid)
        try:
            done = subprocess.run(  # noqa: S603 - the user's own command
                self._ready,
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_ASKING_SECONDS_MAX,
            )
        except subprocess.TimeoutExpired:
            return False
        except OSError as error:
            text = f"{READY_VARIABLE}: `{self._ready[0]}` cannot be started: {error.strerror}"
            raise UsageError(text) from error
        return done.returncode == 0

    def _last_lines(self) -> str:
        output = self._output
        if output is None:
            return ""
        output.seek(max(0, os.fstat(output.fileno()).st_size - _SHOWN_BYTES))
        lines = output.read().decode("utf-8", "backslashreplace").splitlines()
        shown = [line.strip() for line in lines if line.strip()][-_SHOWN_LINES:]
        return f": {' / '.join(shown)}" if shown else ""


def set_server(command: str | None, ready: str | None) -> None:
    """Name the server of this process and of those that it starts; ``None`` leaves it as it is.

    Raises :class:`UsageError` for what is no command line.
    """
    for variable, given in ((SERVER_VARIABLE, command), (READY_VARIABLE, ready)):
        if given is not None:
            _words(given, variable)
            os.environ[variable] = given
    if READY_VARIABLE in os.environ and SERVER_VARIABLE not in os.environ:
        raise UsageError(
            f"--server-ready (or {READY_VARIABLE}) says when a server is ready, and none is given: "
            f"--server COMMAND (or {SERVER_VARIABLE})"
        )


def is_server_given() -> bool:
    """Say whether the environment names a server."""
    return SERVER_VARIABLE in os.environ


@contextlib.contextmanager
def server_of_environment(
    on_process: Callable[[int, bool], None] = lambda process_id, started: None,
) -> Iterator[ServerProcess | None]:
    """Start the server that the environment names, and end it afterwards; ``None`` for none.

    Raises :class:`UsageError` for one that does not start.
    """
    set_server(None, None)
    command = os.environ.get(SERVER_VARIABLE)
    if command is None:
        yield None
        return
    server = ServerProcess(command, os.environ.get(READY_VARIABLE), on_process=on_process)
    try:
        try:
            server.start()
        except ServerFault as fault:
            raise UsageError(f"--server (or {SERVER_VARIABLE}): {fault}") from fault
        yield server
    finally:
        # Also where starting was broken off, as by a command that cannot tell whether it is ready.
        server.kill()


def _words(command: str, variable: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"{variable} `{command}`: {error}") from error
    if not words:
        raise UsageError(f"{variable} is empty; expected a program and its arguments")
    return words
