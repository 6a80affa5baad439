"""Make a long list of acts short: by halving, by leaving out groups, then piece by piece.

How much is tried is bounded by counts, so that equal failures become equal counterexamples however
busy the machine is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from conformance.engine.acts import Act
from conformance.records.results import Counterexample

__all__ = ["shortened"]

# How many acts may be carried out again in all, and how many of them for each act that there is.
_ACTS_MIN: Final = 20_000
_ACTS_EACH_MAX: Final = 60
# Fewer acts than these are tried to make plain one by one.
_PLAIN_ONE_BY_ONE_MAX: Final = 12
# So many of the largest groups are tried, and so many pieces are many.
_GROUPS_MAX: Final = 16
_PIECES_ENOUGH: Final = 16

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
        self.found = met
        if met.acts:
            self.acts = list(met.acts)
        else:
            # It fails before anything is done, which cannot be made shorter.
            self._acts_left = 0
        return True


def shortened(
    found: Counterexample,
    again: Again,
    *,
    group_of: Callable[[Act], Sequence[str]],
    plainer: Callable[[Sequence[Act]], Iterable[Sequence[Act]]],
) -> Counterexample:
    """Return a counterexample of the same requirement with as few and as plain acts as possible.

    ``again`` carries acts out and returns the failure that they meet, if it is the same one.
    ``plainer`` offers acts in place of others, the plainest first.
    """
    shortest = _Shortest(found, again)
    if not shortest.acts:
        # It fails before anything is done.
        return found
    _halve(shortest)
    _leave_out_groups(shortest, group_of)
    _make_plain(shortest, plainer)
    _leave_out_pieces(shortest)
    _make_plain(shortest, plainer)
    if len(shortest.acts) <= _PLAIN_ONE_BY_ONE_MAX:
        _make_plain_one_by_one(shortest, plainer)
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
    groups = Counter(name for act in shortest.acts for name in group_of(act))
    for name, _ in groups.most_common(_GROUPS_MAX):
        *before, last = shortest.acts
        kept = [act for act in before if name not in group_of(act)]
        if len(kept) < len(before):
            shortest.takes([*kept, last])


def _leave_out_pieces(shortest: _Shortest) -> None:
    """Leave out pieces, each time half as long.

    Where none of many pieces can be left out, it is the number of acts that matters.
    """
    length = len(shortest.acts) // 2
    while length:
        before = len(shortest.acts)
        start = before - 1 - length
        while start > -length:
            first = max(start, 0)
            shortest.takes([*shortest.acts[:first], *shortest.acts[start + length :]])
            start -= length
        if len(shortest.acts) == before > _PIECES_ENOUGH * length:
            return
        length //= 2


def _make_plain(
    shortest: _Shortest, plainer: Callable[[Sequence[Act]], Iterable[Sequence[Act]]]
) -> None:
    any(shortest.takes(acts) for acts in plainer(shortest.acts))


def _make_plain_one_by_one(
    shortest: _Shortest, plainer: Callable[[Sequence[Act]], Iterable[Sequence[Act]]]
) -> None:
    index = 0
    # A history that breaks earlier by now has fewer acts than it had.
    while index < len(shortest.acts):
        for (other,) in plainer(shortest.acts[index : index + 1]):
            if shortest.takes([*shortest.acts[:index], other, *shortest.acts[index + 1 :]]):
                break
        index += 1
