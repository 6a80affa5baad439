"""Make a long list of acts short: by halving, by leaving out groups, then piece by piece.

How much is tried is bounded by counts, so that equal failures become equal counterexamples however
busy the machine is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from conformance.engine.acts import Act
from conformance.records.results import Counterexample

__all__ = ["shortened"]

# How many acts may be carried out again in all, and how many of them for each act that there is.
_ACTS_MIN: Final = 20_000
_ACTS_EACH_MAX: Final = 120
# Fewer acts than these are tried to make plain one by one.
_PLAIN_ONE_BY_ONE_MAX: Final = 12

Again: TypeAlias = Callable[[Sequence[Act]], Counterexample | None]


class _Shortest:
    """The shortest failure so far, and what may still be tried."""

    def __init__(self, found: Counterexample, again: Again) -> None:
        self.found = found
        self.acts: list[Act] = list(found.acts)
        self._again = again
        self._acts_left = max(_ACTS_MIN, _ACTS_EACH_MAX * len(self.acts))

    def takes(self, acts: Sequence[Act]) -> bool:
        """Say whether other acts fail alike; keep them where they do."""
        if not acts or self._acts_left < len(acts):
            return False
        self._acts_left -= len(acts)
        met = self._again(acts)
        if met is None:
            return False
        self.found, self.acts = met, list(met.acts)
        return True


def shortened(
    found: Counterexample,
    again: Again,
    *,
    group_of: Callable[[Act], Sequence[str]],
    plainer: Callable[[Act], Iterable[Act]],
) -> Counterexample:
    """Return a counterexample of the same requirement with as few and as plain acts as possible.

    ``again`` carries acts out and returns the failure that they meet, if it is the same one.
    """
    shortest = _Shortest(found, again)
    _halve(shortest)
    _leave_out_groups(shortest, group_of)
    _leave_out_pieces(shortest)
    _make_plain(shortest, plainer)
    return shortest.found


def _halve(shortest: _Shortest) -> None:
    """Find the smallest number of acts before the last one, from the front and from the back."""
    for from_the_front in (True, False):
        *before, last = shortest.acts
        enough, too_few = len(before), -1
        while enough - too_few > 1:
            middle = (enough + too_few) // 2
            kept = before[:middle] if from_the_front else before[len(before) - middle :]
            if shortest.takes([*kept, last]):
                enough = middle
            else:
                too_few = middle


def _leave_out_groups(shortest: _Shortest, group_of: Callable[[Act], Sequence[str]]) -> None:
    groups = {name: None for act in shortest.acts for name in group_of(act)}
    for name in groups:
        *before, last = shortest.acts
        kept = [act for act in before if name not in group_of(act)]
        if len(kept) < len(before):
            shortest.takes([*kept, last])


def _leave_out_pieces(shortest: _Shortest) -> None:
    length = len(shortest.acts) // 2
    while length:
        start = len(shortest.acts) - 1 - length
        while start > -length:
            first = max(start, 0)
            without = [*shortest.acts[:first], *shortest.acts[first + length :]]
            shortest.takes(without)
            start -= length
        length //= 2


def _make_plain(shortest: _Shortest, plainer: Callable[[Act], Iterable[Act]]) -> None:
    """Replace acts by plainer ones: all together, and one by one where there are few."""
    plain = [next(iter(plainer(act)), act) for act in shortest.acts]
    if shortest.takes(plain) or len(shortest.acts) > _PLAIN_ONE_BY_ONE_MAX:
        return
    for index in range(len(shortest.acts)):
        for other in plainer(shortest.acts[index]):
            if shortest.takes([*shortest.acts[:index], other, *shortest.acts[index + 1 :]]):
                break
