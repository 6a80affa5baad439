"""Which of many openings after a crash are crashed themselves: those that do what others do not."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from conformance.crashes.campaign import CrashSite
from conformance.crashes.events import Answered
from conformance.crashes.states import CrashState

__all__ = ["unlike"]


def unlike(
    openings: Iterable[tuple[CrashState, CrashSite]], count_max: int
) -> list[tuple[CrashState, CrashSite]]:
    """Return at most so many openings, the rarest kinds first, then one more of each in turn.

    A repair is rare, and openings that are chosen evenly seldom have one.
    """
    kinds: dict[tuple[str, ...], list[tuple[CrashState, CrashSite]]] = {}
    for state, opening in openings:
        kinds.setdefault(_doings(opening), []).append((state, opening))
    turns = itertools.zip_longest(*sorted(kinds.values(), key=len))
    return [each for turn in turns for each in turn if each is not None][:count_max]


def _doings(opening: CrashSite) -> tuple[str, ...]:
    """Return what an opening did to files before its first answer, in words."""
    events = opening.conducted.recording.events
    before = itertools.takewhile(lambda event: not isinstance(event, Answered), events)
    return tuple([type(event).__name__ for event in before])
