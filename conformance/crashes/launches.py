"""What belongs to a launch for as long as that is there."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from conformance.backend import Launch

__all__ = ["OfLaunch"]

Kept = TypeVar("Kept")


class OfLaunch(Generic[Kept]):
    """Makes something of a launch once, and gives the same one from then on."""

    def __init__(self, make: Callable[[Launch], Kept]) -> None:
        self._make = make
        self._kept: weakref.WeakKeyDictionary[Launch, Kept] = weakref.WeakKeyDictionary()

    def __call__(self, launch: Launch) -> Kept:
        """Return what belongs to a launch."""
        found = self._kept.get(launch)
        if found is None:
            # What held its launch would keep both for ever.
            found = self._kept[launch] = self._make(replace(launch))
        return found
