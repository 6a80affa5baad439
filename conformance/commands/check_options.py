"""The options of ``check``: what is judged, how much is tried, and what is written."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.commands.arguments import REPLAYS_FOLDER, natural, positive, seconds
from conformance.commands.baselines import add_options
from conformance.commands.report_files import add_file_options
from conformance.engine.watch import CALL_SECONDS_MAX
from conformance.profile_names import PROFILE_NAMES
from conformance.records.promises import CAPABILITY_NAMES, FILE_SYSTEM_NAMES

if TYPE_CHECKING:
    from conformance.commands.arguments import CommandParser

__all__ = [
    "add_check_options",
    "add_promises",
    "add_server_options",
    "add_target_option",
    "promises_problem",
]


def add_check_options(check: CommandParser) -> None:
    """Add every option of ``check`` to its parser."""
    check.add_argument(
        "target",
        nargs="*",
        help="package.module:factory; without one the shipped backends are judged",
    )
    check.add_argument(
        "--command",
        dest="harness",
        action="append",
        default=[],
        metavar="COMMAND",
        help="judge a harness in any language: a program that speaks the protocol of "
        "docs/protocol.md, with its arguments",
    )
    check.add_argument("--profile", choices=PROFILE_NAMES, default="quick", help="how much to try")
    check.add_argument("--seed", type=natural, default=0, help="fixes every random choice")
    check.add_argument(
        "--replays",
        type=Path,
        metavar="FOLDER",
        help=f"write a replay file for each failure here (default: {REPLAYS_FOLDER})",
    )
    add_file_options(check)
    check.add_argument(
        "--only", action="append", default=[], metavar="ID", help="judge one requirement only"
    )
    add_promises(check)
    _add_limits(check)
    add_target_option(check)
    add_server_options(check)
    check.add_argument(
        "--file-system",
        choices=FILE_SYSTEM_NAMES,
        default=FILE_SYSTEM_NAMES[0],
        help="what a loss of power leaves without a sync (default: posix, the weakest)",
    )
    check.add_argument(
        "--name", metavar="NAME", help="name the backend so in reports, not by its command"
    )
    check.add_argument(
        "--all", action="store_true", help="show the verdict on every requirement as a table"
    )
    add_options(check)
    check.add_argument(
        "--strict", action="store_true", help="count what is only recommended as well"
    )
    check.add_argument(
        "--jobs", type=positive, default=2, help="backends judged at the same time (default: 2)"
    )


def _add_limits(check: CommandParser) -> None:
    """Add the options that bound how long a backend may take."""
    check.add_argument(
        "--call-timeout",
        type=seconds,
        default=CALL_SECONDS_MAX,
        metavar="SECONDS",
        help="longest time for one call of the backend (default: 10)",
    )
    check.add_argument(
        "--starting-timeout",
        type=seconds,
        default=30.0,
        metavar="SECONDS",
        help="longest time from the start of a harness to its handshake (default: 30)",
    )
    check.add_argument(
        "--tour",
        action="store_true",
        help="take every transition of bounded models of what there is, without chance, instead",
    )
    check.add_argument(
        "--time-limit",
        type=seconds,
        metavar="SECONDS",
        help="longest time by the clock for each suite, shrinking included "
        "(default: the profile's, 60, 300 or 7200)",
    )


def add_target_option(check: CommandParser) -> None:
    """Add the option that tells the factory something."""
    check.add_argument(
        "--target-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="tell the factory something, such as an address; see docs/life-cycle.md "
        "(or set TELLTALE_TARGET_OPTION_NAME)",
    )


def add_server_options(parser: CommandParser) -> None:
    """Add the options that say how the server of a store is run."""
    parser.add_argument(
        "--server",
        metavar="COMMAND",
        help="run this server in the foreground while a backend is judged, kill it and start it "
        "again on its data (server-kill); see docs/life-cycle.md (or set TELLTALE_SERVER)",
    )
    parser.add_argument(
        "--server-ready",
        metavar="COMMAND",
        help="ends with status 0 once the server serves (default: it waits for connections; or "
        "set TELLTALE_SERVER_READY)",
    )


def add_promises(check: CommandParser) -> None:
    """Add the options that say what a target promises."""
    check.add_argument(
        "--capability",
        action="append",
        metavar="NAME",
        help=f"declare that the target keeps this promise: {', '.join(CAPABILITY_NAMES)}",
    )
    check.add_argument(
        "--rejection-mode",
        metavar="MODE",
        help="what a refused append leaves: clean-reject, unknown-outcome, keeps-rejected",
    )
    check.add_argument(
        "--mends",
        action="append",
        metavar="FINDING",
        help="declare that the target mends this finding and is to be judged by the hardened rule; "
        "see docs/findings.md",
    )


def promises_problem(parsed: argparse.Namespace) -> str | None:
    """Return what is wrong with the declared promises; raises ``UsageError`` for unknown names."""
    from conformance.run.targets import declaration, mended

    promises = parsed.capability or parsed.rejection_mode or parsed.mends
    if parsed.harness and promises:
        return (
            "--capability, --rejection-mode and --mends are for targets; a harness declares its own"
        )
    if not parsed.target and promises:
        return "--capability, --rejection-mode and --mends need a target"
    declaration(parsed.capability or (), parsed.rejection_mode or "clean-reject")
    mended(parsed.mends or ())
    return None
