"""What the handler that caches outcomes by evidence does."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Component, Level, Requirement, Scope

__all__ = ["ROWS"]

ROWS: Final[tuple[Requirement, ...]] = (
    Requirement(
        "EVID-01",
        Level.MUST,
        Scope.HANDLER,
        Component.EVIDENCE_HANDLER,
        "The wrapper names itself `evidence_persistence<inner>`.",
        "durable.rs L530",
    ),
    Requirement(
        "EVID-02",
        Level.MUST,
        Scope.HANDLER,
        Component.EVIDENCE_HANDLER,
        "The resolver sees each whole request once and first; without an id the inner handler "
        "answers and the cache is left alone.",
        "durable.rs L534-555",
    ),
    Requirement(
        "EVID-03",
        Level.MUST,
        Scope.HANDLER,
        Component.EVIDENCE_HANDLER,
        "A cached outcome is the answer, without a call of the inner handler and without a look "
        "at metadata, names or body.",
        "durable.rs L539-543",
    ),
    Requirement(
        "EVID-04",
        Level.MUST,
        Scope.HANDLER,
        Component.EVIDENCE_HANDLER,
        "When the lookup fails, the answer is an unavailable failure naming the id, and the inner "
        "handler is not called.",
        "durable.rs L544-548",
    ),
    Requirement(
        "EVID-05",
        Level.MUST,
        Scope.HANDLER,
        Component.EVIDENCE_HANDLER,
        "Without a cached outcome the inner handler runs once, and its outcome of whatever status "
        "is put under the id with the names of the metadata.",
        "durable.rs L552-563",
    ),
    Requirement(
        "EVID-06",
        Level.MUST,
        Scope.HANDLER,
        Component.EVIDENCE_HANDLER,
        "When the put fails, an unavailable failure naming the id takes the place of the outcome "
        "of the effect that ran.",
        "durable.rs L564-568",
    ),
    Requirement(
        "EVID-07",
        Level.MUST,
        Scope.HANDLER,
        Component.EVIDENCE_HANDLER,
        "`cached_outcome` and `cache_snapshot` let the backend's own error through.",
        "durable.rs L509-522",
    ),
    Requirement(
        "EVID-08",
        Level.MUST,
        Scope.HANDLER,
        Component.EVIDENCE_HANDLER,
        "Lookup and put are locked one at a time, so that the inner handler runs at least once "
        "for any number of equal concurrent requests.",
        "durable.rs L534-572",
    ),
    Requirement(
        "EVID-09",
        Level.MUST,
        Scope.HANDLER,
        Component.EVIDENCE_HANDLER,
        "The helper methods go past the cache to the inner handler, and the methods that are not "
        "forwarded answer with their defaults.",
        "durable.rs L572-617",
    ),
    Requirement(
        "EVID-10",
        Level.MUST,
        Scope.PURE,
        Component.EVIDENCE_HANDLER,
        "A resolver is an object with the resolver method or a plain callable.",
        "durable.rs L468-475",
    ),
)
