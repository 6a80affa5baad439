"""``serve``: be the harness of a Python backend."""

from __future__ import annotations

import argparse
import functools
import os
from typing import IO, TYPE_CHECKING, Final, NoReturn

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
    # Not for users: the socket on which a runner asks for harnesses that are forked from this one.
    serve.add_argument("--fork-server", type=int, metavar="DESCRIPTOR", help=argparse.SUPPRESS)


def run(parsed: argparse.Namespace, console: Console | None = None) -> int:
    """Serve until told to shut down."""
    from conformance.errors import BackendFault

    if parsed.fork_server is not None:
        return _run_fork_server(parsed)
    from conformance.door.server import standard_streams

    streams = standard_streams()
    try:
        backend = _backend(parsed)
    except BackendFault as fault:
        return complain(str(fault))
    return _live(backend, *streams)


def _run_fork_server(parsed: argparse.Namespace) -> int:
    """Serve in children of this process, as many as are asked for on a socket."""
    import socket

    from conformance.door.fork_server import Holdings, serve_forks

    try:
        control = socket.socket(fileno=parsed.fork_server)
    except OSError as error:
        return complain(f"--fork-server {parsed.fork_server}: {error.strerror}")
    with control:
        holdings = Holdings()
        backend = _backend(parsed)
        serve_forks(control, holdings.obstacle(), functools.partial(_live, backend))
    return 0


def _live(backend: Backend, incoming: IO[bytes], outgoing: IO[bytes]) -> NoReturn:
    """Be the harness of a backend, up to the end of this process."""
    from conformance.door.server import serve
    from conformance.life_cycle import end_all

    try:
        serve(backend, incoming, outgoing)
    finally:
        end_all()
    outgoing.flush()
    # A thread of the backend must not keep the process alive.
    os._exit(0)


def _backend(parsed: argparse.Namespace) -> Backend:
    from conformance.run.targets import redeclared

    found = _found(parsed.target)
    return redeclared(found, parsed.capability, parsed.rejection_mode, parsed.mends)


def _found(target: str) -> Backend:
    from conformance.engine.watch import CallWatch
    from conformance.run.shipped import SHIPPED_BACKENDS
    from conformance.run.targets import load_target

    for backend in SHIPPED_BACKENDS:
        if backend.name == target:
            return backend
    with CallWatch() as watch:
        return load_target(target, watch)
