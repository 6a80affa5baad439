"""What showing a finding comes to."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

__all__ = ["Demonstration", "Showing", "Shown"]


class Shown(enum.Enum):
    """Whether a finding shows."""

    SHOWN = "shown"
    NOT_SHOWN = "not shown"
    NOT_EXECUTABLE = "not executable here"


@dataclass(frozen=True, slots=True)
class Demonstration:
    """One finding on one system: whether it shows, and each step with what came of it.

    Where it does not show the steps are what was tried; where it cannot be
    executed there is one, the reason.
    """

    shown: Shown
    steps: tuple[str, ...]

    @classmethod
    def of(cls, is_shown: bool, *steps: str) -> Demonstration:
        """Return what running came to."""
        return cls(Shown.SHOWN if is_shown else Shown.NOT_SHOWN, steps)


Showing: TypeAlias = Callable[[Path], Demonstration]
"""Shows one finding on the reference, in a folder of its own."""
