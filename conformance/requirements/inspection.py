"""What the inspection report shows."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Component, Level, Requirement, Scope

__all__ = ["ROWS"]

ROWS: Final[tuple[Requirement, ...]] = (
    Requirement(
        "INSPECT-01",
        Level.MUST,
        Scope.PURE,
        Component.INSPECTION,
        "The report has one row for each log entry in order, with tick, operation id, kind and "
        "the detail text of that kind.",
        "simulator durability.rs L342-424",
    ),
    Requirement(
        "INSPECT-02",
        Level.MUST,
        Scope.PURE,
        Component.INSPECTION,
        "The report has one row for each cache entry, whose status is shown in Rust's Debug form.",
        "simulator durability.rs L342-424",
    ),
    Requirement(
        "INSPECT-03",
        Level.MUST,
        Scope.PURE,
        Component.INSPECTION,
        "Recovery metadata goes into the report as given, or not at all.",
        "simulator durability.rs L342-424",
    ),
)
