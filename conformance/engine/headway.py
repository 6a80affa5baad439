"""How far a search is, for those who wait for it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Headway"]


@dataclass(frozen=True, slots=True)
class Headway:
    """How far the search of a suite is; the seconds are those left by the clock, at least 0."""

    suite: str
    histories: int
    operations: int
    seconds_left: float
