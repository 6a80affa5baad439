"""One backend judged in a process of its own.

A backend may hang, exit or crash the interpreter. The process around it keeps
that from the run: the parent gets messages, and where they stop it ends the
process and says what was going on.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Final

from conformance.errors import BackendFault, ConformanceError, UsageError
from conformance.results import BackendReport

__all__ = ["Job", "OwnFaultError", "run_jobs"]

_BEAT_SECONDS: Final = 0.5
_GRACE_SECONDS: Final = 5.0
_START_SECONDS_MAX: Final = 60.0


@dataclass(frozen=True)
class Job:
    """What one process judges: a shipped backend by name, or a target."""

    name: str
    target: str | None
    profile: str
    seed: int
    call_seconds_max: float
    capabilities: tuple[str, ...] | None = None
    rejection_mode: str | None = None
    only: tuple[str, ...] = ()


class OwnFaultError(ConformanceError):
    """Report a fault of the suite itself, with the traceback of its process; exit status 5."""


Progress = Callable[[str, str, int], None]


def run_jobs(jobs: list[Job], *, parallel: int, on_progress: Progress) -> list[BackendReport]:
    """Run every job in its own process, ``parallel`` at a time, and return reports in order.

    Raises :class:`UsageError` for a target that cannot be used and
    :class:`OwnFaultError` for a fault of the suite. Every wait has a limit.
    """
    waiting = list(enumerate(jobs))
    running: list[_Running] = []
    reports: dict[int, BackendReport] = {}
    try:
        while waiting or running:
            while waiting and len(running) < parallel:
                running.append(_Running(*waiting.pop(0)))
            wait([each.receiver for each in running], timeout=_BEAT_SECONDS)
            for each in list(running):
                report = each.advance(on_progress)
                if report is not None:
                    reports[each.index] = report
                    running.remove(each)
    finally:
        for each in running:
            each.stop()
    return [reports[index] for index in range(len(jobs))]


class _Running:
    """A job in progress, seen from the parent."""

    def __init__(self, index: int, job: Job) -> None:
        self.index = index
        self.job = job
        context = multiprocessing.get_context("spawn")
        self.receiver, sender = context.Pipe(duplex=False)
        self.process: BaseProcess = context.Process(target=_work, args=(job, sender))
        self.process.start()
        sender.close()
        self.last_message_at = time.monotonic()
        self.started = False
        self.activity = "starting"

    def advance(self, on_progress: Progress) -> BackendReport | None:
        """Take what has arrived; return the report once there is one."""
        while self.receiver.poll():
            try:
                kind, content = self.receiver.recv()
            except EOFError:
                return self._ended()
            self.last_message_at = time.monotonic()
            report = self._take(kind, content, on_progress)
            if report is not None:
                self.stop()
                return report
        return self._overdue()

    def _take(self, kind: str, content: Any, on_progress: Progress) -> BackendReport | None:
        match kind:
            case "progress":
                self.started = True
                self.activity = content[0]
                on_progress(self.job.name, *content)
            case "beat" if content > self.job.call_seconds_max + _GRACE_SECONDS:
                return self._fault(f"one call did not end within {content:.0f} seconds")
            case "report":
                return content  # type: ignore[no-any-return]
            case "usage":
                self.stop()
                raise UsageError(content)
            case "own-fault":
                self.stop()
                raise OwnFaultError(content)
            case _:
                pass
        return None

    def _overdue(self) -> BackendReport | None:
        if not self.process.is_alive() and not self.receiver.poll():
            return self._ended()
        limit_seconds = self.job.call_seconds_max + _GRACE_SECONDS
        if not self.started:
            limit_seconds = max(limit_seconds, _START_SECONDS_MAX)
        if time.monotonic() - self.last_message_at < limit_seconds:
            return None
        return self._fault(f"no sign of life for {limit_seconds:.0f} seconds")

    def _ended(self) -> BackendReport:
        self.process.join(_GRACE_SECONDS)
        status = self.process.exitcode
        return self._fault(f"its process ended by itself with status {status}")

    def _fault(self, message: str) -> BackendReport:
        self.stop()
        text = f"{message} (while: {self.activity})"
        return BackendReport(self.job.name, [], "", [], [], [], text)

    def stop(self) -> None:
        """End the process and wait for it."""
        if self.process.is_alive():
            self.process.kill()
        self.process.join(_GRACE_SECONDS)
        self.receiver.close()


def _work(job: Job, sender: Connection) -> None:
    # What a backend prints must not mix with the report.
    sys.stdout = sys.stderr
    send_lock = threading.Lock()

    def send(kind: str, content: Any) -> None:
        with send_lock:
            sender.send((kind, content))

    try:
        send("report", _judge(job, send))
    except UsageError as error:
        send("usage", str(error))
    except BackendFault as fault:
        send("report", BackendReport(job.name, [], "", [], [], [], fault.message))
    except BaseException:
        send("own-fault", traceback.format_exc())


def _judge(job: Job, send: Callable[[str, Any], None]) -> BackendReport:
    # Imported here, so that a parent that only prints usage does not pay for Hypothesis.
    from conformance.machines.registry import SUITES
    from conformance.profiles import profile
    from conformance.runner import judge_backend
    from conformance.watch import CallWatch

    with CallWatch(job.call_seconds_max) as watch:
        _start_beat(watch.running_seconds, send)
        backend = _backend(job, watch)
        return judge_backend(
            backend,
            profile(job.profile),
            seed=job.seed,
            watch=watch,
            on_progress=lambda name, suite, count: send("progress", (suite, count)),
            suites=SUITES,
            only=job.only,
        )


def _backend(job: Job, watch: Any) -> Any:
    from conformance.shipped import SHIPPED_BACKENDS
    from conformance.targets import declaration, load_target

    if job.target is None:
        return next(backend for backend in SHIPPED_BACKENDS if backend.name == job.name)
    declared = None
    if job.capabilities is not None or job.rejection_mode is not None:
        declared = declaration(job.capabilities or (), job.rejection_mode or "clean-reject")
    return load_target(job.target, watch, declared)


def _start_beat(running_seconds: Callable[[], float], send: Callable[[str, Any], None]) -> None:
    def beat() -> None:
        while True:
            time.sleep(_BEAT_SECONDS)
            try:
                send("beat", running_seconds())
            except OSError:
                # Nobody listens any more: either the report has arrived and this
                # process is about to end, or the parent was killed.
                os._exit(0)

    threading.Thread(target=beat, name="beat", daemon=True).start()
