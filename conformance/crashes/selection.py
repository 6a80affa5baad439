"""Which of many states are judged: distinct ones, and of too many those that lie evenly."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar

from conformance.crashes.campaign import CrashSite
from conformance.crashes.events import Answered
from conformance.crashes.states import CrashClass, CrashState, states_of

__all__ = [
    "Chosen",
    "answered_states",
    "chosen_states",
    "distinct_states",
    "evenly",
    "foremost",
    "of_each_place",
    "same_or_all",
    "sampled_states",
    "worth_a_look",
]

_REPLAYED_MAX: Final = 400
_SAMPLED_FOR_ONE: Final = 10

Item = TypeVar("Item")


def same_or_all(site: CrashSite, state: CrashState) -> list[CrashState]:
    """Return a state where it can come again, and otherwise those of its class."""
    if _fits(site, state):
        return [state]
    return list(chosen_states(site, state.crash_class, 0, _REPLAYED_MAX).states)


def _fits(site: CrashSite, state: CrashState) -> bool:
    pending = set(site.model.pending(state.point))
    changed = {*state.lost, *(part.event for part in state.parts)}
    return state.point <= len(site.model.events) and changed <= pending


@dataclass(frozen=True)
class Chosen:
    """The states of one class that are judged, and how many were made and were distinct."""

    states: tuple[CrashState, ...]
    made: int
    distinct: int


def distinct_states(
    site: CrashSite, crash_class: CrashClass, seed: int, since: int = 0
) -> Iterator[CrashState]:
    """Yield a state for each distinct image and place; crashes before ``since`` are left out."""
    for state, is_new in _told_apart(site, states_of(site.model, crash_class, seed, since)):
        if is_new:
            yield state


def chosen_states(
    site: CrashSite,
    crash_class: CrashClass,
    seed: int,
    count_max: int,
    since: int = 0,
    until: int | None = None,
) -> Chosen:
    """Return at most so many of the distinct states, which lie evenly; see :func:`evenly`.

    All are made twice, once to be counted, so that no more are ever kept than are judged. Crashes
    are those from ``since`` events up to, and without, ``until``.
    """
    made = distinct = 0
    for _, is_new in _told_apart(site, states_of(site.model, crash_class, seed, since, until)):
        made += 1
        distinct += is_new
    wanted = evenly(range(distinct), count_max)
    told_apart = _told_apart(site, states_of(site.model, crash_class, seed, since, until))
    states = (state for state, is_new in told_apart if is_new)
    return Chosen(tuple(_at(states, wanted)), made, distinct)


def sampled_states(
    site: CrashSite, crash_class: CrashClass, seed: int, count_max: int, since: int, until: int
) -> Chosen:
    """Return at most so many distinct states of a sample, which lies evenly among all.

    To tell states apart takes their contents, and a long history has very many that are long. So
    ``distinct`` is of the sample alone, which has ten states for each that is wanted.
    """
    made = sum(1 for _ in states_of(site.model, crash_class, seed, since, until))
    tried = evenly(range(made), count_max * _SAMPLED_FOR_ONE)
    sample = _at(states_of(site.model, crash_class, seed, since, until), tried)
    distinct = [state for state, is_new in _told_apart(site, sample) if is_new]
    return Chosen(tuple(evenly(distinct, count_max)), made, len(distinct))


def _told_apart(site: CrashSite, states: Iterable[CrashState]) -> Iterator[tuple[CrashState, bool]]:
    """Yield states, in order of points, each with whether its image and place are new."""
    seen: set[bytes] = set()
    answered = 0
    point = -1
    for state in states:
        if state.point != point:
            point = state.point
            now = site.conducted.answered(point)
            # More has to be there from now on, so that nothing earlier is the same.
            if now != answered:
                answered = now
                seen.clear()
        digest = site.digest(state)
        yield state, digest not in seen
        seen.add(digest)


def _at(items: Iterable[Item], indexes: Sequence[int]) -> Iterator[Item]:
    """Yield the items at rising indexes."""
    wanted = iter(indexes)
    following = next(wanted, None)
    for index, item in enumerate(items):
        if following is None:
            return
        if index == following:
            yield item
            following = next(wanted, None)


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


def of_each_place(site: CrashSite, states: Iterable[CrashState]) -> list[CrashState]:
    """Return the first state at each place of each kind of request, as ever the same in it.

    A place is how many events came since the last answer. Of states that are given in the order of
    their points, the others are of requests that do what an earlier one did.
    """
    found: dict[tuple[str, int], CrashState] = {}
    answered = since = 0
    for state in states:
        if site.conducted.answered(state.point) > answered:
            answered, since = site.conducted.answered(state.point), state.point
        asked = site.conducted.deeds[answered : answered + 1]
        kind = type(asked[0].operation).__name__ if asked else ""
        found.setdefault((kind, state.point - since), state)
    return list(found.values())


def worth_a_look(
    site: CrashSite, classes: Sequence[CrashClass], seed: int, count_max: int
) -> list[CrashState]:
    """Return states whose openings may do what others do not: some of each class and place.

    What a request leaves once it has been answered is seldom mended.
    """
    each = -(-count_max // len(classes))
    found: dict[CrashState, None] = {}
    for crash_class in classes:
        # What they hold is not looked at: that takes long where a storage has large files.
        likely = evenly(of_each_place(site, states_of(site.model, crash_class, seed)), each)
        count, end = each - len(likely), len(site.model.events) + 1
        others = sampled_states(site, crash_class, seed, count, 0, end).states if count else ()
        found.update(dict.fromkeys([*likely, *others]))
    return evenly(list(found), count_max)


def answered_states(site: CrashSite, crash_class: CrashClass) -> list[CrashState]:
    """Return states of which nothing is lost, one behind the first answer with each image."""
    found: dict[bytes, CrashState] = {}
    for index, event in enumerate(site.model.events):
        if isinstance(event, Answered):
            state = CrashState(crash_class, index + 1)
            found.setdefault(site.digest(state), state)
    return list(found.values())


def foremost(
    items: Sequence[Item], count_max: int, is_likely: Callable[[Item], bool]
) -> list[Item]:
    """Return at most so many items, those first that are likely to fail; see :func:`evenly`."""
    likely = [each for each in items if is_likely(each)]
    others = [each for each in items if not is_likely(each)]
    chosen = evenly(likely, count_max)
    return [*chosen, *evenly(others, count_max - len(chosen))]
