"""How much a run may try."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from conformance.engine.budget import Budget
from conformance.errors import UsageError

__all__ = ["PROFILES", "Profile", "profile"]


@dataclass(frozen=True)
class Profile:
    """A named budget of each suite's search.

    The seconds are ceilings for slow backends, not the plan: a fast one is done long before, and
    only then is the same seed sure to give the same report. Those of work are processor time,
    those of the wall are by the clock and for all searches of a suite.
    """

    name: str
    budget: Budget


PROFILES: Final = {
    "quick": Profile("quick", Budget(40, 20, 60.0, wall_seconds=60.0, long_operations=300)),
    "ci": Profile(
        "ci",
        Budget(150, 30, 120.0, wall_seconds=300.0, long_operations=2_000, rest_milliseconds=5_000),
    ),
    "deep": Profile(
        "deep",
        Budget(
            3_000,
            60,
            1_800.0,
            wall_seconds=7_200.0,
            long_operations=20_000,
            rest_milliseconds=45_000,
        ),
    ),
}


def profile(name: str, time_limit_seconds: float | None = None) -> Profile:
    """Return a profile by name, or raise :class:`UsageError`.

    A time limit, in seconds by the clock for each suite, takes the place of the profile's
    own; a longer one gives more time of work too. It is patience with a slow backend or a busy
    machine: what is tried in spare time alone does not take more of it.
    """
    found = PROFILES.get(name)
    if found is None:
        raise UsageError(f"profile `{name}`: expected one of {', '.join(PROFILES)}")
    if time_limit_seconds is None:
        return found
    own = found.budget
    budget = replace(
        own,
        seconds=max(own.seconds, time_limit_seconds),
        wall_seconds=time_limit_seconds,
        spare_share=own.spare_share * min(1.0, own.wall_seconds / time_limit_seconds),
    )
    return replace(found, budget=budget)
