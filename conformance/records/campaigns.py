"""What a campaign found, as plain data with a JSON form; every text about one is made from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from dataclasses_json import DataClassJsonMixin

from conformance.records.results import Report, json_text

__all__ = [
    "CAMPAIGN_FORMAT",
    "CampaignFault",
    "CampaignReport",
    "CurvePoint",
    "DistinctFailure",
    "RetriedFailure",
    "SetAside",
    "Unseen",
]

CAMPAIGN_FORMAT = "telltale-conformance.campaign.v1"


@dataclass(frozen=True)
class CurvePoint(DataClassJsonMixin):
    """How many distinct failures the first units had shown, in the order of the units."""

    units: int
    failures: int


@dataclass(frozen=True)
class Unseen(DataClassJsonMixin):
    """What the failures that were seen say about those that were not, after Good and Turing.

    ``samples`` are the units that chance has a part in; ``seen_once`` and ``seen_twice`` count the
    distinct failures that one, or two, of them met. ``probability`` is the estimate that one unit
    more meets a failure that none has met, and ``probability_max`` its upper bound (95 %).
    ``failures_min`` is the least number of failures that are still to be met (Chao). All of it is
    about further units of the same kind, and about nothing that no unit can meet.
    """

    samples: int
    seen_once: int
    seen_twice: int
    probability: float
    probability_max: float
    failures_min: float


@dataclass(frozen=True)
class DistinctFailure(DataClassJsonMixin):
    """One failure, told from others by its requirement and the shape that it was shrunk to.

    ``units`` of the campaign met it, that with number ``first_unit`` first, on seed ``seed``.
    ``replay`` is its file within the store, empty where there are too many of the requirement.
    """

    backend: str
    requirement_id: str
    level: str
    suite: str
    fingerprint: str
    units: int
    first_unit: int
    seed: int
    is_flaky: bool
    replay: str


@dataclass(frozen=True)
class RetriedFailure(DataClassJsonMixin):
    """A failure of an earlier campaign that was tried before all else, and what came of it."""

    backend: str
    requirement_id: str
    outcome: str
    reason: str
    replay: str


@dataclass(frozen=True)
class SetAside(DataClassJsonMixin):
    """A unit that was given up, and why: it ended its worker, or was not done in time."""

    backend: str
    group: str
    seed: int
    unit: int
    reason: str


@dataclass(frozen=True)
class CampaignFault(DataClassJsonMixin):
    """A unit in which the backend could not be judged, and why."""

    backend: str
    group: str
    seed: int
    unit: int
    reason: str


@dataclass(frozen=True)
class CampaignReport(DataClassJsonMixin):
    """A whole campaign: how far it came, what it found, and the verdicts of all units together.

    ``number`` counts the campaigns of a store from 1 on. ``first_seed`` to ``last_seed`` are the
    seeds of its units. ``is_complete`` says that each group of suites was judged once at least.
    There are no times in it: equal units give equal reports.
    """

    format: str
    number: int
    units: int
    first_seed: int
    last_seed: int
    is_complete: bool
    curve: list[CurvePoint]
    unseen: Unseen
    report: Report
    failures: list[DistinctFailure] = field(default_factory=list)
    retried: list[RetriedFailure] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    faults: list[CampaignFault] = field(default_factory=list)
    own_faults: list[str] = field(default_factory=list)
    situations_count: int = 0
    situations_reached: int = 0

    def to_text(self) -> str:
        """Return the report as indented JSON with a stable order."""
        return json_text(self.to_dict())
