"""What a worker does with a unit: it judges it as `check` does, in a process of its own."""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from multiprocessing import process
from pathlib import Path
from typing import Final

from conformance.campaigns.units import Unit, UnitResult
from conformance.errors import UsageError
from conformance.records.redaction import hidden_secrets, secrets_of
from conformance.records.results import BackendReport
from conformance.run.worker import OwnFaultError, run_jobs

__all__ = [
    "judged_unit",
    "options_of",
    "own_version",
    "report_of_result",
    "serve_unit",
    "unit_seconds_max",
    "work_unit",
]

# So long may everything around a judgement take, before a worker is given up.
_GRACE_SECONDS: Final = 60.0
_PARENT_BEAT_SECONDS: Final = 0.5

# The child looks for modules where the worker does, whatever changed that on the way.
_PROGRAM: Final = (
    "import sys; sys.path[:] = {path!r}; "
    "from conformance.campaigns.working import serve_unit; serve_unit()"
)


@cache
def own_version() -> str:
    """Return the version of the distribution, with a digest of its sources.

    Two checkouts of one version may judge differently, so the version alone says too little.
    """
    from conformance.run.reports import suite_version

    packages = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for name in ("conformance", "strategies", "telltale_spec"):
        for path in sorted((packages / name).rglob("*.py")):
            digest.update(path.relative_to(packages).as_posix().encode() + b"\0")
            # A checkout elsewhere may end its lines in another way.
            digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return f"{suite_version()}+{digest.hexdigest()[:12]}"


def unit_seconds_max(unit: Unit) -> float:
    """Return how long a unit may take on a worker, everything included."""
    return (unit.job.seconds_max or 0.0) + _GRACE_SECONDS


def work_unit(unit: Unit) -> UnitResult:
    """Judge a unit; return what came of it as a plain value, also where nothing did.

    A worker of another version is no judge. In a thread, or in a process that may not have
    children, the judgement gets a process around it.
    """
    if unit.version != own_version():
        return UnitResult(unit.number, refusal=f"{own_version()} on {socket.gethostname()}")
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and not process.current_process().daemon:
        return judged_unit(unit)
    return _judged_elsewhere(unit)


def judged_unit(unit: Unit) -> UnitResult:
    """Judge a unit in a child of this process."""
    began_at = time.monotonic()
    try:
        (report,) = run_jobs([unit.job], parallel=1, on_progress=lambda name, headway: None)
    except UsageError as error:
        return UnitResult(unit.number, usage=str(error))
    except OwnFaultError as error:
        return UnitResult(unit.number, own_fault=str(error))
    limit = unit.job.seconds_max
    is_overdue = limit is not None and time.monotonic() - began_at >= limit
    # What secrets there are only this process may know; the samples of good histories are many.
    shown = replace(hidden_secrets(report, secrets_of(os.environ)), samples=[])
    return UnitResult(unit.number, shown.to_dict(), is_overdue and report.fault is not None)


def _judged_elsewhere(unit: Unit) -> UnitResult:
    command = [sys.executable, "-c", _PROGRAM.format(path=sys.path)]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            command,
            input=pickle.dumps(unit),
            stdout=subprocess.PIPE,
            env=os.environ | dict(unit.options),
            timeout=unit_seconds_max(unit),
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        return UnitResult(unit.number, lost=f"its process did not end in {expired.timeout:.0f} s")
    if done.returncode:
        return UnitResult(unit.number, lost=f"its process ended with status {done.returncode}")
    result: UnitResult = pickle.loads(done.stdout)  # noqa: S301 - written by our own child
    return result


def serve_unit() -> None:
    """Judge the unit on standard input and write its result to standard output."""
    output = os.fdopen(os.dup(1), "wb")
    # What is printed by anybody must not mix with the result.
    os.dup2(2, 1)
    unit: Unit = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by our own parent
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    with output:
        pickle.dump(judged_unit(unit), output)


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_BEAT_SECONDS)
    # The histories of the judgement are closed and destroyed on the way.
    os.kill(os.getpid(), signal.SIGTERM)


def options_of(environment: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return what an environment tells factories, for workers that have another one."""
    return tuple(sorted(pair for pair in environment if pair[0].startswith("TELLTALE_")))


def report_of_result(result: UnitResult) -> BackendReport:
    """Return the report on the target of a unit that has one."""
    return BackendReport.from_dict(result.report)
