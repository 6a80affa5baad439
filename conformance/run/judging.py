"""What the process does that judges one backend: it tells its parent how far it is, and the end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from conformance.engine.breadcrumbs import Breadcrumbs
from conformance.errors import BackendFault, UsageError
from conformance.life_cycle import begin_run
from conformance.records.results import BackendReport
from conformance.run.ending import end_histories_at_termination
from conformance.run.jobs import Job, watched_seconds_max
from conformance.run.launching import launch_of
from telltale_spec.operating_system import unblock_signals

__all__ = ["work"]

_BEAT_SECONDS: Final = 0.5


def work(job: Job, sender: Connection, workspace: str) -> None:
    """Judge a backend and send messages until there is a report, a wrong use or a fault."""
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
        unblock_signals({signal.SIGINT})
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
    with CallWatch(watched_seconds_max(job)) as watch, contextlib.ExitStack() as stack:
        _start_beat(lambda: (watch.running_seconds(), watch.calls), send)
        # Before anything is made: a factory may ask its server at once.
        server = stack.enter_context(_server(send))
        # Before the engine is there: a harness that cannot be judged is told so at once.
        harness = None if job.command is None else stack.enter_context(_harness(job, send, notes))
        # Imported here, so that a parent that only prints usage does not pay for Hypothesis.
        from hypothesis.configuration import set_hypothesis_home_dir

        from conformance.run.runner import fault_report

        set_hypothesis_home_dir(_cache_folder())
        backend = harness or stack.enter_context(_beside(_backend(job, watch, send), job, send))
        backend = backend if server is None else replace(backend, server=server)
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
    from conformance.machines.registry import file_system_note, suites_on
    from conformance.run.replaying import replayed_result
    from conformance.run.runner import fault_report, judge_backend, tour_backend

    if job.replay is not None:
        begin_run(job.seed)
        result = replayed_result(backend, job.replay, watch)
        return replace(fault_report(backend, None), results=[result])
    if job.tour:
        return tour_backend(backend, watch=watch)
    report = judge_backend(
        backend,
        profile(job.profile, job.time_limit_seconds),
        seed=job.seed,
        watch=watch,
        on_progress=lambda name, headway: send("progress", headway),
        on_judged=lambda judged: send("judged", judged),
        suites=[
            each for each in suites_on(job.file_system) if not job.suites or each.name in job.suites
        ],
        only=job.only,
        known=[each for each in job.known if each.backend == backend.name],
        is_part=bool(job.suites),
    )
    note = file_system_note(job.file_system)
    return replace(report, notes=[*report.notes, note]) if note else report


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
    from conformance.run.targets import find_target, found_backend, redeclared

    if job.target is None:
        backend = next(backend for backend in SHIPPED_BACKENDS if backend.name == job.name)
        return replace(backend, launch=launch_of(job.name, job.call_seconds_max, send))
    send("importing", None)
    found = find_target(job.target)
    send("making", None)
    backend = found_backend(found, job.target, watch)
    backend = redeclared(backend, job.capabilities, job.rejection_mode, job.mends)
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


def _server(send: Callable[[str, Any], None]) -> contextlib.AbstractContextManager[Any]:
    from conformance.servers.process import server_of_environment

    return server_of_environment(lambda group, started: send("harness", (group, started)))


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
