"""Hold a process at one of its system calls, and let it go on when that is asked for."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from conformance.errors import ConformanceError
from conformance.races import ptrace
from conformance.races.file_calls import ARCHITECTURES, Entered, shared_call_text
from conformance.races.processes import processes_of, threads_of

__all__ = ["Hold", "HoldingError"]

# Linux: only what this thread traces, so that nobody's child is waited for by accident.
_OWN: Final = 0x2000_0000
_SPIN_COUNT: Final = 20
_POLL_SECONDS: Final = 0.000_05
_ATTACHING_SECONDS_MAX: Final = 5.0


class HoldingError(ConformanceError):
    """Report a process that cannot be held, so that nothing is known of its races."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"a process cannot be held at a system call: {reason}")


class Hold:
    """Follows the shared calls of a process and of all that it has started, and stops at one.

    ``stop_at`` counts them from 1 on; nothing is stopped where there are fewer, or with 0. A
    thread that is stopped stays so until :meth:`release`, and its other threads go on.
    ``on_held`` is told, from another thread, that it has come to that. Raises
    :class:`HoldingError` where the system does not allow it.
    """

    def __init__(
        self, process_id: int, directory: Path, stop_at: int, on_held: Callable[[], None]
    ) -> None:
        self.calls: list[str] = []
        """All shared calls so far, in words; the last one is held where one is."""

        self.is_held = False
        self._process_id = process_id
        self._directory = directory
        self._stop_at = stop_at
        self._on_held = on_held
        self._held_thread = 0
        self._stopped: dict[int, int] = {}
        self._followed: set[int] = set()
        self._attached = threading.Event()
        self._released = threading.Event()
        self._error: Exception | None = None
        # All requests have to come from the thread that attached.
        self._thread = threading.Thread(target=self._run, name="hold", daemon=True)
        self._thread.start()
        if not self._attached.wait(2 * _ATTACHING_SECONDS_MAX) or self._error is not None:
            self.release()
            raise HoldingError(self._error_text())

    def release(self) -> None:
        """Let everything go on untraced; afterwards nothing is held or counted any more.

        Raises :class:`HoldingError` where the calls could not be followed to here.
        """
        self._released.set()
        self._thread.join(2 * _ATTACHING_SECONDS_MAX)
        if self._attached.is_set() and (self._error is not None or self._thread.is_alive()):
            raise HoldingError(self._error_text())

    def _error_text(self) -> str:
        error = self._error
        if error is None:
            return "its threads do not stop when they are asked to"
        refused = isinstance(error, OSError) and error.errno in (errno.EPERM, errno.EACCES)
        return "the system does not allow it to trace a child" if refused else str(error)

    # Everything from here on runs in the thread that attached

    def _run(self) -> None:
        try:
            self._attach()
            self._attached.set()
            self._follow()
        except (OSError, HoldingError) as error:
            self._error = error
            self._attached.set()
        finally:
            self._let_go()

    def _attach(self) -> None:
        deadline = time.monotonic() + _ATTACHING_SECONDS_MAX
        while new := self._threads() - self._followed:
            for thread_id in sorted(new):
                self._followed.add(thread_id)
                with contextlib.suppress(ProcessLookupError):
                    ptrace.seize(thread_id)
                    ptrace.interrupt(thread_id)
                    self._stopped_by(thread_id, deadline)
        for thread_id in list(self._stopped):
            self._go_on(thread_id)

    def _threads(self) -> set[int]:
        found = processes_of(self._process_id)
        return {thread_id for process_id in found for thread_id in threads_of(process_id)}

    def _stopped_by(self, thread_id: int, deadline: float) -> None:
        while thread_id not in self._stopped and thread_id in self._followed:
            if not self._take_one():
                time.sleep(_POLL_SECONDS)
            if time.monotonic() > deadline:
                raise HoldingError("its threads do not stop when they are asked to")

    def _take_one(self) -> bool:
        """Note one thread that has stopped or ended; say whether there was any."""
        waited = os.WEXITED | os.WSTOPPED | os.WNOWAIT | os.WNOHANG | ptrace.WAIT_ALL | _OWN
        try:
            found = os.waitid(os.P_ALL, 0, waited)
        except ChildProcessError:
            return False
        if found is None:
            return False
        thread_id = found.si_pid
        if found.si_code in (os.CLD_EXITED, os.CLD_KILLED, os.CLD_DUMPED):
            self._forget(thread_id)
            if thread_id == self._process_id:
                # Its end is for those who have started it.
                self._released.set()
                return False
        _, status = os.waitpid(thread_id, os.WNOHANG | ptrace.WAIT_ALL)
        if os.WIFSTOPPED(status):
            self._followed.add(thread_id)
            self._stopped[thread_id] = status
            with contextlib.suppress(ProcessLookupError):
                # It is followed from its beginning, and has to be let go like all others.
                made = ptrace.new_thread(thread_id, status)
                self._followed |= set() if made is None else {made}
        return True

    def _forget(self, thread_id: int) -> None:
        self._followed.discard(thread_id)
        self._stopped.pop(thread_id, None)

    def _follow(self) -> None:
        idle = 0
        while not self._released.is_set():
            if not self._take_one():
                idle += 1
                time.sleep(0 if idle < _SPIN_COUNT else _POLL_SECONDS)
                continue
            idle = 0
            for thread_id in list(self._stopped):
                if thread_id != self._held_thread:
                    self._serve(thread_id)

    def _serve(self, thread_id: int) -> None:
        """Let a stopped thread go on, or hold it."""
        status = self._stopped[thread_id]
        if ptrace.is_system_call(status):
            with contextlib.suppress(ProcessLookupError):
                entered = ptrace.entered_call(thread_id)
                if entered is not None and self._is_to_be_held(entered):
                    self._held_thread = thread_id
                    self.is_held = True
                    self._on_held()
                    return
        self._go_on(thread_id)

    def _is_to_be_held(self, entered: Entered) -> bool:
        if entered.architecture not in ARCHITECTURES:
            raise HoldingError("the calls of this processor are not known")
        if self.is_held:
            return False
        text = shared_call_text(entered, self._directory)
        if text:
            self.calls.append(text)
        return bool(text) and len(self.calls) == self._stop_at

    def _go_on(self, thread_id: int) -> None:
        status = self._stopped.pop(thread_id)
        with contextlib.suppress(ProcessLookupError):
            if _is_stopped_group(status):
                ptrace.listen(thread_id)
            else:
                ptrace.cont(thread_id, _signal_of(status))

    def _let_go(self) -> None:
        """Detach from every thread; what has ended meanwhile needs no detaching."""
        deadline = time.monotonic() + _ATTACHING_SECONDS_MAX
        self._detach_stopped()
        for thread_id in sorted(self._followed):
            with contextlib.suppress(OSError):
                ptrace.interrupt(thread_id)
        while self._followed and time.monotonic() < deadline:
            if not self._take_one():
                if self._process_id not in self._followed and not self._any_alive():
                    return
                time.sleep(_POLL_SECONDS)
            self._detach_stopped()

    def _any_alive(self) -> bool:
        return any(Path(f"/proc/{each}").exists() for each in self._followed)

    def _detach_stopped(self) -> None:
        for thread_id, status in list(self._stopped.items()):
            self._forget(thread_id)
            with contextlib.suppress(ProcessLookupError):
                ptrace.detach(thread_id, _signal_of(status))


def _is_stopped_group(status: int) -> bool:
    is_stop = ptrace.is_event(status) and status >> 16 == ptrace.EVENT_STOP
    return is_stop and os.WSTOPSIG(status) in _STOPPING


_STOPPING: Final = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)


def _signal_of(status: int) -> int:
    """Return the signal that a thread was about to get, or 0 where it stopped for us."""
    if ptrace.is_system_call(status) or ptrace.is_event(status):
        return 0
    return os.WSTOPSIG(status)
