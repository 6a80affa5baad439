"""``compare``: say what became better and what became worse between two reports."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.exit_status import ExitStatus

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.commands.arguments import CommandParser
    from conformance.report.comparison import Change, ChangeKind

__all__ = ["NAME", "add", "run"]

NAME: Final = "compare"
_REGRESSION: Final = ExitStatus.VIOLATION


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    compare = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
        description="Compare two reports that `check --json` has saved, the earlier one first.",
        epilog="exit status: 0 nothing became worse, 1 regression, 2 usage or a file that is no "
        "report",
    )
    compare.add_argument("before", type=Path, help="the earlier report")
    compare.add_argument("after", type=Path, help="the later report")
    compare.add_argument(
        "--strict", action="store_true", help="count what is only recommended as well"
    )


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Print the changes and return whether anything became worse."""
    from conformance.report.comparison import (
        ChangeKind,
        comparison,
        is_regression,
        weaknesses,
    )
    from conformance.report.reading import read_report

    before, after = read_report(parsed.before), read_report(parsed.after)
    changes = comparison(before, after, strict=parsed.strict)
    for weakness in weaknesses(before, after):
        _print(console, f"a weak comparison: {weakness}", "yellow")
    styles = {
        ChangeKind.REGRESSION: "bold red",
        ChangeKind.LOST_PROMISE: "bold red",
        ChangeKind.IMPROVEMENT: "bold green",
    }
    for kind in ChangeKind:
        found = [change for change in changes if change.kind is kind]
        if found:
            _print(console, f"{kind.value}:", styles.get(kind, "bold"))
            _print_changes(console, found)
    _print(console, _conclusion(changes, ChangeKind), "bold")
    return _REGRESSION if is_regression(changes) else ExitStatus.CONFORMING


def _print_changes(console: Console, changes: list[Change]) -> None:
    """Print a line for each change; equal ones of a backend share a line."""
    together: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        together.setdefault((change.backend, change.text), []).append(change.requirement_id)
    for (backend, text), requirement_ids in together.items():
        names = ", ".join(each for each in requirement_ids if each)
        _print(console, f"  {backend}: {text}{': ' if names else ''}{names}", "")


def _conclusion(changes: list[Change], kinds: type[ChangeKind]) -> str:
    if not changes:
        return "nothing changed"
    worse = sum(change.kind in (kinds.REGRESSION, kinds.LOST_PROMISE) for change in changes)
    better = sum(change.kind is kinds.IMPROVEMENT for change in changes)
    rest = len(changes) - worse - better
    return f"{worse} for the worse, {better} for the better, {rest} other"


def _print(console: Console, line: str, style: str) -> None:
    from rich.text import Text

    from conformance.run.terminal_text import visible

    console.print(Text(visible(line), style=style), soft_wrap=True)
