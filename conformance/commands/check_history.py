"""``check-history``: judge a recorded history without any harness."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import EXIT_STATUS_TEXT, complain, file_problem, write_whole

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.commands.arguments import CommandParser
    from conformance.records.results import BackendReport, Report

__all__ = ["NAME", "add", "run"]

NAME: Final = "check-history"


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    history = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
        description="Judge what a backend answered in a run that is over. Operations must not "
        "overlap in time: histories of several clients at once are not judged.",
        epilog=EXIT_STATUS_TEXT,
    )
    history.add_argument("file", type=Path, metavar="FILE", help="JSON lines; see docs/history.md")
    history.add_argument(
        "--rejection-mode",
        metavar="MODE",
        help="what a refused append leaves, in place of what the header declares",
    )
    history.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON too")
    history.add_argument(
        "--strict", action="store_true", help="count what is only recommended as well"
    )


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Judge the file, print the verdicts and return the exit status."""
    from conformance.records.verdicts import exit_status
    from conformance.report.history_text import print_history

    problem = None if parsed.json is None else file_problem("--json", parsed.json)
    if problem is not None:
        return complain(problem)
    try:
        judged = _judged(parsed)
    except OSError as error:
        return complain(f"{parsed.file}: {error.strerror}")
    report = _report(judged)
    status = int(exit_status(report, strict=parsed.strict))
    if parsed.json is not None:
        try:
            write_whole(parsed.json, report.to_text())
        except OSError as error:
            status = complain(f"--json {parsed.json}: {error.strerror}")
    print_history(report.backends[0], report, console, strict=parsed.strict)
    return status


def _judged(parsed: argparse.Namespace) -> BackendReport:
    from dataclasses import replace

    from conformance.history.judge import judge_history
    from conformance.history.lines import read_history
    from conformance.run.targets import declaration

    with parsed.file.open("rb") as lines:
        header, events = read_history(lines, str(parsed.file))
        if parsed.rejection_mode is not None:
            mode = declaration((), parsed.rejection_mode).rejection_mode
            header = replace(header, rejection_mode=mode)
        return judge_history(header, events)


def _report(judged: BackendReport) -> Report:
    from conformance.records.redaction import hidden_secrets, secrets_of
    from conformance.records.results import REPORT_FORMAT, Report
    from conformance.run.reports import SPECIFICATION, suite_version

    report = Report(REPORT_FORMAT, suite_version(), SPECIFICATION, "recorded history", 0, [judged])
    return hidden_secrets(report, secrets_of(os.environ))
