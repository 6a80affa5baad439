"""Two processes with one directory: one is killed inside of a call, the other lives on.

What a living handle remembers of the storage is from before the crash, and nothing tells it that
anyone has died: it neither opens nor repairs. What the dead one left half written it meets as it
is, and what it writes itself has to be found by whoever opens the storage after it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from conformance.concurrency.calls import ConcurrentCall
from conformance.crashes.conduct import plain_fault
from conformance.races.meetings import FRESH, HELD, OTHER, Meet
from conformance.races.threaded_calls import ThreadedCall
from conformance.races.tracing import Hold
from conformance.rules.events import UNKNOWN
from telltale_spec.operating_system import kill_group

__all__ = ["KilledMeet"]


class KilledMeet(Meet):
    """One meeting of a process that is killed where it would have been held."""

    def _living(self) -> Sequence[int]:
        return (OTHER, FRESH) if self._meeting.is_killed else super()._living()

    def _meet(self) -> None:
        meeting, changed = self._meeting, threading.Event()
        _, process_id = self._processes[HELD]
        hold = Hold(process_id, self._directory, meeting.stop_at, changed.set)
        held = self._making(HELD, meeting.pair.held, changed.set)
        try:
            held.start()
            changed.wait()
            if hold.is_held:
                meeting.held_at = hold.calls[-1]
                meeting.is_killed = True
                kill_group(process_id)
        finally:
            hold.release()
        held.join()
        meeting.shared_calls = tuple(hold.calls)
        if meeting.is_killed:
            # It may have taken effect or not, at any time from here on.
            pending = ConcurrentCall(HELD, meeting.pair.held, next(self._clock), None, UNKNOWN)
            meeting.calls.append(pending)
        else:
            self._answered("the first process", held)
        if not meeting.problem:
            other = self._making(OTHER, meeting.pair.other)
            other.run()
            self._answered("the second process", other)

    def _answered(self, who: str, making: ThreadedCall) -> None:
        """Keep the answer of a call, or what it failed to give."""
        if making.fault is not None:
            said = plain_fault(making.fault).partition("\n")[0]
            after = ", after the first one was killed" if self._meeting.is_killed else ""
            self._meeting.problem = f"{who} did not answer{after}: {said}"
        self._kept(making)

    def _look(self) -> None:
        """Look at what there is; then a new handle goes on, and both look again."""
        super()._look()
        for operation in self._meeting.pair.after:
            if not self._meeting.problem:
                self._at_once(FRESH, operation)
        if not self._meeting.problem:
            super()._look()
