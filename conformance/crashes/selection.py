"""Which of many states are judged: distinct ones, and of too many those that lie evenly."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, TypeVar

from conformance.crashes.campaign import CrashSite
from conformance.crashes.states import CrashClass, CrashState, states_of

__all__ = ["distinct_states", "evenly", "foremost", "same_or_all"]

_REPLAYED_MAX: Final = 400

Item = TypeVar("Item")


def same_or_all(site: CrashSite, state: CrashState) -> list[CrashState]:
    """Return a state where it can come again, and otherwise those of its class."""
    if _fits(site, state):
        return [state]
    return evenly(distinct_states(site, state.crash_class, 0)[0], _REPLAYED_MAX)


def _fits(site: CrashSite, state: CrashState) -> bool:
    pending = set(site.model.pending(state.point))
    changed = {*state.lost, *(part.event for part in state.parts)}
    return state.point <= len(site.model.events) and changed <= pending


def distinct_states(
    site: CrashSite, crash_class: CrashClass, seed: int, since: int = 0
) -> tuple[list[CrashState], int]:
    """Return a state for each distinct image and place, and how many states there are in all.

    Crashes before ``since`` events are left out.
    """
    distinct: dict[tuple[bytes, int], CrashState] = {}
    made = 0
    for state in states_of(site.model, crash_class, seed, since):
        made += 1
        key = (site.digest(state), site.conducted.answered(state.point))
        distinct.setdefault(key, state)
    return list(distinct.values()), made


def evenly(items: Sequence[Item], count_max: int) -> list[Item]:
    """Return all items, or of many one from each of as many equal stretches.

    Which one of a stretch is left to luck that is the same every time: a fixed stride would meet
    the same call of every operation.
    """
    if len(items) <= count_max:
        return list(items)
    if count_max <= 0:
        return []
    chance = random.Random(f"{len(items)} {count_max}")  # noqa: S311 - a sample, not a secret
    edges = [index * len(items) // count_max for index in range(count_max + 1)]
    return [items[chance.randrange(first, last)] for first, last in pairwise(edges)]


def foremost(
    items: Sequence[Item], count_max: int, is_likely: Callable[[Item], bool]
) -> list[Item]:
    """Return at most so many items, those first that are likely to fail; see :func:`evenly`."""
    likely = [each for each in items if is_likely(each)]
    others = [each for each in items if not is_likely(each)]
    chosen = evenly(likely, count_max)
    return [*chosen, *evenly(others, count_max - len(chosen))]
