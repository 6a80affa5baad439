"""The lines that a replay writes to a harness, for a debugger that is fed with them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.records.replays import Replay

__all__ = ["harness_lines"]


def harness_lines(parsed: argparse.Namespace, replay: Replay) -> tuple[str, str]:
    """Carry a failure out on a harness; return what was written to its standard input.

    Of a harness that breaks on the way the lines up to there are returned, and why it broke.
    """
    from conformance.door.connection import Connection
    from conformance.door.harness import command_words, harness_of
    from conformance.engine.watch import CallWatch
    from conformance.errors import BackendFault
    from conformance.run.replaying import replayed_result

    written: list[bytes] = []
    broken = ""

    def on_line(ours: bool, line: bytes) -> None:
        if ours:
            written.append(line)

    try:
        # The connection has a limit on every request; this one is for what has none.
        with CallWatch(2 * parsed.call_timeout) as watch:
            connection = Connection(
                command_words(parsed.harness),
                call_seconds_max=parsed.call_timeout,
                starting_seconds_max=parsed.starting_timeout,
                on_line=on_line,
            )
            try:
                replayed_result(harness_of(connection), replay, watch, tries_max=1)
            finally:
                connection.close()
    except BackendFault as fault:
        broken = fault.message
    return b"".join(written).decode("utf-8"), broken
