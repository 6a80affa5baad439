"""A harness under ``strace``: its trace is read while it runs."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from conformance.backend import Launch
from conformance.crashes.disk import Image
from conformance.crashes.recorder import RAW_CALLS, TRACED_CALLS, Recorder
from conformance.crashes.recording import Recording
from conformance.crashes.trace_errors import CutOffTraceError
from conformance.door.child import Start, started
from conformance.door.connection import Connection, OnProcess
from conformance.door.forked import ForkServer
from conformance.engine.scratch import ScratchFolder

__all__ = [
    "TEXT_BYTES_MAX",
    "TracedHarness",
    "obstacle",
    "traced_command",
    "traced_connection",
]

TEXT_BYTES_MAX: Final = 1 << 24
"""How many bytes of one call a trace keeps."""

_TRIAL_SECONDS_MAX: Final = 20.0
_TRACE_SECONDS_MAX: Final = 20.0
_POLL_SECONDS: Final = 0.000_5

# The beginning of the line of a call; one that was interrupted goes on in a line of another form.
_SYNC: Final = re.compile(r"(?:\d+ +)?(f(?:data)?sync)\(")


@functools.cache
def obstacle() -> str:
    """Return why no harness can be traced here, or an empty text."""
    if not sys.platform.startswith("linux"):
        return "system calls are traced on Linux only"
    program = shutil.which("strace")
    if program is None:
        return "strace is not installed"
    with ScratchFolder() as folder:
        command = traced_command((sys.executable, "-S", "-c", ""), folder.path / "trace")
        try:
            trial = subprocess.run(  # noqa: S603 - our own program
                command, capture_output=True, timeout=_TRIAL_SECONDS_MAX, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"strace does not run here: {error}"
    if trial.returncode != 0:
        told = trial.stderr.decode("utf-8", "backslashreplace").strip().splitlines()
        return f"strace may not trace here: {told[-1] if told else 'no reason was given'}"
    return ""


def traced_command(
    command: Sequence[str], trace: Path, options: Sequence[str] = (), calls: Sequence[str] = ()
) -> list[str]:
    """Return the command that runs another under strace, its trace going to a file."""
    return [*_tracer(trace, options, calls), "--seccomp-bpf", "--", *command]


def _tracer(trace: Path, options: Sequence[str], calls: Sequence[str]) -> list[str]:
    """Return the command of strace without what it traces."""
    names = ",".join(f"?{name}" for name in calls or TRACED_CALLS)
    raw = [] if calls else ["-e", f"raw={','.join(RAW_CALLS)}"]
    return [
        shutil.which("strace") or "strace",
        *("-f", "-yy", "-xx", "-s", str(TEXT_BYTES_MAX), "-o", str(trace)),
        *("-e", "signal=none", "-e", f"trace={names}"),
        *raw,
        *options,
    ]


def traced_connection(
    launch: Launch,
    trace: Path,
    options: Sequence[str] = (),
    calls: Sequence[str] = (),
    *,
    fork_server: ForkServer | None = None,
    on_line: Callable[[bool, bytes], None] | None = None,
    on_process: OnProcess | None = None,
) -> Connection:
    """Start a harness under strace, as a program of its own or as a child of a fork server.

    Raises ``BackendFault`` for a harness that does not start.
    """
    start: Start = started
    if fork_server is not None:
        tracer = _tracer(trace, options, calls)
        start = lambda command: fork_server.start_traced(tracer, trace.with_name("told"))  # noqa: E731
    return Connection(
        traced_command(launch.command, trace, options, calls),
        call_seconds_max=launch.call_seconds_max,
        starting_seconds_max=launch.starting_seconds_max,
        on_process=on_process or launch.on_process,
        on_line=on_line,
        start=start,
    )


class TracedHarness:
    """A harness whose system calls are recorded, one folder after the other."""

    def __init__(
        self,
        launch: Launch,
        options: Sequence[str] = (),
        fork_server: ForkServer | None = None,
    ) -> None:
        self._folder = ScratchFolder()
        trace = self._folder.path / "trace"
        trace.touch()
        self._rest = ""
        self._lines = trace.open(encoding="ascii", errors="backslashreplace")
        self._last_line = ""
        self._requests_count = 0
        self._sync_counts: Counter[str] = Counter()
        try:
            self.connection = traced_connection(
                launch, trace, options, fork_server=fork_server, on_line=self._count
            )
        except BaseException:
            self._lines.close()
            self._folder.cleanup()
            raise
        self._recorder = Recorder(self.connection.output_name)

    def end(self) -> None:
        """Shut the harness down and remove its trace."""
        self.connection.close()
        self._lines.close()
        self._folder.cleanup()

    def _count(self, is_request: bool, line: bytes) -> None:
        self._requests_count += is_request

    @property
    def injected_count(self) -> int:
        """How many calls were made to fail."""
        return self._recorder.injected_count

    @property
    def sync_counts(self) -> Counter[str]:
        """How many syncs of each name the process has asked for so far, of whatever files."""
        self._settle()
        return self._sync_counts

    @property
    def peers(self) -> tuple[str, ...]:
        """The ports that it has called over the network."""
        return self._recorder.peers

    def begin(self, root: Path, image: Image = Image()) -> None:  # noqa: B008 - it never changes
        """Record a folder, resolved, that holds ``image`` now; nothing may be under way."""
        self._settle()
        self._recorder.begin(str(root), image)

    def recorded(self) -> Recording:
        """Return what was recorded since the beginning, with everything that was answered.

        Raises :class:`TraceError`.
        """
        self._settle()
        self._recorder.check_seen()
        return self._recorder.recording

    def abandoned(self) -> Recording:
        """Return what was recorded of a harness that has ended; raises :class:`TraceError`."""
        self.drain()
        self._recorder.check_seen()
        return self._recorder.recording

    def drain(self) -> None:
        """Take what strace has written so far."""
        # A line that is not whole yet is kept for later.
        *lines, self._rest = (self._rest + self._lines.read()).split("\n")
        for line in lines:
            self._last_line = line
            sync = _SYNC.match(line)
            if sync is not None:
                self._sync_counts[sync[1]] += 1
            self._recorder.take(line)

    def _settle(self) -> None:
        """Wait until the answers to all requests are in the trace."""
        deadline = time.monotonic() + _TRACE_SECONDS_MAX
        self.drain()
        while self._recorder.answers_count < self._requests_count:
            if time.monotonic() > deadline:
                raise CutOffTraceError(self._last_line)
            time.sleep(_POLL_SECONDS)
            self.drain()
