"""What a backend of the agreement log does."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Component, Level, Requirement, Scope

__all__ = ["ROWS"]

ROWS: Final[tuple[Requirement, ...]] = (
    Requirement(
        "WAL-01",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "Once `append` has returned, `load` gives what it gave before with the new entry behind "
        "it, equal in every field.",
        "durable.rs L233-255, L272-328",
    ),
    Requirement(
        "WAL-01.handles",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "What one of several handles on a log has acknowledged is there for all of them, in order.",
        "durable.rs L233-255",
        "concurrent-handles",
    ),
    Requirement(
        "WAL-01.parked",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "At whichever system call one handle on a log is stopped, what another one does meanwhile "
        "and what it goes on with have the effects of one order of the two.",
        "durable.rs L233-255",
        "concurrent-handles",
    ),
    Requirement(
        "WAL-01.threads",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "Threads that call one log at the same time get the answers of one order of their calls.",
        "durable.rs L233-255",
        "threads",
    ),
    Requirement(
        "WAL-02",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "Entries are kept one by one as they came: not merged, reordered, rewritten, dropped or "
        "recognised as repeats.",
        "durable.rs L233-255",
    ),
    Requirement(
        "WAL-03",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "`append` reports an error whenever the log with the new entry would break the escalation "
        "order.",
        "durable.rs L237-239",
    ),
    Requirement(
        "WAL-03.text",
        Level.SHOULD,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "The error of a refused append names the operation and the levels in the wording that "
        "validation uses.",
        "durable.rs L214-225",
        "exact-messages",
    ),
    Requirement(
        "WAL-04",
        Level.SHOULD,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "A refused append leaves the log as it was, or as the mode that the backend declares "
        "allows.",
        "durable.rs L272-328",
    ),
    Requirement(
        "WAL-05",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "`read_since(t)` agrees with filtering what `load` gives at the same moment.",
        "durable.rs L188-194, L246-249",
    ),
    Requirement(
        "WAL-06",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "Reading changes nothing: loads without an append between them are equal.",
        "durable.rs L241-255",
    ),
    Requirement(
        "WAL-07",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "A backend that holds nothing yet loads as an empty log.",
        "durable.rs L289-328",
    ),
    Requirement(
        "WAL-08",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "After a crash and reopening, all acknowledged entries are there in order, followed at "
        "most by the one entry that was under way.",
        "durable.rs L282-328",
        "reopen",
    ),
    Requirement(
        "WAL-08.kill",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "When its process is killed and the log opened again, exactly the acknowledged entries are "
        "there, in order.",
        "durable.rs L282-328",
        "process-kill",
    ),
    Requirement(
        "WAL-08.server-kill",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "When the server that keeps a log is killed between calls or during one and started again "
        "on its data, the log that another process opens next holds all acknowledged entries in "
        "order, among them at most whole entries whose appends failed meanwhile.",
        "durable.rs L282-328",
        "server-kill",
    ),
    Requirement(
        "WAL-08.kill-inside",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "When its process is killed at any system call, the log that is opened next holds all "
        "acknowledged entries in order, followed at most by the whole entry that was under way.",
        "durable.rs L282-328",
        "process-kill",
    ),
    Requirement(
        "WAL-08.power",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "Whatever a loss of power leaves of unsynced writes and folder entries, the log that is "
        "opened next holds all acknowledged entries in order, followed at most by the whole entry "
        "that was under way.",
        "durable.rs L282-328",
        "power-loss",
    ),
    Requirement(
        "WAL-08.recovery",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "After a crash the log opens without an error, and every later opening shows what the "
        "first one showed.",
        "durable.rs L282-328",
        "process-kill",
    ),
    Requirement(
        "WAL-08.progress",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "A log that was opened after a crash accepts another entry, and the next opening shows it.",
        "durable.rs L282-328",
        "process-kill",
    ),
    Requirement(
        "WAL-08.shown",
        Level.SHOULD,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "What an opening after a kill has shown, acknowledged or not, is still what a log shows "
        "that is opened after a loss of power.",
        "durable.rs L282-328",
    ),
    Requirement(
        "WAL-08.fsync-error",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "When a sync fails, the append that needed it reports the declared error, or what it "
        "acknowledged is there after every restart and loss of power that follows.",
        "durable.rs L282-328",
        "fault-tolerance",
    ),
    Requirement(
        "WAL-08.disk-full",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "When a write finds no space, or takes a part only and the rest finds none, the append "
        "reports the declared error, everything acknowledged stays, and the log that is opened "
        "next takes more.",
        "durable.rs L282-328",
        "fault-tolerance",
    ),
    Requirement(
        "WAL-08.io-error",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "When a file cannot be opened, made, renamed or removed, or a write fails or is "
        "interrupted, the append reports the declared error or is done all the same, everything "
        "acknowledged stays, and the log that is opened next takes more.",
        "durable.rs L282-328",
        "fault-tolerance",
    ),
    Requirement(
        "WAL-09",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "Every failure of a backend reaches its caller as the declared error with a text, and "
        "leaves no lock held.",
        "durable.rs L233-255",
    ),
    Requirement(
        "WAL-10",
        Level.MUST,
        Scope.REFERENCE,
        Component.AGREEMENT_WAL,
        "The in-memory log stores an entry before it checks the order, so that a refused entry "
        "stays and every later append fails with the same text.",
        "durable.rs L259-281",
        "keeps-rejected",
    ),
    Requirement(
        "WAL-11",
        Level.MUST,
        Scope.REFERENCE,
        Component.AGREEMENT_WAL,
        "The file log reads, extends, checks and rewrites its whole file on each append, treats a "
        "missing file as empty and touches no disk when it is built.",
        "durable.rs L289-328",
    ),
    Requirement(
        "WAL-12",
        Level.MUST,
        Scope.REFERENCE,
        Component.AGREEMENT_WAL,
        "The file log hands on the errors of reading, decoding and wrong payload kinds unchanged.",
        "durable.rs L289-328, L1049-1061",
    ),
    Requirement(
        "WAL-13",
        Level.MUST,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "An append of any legal entry either stores exactly that entry or reports an error and "
        "stores nothing.",
        "durable.rs L233-255",
    ),
    Requirement(
        "WAL-13.accept",
        Level.SHOULD,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "Every legal entry is accepted, whatever its ticks, its text lengths and the characters "
        "of its ids.",
        "durable.rs L233-255",
    ),
    Requirement(
        "WAL-15.bit-rot",
        Level.SHOULD,
        Scope.BACKEND,
        Component.AGREEMENT_WAL,
        "When one bit of a stored log flips at rest, or one sector of it reads as zeros, opening "
        "or loading it reports an error or gives exactly the acknowledged entries.",
        "durable.rs L282-328",
        "bit-rot",
    ),
)
