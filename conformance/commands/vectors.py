"""``vectors``: check or write test vectors."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import CommandParser

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["NAME", "add", "run"]

NAME: Final = "vectors"


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    vectors = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
    )
    actions = vectors.add_subparsers(dest="action", required=True, parser_class=CommandParser)
    check = actions.add_parser("check", help="check every file of a folder of vectors")
    check.add_argument("folder", type=Path)
    write = actions.add_parser("write", help="write vectors of our own making")
    write.add_argument("folder", type=Path)


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Check or write a folder of vectors."""
    from conformance.vectors import vectors_check_command, vectors_write_command

    if parsed.action == "check":
        return vectors_check_command(parsed.folder, console)
    return vectors_write_command(parsed.folder, console)
