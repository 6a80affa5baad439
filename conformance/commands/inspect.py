"""``inspect``: print what persisted artifacts hold."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import natural

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.commands.arguments import CommandParser

__all__ = ["NAME", "add", "run"]

NAME: Final = "inspect"


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    inspect = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
    )
    inspect.add_argument("wal", type=Path, help="file with an agreement WAL")
    inspect.add_argument("cache", type=Path, nargs="?", help="file with an evidence cache")
    inspect.add_argument(
        "--checkpoint",
        type=natural,
        default=0,
        metavar="N",
        help="tick of the checkpoint to recover from (default: 0)",
    )
    inspect.add_argument("--json", action="store_true", help="print JSON instead of tables")


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Print what the files hold."""
    from conformance.commands.inspection import inspect_command

    return inspect_command(
        parsed.wal, parsed.cache, parsed.checkpoint, console, as_json=parsed.json
    )
