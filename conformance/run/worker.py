"""One backend judged in a process of its own.

A backend may hang, exit or crash the interpreter. The process around it keeps
that from the run: the parent gets messages, and where they stop it ends the
process and says what was going on.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from conformance.backend import Backend
from conformance.door.protocol import HARNESS_GRACE_SECONDS
from conformance.engine.breadcrumbs import Breadcrumbs, last_words
from conformance.engine.scratch import ScratchFolder, remove_dead_folders
from conformance.errors import BackendFault, ConformanceError, UsageError
from conformance.records.replays import KnownFailure, Replay
from conformance.records.results import BackendReport
from conformance.run.ending import (
    end_histories_at_termination,
    end_text,
    interrupts_held,
    termination_interrupts,
)
from conformance.run.launching import launch_of

__all__ = ["Job", "OwnFaultError", "run_jobs"]

_BEAT_SECONDS: Final = 0.5
_GRACE_SECONDS: Final = 5.0
# Importing a target, or anything else that is no call, may take this long.
_IDLE_SECONDS_MAX: Final = 60.0


@dataclass(frozen=True)
class Job:
    """What one process judges: a shipped backend by name, a target, or a command.

    A command is the program of a harness; it has ``starting_seconds_max`` for its handshake.
    """

    name: str
    target: str | None
    profile: str
    seed: int
    call_seconds_max: float
    capabilities: tuple[str, ...] | None = None
    rejection_mode: str | None = None
    only: tuple[str, ...] = ()
    command: str | None = None
    starting_seconds_max: float = 0.0
    time_limit_seconds: float | None = None
    """The longest time by the clock for each suite, where it is not the profile's own."""

    replay: Replay | None = None
    """A failure to carry out again, in place of every search."""

    tour: bool = False
    known: tuple[KnownFailure, ...] = ()
    """Failures that are expected where they come again."""


class OwnFaultError(ConformanceError):
    """Report a fault of the suite itself, with the traceback of its process; exit status 5."""


Progress = Callable[[str, Any], None]
"""Gets the name of a backend, and how far the search of a suite on it is."""


def run_jobs(jobs: list[Job], *, parallel: int, on_progress: Progress) -> list[BackendReport]:
    """Run every job in its own process, ``parallel`` at a time, and return reports in order.

    Raises :class:`UsageError` for a target that cannot be used and
    :class:`OwnFaultError` for a fault of the suite. Every wait has a limit.
    """
    waiting = [_Running(index, job) for index, job in enumerate(jobs)]
    running: list[_Running] = []
    reports: dict[int, BackendReport] = {}
    remove_dead_folders()
    try:
        with termination_interrupts():
            while waiting or running:
                while waiting and len(running) < parallel:
                    running.append(waiting.pop(0))
                    running[-1].start()
                wait([each.receiver for each in running], timeout=_BEAT_SECONDS)
                for each in list(running):
                    report = each.advance(on_progress)
                    if report is not None:
                        reports[each.index] = report
                        running.remove(each)
    except KeyboardInterrupt:
        for each in running:
            each.ask_to_end()
        raise
    finally:
        for each in running:
            each.stop()
        # What they had elsewhere, too.
        remove_dead_folders()
    return [reports[index] for index in range(len(jobs))]


def _watched_seconds_max(job: Job) -> float:
    """Return the limit on one call; a harness has its own on each request, which says more."""
    return job.call_seconds_max + (0.0 if job.command is None else HARNESS_GRACE_SECONDS)


