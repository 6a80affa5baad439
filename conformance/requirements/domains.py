"""What a single value may be: numbers, texts, levels, entries and the log's own order."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Component, Level, Requirement, Scope

__all__ = ["ROWS"]

ROWS: Final[tuple[Requirement, ...]] = (
    Requirement(
        "DOM-01",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "Every tick, effect id, natural number and duration in ticks is a whole number between 0 "
        "and 2^64-1; anything negative, larger, boolean or fractional is refused.",
        "durable.rs L60; semantic_objects.rs L133-449",
    ),
    Requirement(
        "DOM-02",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "Session ids and endpoint session numbers are taken as 64-bit unsigned numbers on every "
        "host.",
        "serde_core de/impls.rs L444",
    ),
    Requirement(
        "DOM-03",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "Any text of Unicode scalar values is legal, empty and NUL included, while a lone "
        "surrogate is refused when a value is built and when it is written.",
        "ciborium de/mod.rs; measured",
    ),
    Requirement(
        "DOM-04",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "Agreement levels rank none, provisional, soft_safe, finalized from 0 to 3, and "
        "`at_least` compares these ranks.",
        "semantic_objects.rs L223-238",
    ),
    Requirement(
        "DOM-05",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "Texts for people name levels, outcomes, evidence kinds and failure kinds in CamelCase, "
        "as Rust's Debug form does.",
        "durable.rs L148-229",
    ),
    Requirement(
        "DOM-06",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "A duration is a count of whole seconds with 64 bits and a remainder of 0 to 999,999,999 "
        "nanoseconds.",
        "serde_core de/impls.rs L2129",
    ),
    Requirement(
        "DOM-07",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "Wherever operation ids are sorted, the order is that of their UTF-8 bytes.",
        "durable.rs L1155",
    ),
    Requirement(
        "ENT-01",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "A log entry reports its own tick and operation id, except that produced evidence reports "
        "the operation named by the evidence object.",
        "durable.rs L126-144",
    ),
    Requirement(
        "ENT-02",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "`stable_identity` joins kind, operation and the hashed fields with colons, writes absent "
        "ids as a dash and escapes nothing.",
        "durable.rs L148-182",
    ),
    Requirement(
        "ENT-03",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "Two entries are equal exactly when all of their fields are equal.",
        "durable.rs L45",
    ),
    Requirement(
        "ART-WAL-01",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "`read_since(t)` of a log gives the entries whose tick is above t, as stored, neither "
        "sorted nor thinned out.",
        "durable.rs L188-194",
    ),
    Requirement(
        "ART-WAL-02",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "Validation judges escalations alone, each against its own operation, and pays no "
        "attention to ticks or other kinds of entry.",
        "durable.rs L202-229",
    ),
    Requirement(
        "ART-WAL-03",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "An escalation whose new level ranks below its previous level is refused as a regression "
        "of its operation, before any other test.",
        "durable.rs L214-219",
    ),
    Requirement(
        "ART-WAL-04",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "An escalation with a level below the one its operation had already reached is refused as "
        "reordered or regressed.",
        "durable.rs L220-225",
    ),
    Requirement(
        "ART-WAL-05",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "The earliest offending entry decides the error, and equal levels, gaps and an arbitrary "
        "first level are no offence.",
        "durable.rs L202-229",
    ),
    Requirement(
        "ART-WAL-06",
        Level.MUST,
        Scope.PURE,
        Component.VALUES,
        "An empty log is valid and the default, and neither building nor decoding a log checks "
        "its order.",
        "durable.rs L98-102",
    ),
)
