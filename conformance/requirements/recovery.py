"""What a plan after a restart says."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Component, Level, Requirement, Scope

__all__ = ["ROWS"]

ROWS: Final[tuple[Requirement, ...]] = (
    Requirement(
        "RECOV-01",
        Level.MUST,
        Scope.PURE,
        Component.RECOVERY,
        "The whole log is validated before planning, and its error is the result in place of a "
        "plan.",
        "durable.rs L1106",
    ),
    Requirement(
        "RECOV-02",
        Level.MUST,
        Scope.PURE,
        Component.RECOVERY,
        "The suffix is what the log holds after the checkpoint, and its first and last stored "
        "entries give the two ticks of the metadata.",
        "durable.rs L1107-1111",
    ),
    Requirement(
        "RECOV-03",
        Level.MUST,
        Scope.PURE,
        Component.RECOVERY,
        "Each operation of the suffix gets one decision, in ascending order of ids, and no other "
        "operation gets any.",
        "durable.rs L1154-1162",
    ),
    Requirement(
        "RECOV-04",
        Level.MUST,
        Scope.PURE,
        Component.RECOVERY,
        "Within an operation, escalations and evidence raise the level, the last finalization "
        "sets the outcome, a finalized one also the level, and a gate sets the flag.",
        "durable.rs L1163-1195",
    ),
    Requirement(
        "RECOV-05",
        Level.MUST,
        Scope.PURE,
        Component.RECOVERY,
        "A finalized outcome is reused, any other outcome preserved, a level of soft_safe or more "
        "resumed, and everything else run again.",
        "durable.rs L1208-1219",
    ),
    Requirement(
        "RECOV-06",
        Level.MUST,
        Scope.PURE,
        Component.RECOVERY,
        "A decision lists those cached ids, in cache order, that the suffix records as evidence "
        "produced for its operation.",
        "durable.rs L1197-1207",
    ),
    Requirement(
        "RECOV-07",
        Level.MUST,
        Scope.PURE,
        Component.RECOVERY,
        "The metadata lists every cached id in cache order.",
        "durable.rs L1114-1118",
    ),
    Requirement(
        "RECOV-08",
        Level.MUST,
        Scope.PURE,
        Component.RECOVERY,
        "Resumed and terminal ids are two ascending lists that share nothing and together name "
        "every decision.",
        "durable.rs L1128-1150",
    ),
    Requirement(
        "RECOV-09",
        Level.MUST,
        Scope.PURE,
        Component.RECOVERY,
        "Equal checkpoint, log and cache give equal plans, and the machine passes through unread.",
        "durable.rs L1100-1152",
    ),
    Requirement(
        "RECOV-10",
        Level.MUST,
        Scope.PURE,
        Component.RECOVERY,
        "A reused operation has level and outcome finalized, and a preserved one has one of the "
        "other three outcomes.",
        "durable.rs L1208-1219",
    ),
)
