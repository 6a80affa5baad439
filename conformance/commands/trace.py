"""``trace``: say which requirements a run has put to the test, and why not the others."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import complain, natural, output_problem, positive, write_whole
from conformance.commands.runs import run_with_progress, shipped_names
from conformance.engine.watch import CALL_SECONDS_MAX
from conformance.exit_status import ExitStatus
from conformance.profile_names import PROFILE_NAMES

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.commands.arguments import CommandParser
    from conformance.records.results import Report
    from conformance.report.tracing import Trace
    from conformance.run.jobs import Job

__all__ = ["NAME", "add", "run"]

NAME: Final = "trace"
_NOT_TRACED: Final = ExitStatus.VIOLATION
_STARTING_SECONDS_MAX: Final = 60.0

# By the names of the states, whose module is imported late.
_STYLES: Final = {
    "TESTED": "green",
    "UNTESTED": "bold yellow",
    "EXCLUDED": "dim",
    "STALE_EXCLUSION": "bold red",
}


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    trace = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
        description="List every requirement of the specification as tested, untested or excluded, "
        "by saved reports or by a run of the shipped backends.",
        epilog="exit status: 0 done, 1 with --strict: an untested MUST or an exclusion of what is "
        "tested, 2 usage or a file that is no report",
    )
    trace.add_argument(
        "report",
        type=Path,
        nargs="*",
        help="files that `check --json` wrote, taken together; without one the shipped backends "
        "are judged",
    )
    trace.add_argument(
        "--strict",
        action="store_true",
        help="fail on an untested MUST and on an exclusion of what is tested",
    )
    trace.add_argument("--json", type=Path, metavar="FILE", help="write the trace as JSON too")
    trace.add_argument(
        "--profile",
        choices=PROFILE_NAMES,
        default="quick",
        help="how much the run tries (default: quick)",
    )
    trace.add_argument("--seed", type=natural, default=0, help="fixes every random choice")
    trace.add_argument(
        "--jobs", type=positive, default=2, help="backends judged at the same time (default: 2)"
    )


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Print the trace and return whether it is complete enough."""
    from conformance.records.results import json_text
    from conformance.report.tracing import trace_of

    problem = output_problem(parsed, "json")
    if problem is not None:
        return complain(problem)
    report = _saved(parsed.report) if parsed.report else _judged(parsed)
    trace = trace_of(report)
    status: int = _NOT_TRACED if parsed.strict and trace.problems() else ExitStatus.CONFORMING
    if parsed.json is not None:
        try:
            write_whole(parsed.json, json_text(trace.to_dict()))
        except OSError as error:
            status = complain(f"--json {parsed.json}: {error.strerror}")
    _print_trace(trace, console, strict=parsed.strict)
    return status


def _saved(paths: list[Path]) -> Report:
    """Return the backends of all reports as one report."""
    from conformance.errors import ReportError
    from conformance.report.reading import read_report

    first, *others = reports = [read_report(path) for path in paths]
    for path, other in zip(paths[1:], others, strict=True):
        for what in ("specification", "suite_version"):
            if getattr(other, what) != getattr(first, what):
                reason = f"its {what.replace('_', ' ')} is another than that of {paths[0]}"
                raise ReportError(str(path), reason)
    return replace(first, backends=[each for report in reports for each in report.backends])


def _judged(parsed: argparse.Namespace) -> Report:
    from conformance.engine.profiles import profile
    from conformance.run.jobs import Job
    from conformance.run.reports import report_of

    common = Job("", None, parsed.profile, parsed.seed, CALL_SECONDS_MAX)
    jobs = [replace(common, name=name) for name in shipped_names()]
    jobs += _jobs_to_kill(common)
    reports = run_with_progress(jobs, parsed.jobs)
    return report_of(reports, profile(parsed.profile), parsed.seed)


def _jobs_to_kill(common: Job) -> list[Job]:
    """Return the jobs that judge what can only be judged in a process that may be killed."""
    from conformance.backend import Capability
    from conformance.requirements import REQUIREMENTS
    from conformance.run.shipped import SHIPPED_BACKENDS

    promise = Capability.PROCESS_KILL
    only = tuple(each for each, row in REQUIREMENTS.items() if row.capability == promise.value)
    program = [sys.executable, "-m", "conformance", "serve"]
    return [
        replace(
            common,
            name=f"{backend.name} (served)",
            command=shlex.join([*program, backend.name]),
            starting_seconds_max=_STARTING_SECONDS_MAX,
            only=only,
        )
        for backend in SHIPPED_BACKENDS
        if promise in backend.capabilities
    ]


def _print_trace(trace: Trace, console: Console, *, strict: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from conformance.report.tracing import TraceState
    from conformance.run.terminal_text import visible

    table = Table(expand=False)
    for heading in ("requirement", "level", "state", "checks", "backends"):
        table.add_column(heading, justify="right" if heading == "checks" else "left")
    for row in trace.rows:
        state = Text(row.state.value, style=_STYLES[row.state.name])
        names = Text(visible(", ".join(row.backends)))
        table.add_row(row.requirement_id, row.level, state, str(row.checks), names)
    console.print(table)
    for words, reason, requirement_ids in _reasons(trace):
        line = f"{words}: {', '.join(requirement_ids)}\n  {visible(reason)}"
        console.print(Text(line), soft_wrap=True)
    counts = ", ".join(f"{trace.count(state)} {state.value}" for state in TraceState)
    console.print(Text(f"{len(trace.rows)} requirements: {counts}"), soft_wrap=True)
    problems = trace.problems()
    if problems:
        names = Text(", ".join(row.requirement_id for row in problems))
        text = Text.assemble("an untested MUST or a stale exclusion: ", names)
        console.print(text, style="bold red" if strict else "yellow", soft_wrap=True)


def _reasons(trace: Trace) -> list[tuple[str, str, list[str]]]:
    """Return state, reason and ids of what is not simply tested, equal reasons together."""
    together: dict[tuple[str, str], list[str]] = {}
    for row in trace.rows:
        if row.reason:
            proof = ", ".join(row.proved_by)
            reason = f"{row.reason} Proved by {proof}." if proof else row.reason
            together.setdefault((row.state.value, reason), []).append(row.requirement_id)
    return [(state, reason, found) for (state, reason), found in together.items()]
