"""One history as a path through a bounded model, and how much of the model all histories took.

A history is followed from its beginning for as long as it stays within the model; behind the first
act that the model does not have, nothing of it is counted any more. So a figure says too little
rather than too much.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from conformance.checker.model import Model
from conformance.checker.tables import tabulate
from conformance.engine.acts import Act, FollowedHistory
from conformance.engine.suite import NEXT_HISTORY
from conformance.records.results import TransitionResult

__all__ = ["Meter", "Path"]


class Meter:
    """The transitions of one bounded model, and which of them were taken.

    ``follow`` makes what is told of the acts of one history.
    """

    def __init__(self, name: str, model: Model, follow: Callable[[Meter], FollowedHistory]) -> None:
        self.name = name
        self._follow = follow
        tables = tabulate(model, 1)
        values = tables.slot_values
        self.start: Any = values[tables.starts[0][1][0]]
        self._moves: dict[tuple[Hashable, str], Hashable] = {
            (values[before], action): values[after]
            for action, moves in tables.moves.items()
            for (_, before), (_, after) in moves.items()
        }
        self._taken: set[tuple[Hashable, str]] = set()

    def new_history(self) -> FollowedHistory:
        """Return a history that is at the beginning of the model."""
        return self._follow(self)

    def after(self, state: Any, action: str) -> Any:
        """Return where a transition leads, ``None`` for one that there is not; count nothing."""
        return self._moves.get((state, action))

    def take(self, state: Any, action: str) -> Any:
        """Count a transition, once; return where it leads, ``None`` for one that there is not."""
        if (state, action) in self._moves:
            self._taken.add((state, action))
        return self.after(state, action)

    def result(self) -> TransitionResult:
        """Return how many transitions were taken out of all that there are."""
        return TransitionResult(self.name, len(self._taken), len(self._moves))


class Path(ABC):
    """One history: the state of the bounded model that it is in, or ``None`` outside of it.

    Names and contents are of no interest to a model, so a history may use any, in a role each.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._begin()

    def _begin(self) -> None:
        self._state: Any = self._meter.start

    def acted(self, subject: Any, act: Act) -> None:
        """Count the transitions of an act, where the history is within the model."""
        if act.form.name == NEXT_HISTORY:
            self._begin()
            return
        if self._state is None:
            return
        letters = self._letters(act.form.name, act.form.bound(act.arguments, act.named))
        for letter in letters or ():
            self._state = self._meter.take(self._state, letter)
        if letters is None or self._state is None or not self._is_held(subject):
            self._state = None

    @abstractmethod
    def _letters(self, name: str, given: Mapping[str, Any]) -> Sequence[str] | None:
        """Return the actions of the model that an act is made of; ``None`` for what it lacks."""

    @abstractmethod
    def _is_held(self, subject: Any) -> bool:
        """Say whether what the subject of the act has seen is the state of the model."""