class _Running:
    """A job in progress, seen from the parent."""

    def __init__(self, index: int, job: Job) -> None:
        self.index = index
        self.job = job
        self.blank = BackendReport(job.name, [], "", [], [], [])
        self.calls = 0
        self.imported = False
        self.activity = "starting"
        self.harness_groups: set[int] = set()
        # The report once every verdict is known; what comes after cannot take it back.
        self.judged: BackendReport | None = None

    def start(self) -> None:
        """Start the process, in a group of its own so that its children end with it."""
        context = multiprocessing.get_context("spawn")
        self.receiver, sender = context.Pipe(duplex=False)
        self.workspace = ScratchFolder()
        arguments = (self.job, sender, str(self.workspace.path))
        self.process: BaseProcess = context.Process(target=_work, args=arguments)
        with interrupts_held():
            self.process.start()
        sender.close()
        self.heard_at = self.moved_at = time.monotonic()

    def advance(self, on_progress: Progress) -> BackendReport | None:
        """Take what has arrived; return the report once there is one."""
        while self.receiver.poll():
            try:
                kind, content = self.receiver.recv()
            except (EOFError, OSError):
                return self._ended()
            except Exception:
                # A backend that writes to every open file can do that.
                return self._fault("its process sent something else than a message")
            self.heard_at = time.monotonic()
            report = self._take(kind, content, on_progress)
            if report is not None:
                self.stop()
                return report
        return self._overdue()

    def _take(self, kind: str, content: Any, on_progress: Progress) -> BackendReport | None:
        if kind == "beat":
            return self._check_beat(*content)
        self.moved_at = self.heard_at
        match kind:
            case "importing":
                self.activity = "importing the target"
            case "making":
                in_python = self.job.command is None
                self.imported = in_python
                self.activity = "trying the factory" if in_python else "starting the harness"
            case "judging":
                self.blank = content
            case "progress":
                self.activity = f"judging {content.suite}"
                on_progress(self.job.name, content)
            case "harness":
                group, started = content
                (self.harness_groups.add if started else self.harness_groups.discard)(group)
            case "judged":
                self.judged = content
            case "report":
                return content  # type: ignore[no-any-return]
            case "usage":
                raise UsageError(content)
            case _:
                raise OwnFaultError(content)
        return None

    def _check_beat(self, running_seconds: float, calls: int) -> BackendReport | None:
        if calls != self.calls:
            self.calls, self.moved_at = calls, self.heard_at
        if running_seconds > self._call_seconds_max():
            return self._fault(f"one call did not end within {running_seconds:.0f} seconds")
        return None

    def _overdue(self) -> BackendReport | None:
        if not self.process.is_alive() and not self.receiver.poll():
            return self._ended()
        idle_seconds_max = max(self._call_seconds_max(), _IDLE_SECONDS_MAX)
        silent_seconds_max = self._call_seconds_max() if self.imported else idle_seconds_max
        now = time.monotonic()
        if now - self.heard_at > silent_seconds_max:
            return self._fault(f"no sign of life for {silent_seconds_max:.0f} seconds")
        if now - self.moved_at > idle_seconds_max:
            return self._fault(f"nothing happened for {idle_seconds_max:.0f} seconds")
        return None

    def _call_seconds_max(self) -> float:
        return _watched_seconds_max(self.job) + _GRACE_SECONDS

    def _ended(self) -> BackendReport:
        self.process.join(_GRACE_SECONDS)
        ended = f"{end_text(self.process.exitcode)}{last_words(self.workspace.path)}"
        return self._fault(ended)

    def _fault(self, message: str) -> BackendReport:
        self.stop()
        if self.judged is not None:
            return self.judged
        return replace(self.blank, fault=f"{message} (while {self.activity})")

    def ask_to_end(self) -> None:
        """Let the process take away what its histories have on a server, for a short time."""
        if self.process.pid is not None:
            self.process.terminate()
            self.process.join(_GRACE_SECONDS)

    def stop(self) -> None:
        """End the process with all that it started, wait for it and clean up after it."""
        process_id = self.process.pid
        if process_id is not None:
            # The worker first: otherwise it could start its harness again.
            for group in (process_id, *self.harness_groups):
                if hasattr(os, "killpg"):
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(group, signal.SIGKILL)
            self.process.kill()
            self.process.join(_GRACE_SECONDS)
        self.receiver.close()
        self.workspace.cleanup()


def _work(job: Job, sender: Connection, workspace: str) -> None:
    _separate(workspace)
    own_process_id = os.getpid()
    send_lock = threading.Lock()

    def send(kind: str, content: Any) -> None:
        if os.getpid() != own_process_id:
            # A copy of this process that the backend made by forking.
            os._exit(0)
        with send_lock:
            sender.send((kind, content))

    try:
        send(*_outcome(job, send))
    except OSError:
        # Nobody listens any more.
        os._exit(1)


