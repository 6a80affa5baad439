"""What the persisted artifact as a whole does."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Component, Level, Requirement, Scope

__all__ = ["ROWS"]

ROWS: Final[tuple[Requirement, ...]] = (
    Requirement(
        "ARTIFACT-01",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "Constructors stamp version `telltale.machine.durability.v1`, and an artifact of another "
        "version can be written but not read back.",
        "durable.rs L16, L946-972",
    ),
    Requirement(
        "ARTIFACT-02",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "`to_cbor` gives the canonical bytes without a limit of size, and its errors start with "
        "`encode persisted durability artifact`.",
        "durable.rs L35-42, L1013-1015",
    ),
    Requirement(
        "ARTIFACT-03",
        Level.MUST,
        Scope.REFERENCE,
        Component.CODEC,
        "A file that cannot be read is reported with its path and the operating system's own "
        "words.",
        "durable.rs L997-1006",
    ),
    Requirement(
        "ARTIFACT-04",
        Level.MUST,
        Scope.REFERENCE,
        Component.CODEC,
        "Writing encodes first and then overwrites the file in place, reporting failures with "
        "path and system error.",
        "durable.rs L1022-1031",
    ),
    Requirement(
        "ARTIFACT-05",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "Asking an artifact for a payload it does not hold is an error that names both kinds, "
        "while borrowing accessors just give nothing.",
        "durable.rs L1049-1091",
    ),
    Requirement(
        "ARTIFACT-06",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "Within the limits of size and depth, decoding an encoded artifact gives the same "
        "artifact.",
        "durable.rs L975-1015",
    ),
)
