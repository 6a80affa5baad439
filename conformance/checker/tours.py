"""Tours: operation sequences that take every transition of a bounded model.

The next transition is the nearest one that was not taken yet, which is what a
greedy postman does. A history ends after so many operations, because a backend
that rewrites its file costs more the longer the history is, and where nothing
new can be reached from where it is.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from conformance.checker.model import Model
from conformance.checker.tables import tabulate

__all__ = ["HISTORY_MAX", "Tour"]

HISTORY_MAX: Final = 40
"""The most operations of one history."""


class Tour:
    """What was taken of a bounded model, and where to go next.

    A model of one slot; states are the numbers of its values.
    """

    def __init__(self, model: Model) -> None:
        self._tables = tabulate(model, 1)
        self._moves: dict[int, dict[str, int]] = {}
        for name, move in self._tables.moves.items():
            for (_, state), (_, target) in move.items():
                self._moves.setdefault(state, {})[name] = target
        self.start = self._tables.starts[0][1][0]
        self._waiting = {state: dict(moves) for state, moves in self._moves.items()}
        self._closed: set[tuple[int, str]] = set()
        # A log only grows: what can be left for ever is left when all else is done.
        self._reachable = {state: self._reached_from(state) for state in self._moves}
        self.transitions_count = sum(map(len, self._moves.values()))
        self.covered_count = 0

    def value(self, state: int) -> object:
        """Return the value of the slot that a state is."""
        return self._tables.slot_values[state]

    def after(self, state: int, action: str) -> int:
        """Return the state that an action leads to."""
        return self._moves[state][action]

    def take(self, state: int, action: str) -> int:
        """Note that a transition was taken; return where it leads."""
        if self._waiting.get(state, {}).pop(action, None) is not None:
            self.covered_count += 1
        return self._moves[state][action]

    def close(self, state: int, action: str) -> None:
        """Note that a transition leads nowhere on this backend, so that no way goes by it."""
        self._closed.add((state, action))

    def abandon(self) -> None:
        """Note that nothing more can be taken, as not even the beginning can be reached."""
        self._waiting = {}

    def _reached_from(self, state: int) -> frozenset[int]:
        waiting, seen = [state], {state}
        while waiting:
            for target in self._moves.get(waiting.pop(), {}).values():
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return frozenset(seen)

    def _leads_back(self, state: int, target: int) -> bool:
        return state in self._reachable.get(target, ())

    def way(self, state: int, length_max: int) -> list[str]:
        """Return the shortest way whose last action was not taken yet; empty if there is none.

        Ways from which there is a way back come first, however long they are;
        of equally short ways it is the first in the order of the model.
        """
        return self._way(state, length_max, True) or self._way(state, length_max, False)

    def _way(self, state: int, length_max: int, comes_back: bool) -> list[str]:
        came_from: dict[int, tuple[int, str]] = {}
        waiting = deque([(state, 0)])
        seen = {state}
        while waiting:
            here, length = waiting.popleft()
            if length >= length_max:
                return []
            fresh = next(
                (
                    name
                    for name, target in self._waiting.get(here, {}).items()
                    if not comes_back or self._leads_back(state, target)
                ),
                None,
            )
            if fresh is not None:
                names = [fresh]
                while here != state:
                    here, name = came_from[here]
                    names.append(name)
                return names[::-1]
            for name, target in self._moves.get(here, {}).items():
                if comes_back and not self._leads_back(state, target):
                    continue
                if target not in seen and (here, name) not in self._closed:
                    seen.add(target)
                    came_from[target] = (here, name)
                    waiting.append((target, length + 1))
        return []
