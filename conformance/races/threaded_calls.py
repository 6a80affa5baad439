"""Calls in a thread of their own, and whether they wait while another one is held."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

from conformance.concurrency.calls import ConcurrentCall
from conformance.engine.texts import exception_text
from conformance.errors import BackendFault
from conformance.machines.overlapping import recorded_call
from conformance.rules.events import FAULT, OK, REFUSED
from telltale_spec.errors import DurabilityError
from telltale_spec.model.operations import Operation, Reopen

__all__ = ["TURN_SECONDS", "ThreadedCall", "has_ended"]

_SAMPLE_SECONDS: Final = 0.001
_UNWOKEN_SECONDS: Final = 0.003
TURN_SECONDS: Final = 0.0005
"""How often who waits for its turn of the interpreter asks for it: far oftener than it is seen."""

_STILL_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 2.0


class ThreadedCall(threading.Thread):
    """One call in a thread of its own; ``ended`` is set, and ``on_end`` told, when it is over.

    ``call`` is what came of it; a backend that cannot go on gives a ``fault`` in its place. Calls
    that are ``following`` are made right after it, and ``followed`` has what came of those. The
    times are of the last one, in seconds of the monotonic clock.
    """

    def __init__(
        self,
        client: int,
        function: Callable[[], Any],
        operation: Operation,
        clock: Iterator[int],
        on_end: Callable[[], None] = lambda: None,
        following: Sequence[tuple[Callable[[], Any], Operation]] = (),
    ) -> None:
        super().__init__(name=f"client-{client}", daemon=True)
        self.call: ConcurrentCall | None = None
        self.followed: list[ConcurrentCall] = []
        self.fault: BackendFault | None = None
        self.began_at = self.ended_at = 0.0
        self.ended = threading.Event()
        self._client = client
        self._function = function
        self._operation = operation
        self._following = following
        self._clock = clock
        self._on_end = on_end

    def run(self) -> None:
        """Make the calls and keep what came of them."""
        self.call = self._made(self._function, self._operation)
        for function, operation in self._following:
            call = None if self.fault is not None else self._made(function, operation)
            self.followed += [] if call is None else [call]
        self.ended.set()
        self._on_end()

    @property
    def has_answered(self) -> bool:
        """Whether every call was answered."""
        return self.call is not None and len(self.followed) == len(self._following)

    def _made(self, function: Callable[[], Any], operation: Operation) -> ConcurrentCall | None:
        answer, result, message = OK, None, ""
        invoked = next(self._clock)
        self.began_at = time.monotonic()
        try:
            result = function()
        except DurabilityError as error:
            answer, message = REFUSED, str(error)
        except BackendFault as fault:
            self.fault = fault
        except Exception as error:
            # No call may raise this, and one that does so only here is judged nowhere else.
            answer, message = FAULT, f"raised {exception_text(error)}"
        self.ended_at = time.monotonic()
        if self.fault is not None:
            return None
        made = (self._client, operation, invoked, next(self._clock), answer)
        if isinstance(operation, Reopen):
            # It gives a handle back, which is nobody's answer.
            return ConcurrentCall(*made, None, message)
        return recorded_call(*made, result, message)


def has_ended(other: ThreadedCall, usual_seconds: float = 0.0) -> bool:
    """Wait for a call while another one is held; say whether it has ended, or waits.

    It waits if it stays at one place asleep and is not woken, for longer than it takes with nobody
    in its way: ``usual_seconds``, of which it may sleep all until a server answers. Who is woken
    and stays there may only have had no turn of the interpreter, so that it is watched for longer;
    so is who cannot be seen. For want of a turn alone it is woken every ``TURN_SECONDS``, which
    the caller has set. What it has to wait for a processor of a busy machine does not count.
    """
    unwoken_seconds = max(_UNWOKEN_SECONDS, 2 * usual_seconds)
    still_seconds = max(_STILL_SECONDS, 2 * usual_seconds)
    before: tuple[object, object] = (None, None)
    still_since = unwoken_since = _seconds_of(other.native_id)
    until = time.monotonic() + _PATIENCE_SECONDS + still_seconds
    while time.monotonic() < until:
        if other.ended.wait(_SAMPLE_SECONDS):
            return True
        now = _seconds_of(other.native_id)
        frame = _frames().get(other.ident or 0)
        place = None if frame is None else (id(frame), frame.f_lasti)
        sleep = _sleep_of(other.native_id)
        if place != before[0] or sleep is None:
            still_since = now
        if still_since == now or not sleep or sleep != before[1]:
            unwoken_since = now
        before = place, sleep
        if now - unwoken_since >= unwoken_seconds or now - still_since >= still_seconds:
            break
    return other.ended.is_set()


def _seconds_of(native_id: int | None) -> float:
    """Return the time of a clock that stands still while a thread waits for a processor.

    Where the system does not say how long that was, it is the clock of the machine.
    """
    try:
        text = Path(f"/proc/self/task/{native_id}/schedstat").read_text(encoding="utf-8")
    except OSError:
        return time.monotonic()
    _, waited_nanoseconds, _ = text.split()
    return time.monotonic() - int(waited_nanoseconds) / 1e9


def _frames() -> dict[int, FrameType]:
    """Return where each thread is, with no collection of garbage on the way.

    One that begins there may wait for ever for a lock that this thread has, in Python 3.11 before
    3.11.9 (python/cpython, 106883).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames()
    finally:
        if was_enabled:
            gc.enable()


def _sleep_of(native_id: int | None) -> str | None:
    """Return what tells one sleep of a thread from the next, nothing where the system does not say.

    A thread that is awake has none.
    """
    try:
        text = Path(f"/proc/self/task/{native_id}/status").read_text(encoding="utf-8")
    except OSError:
        return ""
    lines = text.splitlines()
    if not any(line.startswith("State:\tS") for line in lines):
        return None
    return " ".join(line for line in lines if "ctxt_switches" in line)
