"""Counterexamples with the smallest numbers and the shortest texts that still show them.

Where a number has to be large, the least one that is large enough says where the limit lies; and
what is left of a text is what matters in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from conformance.engine.acts import Act
from conformance.engine.plainness import named_values, nodes_of, role_of, with_others
from conformance.records.results import Counterexample

__all__ = ["with_smaller_values"]

# Numbers and texts up to these are plain, or nearly.
_NUMBER_PLAIN_MAX: Final = 3
_TEXT_PLAIN_MAX: Final = 1
_ATTEMPTS_MAX: Final = 400

Attempt: TypeAlias = Callable[[Sequence[Act]], Counterexample | None]


class _Smallest:
    """The counterexample with the smallest values so far, and what may still be tried."""

    def __init__(self, found: Counterexample, attempt: Attempt) -> None:
        self.found = found
        self._attempt = attempt
        self._attempts_left = _ATTEMPTS_MAX

    def takes(self, others: Sequence[tuple[int | str, int | str]], role: str) -> bool:
        """Say whether it fails with other values in a role; keep it where it does."""
        acts = with_others(self.found.acts, others, role)
        if acts is None or self._attempts_left == 0:
            return False
        self._attempts_left -= 1
        smaller = self._attempt(acts)
        if smaller is None or smaller.requirement_id != self.found.requirement_id:
            return False
        if len(smaller.steps) > len(self.found.steps) or len(smaller.acts) > len(acts):
            return False
        self.found = smaller
        return True


def with_smaller_values(found: Counterexample, attempt: Attempt) -> Counterexample:
    """Return the counterexample with no larger number and no longer text than it needs.

    ``attempt`` carries acts out again. A value becomes another one wherever it stands in its role.
    """
    smallest = _Smallest(found, attempt)
    for role, number in list(_numbers(found.acts)):
        _lower(smallest, role, number)
    for role in dict.fromkeys(role for role, _ in _texts(found.acts)):
        _cut_all(smallest, role)
    for role, text in list(_texts(smallest.found.acts)):
        _cut(smallest, role, text)
    return smallest.found


def _lower(smallest: _Smallest, role: str, number: int) -> None:
    """Find the least number that fails, if all above it fail too."""
    too_small = _NUMBER_PLAIN_MAX
    while number - too_small > 1:
        middle = (number + too_small) // 2
        if smallest.takes([(number, middle)], role):
            number = middle
        else:
            too_small = middle


def _cut_all(smallest: _Smallest, role: str) -> None:
    """Leave the same place out of all texts of a role, as they may have to resemble each other."""
    texts = [text for each, text in _texts(smallest.found.acts) if each == role]
    if len(texts) < 2 or len({len(text) for text in texts}) > 1:
        return
    length = len(texts[0]) // 2
    while length:
        start = 0
        while start < len(texts[0]):
            shorter = [text[:start] + text[start + length :] for text in texts]
            if smallest.takes(list(zip(texts, shorter, strict=True)), role):
                texts = shorter
            else:
                start += length
        length //= 2


def _cut(smallest: _Smallest, role: str, text: str) -> None:
    length = len(text) // 2
    while length:
        start = 0
        while start < len(text) > _TEXT_PLAIN_MAX:
            shorter = text[:start] + text[start + length :]
            if smallest.takes([(text, shorter)], role):
                text = shorter
            else:
                start += length
        length //= 2


def _numbers(acts: Sequence[Act]) -> Iterator[tuple[str, int]]:
    for role, value in _leaves(acts):
        if type(value) is int and value > _NUMBER_PLAIN_MAX:
            yield role, value


def _texts(acts: Sequence[Act]) -> Iterator[tuple[str, str]]:
    for role, value in _leaves(acts):
        if type(value) is str and len(value) > _TEXT_PLAIN_MAX:
            yield role, value


def _leaves(acts: Sequence[Act]) -> list[tuple[str, object]]:
    """Return the values in acts with their roles, each pair once."""
    found: list[tuple[str, object]] = []
    for act in acts:
        for path, value in nodes_of(named_values(act)):
            if type(value) in (int, str) and (role_of(path), value) not in found:
                found.append((role_of(path), value))
    return found
