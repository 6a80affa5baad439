"""One shell that carries out the commands of a tutorial, one after the other."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Printed", "Session", "session"]

_END = "--- end of the command: "
_SECONDS_MAX = 300.0
_ENDING_SECONDS_MAX = 10.0


@dataclass(frozen=True)
class Printed:
    """What a command printed to its two outputs, and how it ended."""

    output: str
    errors: str
    status: int


class Session:
    """A shell: what one command sets is there for the next one."""

    def __init__(self, shell: subprocess.Popen[str], errors: Path) -> None:
        self._shell = shell
        self._errors = errors
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._last_status = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def join(self) -> None:
        """Wait for the rest of the output of a shell that is over."""
        self._reader.join(_ENDING_SECONDS_MAX)

    def _read(self) -> None:
        assert self._shell.stdout is not None
        for line in self._shell.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def run(self, words: str) -> Printed:
        """Carry out a command; raises ``TimeoutError`` after five minutes of silence."""
        assert self._shell.stdin is not None
        before = self._errors.stat().st_size
        # `$?` is that of the command before, as if nothing of ours had run between them.
        self._shell.stdin.write(
            f"(exit {self._last_status})\n{{ {words}\n}} </dev/null\nprintf '\\n{_END}%s\\n' $?\n"
        )
        self._shell.stdin.flush()
        output = ""
        while True:
            try:
                line = self._lines.get(timeout=_SECONDS_MAX)
            except queue.Empty:
                raise TimeoutError(f"`{words}` was silent for {_SECONDS_MAX:g} s") from None
            if line is None:
                raise RuntimeError(f"`{words}` ended the shell")
            if line.startswith(_END):
                break
            output += line
        self._last_status = int(line.removeprefix(_END))
        errors = self._errors.read_text(encoding="utf-8", errors="replace")[before:]
        return Printed(output.strip("\n"), errors, self._last_status)


@contextmanager
def session(folder: Path, environment: Mapping[str, str], user: str | None) -> Iterator[Session]:
    """Yield a shell in a folder; when it is over, whatever it started is ended with it.

    ``user`` is who it runs as, ``None`` for whoever calls.
    """
    errors = folder / ".errors"
    with (
        errors.open("w") as file,
        subprocess.Popen(
            ["/bin/bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(environment),
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
            start_new_session=True,
        ) as shell,
    ):
        opened = Session(shell, errors)
        try:
            yield opened
        finally:
            _end_all(environment["HOME"])
            opened.join()


def _end_all(home: str) -> None:
    """End the shell and whatever it started, servers in sessions of their own included."""
    for sent, seconds in ((signal.SIGTERM, _ENDING_SECONDS_MAX), (signal.SIGKILL, 5.0)):
        limit = time.monotonic() + seconds
        found = _processes_of(home)
        for process in found:
            # One that is over by now is what is wanted.
            with suppress(ProcessLookupError):
                os.kill(process, sent)
        while _processes_of(home) and time.monotonic() < limit:
            time.sleep(0.05)
    left = _processes_of(home)
    if left:
        raise RuntimeError(f"processes {left} of {home} do not end")


def _processes_of(home: str) -> list[int]:
    """Return the processes whose home is a folder, which no others have; zombies have none."""
    found = []
    for each in Path("/proc").glob("[0-9]*/environ"):
        # It may be another user's, or over by now.
        with suppress(OSError):
            if f"HOME={home}".encode() in each.read_bytes().split(b"\0"):
                found.append(int(each.parent.name))
    return found
