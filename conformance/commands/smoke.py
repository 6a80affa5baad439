"""``smoke``: shake hands with a harness and ask for everything once."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import complain, seconds
from conformance.engine.watch import CALL_SECONDS_MAX
from conformance.exit_status import ExitStatus
from conformance.run.terminal_text import visible

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.commands.arguments import CommandParser
    from conformance.door.smoke import SmokeReport

__all__ = ["NAME", "add", "run"]

NAME: Final = "smoke"

_BACKEND_FAULT: Final = ExitStatus.BACKEND_FAULT


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    smoke = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
        description="Start a harness, make one call of every operation of docs/protocol.md, shut "
        "it down, and explain whatever breaks the protocol.",
        epilog="exit status: 0 the harness speaks the protocol, 2 usage, 4 it does not",
    )
    smoke.add_argument(
        "--command",
        dest="harness",
        required=True,
        metavar="COMMAND",
        help="the program of the harness with its arguments",
    )
    smoke.add_argument(
        "--call-timeout",
        type=seconds,
        default=CALL_SECONDS_MAX,
        metavar="SECONDS",
        help="longest time for one request (default: 10)",
    )
    smoke.add_argument(
        "--starting-timeout",
        type=seconds,
        default=30.0,
        metavar="SECONDS",
        help="longest time from the start to the handshake (default: 30)",
    )


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Print what each operation was answered."""
    from conformance.door.harness import command_words
    from conformance.door.smoke import smoke
    from conformance.errors import BackendFault

    words = command_words(parsed.harness)
    try:
        report = smoke(
            words,
            call_seconds_max=parsed.call_timeout,
            starting_seconds_max=parsed.starting_timeout,
        )
    except BackendFault as fault:
        return complain(fault.message, _BACKEND_FAULT)
    _print(report, console)
    return _BACKEND_FAULT if report.problems else ExitStatus.CONFORMING


def _print(report: SmokeReport, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    handshake = report.handshake
    declared = sorted(each.value for each in handshake.capabilities)
    declared += [handshake.rejection_mode.value, f"class {handshake.durability_class.value}"]
    name = visible(f"{handshake.name} {handshake.version}".strip())
    console.print(Text(f"{name}: declares {', '.join(declared)}"), soft_wrap=True)
    table = Table(expand=False)
    for heading in ("component", "operation", "answer"):
        table.add_column(heading)
    for probe in report.probes:
        style = "green" if probe.supported else "dim"
        answer = Text(visible(probe.answer), style=style)
        table.add_row(probe.component, probe.operation, answer)
    console.print(table)
    supported = sum(probe.supported for probe in report.probes)
    text = f"{name}: speaks the protocol, {supported} of {len(report.probes)} operations supported"
    if not supported:
        text += "; there is nothing to judge yet"
    if report.messages_count is None:
        text += "; its messages were not held to the published schema, which needs jsonschema"
    else:
        text += f"; {report.messages_count} messages held to the published schema"
    if report.problems:
        text = f"{name}: to be mended:"
    console.print(Text(text), soft_wrap=True)
    for problem in report.problems:
        console.print(Text(f"  {visible(problem)}"), soft_wrap=True)
