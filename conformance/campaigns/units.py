"""Units of work: what a worker is given and what it gives back, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from conformance.run.jobs import Job

__all__ = ["Unit", "UnitResult"]


@dataclass(frozen=True)
class Unit:
    """One judgement of one target: some suites on one seed, a tour, or a failure tried again.

    ``number`` is its place in the campaign, from 0 on; what is tried again has numbers below 0.
    ``target`` is the place of the target among those of the campaign. ``version`` is that of the
    coordinator, which the worker has to share. ``options`` are what the factory is told; they may
    be secret, so they are neither shown nor kept.
    """

    number: int
    target: int
    group: str
    seed: int
    job: Job
    version: str
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class UnitResult:
    """What came of a unit: the report on its target in JSON form, or why there is none.

    ``is_overdue`` marks a report that says only that the unit was not done in time. ``refusal`` is
    the version of a worker that is not the coordinator's, ``usage`` a target that cannot be used,
    ``own_fault`` a traceback of ours, and ``lost`` how a process of the worker ended.
    """

    number: int
    report: dict[str, Any] | None = None
    is_overdue: bool = False
    refusal: str = ""
    usage: str = ""
    own_fault: str = ""
    lost: str = ""
