"""Which call wrote which entry of a log, and when: a time for every place, never falling.

A place of the log has a window, from the calls that read before and behind it, and so has every
call. An entry that one call alone appended leaves no choice. Of calls with equal entries the one
that has to be done first is taken, unless it begins so late that others would miss their window;
where both can be right, both are tried, within a number of steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from conformance.concurrency.calls import EARLIEST, LATEST, Order, Steps

__all__ = ["Clash", "Moment", "Span", "Windows", "placed"]

Span = tuple[int, int]
"""The positions between which a call takes effect."""

Moment = tuple[int, int]
"""A position, and the index of the call that it is of; -1 for none."""


@dataclass
class Windows:
    """The first and the last moment of every place; one more place stands for what comes after."""

    first: list[Moment]
    last: list[Moment]

    @classmethod
    def of_length(cls, length: int) -> Windows:
        """Return windows without a limit."""
        return cls([(EARLIEST, -1)] * (length + 1), [(LATEST, -1)] * (length + 1))

    def not_before(self, place: int, moment: Moment) -> None:
        """Let an entry take effect after a moment."""
        self.first[place] = max(self.first[place], moment)

    def not_after(self, place: int, moment: Moment) -> None:
        """Let an entry take effect before a moment."""
        self.last[place] = min(self.last[place], moment)


@dataclass(frozen=True)
class Clash:
    """What stands in the way at a place: ``later`` begins after ``earlier`` has ended.

    Both are indexes of calls, -1 for none.
    """

    place: int
    later: int
    earlier: int


@dataclass
class _Search:
    spans: Sequence[Span]
    """When each call can have taken effect, by its index."""
    kinds: Sequence[int]
    """The number of the entry at each place."""
    carriers: Sequence[Sequence[int]]
    """The calls that carry each entry, in the order of their invocation."""
    unused: list[list[int]]
    """The same, without those that were given a place."""
    windows: Windows
    last: list[Moment]
    """The last moment of each place, when those behind it are looked at as well."""
    steps: Steps
    trail: list[tuple[int, Moment, int, int]] = field(default_factory=list)
    """For each place, the call that was chosen, the time before, its entry and its old index."""
    branches: list[tuple[int, Moment, list[int]]] = field(default_factory=list)
    tried: set[tuple[int, int, int]] = field(default_factory=set)
    """Where there was a choice: the place, the time and the calls used of those to choose from."""
    used: int = 0
    clash: Clash | None = None

    def run(self) -> Order:
        place, time = 0, (EARLIEST, -1)
        while self.steps.take():
            choices = self._choices(place, time) if place < len(self.kinds) else []
            if place == len(self.kinds) and self._ends(time):
                return Order.FOUND
            if len(choices) > 1:
                tried = (place, time[0], self.used)
                if tried in self.tried:
                    choices = []
                else:
                    self.tried.add(tried)
                    self.branches.append((place, time, choices[1:]))
            if not choices:
                if not self.branches:
                    return Order.NONE
                place, time, choices = self.branches.pop()
                self._return_to(place)
                if len(choices) > 1:
                    self.branches.append((place, time, choices[1:]))
            time = self._choose(place, time, choices[0])
            place += 1
        return Order.OPEN

    def _choices(self, place: int, time: Moment) -> list[int]:
        """Return the calls that can be at a place, the one that has to be done first in front."""
        time = max(time, self.windows.first[place])
        last = self.last[place]
        if time[0] > last[0]:
            self._note(place, time[1], last[1])
            return []
        found: list[int] = []
        soonest_end: int = LATEST + 1
        late = -1
        for index in self.unused[self.kinds[place]]:
            begin, end = self.spans[index]
            if begin > soonest_end:
                break
            if begin > last[0]:
                late = index
                break
            if end < time[0]:
                # It would have had to be earlier, and will be in the way of every later place.
                self._note(place, time[1], index)
                return []
            if end < soonest_end:
                # One that begins later and ends sooner than those before: both may be right.
                before = () if begin <= time[0] else found
                found = [index, *(each for each in before if self.spans[each][0] < begin)]
                soonest_end = end
        if not found:
            self._note(place, late, last[1])
        return found

    def _ends(self, time: Moment) -> bool:
        """Say whether what is not in the log can have come after all of it."""
        time = max(time, self.windows.first[-1])
        for unused in self.unused:
            for index in unused:
                if self.spans[index][1] < time[0]:
                    self._note(len(self.kinds), time[1], index)
                    return False
        return True

    def _choose(self, place: int, time: Moment, index: int) -> Moment:
        kind = self.kinds[place]
        at = self.unused[kind].index(index)
        del self.unused[kind][at]
        self.trail.append((index, time, kind, at))
        if len(self.carriers[kind]) > 1:
            self.used ^= 1 << index
        return max(time, self.windows.first[place], (self.spans[index][0], index))

    def _return_to(self, place: int) -> None:
        while len(self.trail) > place:
            index, _, kind, at = self.trail.pop()
            self.unused[kind].insert(at, index)
            if len(self.carriers[kind]) > 1:
                self.used ^= 1 << index

    def _note(self, place: int, later: int, earlier: int) -> None:
        if self.clash is None or place > self.clash.place:
            self.clash = Clash(place, later, earlier)


def placed(
    spans: Sequence[Span],
    kinds: Sequence[int],
    carriers: Sequence[Sequence[int]],
    windows: Windows,
    steps: Steps,
) -> tuple[Order, Clash | None]:
    """Say whether every place of a log can be given to a call of its own, in the order of time.

    ``kinds`` has the number of the entry at each place, and ``carriers`` the indexes of the calls
    that carry each entry, in the order of their invocation, at least as many as there are places.
    What is acknowledged and not given a place has to come after the log.
    """
    last = list(windows.last)
    for place in range(len(kinds) - 1, -1, -1):
        of_kind = carriers[kinds[place]]
        last[place] = min(last[place], last[place + 1])
        if len(of_kind) == 1:
            last[place] = min(last[place], (spans[of_kind[0]][1], of_kind[0]))
    unused = [list(each) for each in carriers]
    search = _Search(spans, kinds, carriers, unused, windows, last, steps)
    order = search.run()
    return order, search.clash if order is Order.NONE else None
