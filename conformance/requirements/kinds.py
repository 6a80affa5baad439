"""The kinds of thing that the registry holds: requirements, laws and findings."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = [
    "Component",
    "Exclusion",
    "Finding",
    "Law",
    "Level",
    "Requirement",
    "Scope",
    "Severity",
]


class Level(enum.Enum):
    """How binding a requirement is."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Scope(enum.Enum):
    """Who can be held to a requirement; the values are the letters of the specification."""

    BACKEND = "B"
    HANDLER = "H"
    PURE = "P"
    REFERENCE = "R"


class Component(enum.Enum):
    """Which part of a system a requirement is about."""

    AGREEMENT_WAL = "agreement_wal"
    EVIDENCE_CACHE = "evidence_cache"
    WAL_HANDLER = "agreement_wal_handler"
    EVIDENCE_HANDLER = "evidence_persistence_handler"
    CODEC = "codec"
    RECOVERY = "recovery"
    VALUES = "values"
    INSPECTION = "inspection"
    FAULTS = "faults"
    MONITORS = "monitors"


class Severity(enum.Enum):
    """How much harm a finding can do; the values are the letters of the specification."""

    CRITICAL = "C"
    HIGH = "H"
    MEDIUM = "M"
    LOW = "L"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that a conforming implementation does.

    ``sentence`` says it in one sentence and ``source`` where the specification
    does. ``capability`` names what a system has to declare before it is held
    to the requirement; ``None`` means that every system in scope is.
    """

    requirement_id: str
    level: Level
    scope: Scope
    component: Component
    sentence: str
    source: str
    capability: str | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A requirement that no run puts to a backend, with the reason.

    ``proved_by`` are the test modules and the vectors of this repository that
    prove it instead, as paths from its root; empty where nothing here does it.
    """

    requirement_id: str
    reason: str
    proved_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Law:
    """One relation between runs that holds whatever the single results are."""

    law_id: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where the specified behaviour is surprising, ambiguous or dangerous."""

    finding_id: str
    severity: Severity
    sentence: str
