"""What the handler that makes agreements durable does."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Component, Level, Requirement, Scope

__all__ = ["ROWS"]

ROWS: Final[tuple[Requirement, ...]] = (
    Requirement(
        "SYNC-01",
        Level.MUST,
        Scope.HANDLER,
        Component.WAL_HANDLER,
        "The wrapper names itself `agreement_wal<inner>` and claims to support `wal_sync` in "
        "every mode.",
        "durable.rs L768-774",
    ),
    Requirement(
        "SYNC-02",
        Level.MUST,
        Scope.HANDLER,
        Component.WAL_HANDLER,
        "Blocked mode answers blocked, failure mode answers unavailable with its message, and "
        "neither calls the backend.",
        "durable.rs L776-803",
    ),
    Requirement(
        "SYNC-03",
        Level.MUST,
        Scope.HANDLER,
        Component.WAL_HANDLER,
        "One sync holds the wrapper's lock from its load to its last append, so that syncs "
        "through one wrapper follow each other.",
        "durable.rs L779",
    ),
    Requirement(
        "SYNC-04",
        Level.MUST,
        Scope.HANDLER,
        Component.WAL_HANDLER,
        "From one load of the log a sync proposes the operation's evidence in request order, then "
        "escalation, finalization and gate.",
        "durable.rs L692-758",
    ),
    Requirement(
        "SYNC-05",
        Level.MUST,
        Scope.HANDLER,
        Component.WAL_HANDLER,
        "A proposed entry is skipped exactly when the loaded log has its identity, whatever else "
        "the same call proposes.",
        "durable.rs L685-689",
    ),
    Requirement(
        "SYNC-06",
        Level.MUST,
        Scope.HANDLER,
        Component.WAL_HANDLER,
        "An escalation is proposed only if the state ranks above the highest escalation stored "
        "for the operation, and it carries the state's last evidence id.",
        "durable.rs L707-731",
    ),
    Requirement(
        "SYNC-07",
        Level.MUST,
        Scope.HANDLER,
        Component.WAL_HANDLER,
        "A finalization is proposed whenever the state has an outcome, with the first evidence id "
        "that contains `proof` and with no handle.",
        "durable.rs L732-747",
    ),
    Requirement(
        "SYNC-08",
        Level.MUST,
        Scope.HANDLER,
        Component.WAL_HANDLER,
        "The gate crossing is proposed on every call, with or without a state and at any level.",
        "durable.rs L750-758",
    ),
    Requirement(
        "SYNC-09",
        Level.MUST,
        Scope.HANDLER,
        Component.WAL_HANDLER,
        "The first backend error ends the sync as an unavailable failure that says whether "
        "loading or persisting failed, and what was appended stays.",
        "durable.rs L780-796",
    ),
    Requirement(
        "SYNC-10",
        Level.MUST,
        Scope.HANDLER,
        Component.WAL_HANDLER,
        "Other fields of state, evidence and request envelope have no say in what a sync writes.",
        "durable.rs L692-758",
    ),
    Requirement(
        "SYNC-11",
        Level.MUST,
        Scope.HANDLER,
        Component.WAL_HANDLER,
        "`wal_snapshot` gives what the backend loads, under the wrapper's lock.",
        "durable.rs L674-677",
    ),
    Requirement(
        "SYNC-12",
        Level.MUST,
        Scope.HANDLER,
        Component.WAL_HANDLER,
        "Through `handle_effect` a sync is judged by its metadata first and then run by the type "
        "of its body, and it answers with the `wal_sync` response on success.",
        "handler_trait.rs L33-36, L142-146",
    ),
    Requirement(
        "SYNC-13",
        Level.MUST,
        Scope.HANDLER,
        Component.WAL_HANDLER,
        "The wrapper forwards send, send decision, receive, choose and step, and answers all "
        "other methods with the defaults of the handler contract.",
        "durable.rs L764-851",
    ),
    Requirement(
        "SYNC-14",
        Level.MUST,
        Scope.REFERENCE,
        Component.WAL_HANDLER,
        "The built-in metadata of `wal_sync` is that of an internal, authoritative effect that "
        "may block, needs a timeout and may be tried again three times.",
        "core_types.rs L634-649",
    ),
    Requirement(
        "SYNC-15",
        Level.MUST,
        Scope.HANDLER,
        Component.WAL_HANDLER,
        "Repeating a request that succeeded writes nothing, and repeating one that failed "
        "halfway, tick unchanged, completes the log as if it had not failed.",
        "durable.rs L685-758",
    ),
)
