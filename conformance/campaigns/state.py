"""What a campaign knows, as data that can be written down after each unit.

Everything in it adds up: in whichever order units come in, the same units leave the same state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dataclasses_json import DataClassJsonMixin

from conformance.records.results import Verdict

__all__ = [
    "CampaignState",
    "Cell",
    "First",
    "Identity",
    "KeptFailure",
    "Retry",
    "Sighting",
    "SituationTally",
    "TargetFacts",
    "UnitNote",
    "ranges_of",
]


@dataclass
class Identity(DataClassJsonMixin):
    """What an interrupted campaign has to have in common with the one that goes on with it.

    ``targets`` are shown names with what was declared of each; no secret is in them.
    """

    targets: list[str]
    declared: list[str]
    profile: str
    file_system: str
    tour: bool
    seed: int | None


@dataclass
class First(DataClassJsonMixin):
    """What the first unit with a verdict said: its number, the level and the reason."""

    number: int
    level: str
    reason: str


@dataclass
class Cell(DataClassJsonMixin):
    """The verdicts on one requirement of one target by one group of suites, over all units."""

    target: int
    group: str
    requirement_id: str
    checks: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    firsts: dict[str, First] = field(default_factory=dict)

    def add(self, number: int, verdict: Verdict, first: First, checks: int) -> None:
        """Count the verdict of one unit."""
        key = verdict.value
        self.checks += checks
        self.counts[key] = self.counts.get(key, 0) + 1
        if key not in self.firsts or number < self.firsts[key].number:
            self.firsts[key] = first


@dataclass
class SituationTally(DataClassJsonMixin):
    """How often a situation arose for one target in all units, and what it matters to."""

    target: int
    name: str
    requirement_ids: list[str]
    reached: int = 0


@dataclass
class TargetFacts(DataClassJsonMixin):
    """What the reports on a target said of it; ``number`` is that of the unit they are from."""

    number: int
    capabilities: list[str]
    rejection_mode: str
    durability_class: str
    mends: list[str]
    versions: list[str]
    crash_classes: list[str]
    notes: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Sighting(DataClassJsonMixin):
    """How many units of this campaign met a failure, by chance or not, and which of them first."""

    target: int
    requirement_id: str
    level: str
    suite: str
    fingerprint: str
    is_flaky: bool
    first: int
    seed: int
    units: int = 0
    chance_units: int = 0


@dataclass
class KeptFailure(DataClassJsonMixin):
    """A failure with a replay file, whichever campaign of the store found it.

    ``seed`` is that of a unit that met it, as a backend may depend on it. ``is_open`` is false once
    it is fixed, or has become another one.
    """

    backend: str
    requirement_id: str
    level: str
    fingerprint: str
    campaign: int
    first: int
    seed: int
    is_open: bool = True


@dataclass
class UnitNote(DataClassJsonMixin):
    """A unit that gave no verdict, and why: set aside, not done in time, or a fault."""

    number: int
    target: int
    group: str
    seed: int
    reason: str


@dataclass
class Retry(DataClassJsonMixin):
    """What a campaign tries before its own units: a failure by its file, or a unit with a fault.

    ``outcome`` is that of the replay; it is empty until then.
    """

    target: int
    failure: str = ""
    group: str = ""
    seed: int = 0
    outcome: str = ""
    reason: str = ""
    found: str = ""
    """The file of the failure that came of it, where that is another one."""


@dataclass
class CampaignState(DataClassJsonMixin):
    """Everything about the last campaign of a store, and the failures of all of them."""

    format: str
    version: str
    number: int
    identity: Identity
    first_seed: int
    seeds_count: int = 0
    is_open: bool = True
    seconds: float = 0.0
    done: list[list[int]] = field(default_factory=list)
    retries: list[Retry] = field(default_factory=list)
    cells: dict[str, Cell] = field(default_factory=dict)
    situations: dict[str, SituationTally] = field(default_factory=dict)
    facts: dict[str, TargetFacts] = field(default_factory=dict)
    sightings: dict[str, Sighting] = field(default_factory=dict)
    failures: dict[str, KeptFailure] = field(default_factory=dict)
    faults: list[UnitNote] = field(default_factory=list)
    overdue: list[UnitNote] = field(default_factory=list)
    set_aside: list[UnitNote] = field(default_factory=list)
    own_faults: list[UnitNote] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)
    """How often the worker of a unit was lost, by its number."""

    def done_numbers(self) -> set[int]:
        """Return the numbers of the units that are done, or given up."""
        return {number for first, last in self.done for number in range(first, last + 1)}


def ranges_of(numbers: Iterable[int]) -> list[list[int]]:
    """Return numbers as ranges, each with its first and its last."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges
