"""The registry of requirements, laws and findings that verdicts and reports refer to.

The specification is prose; this module is its index. Every id that a report
prints is a key here, so that a reader of the report finds one sentence that
says what was asked and where it comes from. The texts are data, one module a
chapter, and the order is that of the specification.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from conformance.requirements import (
    artifact,
    cache,
    decode,
    domains,
    evidence,
    exclusions,
    faults,
    findings,
    inspection,
    laws,
    monitors,
    outcomes,
    recovery,
    wal,
    wal_sync,
    wire,
)
from conformance.requirements.kinds import (
    Component,
    Exclusion,
    Finding,
    Law,
    Level,
    Requirement,
    Scope,
    Severity,
)

__all__ = [
    "EXCLUSIONS",
    "FINDINGS",
    "LAWS",
    "REQUIREMENTS",
    "Component",
    "Exclusion",
    "Finding",
    "Law",
    "Level",
    "Requirement",
    "Scope",
    "Severity",
    "UnknownRequirementError",
    "requirement",
]

_CHAPTERS: Final = (
    domains,
    wal,
    cache,
    wal_sync,
    evidence,
    wire,
    decode,
    artifact,
    recovery,
    faults,
    inspection,
    monitors,
    outcomes,
)

_NEAR_MATCHES_MAX: Final = 3


class UnknownRequirementError(LookupError):
    """Report an id that the registry does not have.

    ``near_matches`` are the ids that look most like it, the likeliest first.
    """

    def __init__(self, requirement_id: str, near_matches: Iterable[str]) -> None:
        self.requirement_id = requirement_id
        self.near_matches = tuple(near_matches)
        hint = f"; did you mean {', '.join(self.near_matches)}?" if self.near_matches else ""
        super().__init__(f"there is no requirement `{requirement_id}`{hint}")


def _index(rows: Iterable[Requirement]) -> Mapping[str, Requirement]:
    index: dict[str, Requirement] = {}
    for row in rows:
        if row.requirement_id in index:
            raise ValueError(f"requirement `{row.requirement_id}` is in the registry twice")
        index[row.requirement_id] = row
    return MappingProxyType(index)


REQUIREMENTS: Final[Mapping[str, Requirement]] = _index(
    row for chapter in _CHAPTERS for row in chapter.ROWS
)
"""Every requirement by its id, in the order of the specification."""

EXCLUSIONS: Final[Mapping[str, Exclusion]] = MappingProxyType(
    {exclusion.requirement_id: exclusion for exclusion in exclusions.ROWS}
)
"""Why some requirements are never put to a backend, by their ids."""

LAWS: Final[Mapping[str, Law]] = MappingProxyType({law.law_id: law for law in laws.ROWS})
"""Every metamorphic law by its id."""

FINDINGS: Final[Mapping[str, Finding]] = MappingProxyType(
    {finding.finding_id: finding for finding in findings.ROWS}
)
"""Every finding by its id."""


def requirement(requirement_id: str) -> Requirement:
    """Return the requirement of an id.

    Raises :class:`UnknownRequirementError`, which names the ids that look most
    like the one asked for.
    """
    found = REQUIREMENTS.get(requirement_id)
    if found is not None:
        return found
    near_matches = difflib.get_close_matches(
        requirement_id.upper(), REQUIREMENTS, n=_NEAR_MATCHES_MAX, cutoff=0.5
    )
    raise UnknownRequirementError(requirement_id, near_matches)
