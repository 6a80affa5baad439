"""The search for an order of the calls on one key (Wing and Gong 1993, with Lowe's memo 2017).

A key holds the value last put. A put that was refused or never answered may have happened at any
time after it was invoked, once or never. Three rules keep the search small and leave no order out:
a read that finds what the key holds now is taken at once, as it changes nothing; a put that nobody
has to know of is taken only where a read that comes next asks for it; and of what has been done
and what the key holds then, each pair is looked at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from conformance.concurrency.calls import EARLIEST, LATEST, Order, Steps

__all__ = ["Access", "kept_accesses", "order_of"]


@dataclass(frozen=True, slots=True)
class Access:
    """One call on one key: its index, the number of the value put or found, and its time.

    ``last`` is :data:`~conformance.concurrency.calls.LATEST` for a put that may not have happened.
    """

    index: int
    is_put: bool
    value: int
    invoked: int
    last: int


def kept_accesses(accesses: Sequence[Access], kept: Iterable[int]) -> list[Access]:
    """Return accesses of which those at other places than the kept ones are loosened."""
    wanted = frozenset(kept)
    return [
        access if place in wanted else replace(access, invoked=EARLIEST, last=LATEST)
        for place, access in enumerate(accesses)
        if access.is_put or place in wanted
    ]


@dataclass(frozen=True, slots=True)
class _State:
    """How far a search is: ``first`` certain calls are done, and those of ``done`` behind them."""

    first: int
    done: int
    doubtful: int
    value: int


class _Search:
    def __init__(self, accesses: Sequence[Access]) -> None:
        ordered = sorted(accesses, key=lambda each: (each.invoked, each.last))
        self.certain = [each for each in ordered if each.last < LATEST]
        # A put that may not have happened; and so a read that was not answered is none.
        self.doubtful = [each for each in ordered if each.last >= LATEST and each.is_put]
        self._doubtful_of: dict[int, list[int]] = {}
        for place, access in enumerate(self.doubtful):
            self._doubtful_of.setdefault(access.value, []).append(place)
        self.stuck: tuple[int, ...] = ()
        self._furthest = -1

    def run(self, initial: int, steps: Steps) -> Order:
        seen: set[_State] = set()
        stack = [_State(0, 0, 0, initial)]
        while stack:
            if not steps.take():
                return Order.OPEN
            state, enabled = self._with_reads(stack.pop())
            if state.first == len(self.certain):
                return Order.FOUND
            if state in seen:
                continue
            seen.add(state)
            following = self._following(state, enabled)
            if not following:
                self._note(state, enabled)
            stack += reversed(following)
        return Order.NONE

    def _with_reads(self, state: _State) -> tuple[_State, list[int]]:
        """Do every read that finds what the key holds; return the calls that can come next."""
        first, done = state.first, state.done
        while True:
            enabled: list[int] = []
            soonest_end = LATEST
            has_read = False
            for place in range(first, len(self.certain)):
                if done >> (place - first) & 1:
                    continue
                access = self.certain[place]
                if access.invoked > soonest_end:
                    break
                if not access.is_put and access.value == state.value:
                    done |= 1 << (place - first)
                    has_read = True
                    continue
                enabled.append(place)
                soonest_end = min(soonest_end, access.last)
            while done & 1:
                done >>= 1
                first += 1
            if not has_read:
                return _State(first, done, state.doubtful, state.value), enabled

    def _following(self, state: _State, enabled: Sequence[int]) -> list[_State]:
        """Return the states after each put that can come next, the one that has to first."""
        puts = [place for place in enabled if self.certain[place].is_put]
        puts.sort(key=lambda place: self.certain[place].last)
        following = []
        for place in puts:
            done = state.done | 1 << (place - state.first)
            value = self.certain[place].value
            following.append(_State(state.first, done, state.doubtful, value))
        soonest_end = min((self.certain[place].last for place in enabled), default=LATEST)
        wanted = [self.certain[place].value for place in enabled if not self.certain[place].is_put]
        for value in dict.fromkeys(wanted):
            for place in self._doubtful_of.get(value, ()):
                if state.doubtful >> place & 1:
                    continue
                # Of equal ones it does not matter which.
                if self.doubtful[place].invoked <= soonest_end:
                    doubtful = state.doubtful | 1 << place
                    following.append(_State(state.first, state.done, doubtful, value))
                break
        return following

    def _note(self, state: _State, enabled: Sequence[int]) -> None:
        """Remember the calls that cannot go on where the search has come furthest."""
        done_count = state.first + state.done.bit_count()
        if done_count > self._furthest:
            self._furthest = done_count
            self.stuck = tuple(self.certain[place].index for place in enabled)


def order_of(
    accesses: Sequence[Access], initial: int, steps: Steps
) -> tuple[Order, tuple[int, ...]]:
    """Say whether some order of the calls on one key explains what its reads found.

    The key holds the value ``initial`` at first. Where there is no order, the second answer is the
    calls that were next where the search came furthest.
    """
    search = _Search(accesses)
    return search.run(initial, steps), search.stuck
