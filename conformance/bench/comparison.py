"""Two runs held against each other."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.bench.figures import Figures

__all__ = ["Change", "compared"]


@dataclass(frozen=True)
class Change:
    """What one point of a run is to the same point of an earlier one."""

    group: str
    size: int
    before: float
    after: float

    @property
    def ratio(self) -> float:
        """How many times longer it takes now."""
        return self.after / self.before


def compared(before: Figures, after: Figures) -> list[Change]:
    """Return every point that both runs have, the one that got slowest first."""
    changes = [
        Change(group, point.size, earlier.median, point.median)
        for group, curve in after.curves.items()
        if group in before.curves
        for point in curve.points
        if (earlier := before.curves[group].at(point.size)) is not None
    ]
    return sorted(changes, key=lambda change: (-change.ratio, change.group, change.size))
