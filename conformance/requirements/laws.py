"""Relations between runs that hold whatever the single results are."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Law

__all__ = ["ROWS"]

ROWS: Final[tuple[Law, ...]] = (
    Law(
        "M-01",
        "Reading after one tick and keeping what lies above another equals reading after the "
        "higher of the two.",
    ),
    Law(
        "M-02",
        "Shuffling operations against each other, each in its own order, changes neither "
        "decisions nor validity.",
    ),
    Law(
        "M-03",
        "The decisions of a log are the decisions of its operations taken one by one and merged.",
    ),
    Law(
        "M-04",
        "A plan from the suffix alone decides as the plan from the whole log does, whenever the "
        "whole log has a plan.",
    ),
    Law(
        "M-05",
        "Leaving entries out of a valid log leaves a valid log.",
    ),
    Law(
        "M-06",
        "Doubling an entry in place changes no decision, and a doubled escalation is in order "
        "exactly when it rises nowhere and the rest allows it.",
    ),
    Law(
        "M-07",
        "One more valid entry takes away no decision, level, crossed gate or existence of an "
        "outcome.",
    ),
    Law(
        "M-08",
        "A later checkpoint decides on fewer or the same operations, with levels and gate flags "
        "that are no higher.",
    ),
    Law(
        "M-09",
        "Shifting all ticks and the checkpoint by one amount shifts the ticks of the plan and "
        "nothing else.",
    ),
    Law(
        "M-10",
        "Decisions are blind to authority, reference, session, owner, kind of evidence, gate "
        "level, coroutine, proof and handle, and to the evidence ids of escalations.",
    ),
    Law(
        "M-11",
        "Renaming operations one to one renames the decisions, and exactly so if the new names "
        "sort alike.",
    ),
    Law(
        "M-12",
        "Reordering the cache reorders lists of cached ids only, and foreign cache entries show "
        "in the metadata only.",
    ),
    Law(
        "M-13",
        "A log is valid exactly when the escalations of each operation are, whatever their ticks "
        "and the other entries.",
    ),
    Law(
        "M-14",
        "A sync on a valid log keeps it valid, adds entries of its own operation and tick only, "
        "and adds nothing when repeated; at a fresh tick it repeats all but the escalation.",
    ),
    Law(
        "M-15",
        "A sync that failed at some append and is sent once more, tick unchanged, leaves what it "
        "would have left without the failure, as long as its proposals have different identities.",
    ),
    Law(
        "M-16",
        "Syncs of different operations give each operation the same entries in either order, if "
        "no identities collide.",
    ),
    Law(
        "M-17",
        "A higher level in the state never makes a sync of an empty log write less.",
    ),
    Law(
        "M-18",
        "Puts of two ids give the same lookups in either order, and a put repeated at once "
        "changes nothing.",
    ),
    Law(
        "M-19",
        "A tolerant reader drops what follows an artifact where a strict one refuses it, and what "
        "a tolerant reader accepted is canonical after one rewriting.",
    ),
    Law(
        "M-20",
        "An extra field holding a short scalar leaves a record unchanged, except in durations and "
        "one-key maps, where it is an error.",
    ),
    Law(
        "M-21",
        "The inspection of two logs in a row is the one report after the other, and never an "
        "error.",
    ),
    Law(
        "M-22",
        "More exchanges never break the write-ahead monitor and more gates never mend it; more "
        "log entries never break the evidence monitor and more cached entries never mend it.",
    ),
    Law(
        "M-23",
        "The file log and the in-memory log agree on every run without a refused append, and part "
        "on the runs that have one.",
    ),
)
