"""A limit on every call of a backend, so that no run hangs."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final, Self, TypeVar

__all__ = ["CALL_SECONDS_MAX", "CallLimitExceeded", "CallWatch"]

CALL_SECONDS_MAX: Final = 10.0
"""Longest time that one call of a backend may take by default, in seconds."""

ResultType = TypeVar("ResultType")

_POLL_SECONDS: Final = 0.1

# SIGALRM wakes a blocked system call; where it is missing the interpreter's own
# interrupt reaches loops, but not sleeps.
_ALARM: Final[signal.Signals | None] = getattr(signal, "SIGALRM", None)


class CallLimitExceeded(BaseException):
    """Interrupt a call of a backend that takes too long.

    Not an ``Exception``, so that a backend's own error handling lets it pass.
    """


class CallWatch:
    """Interrupt the main thread when one call of a backend takes too long.

    The clock is outside every rule and every result: it decides only whether a
    run is given up. It reaches whatever Python can interrupt (loops, sleeps,
    locks); a call that never gives the interpreter back is ended by the process
    around the run. In a thread other than the main one nothing is interrupted.
    """

    def __init__(self, limit_seconds: float = CALL_SECONDS_MAX) -> None:
        self.limit_seconds = limit_seconds
        self.calls = 0
        self._started_at: float | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="call-watch", daemon=True)
        self._previous_handler: Any = None
        self._active = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Self:
        if self._active and _ALARM is not None:
            self._previous_handler = signal.signal(_ALARM, self._on_alarm)
        self._thread.start()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closed.set()
        self._thread.join()
        # A handler that was not installed from Python cannot be put back.
        if self._active and _ALARM is not None and self._previous_handler is not None:
            signal.signal(_ALARM, self._previous_handler)

    def limit(self, function: Callable[[], ResultType]) -> ResultType:
        """Return what a call returns, or raise :class:`CallLimitExceeded`.

        After this no interrupt can come for the call any more.
        """
        self.calls += 1
        self._started_at = time.monotonic()
        try:
            return function()
        except KeyboardInterrupt:
            # Where there is no alarm, the interpreter's own interrupt stands for it.
            if _ALARM is None and self.running_seconds() >= self.limit_seconds:
                raise CallLimitExceeded from None
            raise
        finally:
            # At once: a second interrupt must not come while the first is handled.
            self._started_at = None

    def note_progress(self) -> None:
        """Show that something goes on although no call is watched, as where a child is asked."""
        self.calls += 1

    def running_seconds(self) -> float:
        """Return for how long the current call has been running; zero without one."""
        started_at = self._started_at
        return 0.0 if started_at is None else time.monotonic() - started_at

    def _on_alarm(self, number: int, frame: FrameType | None) -> None:
        # The handler runs in the main thread, so the call may have ended between
        # the alarm and now; then there is nothing to interrupt.
        if self.running_seconds() >= self.limit_seconds:
            raise CallLimitExceeded

    def _poll(self) -> None:
        main_thread_id = threading.main_thread().ident
        while not self._closed.wait(_POLL_SECONDS):
            if not self._active or self.running_seconds() < self.limit_seconds:
                continue
            if _ALARM is None or main_thread_id is None:
                _thread.interrupt_main()
            else:
                signal.pthread_kill(main_thread_id, _ALARM)
