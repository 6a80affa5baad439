"""``serve``: be the harness of a Python backend."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import complain

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.backend import Backend
    from conformance.commands.arguments import CommandParser

__all__ = ["NAME", "add", "run"]

NAME: Final = "serve"


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    serve = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
        description="Serve a Python backend as a child process that any runner of the protocol "
        "can judge, kill and start again.",
    )
    serve.add_argument("target", help="package.module:factory, or the name of a shipped backend")
    serve.add_argument(
        "--capability", action="append", metavar="NAME", help="declare this promise; see `check`"
    )
    serve.add_argument("--rejection-mode", metavar="MODE", help="declare this mode; see `check`")
    serve.add_argument(
        "--mends", action="append", metavar="FINDING", help="declared as mended; see `check`"
    )


def run(parsed: argparse.Namespace, console: Console | None = None) -> int:
    """Serve until told to shut down."""
    from conformance.door.server import serve, standard_streams
    from conformance.errors import BackendFault
    from conformance.life_cycle import end_all
    from conformance.run.targets import redeclared

    incoming, outgoing = standard_streams()
    try:
        backend = redeclared(
            _backend(parsed.target), parsed.capability, parsed.rejection_mode, parsed.mends
        )
    except BackendFault as fault:
        return complain(str(fault))
    try:
        serve(backend, incoming, outgoing)
    finally:
        end_all()
    outgoing.flush()
    # A thread of the backend must not keep the process alive.
    os._exit(0)


def _backend(target: str) -> Backend:
    from conformance.engine.watch import CallWatch
    from conformance.run.shipped import SHIPPED_BACKENDS
    from conformance.run.targets import load_target

    for backend in SHIPPED_BACKENDS:
        if backend.name == target:
            return backend
    with CallWatch() as watch:
        return load_target(target, watch)
