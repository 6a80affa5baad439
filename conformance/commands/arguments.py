"""What several commands share: kinds of arguments, complaints, and whole files."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Final, NoReturn

from conformance.exit_status import ExitStatus
from conformance.records.redaction import hidden_text, secrets_of
from conformance.run.terminal_text import visible_lines

__all__ = [
    "EXIT_STATUS_TEXT",
    "PROGRAM",
    "REPLAYS_FOLDER",
    "CommandParser",
    "complain",
    "file_problem",
    "natural",
    "output_problem",
    "positive",
    "seconds",
    "version",
    "write_whole",
]

PROGRAM: Final = "telltale-conformance"
REPLAYS_FOLDER: Final = ".telltale/replays"

EXIT_STATUS_TEXT: Final = "exit status: " + ", ".join(
    f"{status.value} {status.words}" for status in ExitStatus
)


class CommandParser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line and shows where help is."""

    def error(self, message: str) -> NoReturn:
        """End the program with the status of wrong usage."""
        self.exit(ExitStatus.USAGE, f"{self.prog}: {message}\nTry `{self.prog} --help`.\n")


def complain(message: str, status: int = ExitStatus.USAGE) -> int:
    """Print one line of complaint and return the exit status, by default that of wrong usage."""
    shown = hidden_text(message, secrets_of(os.environ))
    print(f"{PROGRAM}: {visible_lines(shown)}", file=sys.stderr)  # noqa: T201 - the place for it
    return status


def version() -> str:
    """Return the version of the installed distribution."""
    # Half of what a page of help would import otherwise.
    from importlib import metadata

    try:
        return metadata.version("telltale-spec")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def natural(text: str) -> int:
    """Return an argument as an integer of 64 bits."""
    if not text.isascii() or not text.isdigit() or int(text) >= 2**64:
        raise argparse.ArgumentTypeError(f"expected an integer from 0 to 2^64-1, got `{text}`")
    return int(text)


def positive(text: str) -> int:
    """Return an argument as a whole number above 0."""
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got `{text}`")
    return int(text)


def seconds(text: str) -> float:
    """Return an argument as a time above 0, less than a day."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < 86_400:
        raise argparse.ArgumentTypeError(f"expected seconds above 0, got `{text}`")
    return number


def file_problem(option: str, path: Path) -> str | None:
    """Return why a file cannot be written, before a run is spent on it."""
    if path.is_dir():
        return f"{option} {path}: that is a folder"
    folder = path.absolute().parent
    if not folder.is_dir():
        return f"{option} {path}: there is no such folder"
    if not os.access(path if _is_special(path) else folder, os.W_OK):
        return f"{option} {path}: no permission to write there"
    return None


def output_problem(parsed: argparse.Namespace, *names: str) -> str | None:
    """Return why a file that an option asks for cannot be written; not every action has each."""
    asked = [(f"--{name}", getattr(parsed, name, None)) for name in names]
    problems = (file_problem(option, path) for option, path in asked if path is not None)
    return next((problem for problem in problems if problem is not None), None)


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is never half there."""
    if _is_special(path):
        # A device or a pipe is written to; to replace it would remove it.
        path.write_text(text, encoding="utf-8")
        return
    path = path.resolve()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
