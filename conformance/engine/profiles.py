"""How much a run may try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from conformance.engine.budget import Budget
from conformance.errors import UsageError

__all__ = ["PROFILES", "Profile", "profile"]


@dataclass(frozen=True)
class Profile:
    """A named budget of each suite's search.

    The seconds are ceilings for slow backends, not the plan: a fast one is done long before, and
    only then is the same seed sure to give the same report. Those of work are processor time,
    those of the wall are by the clock and for a whole component.
    """

    name: str
    budget: Budget


PROFILES: Final = {
    "quick": Profile("quick", Budget(40, operations=20, seconds=30.0, wall_seconds=60.0)),
    "ci": Profile("ci", Budget(150, operations=30, seconds=120.0, wall_seconds=300.0)),
    "deep": Profile("deep", Budget(3_000, operations=60, seconds=1_800.0, wall_seconds=7_200.0)),
}


def profile(name: str) -> Profile:
    """Return a profile by name, or raise :class:`UsageError`."""
    found = PROFILES.get(name)
    if found is None:
        raise UsageError(f"profile `{name}`: expected one of {', '.join(PROFILES)}")
    return found
