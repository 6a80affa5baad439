"""How often a failure comes again when the same acts are carried out again.

What fails every time is one thing; what fails at times is flaky. Both are failures.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from conformance.backend import Backend
from conformance.engine.acts import Act
from conformance.engine.blame import blamed_on
from conformance.engine.budget import Budget
from conformance.engine.randomness import random_seed_of
from conformance.engine.session import Session
from conformance.engine.suite import Replayed, Suite
from conformance.engine.watch import CallWatch
from conformance.errors import BackendFault
from conformance.records.results import Counterexample

__all__ = [
    "TRIES_OF_CHANCE",
    "TRIES_SURE",
    "carried_out",
    "other_seeds",
    "repeated",
    "repeated_or_not",
]

TRIES_SURE: Final = 10
"""So many tries that all fail make a failure one that always comes."""

TRIES_OF_CHANCE: Final = 100
"""So many tries are made of a failure that does not always come."""

# A slow backend gets fewer tries, but these.
_TRIES_MIN: Final = 3
_SURE_SECONDS: Final = 2.0


def carried_out(
    suite: Suite,
    backend: Backend,
    acts: Sequence[Act],
    requirement_id: str,
    watch: CallWatch,
    random_seed: int,
    overlooked: list[Counterexample] | None = None,
) -> Replayed:
    """Carry acts out on a new history, up to the first violation of one requirement.

    ``overlooked`` gets what else was broken on the way.
    """
    others = frozenset(suite.failing_ids) - {requirement_id}
    session = Session(
        suite.name,
        backend,
        watch,
        Budget(histories=1, operations=len(acts), seconds=math.inf),
        random_seed=random_seed,
        muted=others,
        overlooked=overlooked,
    )
    try:
        with session, blamed_on(backend):
            return suite.replay(session, acts)
    finally:
        suite.end(backend)


def other_seeds(random_seed: int, count: int) -> list[int]:
    """Return other seeds for the global generators, always the same; zero comes first."""
    seeds = [0, *(random_seed_of(0, number) for number in range(count))]
    return [seed for seed in seeds if seed != random_seed][:count]


def repeated(
    found: Counterexample, attempt: Callable[[int], bool], seconds: float
) -> Counterexample:
    """Return a failure with how often it came again, out of how many tries.

    ``attempt`` carries its acts out again with a seed for the global generators, and says whether
    the same requirement was broken. Tries end after ``seconds``, though not before the first few.
    The seed stays with the failure where others do not bring it about.
    """
    began_at = time.monotonic()
    seed = found.random_seed or 0
    tries = failures = 0
    while tries < (TRIES_SURE if failures == tries else TRIES_OF_CHANCE):
        sure_seconds = min(seconds, _SURE_SECONDS) if failures == tries else seconds
        if tries >= _TRIES_MIN and time.monotonic() - began_at > sure_seconds:
            break
        tries += 1
        failures += attempt(seed)
    always = failures == tries
    # What comes by chance all the same depends on more than the seed.
    needed = seed if not always or _needs(seed, attempt, seconds) else None
    return replace(found, reproduced=always, tries=tries, failures=failures, random_seed=needed)


def repeated_or_not(
    found: Counterexample,
    carry_out: Callable[[int], Replayed],
    seconds: float,
    note: Callable[[str], None],
) -> Counterexample:
    """Return a failure as :func:`repeated` does, where its backend can be asked again at all.

    The failure that is known says more than that the backend cannot be judged: ``note`` is told of
    that. ``carry_out`` carries the acts out with a seed, and may raise ``BackendFault``.
    """
    has_answered = False

    def attempt(random_seed: int) -> bool:
        nonlocal has_answered
        try:
            again = carry_out(random_seed)
        except BackendFault as fault:
            note(f"{found.requirement_id} was tried again: {fault.message}")
            if not has_answered:
                # Who does not answer at all says nothing of how often it fails.
                raise
            return False
        has_answered = True
        return again.counterexample is not None

    try:
        return repeated(found, attempt, seconds)
    except BackendFault:
        # It was not tried, with other seeds either.
        return replace(found, random_seed=None)


def _needs(seed: int, attempt: Callable[[int], bool], seconds: float) -> bool:
    """Say whether a failure that always comes does not come with every other seed."""
    began_at = time.monotonic()
    for number, other in enumerate(other_seeds(seed, TRIES_SURE)):
        if number >= _TRIES_MIN and time.monotonic() - began_at > min(seconds, _SURE_SECONDS):
            break
        if not attempt(other):
            return True
    return False
