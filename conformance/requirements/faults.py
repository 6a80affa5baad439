"""What the fault-injecting log of the simulator does."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Component, Level, Requirement, Scope

__all__ = ["ROWS"]

ROWS: Final[tuple[Requirement, ...]] = (
    Requirement(
        "FAULT-01",
        Level.MUST,
        Scope.HANDLER,
        Component.FAULTS,
        "A fault fires by the tick of the appended entry, in order of declaration; a window fires "
        "within its range and also at its own scheduled tick.",
        "simulator durability.rs L115-127",
    ),
    Requirement(
        "FAULT-02",
        Level.MUST,
        Scope.HANDLER,
        Component.FAULTS,
        "Write failures, partial writes and windows refuse the append with their own texts and "
        "store nothing, while latency records its delay and lets the append through.",
        "simulator durability.rs L131-176",
    ),
    Requirement(
        "FAULT-03",
        Level.MUST,
        Scope.HANDLER,
        Component.FAULTS,
        "Faults stay in force for ever and never touch reading.",
        "simulator durability.rs",
    ),
)
