"""The command line: arguments to a run, a run to a report, a report to an exit status."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Protocol, cast

from conformance.commands import COMMANDS
from conformance.commands.arguments import (
    EXIT_STATUS_TEXT,
    PROGRAM,
    CommandParser,
    complain,
    version,
)
from conformance.exit_status import ExitStatus
from telltale_spec.errors import TelltaleError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["main"]

# What shells give a command that Ctrl-C ended.
_INTERRUPTED: Final = 130
_HARNESS: Final = "serve"


class _ShowVersion(argparse.Action):
    """Look the version up where it is asked for: every other command starts sooner."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        # A reader who left before it was shown wanted none of it.
        with contextlib.suppress(BrokenPipeError):
            print(f"{parser.prog} {version()}")  # noqa: T201 - the place for it
        parser.exit()


class _Command(Protocol):
    """What each module of commands has."""

    NAME: str

    def add(self, commands: argparse._SubParsersAction[CommandParser]) -> None:
        """Add the command and its options."""

    def run(self, parsed: argparse.Namespace, console: Console | None) -> int:
        """Run the command and return its exit status."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    with _patient_output():
        # No option of the program itself takes a value: the first other word names a command.
        named = next((each for each in given if not each.startswith("-")), "")
        parsed = _parser(named).parse_args(given)
        command = _command(parsed.command)
        try:
            # What a harness prints is the protocol's, and its start need not wait for a console.
            return command.run(parsed, None if parsed.command == _HARNESS else _console())
        except KeyboardInterrupt:
            return complain("interrupted", _INTERRUPTED)
        except TelltaleError as error:
            from conformance.run.worker import OwnFaultError

            if isinstance(error, OwnFaultError):
                complain(f"this is a fault of {PROGRAM} itself", ExitStatus.OWN_FAULT)
                print(error, file=sys.stderr)  # noqa: T201 - the place for it
                return ExitStatus.OWN_FAULT
            return complain(str(error))


@contextlib.contextmanager
def _patient_output() -> Iterator[None]:
    """Let output neither fail on a character nor on a reader who left, as `head` does."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _discard_output()


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _console() -> Console:
    from rich.console import Console

    class PatientConsole(Console):
        def on_broken_pipe(self) -> None:
            # The run goes on to its end: its exit status and its files still count.
            self.quiet = True
            _discard_output()

    # What is shown are others' texts; in none of them does a bracket mean a style.
    return PatientConsole(markup=False, emoji=False, highlight=False)


def _command(name: str) -> _Command:
    """Import the module of a command."""
    return cast(
        "_Command", importlib.import_module(f"conformance.commands.{name.replace('-', '_')}")
    )


def _parser(named: str) -> CommandParser:
    """Return the parser of every command, with the options of the one that was named."""
    parser = CommandParser(
        prog=PROGRAM,
        description="Judge durable agreement backends against the telltale durability spec.",
        epilog=EXIT_STATUS_TEXT,
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=CommandParser)
    for name, purpose in COMMANDS.items():
        if name == named:
            _command(name).add(commands)
        else:
            commands.add_parser(name, help=purpose)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
