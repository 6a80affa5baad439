"""``requirements``: list every requirement with its level, source and sentence."""

from __future__ import annotations

import argparse
from textwrap import fill
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import complain
from conformance.exit_status import ExitStatus

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.commands.arguments import CommandParser

__all__ = ["NAME", "add", "run"]

NAME: Final = "requirements"


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    requirements = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
    )
    requirements.add_argument(
        "id", nargs="*", help="show these only; the start of an id shows all that begin with it"
    )


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Print each requirement with its sentence."""
    from rich.text import Text

    from conformance.records.verdicts import level_note, level_of
    from conformance.requirements import REQUIREMENTS

    wanted = [
        row
        for requirement_id, row in REQUIREMENTS.items()
        if not parsed.id or any(requirement_id.startswith(each) for each in parsed.id)
    ]
    if not wanted:
        return complain(f"no requirement begins with {' or '.join(parsed.id)}")
    for row in wanted:
        note = level_note(row)
        sentence = f"{row.sentence} ({note})" if note else row.sentence
        needs = f", needs {row.capability}" if row.capability else ""
        heading = Text(row.requirement_id, style="bold")
        heading.append(f"  {level_of(row, ())}, scope {row.scope.value}{needs}  [{row.source}]", "")
        console.print(heading, soft_wrap=True)
        indent = " " * 4
        console.print(
            fill(sentence, console.width, initial_indent=indent, subsequent_indent=indent)
        )
    return ExitStatus.CONFORMING
