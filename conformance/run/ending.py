"""How runs and their processes end: what a status means, and what an interruption still does."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker
from types import FrameType

from conformance.life_cycle import end_all
from telltale_spec.operating_system import signals_held

__all__ = [
    "end_histories_at_termination",
    "end_text",
    "interrupts_held",
    "termination_interrupts",
]


def end_text(status: int | None) -> str:
    """Return a sentence on how a process ended."""
    if status is None:
        return "its process closed the connection"
    if status < 0:
        names = {number.value: number.name for number in signal.Signals}
        return f"its process was ended by {names.get(-status, f'signal {-status}')}"
    return f"its process ended by itself with status {status}"


@contextlib.contextmanager
def termination_interrupts() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does, with everything cleaned up."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread may say what a signal does.
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back, so that a new process cannot take it for itself while it starts."""
    # Starting it lets interrupts through again, so it must not start later.
    resource_tracker.ensure_running()
    with signals_held({signal.SIGINT}), _terminations_held():
        yield


@contextlib.contextmanager
def _terminations_held() -> Iterator[None]:
    """Hold SIGTERM back, which would leave a process that starts without what it waits for.

    It is not blocked, as the new process would inherit that for all its life.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)
        if held:
            signal.raise_signal(signal.SIGTERM)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def end_histories_at_termination() -> None:
    """Let SIGTERM close and destroy what this process has open before it ends."""
    own_process_id = os.getpid()

    def end(number: int, frame: FrameType | None) -> None:
        # A second signal must not come into the middle of the first.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.getpid() == own_process_id:
            # A copy made by forking has no histories of its own.
            end_all()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    signal.signal(signal.SIGTERM, end)
