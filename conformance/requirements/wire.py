"""The one byte form of every value."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Component, Level, Requirement, Scope

__all__ = ["ROWS"]

ROWS: Final[tuple[Requirement, ...]] = (
    Requirement(
        "WIRE-01",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "The writer uses shortest heads, definite lengths, text keys in declared order, all "
        "fields, null for nothing, and neither tags nor floats.",
        "durable.rs L35-42",
    ),
    Requirement(
        "WIRE-02",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "An artifact is a map of schema version and payload, and the payload is a map of kind and "
        "content for one of three kinds.",
        "durable.rs L925-944",
    ),
    Requirement(
        "WIRE-03",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "A log is a map with its entries, and each of the four entry kinds is a map that starts "
        "with `kind`.",
        "durable.rs L45-102",
    ),
    Requirement(
        "WIRE-04",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "Evidence is a map of eight fields, and levels, kinds and outcomes are snake_case texts.",
        "semantic_objects.rs L133-449",
    ),
    Requirement(
        "WIRE-05",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "A cache is a map with its entries, each a map of four fields whose outcome holds a "
        "status and a response or null.",
        "durable.rs L330-349",
    ),
    Requirement(
        "WIRE-06",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "An outcome status is a map tagged by `status`, and a failed one holds its kind and "
        "message.",
        "core_types.rs",
    ),
    Requirement(
        "WIRE-07",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "A response is a map tagged by `kind`, which is its only key where the response holds "
        "nothing.",
        "core_types.rs",
    ),
    Requirement(
        "WIRE-08",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "Values, send decisions and topology changes are tagged from outside by CamelCase names, "
        "and variants without content are a bare text.",
        "coroutine.rs L52-67; core_types.rs L1-50, L1274-1283",
    ),
    Requirement(
        "WIRE-09",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "Durations and output condition hints are maps of their two fields.",
        "core_types.rs L1-50; output_condition.rs L43-48",
    ),
    Requirement(
        "WIRE-10",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "Recovery metadata is a map of six fields, from the checkpoint to the cached evidence ids.",
        "durable.rs L855-874",
    ),
    Requirement(
        "WIRE-11",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "Sync requests, agreement states, decisions and effect requests have the maps that their "
        "declarations spell out.",
        "durable.rs L104-121, L879-908; core_types.rs",
    ),
    Requirement(
        "WIRE-12",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "The result of a callback is tagged from outside by Success, Blocked or Failure and is "
        "not the status of an outcome.",
        "core_types.rs L1032-1175",
    ),
    Requirement(
        "WIRE-13",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "An empty log takes 94 bytes, an empty cache 103 and default recovery metadata 219, each "
        "with one fixed content.",
        "durable.rs L946-972",
    ),
)
