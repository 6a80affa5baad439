"""``init``: write a harness that starts, to be filled in."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import PROGRAM, complain
from conformance.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from conformance.commands.arguments import CommandParser

__all__ = ["NAME", "add", "run"]

NAME: Final = "init"

# How a harness of each language is built, if it is, and started; run inside of its folder.
_BUILD: Final[Mapping[str, str | None]] = {
    "python": None,
    "rust": "cargo build --release",
    "go": "go build -o harness .",
    "java": "mvn -q package",
    "node": None,
}
_START: Final[Mapping[str, str]] = {
    "python": "python3 harness.py",
    "rust": "target/release/harness",
    "go": "./harness",
    "java": "java -jar target/harness.jar",
    "node": "node harness.js",
}


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    init = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
        description="Write a harness: a program that puts a backend at the service of this suite.",
    )
    init.add_argument("language", choices=tuple(_START))
    init.add_argument("folder", type=Path, help="absent or empty")


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Write the harness and print the next commands."""
    from conformance.door.harness_folder import FolderError, write_harness

    try:
        names = write_harness(parsed.language, parsed.folder)
    except FolderError as error:
        return complain(str(error))
    console.print(f"{parsed.folder}: {', '.join(names)}")
    console.print("It starts, and answers every operation with `unsupported`. Next:\n")
    for command in _next_commands(parsed.language, parsed.folder):
        console.print(f"  {command}", soft_wrap=True)
    return ExitStatus.CONFORMING


def _next_commands(language: str, folder: Path) -> list[str]:
    build, start = _BUILD[language], shlex.quote(_START[language])
    commands = [f"cd {shlex.quote(str(folder))}"]
    if build is not None:
        commands.append(build)
    return [*commands, *(f"{PROGRAM} {judge} --command {start}" for judge in ("smoke", "check"))]
