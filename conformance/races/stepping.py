"""Hold a thread before one step of a backend's own code, and let it go on when that is asked.

A step is a line, or what is left of one when a call in it has returned.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from conformance.backend_code import is_of_backend
from conformance.within_lines import is_half_done

__all__ = ["Stepper"]


class Stepper:
    """Counts the steps that a call carries out in its thread, and stops before one.

    ``stop_at`` counts from 1 on; with 0 nothing is stopped. ``on_held`` is told when it has come to
    that. A thread that is held waits ``seconds_max`` at most for :meth:`release`.
    """

    def __init__(self, stop_at: int, on_held: Callable[[], None], seconds_max: float) -> None:
        self.count = 0
        self.held_at = ""
        self._stop_at = stop_at
        self._on_held = on_held
        self._seconds_max = seconds_max
        self._released = threading.Event()

    def run(self, call: Callable[[], Any]) -> Any:
        """Make a call in this thread and count its steps."""
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            return call()
        finally:
            sys.settrace(before)

    def release(self) -> None:
        """Let the thread go on; it is not stopped any more."""
        self._released.set()

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not is_of_backend(frame.f_code.co_filename):
            return None
        frame.f_trace_opcodes = True
        return self._step

    def _step(self, frame: FrameType, event: str, argument: Any) -> Any:
        half_done = event == "opcode" and is_half_done(frame.f_code, frame.f_lasti)
        if event == "line" or half_done:
            self.count += 1
            if self.count == self._stop_at and not self._released.is_set():
                code = frame.f_code
                part = "the rest of " if half_done else ""
                where = f"{part}{Path(code.co_filename).name}, line {frame.f_lineno}"
                self.held_at = f"{where}, in {code.co_name}"
                self._on_held()
                self._released.wait(self._seconds_max)
        return self._step
