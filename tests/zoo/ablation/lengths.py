"""How long a counterexample is, in a measure that every configuration shares."""

from __future__ import annotations

from typing import Any, Final

from conformance.engine.suite import LawSuite, Suite
from conformance.records.results import Counterexample

__all__ = ["items_count", "length_of"]

# Where a value keeps what it is made of: entries of a log or a cache, turns, puts.
_LISTS: Final = ("entries", "cache", "turns", "puts")


def length_of(counterexample: Counterexample, suites: tuple[Suite, ...]) -> int:
    """Return the acts of a history, or the items of the one value that breaks a law; at least 1."""
    is_law = any(
        isinstance(suite, LawSuite) and suite.name == counterexample.suite for suite in suites
    )
    if is_law and len(counterexample.acts) == 1:
        return max(1, items_count(counterexample.acts[0]))
    return max(1, len(counterexample.acts) or len(counterexample.steps))


def items_count(value: Any) -> int:
    """Return how many entries, turns and puts there are in a value in its JSON form."""
    if isinstance(value, list):
        return sum(map(items_count, value))
    if not isinstance(value, dict):
        return 0
    own = sum(len(value[name]) for name in _LISTS if isinstance(value.get(name), list))
    return own + sum(items_count(each) for each in value.values())
