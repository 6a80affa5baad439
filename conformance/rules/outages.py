"""What a storage may hold after its server was away, by the calls and what came of them.

A call that failed meanwhile may have been carried out or not: nobody can tell. What was
acknowledged is there, and nothing is there that was never asked for, or in another order.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

__all__ = ["is_possible_cache", "is_possible_log"]

KeyType = TypeVar("KeyType", bound=Hashable)

Calls = Sequence[tuple[Any, bool]]
"""What each call was to store, in order, with whether it was acknowledged."""


def is_possible_log(found: Sequence[Any], calls: Calls) -> bool:
    """Say whether ``found`` is what the calls stored, some of the failed ones left out."""
    # How many of the found entries the calls so far can account for.
    accounted = {0}
    for entry, acknowledged in calls:
        further = {count + 1 for count in accounted if found[count : count + 1] == (entry,)}
        accounted = further if acknowledged else accounted | further
    return len(found) in accounted


def is_possible_cache(found: Mapping[KeyType, Any], calls: Mapping[KeyType, Calls]) -> bool:
    """Say whether each key has its last acknowledged entry, or one that failed since."""
    if not found.keys() <= calls.keys():
        return False
    for key, its_calls in calls.items():
        possible: list[Any] = [None]
        for entry, acknowledged in its_calls:
            possible = [entry] if acknowledged else [*possible, entry]
        if found.get(key) not in possible:
            return False
    return True
