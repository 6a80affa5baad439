"""One backend judged in a process of its own.

A backend may hang, exit or crash the interpreter. The process around it keeps
that from the run: the parent gets messages, and where they stop it ends the
process and says what was going on.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, Final

from conformance.engine.breadcrumbs import last_words
from conformance.engine.scratch import ScratchFolder, remove_dead_folders
from conformance.errors import ConformanceError, UsageError
from conformance.records.results import BackendReport
from conformance.run.ending import (
    end_text,
    interrupts_held,
    termination_interrupts,
)
from conformance.run.jobs import Job, watched_seconds_max
from conformance.run.judging import work
from telltale_spec.operating_system import kill_group

__all__ = ["OwnFaultError", "run_jobs"]

_BEAT_SECONDS: Final = 0.5
_GRACE_SECONDS: Final = 5.0
# Importing a target, or anything else that is no call, may take this long.
_IDLE_SECONDS_MAX: Final = 60.0


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
        self.process: BaseProcess = context.Process(target=work, args=arguments)
        with interrupts_held():
            self.process.start()
        sender.close()
        self.began_at = self.heard_at = self.moved_at = time.monotonic()

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
        if self.job.seconds_max is not None and now - self.began_at > self.job.seconds_max:
            return self._fault(f"it was not done within {self.job.seconds_max:.0f} seconds")
        if now - self.heard_at > silent_seconds_max:
            return self._fault(f"no sign of life for {silent_seconds_max:.0f} seconds")
        if now - self.moved_at > idle_seconds_max:
            return self._fault(f"nothing happened for {idle_seconds_max:.0f} seconds")
        return None

    def _call_seconds_max(self) -> float:
        return watched_seconds_max(self.job) + _GRACE_SECONDS

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
                kill_group(group)
            self.process.kill()
            self.process.join(_GRACE_SECONDS)
        self.receiver.close()
        self.workspace.cleanup()
