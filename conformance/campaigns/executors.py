"""Who carries units out: processes of this machine, shaped as an executor of Python's."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from multiprocessing.connection import Connection
from types import FrameType
from typing import Final, Protocol

from conformance.campaigns.units import Unit, UnitResult
from conformance.campaigns.working import work_unit
from conformance.run.ending import interrupts_held
from telltale_spec.operating_system import unblock_signals

__all__ = ["LocalExecutor", "UnitExecutor"]

# So long a worker may take away what its unit has on a server.
_END_SECONDS_MAX: Final = 15.0


class UnitExecutor(Protocol):
    """What carries units out, side by side; a `concurrent.futures` executor with a few facts.

    ``blames_exactly`` says that a worker that dies takes no other unit with it than its own.
    """

    @property
    def blames_exactly(self) -> bool:
        """Whether a lost unit is the one that its worker was at."""

    @property
    def lost_errors(self) -> tuple[type[BaseException], ...]:
        """What a future raises when its worker is lost."""

    def capacity(self) -> int:
        """Return how many units may be under way now."""

    def submit(self, unit: Unit) -> Future[UnitResult]:
        """Give a unit to a worker."""

    def abandon(self, future: Future[UnitResult]) -> None:
        """Give up a unit that does not come to an end."""

    def stop(self) -> None:
        """End every worker, within a limit."""


class LocalExecutor:
    """Processes of this machine: pools of one worker each, so that one that dies is alone.

    A pool that broke is made anew. Every worker ends with this process, however that ends.
    """

    blames_exactly = True
    lost_errors: tuple[type[BaseException], ...] = (BrokenExecutor,)

    def __init__(self, jobs: int) -> None:
        self._slots = [_Slot() for _ in range(jobs)]

    def capacity(self) -> int:
        """Return the number of workers."""
        return len(self._slots)

    def submit(self, unit: Unit) -> Future[UnitResult]:
        """Give a unit to a worker that is free."""
        slot = next(each for each in self._slots if each.is_free)
        return slot.submit(unit)

    def abandon(self, future: Future[UnitResult]) -> None:
        """End the worker of a unit; its future tells that it is lost."""
        for slot in self._slots:
            if slot.future is future:
                slot.end()

    def stop(self) -> None:
        """End every worker, within a limit."""
        for slot in self._slots:
            slot.end()
        for slot in self._slots:
            slot.wait()


class _Slot:
    """A pool of one worker, and the line that tells the worker when to end."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._line: Connection | None = None
        self._receiver: Connection | None = None
        self.future: Future[UnitResult] | None = None

    @property
    def is_free(self) -> bool:
        return self.future is None or self.future.done()

    def submit(self, unit: Unit) -> Future[UnitResult]:
        broke = self.future is not None and isinstance(self.future.exception(), BrokenExecutor)
        if broke:
            self._renew()
        # A worker is started by the first submit, and must not take an interrupt for itself.
        with interrupts_held():
            try:
                self.future = self._living_pool().submit(_work, unit)
            except BrokenExecutor:
                # Its worker died while it had nothing to do.
                self._renew()
                self.future = self._living_pool().submit(_work, unit)
        if self._receiver is not None:
            # The worker has it now, and only the worker.
            self._receiver.close()
            self._receiver = None
        return self.future

    def _living_pool(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._receiver, self._line = context.Pipe(duplex=False)
            self._pool = ProcessPoolExecutor(
                1, mp_context=context, initializer=_begin, initargs=(self._receiver,)
            )
        return self._pool

    def _renew(self) -> None:
        self.end()
        self.wait()
        self._pool, self.future = None, None

    def end(self) -> None:
        """Tell the worker to end."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def wait(self) -> None:
        """Wait for the worker, which ends itself within a limit."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


def _begin(line: Connection) -> None:
    """Prepare a worker: it ends when its coordinator says so or is gone, and not by Ctrl-C."""
    # A handler, and not to ignore it, as that would go on to the programs of harnesses.
    signal.signal(signal.SIGINT, _pass_over)
    unblock_signals({signal.SIGINT})
    threading.Thread(target=_end_with, args=(line,), name="line", daemon=True).start()


def _pass_over(number: int, frame: FrameType | None) -> None:
    """Leave Ctrl-C to the coordinator, which gets it too."""


def _end_with(line: Connection) -> None:
    try:
        line.recv()
    except (EOFError, OSError):
        # Nothing is ever sent: the other end was closed, or its process is gone.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_END_SECONDS_MAX)
        os._exit(1)


def _work(unit: Unit) -> UnitResult:
    try:
        return work_unit(unit)
    except KeyboardInterrupt:
        # This process was told to end, and what the unit had open is closed.
        os._exit(1)
