"""Calls that strace has made to fail, found in a trace that still grows."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from conformance.crashes.system_calls import SystemCall, TraceReader
from conformance.crashes.trace_errors import TraceError

__all__ = ["Injections"]

# A line with none of these is no part of a call that was made to fail.
_PARTS_OF_INJECTED: Final = ("(INJECTED)", "<unfinished ...>", " resumed>")


class Injections:
    """Looks in a trace that still grows for calls that were made to fail."""

    def __init__(self, trace: Path, directory: Path) -> None:
        self._trace = trace
        # Texts of a trace are hexadecimal.
        self._named = "".join(f"\\x{byte:02x}" for byte in os.fsencode(directory))
        self._reader = TraceReader()
        self._taken_bytes = 0
        self._found: list[SystemCall] = []

    def are_any(self) -> bool:
        """Say whether any call has failed by now."""
        self._take()
        return bool(self._found)

    def stored_count(self) -> int:
        """Return how many of them are on something in the directory."""
        self._take()
        return sum(any(self._named in each for each in call.arguments) for call in self._found)

    def _take(self) -> None:
        """Read what has come; the last line of a process that still runs may not be whole."""
        if not self._trace.exists():
            return
        with self._trace.open("rb") as file:
            file.seek(self._taken_bytes)
            whole, end, _ = file.read().rpartition(b"\n")
        self._taken_bytes += len(whole) + len(end)
        for line in whole.decode("ascii", "backslashreplace").split("\n"):
            if any(mark in line for mark in _PARTS_OF_INJECTED):
                with contextlib.suppress(TraceError):
                    call = self._reader.read(line)
                    if isinstance(call, SystemCall) and call.is_injected:
                        self._found.append(call)
