"""Which units a campaign consists of: a sequence that depends on its arguments alone.

The first round judges each target by every group of suites. Every round after it has another seed
and the groups in which chance has a part, as far as they apply to the target.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from conformance.campaigns.units import Unit
from conformance.crashes.fault_suites import FAULT_SUITES
from conformance.engine.suite import Suite
from conformance.machines.directed_caches import DIRECTED_CACHE_SUITE
from conformance.machines.directed_evidence import DIRECTED_EVIDENCE_SUITE
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.directed_syncs import DIRECTED_SYNC_SUITE
from conformance.machines.registry import SUITES
from conformance.machines.tours import tour_suites
from conformance.races.killed_suites import BESIDE_SUITES
from conformance.races.parked_suites import PARKED_SUITES
from conformance.requirements import requirement
from conformance.run.jobs import Job

__all__ = ["SEEDLESS_SUITES", "TOUR_GROUP", "Group", "Place", "Plan", "groups"]

SEEDLESS_SUITES: Final[tuple[Suite, ...]] = (
    DIRECTED_LOG_SUITE,
    DIRECTED_CACHE_SUITE,
    DIRECTED_SYNC_SUITE,
    DIRECTED_EVIDENCE_SUITE,
    *FAULT_SUITES,
    *PARKED_SUITES,
    *BESIDE_SUITES,
)
"""The suites that do the same on every seed, so that once is enough."""

TOUR_GROUP: Final = "tour"

_SEEDS_COUNT: Final = 2**64


@dataclass(frozen=True)
class Group:
    """Suites that are judged together, named by component, capability and whether chance counts."""

    name: str
    suites: tuple[str, ...]
    requirement_ids: tuple[str, ...]
    by_chance: bool


@dataclass(frozen=True)
class Place:
    """What a unit is of: a target by its place, a group by its name, and a seed."""

    target: int
    group: str
    seed: int


@cache
def groups(*, tour: bool = False) -> tuple[Group, ...]:
    """Return all groups in the order of their first suites, and the tours last if asked for."""
    members: dict[tuple[str, bool], list[Suite]] = {}
    for suite in SUITES:
        name = suite.component
        capability = requirement(suite.requirement_ids[0]).capability
        if capability is not None:
            name += f", {capability}"
        members.setdefault((name, suite not in SEEDLESS_SUITES), []).append(suite)
    found = [
        Group(
            name if by_chance else f"{name}, without chance",
            tuple(suite.name for suite in suites),
            _requirement_ids(suites),
            by_chance,
        )
        for (name, by_chance), suites in members.items()
    ]
    if tour:
        found.append(Group(TOUR_GROUP, (), _requirement_ids(tour_suites()), False))
    return tuple(found)


def _requirement_ids(suites: Iterable[Suite]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for suite in suites for each in suite.requirement_ids))


@dataclass(frozen=True)
class Plan:
    """The units of one campaign; ``jobs`` say how each target is judged, whatever the unit."""

    jobs: tuple[Job, ...]
    first_seed: int
    version: str
    tour: bool = False
    options: tuple[tuple[str, str], ...] = ()

    @property
    def groups(self) -> tuple[Group, ...]:
        """All groups of suites."""
        return groups(tour=self.tour)

    @property
    def first_round_count(self) -> int:
        """How many units judge each target by every group once."""
        return len(self.jobs) * len(self.groups)

    def place(
        self, number: int, applicable: Sequence[Collection[str]] | None = None
    ) -> Place | None:
        """Return what the unit with a number is of; ``None`` where there is no such unit.

        ``applicable`` names the groups that apply to each target; it is known, and needed, after
        the first round.
        """
        if number < self.first_round_count:
            target, index = divmod(number, len(self.groups))
            return Place(target, self.groups[index].name, self.first_seed)
        if applicable is None:
            raise ValueError(f"unit {number} comes after the first round, which is not done yet")
        pairs = [
            (target, group.name)
            for target, names in enumerate(applicable)
            for group in self.groups
            if group.by_chance and group.name in names
        ]
        if not pairs:
            return None
        count, index = divmod(number - self.first_round_count, len(pairs))
        return Place(*pairs[index], (self.first_seed + 1 + count) % _SEEDS_COUNT)

    def unit(self, number: int, place: Place) -> Unit:
        """Return the unit of a place."""
        group = next(each for each in self.groups if each.name == place.group)
        job = replace(
            self.jobs[place.target],
            seed=place.seed,
            suites=group.suites,
            tour=group.name == TOUR_GROUP,
        )
        return Unit(number, place.target, group.name, place.seed, job, self.version, self.options)
