"""What a backend of the evidence-outcome cache does."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Component, Level, Requirement, Scope

__all__ = ["ROWS"]

ROWS: Final[tuple[Requirement, ...]] = (
    Requirement(
        "CACHE-01",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "`get` finds an entry by exact equality of its evidence id, the empty id included, and "
        "otherwise finds nothing.",
        "durable.rs L351-367",
    ),
    Requirement(
        "CACHE-02",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "Once `put` has returned, `get` of that id gives the entry back with all its fields.",
        "durable.rs L374",
    ),
    Requirement(
        "CACHE-02.handles",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "What one of several handles on a cache has acknowledged is what all of them find.",
        "durable.rs L360-382",
        "concurrent-handles",
    ),
    Requirement(
        "CACHE-02.parked",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "At whichever system call one handle on a cache is stopped, what another one does "
        "meanwhile and what it goes on with have the effects of one order of the two.",
        "durable.rs L360-382",
        "concurrent-handles",
    ),
    Requirement(
        "CACHE-02.threads",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "Threads that call one cache at the same time get the answers of one order of their calls.",
        "durable.rs L360-382",
        "threads",
    ),
    Requirement(
        "CACHE-03",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "A `put` leaves exactly one entry for its id and does not touch the entries of other ids.",
        "durable.rs L403-409",
    ),
    Requirement(
        "CACHE-04",
        Level.SHOULD,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "The order of `load` is that of the last puts: the entry just put comes last, and the "
        "others keep their places.",
        "durable.rs L403-409",
        "ordered-cache",
    ),
    Requirement(
        "CACHE-05",
        Level.MUST,
        Scope.PURE,
        Component.EVIDENCE_CACHE,
        "Where a decoded cache holds an id twice, lookups find the earlier entry, a put of that "
        "id replaces both, and other puts leave them alone.",
        "durable.rs L351-358, L403-409",
    ),
    Requirement(
        "CACHE-06",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "`load` holds the last entry put for every id and nothing else, reading has no effect, "
        "and a new cache is empty.",
        "durable.rs L376-382",
    ),
    Requirement(
        "CACHE-07",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "After a failed `put` the entry of that id is the old one or the new one.",
        "durable.rs L418-459",
    ),
    Requirement(
        "CACHE-08",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "After a crash and reopening, every acknowledged put is there, and besides them at most "
        "the one that was under way.",
        "durable.rs L418-459",
        "reopen",
    ),
    Requirement(
        "CACHE-08.kill",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "When its process is killed and the cache opened again, exactly the acknowledged puts are "
        "there.",
        "durable.rs L418-459",
        "process-kill",
    ),
    Requirement(
        "CACHE-08.server-kill",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "When the server that keeps a cache is killed between calls or during one and started "
        "again on its data, the cache that another process opens next holds the last acknowledged "
        "put of each id, or one whole put of it that failed since.",
        "durable.rs L418-459",
        "server-kill",
    ),
    Requirement(
        "CACHE-08.kill-inside",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "When its process is killed at any system call, the cache that is opened next holds all "
        "acknowledged puts, with the old or the new entry for the id that was under way.",
        "durable.rs L418-459",
        "process-kill",
    ),
    Requirement(
        "CACHE-08.power",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "Whatever a loss of power leaves of unsynced writes and folder entries, the cache that is "
        "opened next holds all acknowledged puts, with the old or the new entry for the id that "
        "was under way.",
        "durable.rs L418-459",
        "power-loss",
    ),
    Requirement(
        "CACHE-08.recovery",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "After a crash the cache opens without an error, and every later opening shows what the "
        "first one showed.",
        "durable.rs L418-459",
        "process-kill",
    ),
    Requirement(
        "CACHE-08.progress",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "A cache that was opened after a crash accepts another put, and the next opening shows it.",
        "durable.rs L418-459",
        "process-kill",
    ),
    Requirement(
        "CACHE-08.shown",
        Level.SHOULD,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "What an opening after a kill has shown, acknowledged or not, is still what a cache shows "
        "that is opened after a loss of power.",
        "durable.rs L418-459",
    ),
    Requirement(
        "CACHE-08.fsync-error",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "When a sync fails, the put that needed it reports the declared error, or what it "
        "acknowledged is there after every restart and loss of power that follows.",
        "durable.rs L418-459",
        "fault-tolerance",
    ),
    Requirement(
        "CACHE-08.disk-full",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "When a write finds no space, or takes a part only and the rest finds none, the put "
        "reports the declared error, everything acknowledged stays, and the cache that is opened "
        "next takes more.",
        "durable.rs L418-459",
        "fault-tolerance",
    ),
    Requirement(
        "CACHE-08.io-error",
        Level.MUST,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "When a file cannot be opened, made, renamed or removed, or a write fails or is "
        "interrupted, the put reports the declared error or is done all the same, everything "
        "acknowledged stays, and the cache that is opened next takes more.",
        "durable.rs L418-459",
        "fault-tolerance",
    ),
    Requirement(
        "CACHE-09",
        Level.MUST,
        Scope.REFERENCE,
        Component.EVIDENCE_CACHE,
        "The file cache reads and rewrites its whole file as the file log does, and accepts every "
        "id.",
        "durable.rs L418-459",
    ),
    Requirement(
        "CACHE-15.bit-rot",
        Level.SHOULD,
        Scope.BACKEND,
        Component.EVIDENCE_CACHE,
        "When one bit of a stored cache flips at rest, or one sector of it reads as zeros, opening "
        "or loading it reports an error or gives exactly the acknowledged puts.",
        "durable.rs L418-459",
        "bit-rot",
    ),
)
