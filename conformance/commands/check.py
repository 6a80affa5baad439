"""``check``: judge a backend, or the shipped ones."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands.arguments import (
    EXIT_STATUS_TEXT,
    PROGRAM,
    USAGE,
    complain,
    file_problem,
    natural,
    positive,
    seconds,
    write_whole,
)
from conformance.watch import CALL_SECONDS_MAX

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.commands.arguments import CommandParser
    from conformance.results import BackendReport, Report
    from conformance.worker import Job

__all__ = ["NAME", "add", "run"]

NAME: Final = "check"


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    check = commands.add_parser(
        "check",
        help="judge a backend, or the shipped ones",
        description="Judge a backend against every requirement that it can be held to.",
        epilog=EXIT_STATUS_TEXT,
    )
    check.add_argument(
        "target",
        nargs="*",
        help="package.module:factory; without one the shipped backends are judged",
    )
    check.add_argument(
        "--command",
        dest="harness",
        action="append",
        default=[],
        metavar="COMMAND",
        help="judge a harness in any language: a program that speaks the protocol of "
        "docs/protocol.md, with its arguments",
    )
    check.add_argument(
        "--profile", choices=("quick", "ci", "deep"), default="quick", help="how much to try"
    )
    check.add_argument("--seed", type=natural, default=0, help="fixes every random choice")
    check.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON too")
    check.add_argument(
        "--only", action="append", default=[], metavar="ID", help="judge one requirement only"
    )
    check.add_argument(
        "--capability",
        action="append",
        metavar="NAME",
        help="declare that the target keeps this promise: reopen, ordered-cache, exact-messages",
    )
    check.add_argument(
        "--rejection-mode",
        metavar="MODE",
        help="what a refused append leaves: clean-reject, unknown-outcome, keeps-rejected",
    )
    check.add_argument(
        "--call-timeout",
        type=seconds,
        default=CALL_SECONDS_MAX,
        metavar="SECONDS",
        help="longest time for one call of the backend (default: 10)",
    )
    check.add_argument(
        "--starting-timeout",
        type=seconds,
        default=30.0,
        metavar="SECONDS",
        help="longest time from the start of a harness to its handshake (default: 30)",
    )
    check.add_argument(
        "--strict", action="store_true", help="count what is only recommended as well"
    )
    check.add_argument(
        "--jobs", type=positive, default=2, help="backends judged at the same time (default: 2)"
    )


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Judge, print the report and return its exit status."""
    from conformance.report.text import print_report
    from conformance.verdicts import exit_status

    problem = _check_problem(parsed)
    if problem is not None:
        return complain(problem, USAGE)
    report = _run(parsed, console)
    if not any(backend.results or backend.fault for backend in report.backends):
        return complain(f"nothing judges {', '.join(parsed.only)}", USAGE)
    status = int(exit_status(report, strict=parsed.strict))
    if parsed.json is not None:
        try:
            write_whole(parsed.json, report.to_text())
        except OSError as error:
            status = complain(f"--json {parsed.json}: {error.strerror}", USAGE)
    targets = [[target] for target in parsed.target]
    targets += [["--command", command] for command in parsed.harness]
    targets = targets or [[]] * len(report.backends)
    replays = [_replay_command(parsed, target) for target in targets]
    print_report(report, console, strict=parsed.strict, replays=replays)
    return status


def _check_problem(parsed: argparse.Namespace) -> str | None:
    """Return what is wrong with the arguments, before anything is run."""
    from conformance.requirements import UnknownRequirementError, requirement
    from conformance.targets import declaration

    for requirement_id in parsed.only:
        try:
            requirement(requirement_id)
        except UnknownRequirementError as error:
            return str(error)
    if parsed.harness and (parsed.capability or parsed.rejection_mode):
        return "--capability and --rejection-mode are for targets; a harness declares its own"
    if not parsed.target and (parsed.capability or parsed.rejection_mode):
        return "--capability and --rejection-mode need a target"
    # An unknown name raises.
    declaration(parsed.capability or (), parsed.rejection_mode or "clean-reject")
    return None if parsed.json is None else file_problem("--json", parsed.json)


def _run(parsed: argparse.Namespace, console: Console) -> Report:
    from conformance.profiles import profile
    from conformance.progress import shown_progress
    from conformance.runner import report_of
    from conformance.worker import run_jobs

    jobs = list(_jobs(parsed))
    with shown_progress(console) as on_progress:
        reports = run_jobs(jobs, parallel=parsed.jobs, on_progress=on_progress)
    if parsed.only and not (parsed.target or parsed.harness):
        # Nobody asked for the shipped backends that do not have what is judged.
        reports = [report for report in reports if _has_verdicts(report)] or reports
    return report_of(reports, profile(parsed.profile), parsed.seed)


def _jobs(parsed: argparse.Namespace) -> Iterator[Job]:
    """Yield a job for each target and each command, or else for each shipped backend."""
    from conformance.door.harness import command_words
    from conformance.worker import Job

    common = Job(
        name="",
        target=None,
        profile=parsed.profile,
        seed=parsed.seed,
        call_seconds_max=parsed.call_timeout,
        only=tuple(parsed.only),
    )
    for target in parsed.target:
        capabilities = None if parsed.capability is None else tuple(parsed.capability)
        yield replace(
            common,
            name=target,
            target=target,
            capabilities=capabilities,
            rejection_mode=parsed.rejection_mode,
        )
    for command in parsed.harness:
        # An unusable one is told before anything is run.
        command_words(command)
        yield replace(
            common, name=command, command=command, starting_seconds_max=parsed.starting_timeout
        )
    if not parsed.target and not parsed.harness:
        for name in _shipped_names():
            yield replace(common, name=name)


def _has_verdicts(report: BackendReport) -> bool:
    from conformance.results import Verdict

    return report.fault is not None or any(
        result.verdict is not Verdict.NOT_APPLICABLE for result in report.results
    )


def _shipped_names() -> list[str]:
    from conformance.shipped import SHIPPED_BACKENDS

    return [backend.name for backend in SHIPPED_BACKENDS]


def _replay_command(parsed: argparse.Namespace, target: list[str]) -> str:
    words = [PROGRAM, "check", *target]
    words += ["--profile", parsed.profile, "--seed", str(parsed.seed)]
    for name in parsed.capability or ():
        words += ["--capability", name]
    if parsed.rejection_mode:
        words += ["--rejection-mode", parsed.rejection_mode]
    if parsed.call_timeout != CALL_SECONDS_MAX:
        words += ["--call-timeout", f"{parsed.call_timeout:g}"]
    return shlex.join(words)
