"""The smallest set of calls that no order explains: what a contradiction does not need is left out.

To leave a call out is to loosen it (``calls.loosened``), so that what others read of its entry is
not taken away with it. Leaving out only ever makes more orders possible; so the set is found by
halves, in few judgements where few of very many calls are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

__all__ = ["smallest_contradiction"]

Contradicts = Callable[[Sequence[int]], bool]


def smallest_contradiction(
    count: int, contradicts: Contradicts, suspects: Iterable[Sequence[int]] = ()
) -> tuple[int, ...]:
    """Return indexes below ``count``, in order, that contradict while all others are loosened.

    None of them can be left out. ``contradicts`` judges a history by the indexes, in order, that
    are kept in it; it has to be true of all of them. Where one of the ``suspects`` contradicts by
    itself, the set is looked for in the first that does.
    """
    among: Sequence[int] = range(count)
    for each in suspects:
        suspected = sorted(set(each))
        if contradicts(suspected):
            among = suspected
            break
    found = _by_halves(contradicts, [], False, list(among))
    return _needed(contradicts, sorted(found))


def _needed(contradicts: Contradicts, kept: Sequence[int]) -> tuple[int, ...]:
    """Leave out one call after the other, in case a judgement was left open on the way."""
    needed = list(kept)
    for index in kept:
        fewer = [other for other in needed if other != index]
        if contradicts(fewer):
            needed = fewer
    return tuple(needed)


def _by_halves(
    contradicts: Contradicts, given: list[int], has_grown: bool, among: list[int]
) -> list[int]:
    """Return which of ``among`` are needed besides those given (Junker's QuickXplain, 2004)."""
    if not among or (has_grown and contradicts(sorted(given))):
        return []
    if len(among) == 1:
        return among
    half = len(among) // 2
    first, second = among[:half], among[half:]
    later = _by_halves(contradicts, given + first, True, second)
    earlier = _by_halves(contradicts, given + later, bool(later), first)
    return earlier + later
