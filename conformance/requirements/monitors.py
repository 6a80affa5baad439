"""What the monitors of a run find."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Component, Level, Requirement, Scope

__all__ = ["ROWS"]

ROWS: Final[tuple[Requirement, ...]] = (
    Requirement(
        "MONITOR-01",
        Level.MUST,
        Scope.PURE,
        Component.MONITORS,
        "The write-ahead monitor reports the first gate in the log that no successful sync of the "
        "same operation, coroutine and level precedes or meets by tick.",
        "simulator durability.rs L431-463",
    ),
    Requirement(
        "MONITOR-02",
        Level.MUST,
        Scope.PURE,
        Component.MONITORS,
        "The level monitor gives the verdict and the text of log validation.",
        "durable.rs L214-225",
    ),
    Requirement(
        "MONITOR-03",
        Level.MUST,
        Scope.PURE,
        Component.MONITORS,
        "The evidence monitor reports the first cached id that the log neither records as "
        "produced evidence nor names in an escalation.",
        "simulator durability.rs L479-507",
    ),
    Requirement(
        "MONITOR-04",
        Level.MUST,
        Scope.REFERENCE,
        Component.MONITORS,
        "The recovery monitor compares eight views of two runs in a fixed order and names the "
        "first that differs.",
        "simulator durability.rs L315-340, L514-543",
    ),
)
