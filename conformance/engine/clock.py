"""The time of one search: what it has worked and waited, and how much of it is left."""

from __future__ import annotations

import math
import time
from typing import Final

from conformance.engine.budget import Budget

__all__ = ["SearchClock"]

# What part of its time by the clock a search may spend on making a counterexample shorter.
_SHRINKING_SHARE: Final = 0.18
_FURTHER_SHARE: Final = 0.07
# However busy the machine is, a fast backend gets so much work for the end of it.
_FURTHER_SECONDS: Final = 1.0


class SearchClock:
    """Starts when it is made. Work is processor time; a backend that mostly waits has a limit too.

    Time that the machine gives to others must not turn a verdict, so work is what is bounded first.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._worked_from = time.process_time()
        self._waited_from = time.monotonic()
        self._violated_at: float | None = None
        self._further_from: tuple[float, float] | None = None

    @property
    def seconds_left(self) -> float:
        """How long the search may go on by the clock, at least 0."""
        return max(0.0, self._budget.wall_seconds - (time.monotonic() - self._waited_from))

    @property
    def used_share(self) -> float:
        """How much of the time is used, of the processor's or by the clock; 1 is all of it."""
        worked_seconds = time.process_time() - self._worked_from
        waited_seconds = time.monotonic() - self._waited_from
        budget = self._budget
        return max(
            _share(worked_seconds, budget.seconds), _share(waited_seconds, budget.wall_seconds)
        )

    def note_violation(self) -> None:
        """Begin to count the time in which the first violation is made shorter."""
        if self._violated_at is None:
            self._violated_at = time.monotonic()

    def shorten_further(self) -> None:
        """Let a counterexample be made shorter after the engine, in the time kept for that."""
        self._further_from = (time.process_time(), time.monotonic())

    def is_out_of_time(self, share: float = 1.0) -> bool:
        """Say whether the time of the budget is used up, or this share of it."""
        budget = self._budget
        if self.used_share > share:
            return True
        if self._violated_at is None:
            return False
        if self._further_from is None:
            shortened_seconds = time.monotonic() - self._violated_at
            return shortened_seconds > _SHRINKING_SHARE * budget.wall_seconds
        worked_from, waited_from = self._further_from
        busy = time.process_time() - worked_from <= _FURTHER_SECONDS
        allowed = _SHRINKING_SHARE if busy else _FURTHER_SHARE
        return time.monotonic() - waited_from > allowed * budget.wall_seconds


def _share(seconds: float, of_seconds: float) -> float:
    """Return how much of some time is used; of no time at all, all of it is."""
    return seconds / of_seconds if of_seconds > 0 else math.inf
