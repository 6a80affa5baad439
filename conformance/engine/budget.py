"""How much one search may try."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Budget"]


@dataclass(frozen=True)
class Budget:
    """How much one suite may try: histories, operations in each, and seconds of work in all.

    ``long_operations`` is the length of a history that is long on purpose.
    ``wall_seconds`` bounds all searches of the suite together by the clock,
    shrinking included, for a backend that mostly waits. Without ``minimise`` the
    first counterexample is taken as it is, which is enough to know that there is one.
    ``rest_milliseconds`` is how long a store is left alone before it is looked at again.
    What can find something, and leaves nothing open, is spare: it is not begun once
    ``spare_share`` of the time is used.
    """

    histories: int
    operations: int
    seconds: float
    minimise: bool = True
    wall_seconds: float = math.inf
    long_operations: int = 300
    rest_milliseconds: int = 1_100
    spare_share: float = 0.5
