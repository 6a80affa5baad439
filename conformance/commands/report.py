"""``report``: show a saved report, or make its other forms."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import complain
from conformance.commands.report_files import (
    add_file_options,
    files_problem,
    wanted_files,
    write_files,
)
from conformance.exit_status import ExitStatus

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.commands.arguments import CommandParser

__all__ = ["NAME", "add", "run"]

NAME: Final = "report"

_SCHEMAS: Final = ("report", "campaign", "replay", "history", "harness")


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    report = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
        description="Show a report that `check --json` has saved, or write it in other forms. "
        "Nothing is judged again.",
        epilog="exit status: 0 shown or written, 2 usage or a file that is no report",
    )
    report.add_argument("report", type=Path, nargs="?", help="a file that `check --json` wrote")
    report.add_argument(
        "--schema",
        nargs="?",
        const="report",
        choices=_SCHEMAS,
        help="print the JSON Schema of reports, or of another form of file, and end",
    )
    add_file_options(report, without=("json",))
    report.add_argument(
        "--all", action="store_true", help="show the verdict on every requirement as a table"
    )
    report.add_argument(
        "--strict", action="store_true", help="count what is only recommended as well"
    )


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Show the report, or write the files that are asked for."""
    from conformance.report.reading import read_report, schema_text

    if parsed.schema:
        form = f"telltale-conformance.{parsed.schema}.v1"
        console.out(schema_text(form), end="", highlight=False)
        return ExitStatus.CONFORMING
    if parsed.report is None:
        return complain("report: expected a file that `check --json` wrote, or --schema")
    problem = files_problem(parsed)
    if problem is not None:
        return complain(problem)
    report = read_report(parsed.report)
    if wanted_files(parsed):
        return write_files(parsed, report) or ExitStatus.CONFORMING
    from conformance.report.text import print_report

    print_report(report, console, strict=parsed.strict, everything=parsed.all)
    return ExitStatus.CONFORMING
