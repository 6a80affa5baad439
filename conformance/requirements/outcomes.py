"""What becomes of an effect outcome when it is turned into a result."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Component, Level, Requirement, Scope

__all__ = ["ROWS"]

ROWS: Final[tuple[Requirement, ...]] = (
    Requirement(
        "OUT-01",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "Blocked and failed outcomes convert as they are, and a success without its response or "
        "with one of another kind becomes a contract violation.",
        "core_types.rs L1032-1175",
    ),
    Requirement(
        "OUT-02",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "Every status except blocked ends an effect, and a failure prints as its kind and message.",
        "core_types.rs L971-975",
    ),
)