def _separate(workspace: str) -> None:
    """Keep what a backend does to its process away from the process around it."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    # What a backend prints must not mix with the report.
    sys.stdout = sys.stderr
    os.dup2(2, 1)
    tempfile.tempdir = workspace
    Breadcrumbs.keep_in(Path(workspace))
    end_histories_at_termination()


def _outcome(job: Job, send: Callable[[str, Any], None]) -> tuple[str, Any]:
    try:
        return "report", _judge(job, send)
    except UsageError as error:
        return "usage", str(error)
    except BackendFault as fault:
        return "report", BackendReport(job.name, [], "", [], [], [], fault.message)
    except KeyboardInterrupt:
        # The keyboard does not reach this process.
        text = "the backend raised KeyboardInterrupt"
        return "report", BackendReport(job.name, [], "", [], [], [], text)
    except BaseException:
        return "own-fault", traceback.format_exc()


def _judge(job: Job, send: Callable[[str, Any], None]) -> BackendReport:
    from conformance.engine.watch import CallWatch

    notes: list[str] = []
    with CallWatch(_watched_seconds_max(job)) as watch, contextlib.ExitStack() as stack:
        _start_beat(lambda: (watch.running_seconds(), watch.calls), send)
        # Before the engine is there: a harness that cannot be judged is told so at once.
        harness = None if job.command is None else stack.enter_context(_harness(job, send, notes))
        # Imported here, so that a parent that only prints usage does not pay for Hypothesis.
        from hypothesis.configuration import set_hypothesis_home_dir

        from conformance.run.runner import fault_report

        set_hypothesis_home_dir(_cache_folder())
        backend = harness or stack.enter_context(_beside(_backend(job, watch, send), job, send))
        send("judging", fault_report(backend, None))
        try:
            report = _report(job, backend, watch, send)
        except BackendFault as fault:
            report = fault_report(backend, fault.message)
    # How a harness ends is known only now.
    return replace(report, notes=[*report.notes, *notes])


def _report(job: Job, backend: Any, watch: Any, send: Callable[[str, Any], None]) -> BackendReport:
    """Return what a job is for: the verdicts of a whole run, or of one replay."""
    from conformance.engine.profiles import profile
    from conformance.run.replaying import replayed_result
    from conformance.run.runner import fault_report, judge_backend, tour_backend

    if job.replay is not None:
        result = replayed_result(backend, job.replay, watch)
        return replace(fault_report(backend, None), results=[result])
    if job.tour:
        return tour_backend(backend, watch=watch)
    return judge_backend(
        backend,
        profile(job.profile, job.time_limit_seconds),
        seed=job.seed,
        watch=watch,
        on_progress=lambda name, headway: send("progress", headway),
        on_judged=lambda judged: send("judged", judged),
        only=job.only,
        known=[each for each in job.known if each.backend == backend.name],
    )


def _cache_folder() -> Path:
    """Return where the engine may keep its tables, rather than in the user's folder."""
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        # There is nobody at home.
        base = Path(tempfile.gettempdir())
    return base / "telltale-conformance"


def _backend(job: Job, watch: Any, send: Callable[[str, Any], None]) -> Any:
    from conformance.run.shipped import SHIPPED_BACKENDS
    from conformance.run.targets import backend_of, find_target, redeclared

    if job.target is None:
        backend = next(backend for backend in SHIPPED_BACKENDS if backend.name == job.name)
        return replace(backend, launch=launch_of(job.name, job.call_seconds_max, send))
    send("importing", None)
    found = find_target(job.target)
    send("making", None)
    backend = found if isinstance(found, Backend) else backend_of(found, job.target, watch)
    backend = redeclared(backend, job.capabilities, job.rejection_mode)
    return replace(backend, launch=launch_of(job.target, job.call_seconds_max, send))


def _beside(
    backend: Any, job: Job, send: Callable[[str, Any], None]
) -> contextlib.AbstractContextManager[Any]:
    from conformance.run.places import with_further_processes

    return with_further_processes(
        backend,
        job.target or job.name,
        call_seconds_max=job.call_seconds_max,
        on_process=lambda group, started: send("harness", (group, started)),
    )


def _harness(
    job: Job, send: Callable[[str, Any], None], notes: list[str]
) -> contextlib.AbstractContextManager[Any]:
    from conformance.door.harness import harness_backend

    send("making", None)
    return harness_backend(
        job.command or "",
        call_seconds_max=job.call_seconds_max,
        starting_seconds_max=job.starting_seconds_max,
        on_process=lambda group, started: send("harness", (group, started)),
        on_end_note=notes.append,
    )


def _start_beat(state: Callable[[], tuple[float, int]], send: Callable[[str, Any], None]) -> None:
    def beat() -> None:
        while True:
            time.sleep(_BEAT_SECONDS)
            try:
                send("beat", state())
            except OSError:
                # Nobody listens any more: either the report has arrived and this
                # process is about to end, or the parent was killed.
                os._exit(0)

    threading.Thread(target=beat, name="beat", daemon=True).start()
