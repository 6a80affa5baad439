"""Acts carried out on a backend while somebody looks on, and what that one counted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from conformance.backend import Backend
from conformance.engine.acts import Act
from conformance.engine.session import Session
from conformance.engine.suite import Suite
from conformance.engine.watch import CallWatch
from conformance.machines.tours import TOUR_PROFILE
from conformance.machines.transitions import Transitions

__all__ = ["transitions_of"]


def transitions_of(
    backend: Backend, suite: Suite, *histories: Sequence[Act], muted: Collection[str] = ()
) -> set[tuple[Any, str]]:
    """Return the transitions that histories took, each a state and the name of a letter."""
    follower = Transitions(backend).follower(suite)
    assert follower is not None
    with CallWatch() as watch:
        session = Session(
            suite.name,
            backend,
            watch,
            TOUR_PROFILE.budget,
            muted=frozenset(muted),
            follower=follower,
        )
        with session:
            for acts in histories:
                assert suite.replay(session, acts).counterexample is None
    return set(follower._taken)  # type: ignore[attr-defined] # what a report only counts
