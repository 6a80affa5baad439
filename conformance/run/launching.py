"""How a Python backend is started as a child process that speaks the harness protocol."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from conformance.backend import Capability, Launch

__all__ = ["launch_of"]


def launch_of(
    target: str,
    call_seconds_max: float,
    send: Callable[[str, Any], None] = lambda kind, content: None,
) -> Launch:
    """Return the launch of a target, or of a shipped backend by name.

    What the child itself declares matters to nobody, and this is what every handshake allows.
    ``send`` is told of each process that is started and of its end.
    """
    options = ("--capability", Capability.REOPEN.value)
    return Launch(
        (sys.executable, "-m", "conformance", "serve", target, *options),
        call_seconds_max=call_seconds_max,
        on_process=lambda group, started: send("harness", (group, started)),
    )
