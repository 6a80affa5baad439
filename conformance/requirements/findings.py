"""Where the specified behaviour is surprising, ambiguous or dangerous."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Finding, Severity

__all__ = ["ROWS"]

ROWS: Final[tuple[Finding, ...]] = (
    Finding(
        "F1",
        Severity.HIGH,
        "One refused append stays in the in-memory log and makes every later append and every "
        "plan fail, while the file log goes on.",
    ),
    Finding(
        "F2",
        Severity.HIGH,
        "Identity strings are ambiguous, so that a sync can take a foreign entry for its own and "
        "answer success without writing its gate.",
    ),
    Finding(
        "F3",
        Severity.MEDIUM,
        "Evidence that a request holds twice is written twice by the first call and not at all by "
        "the next.",
    ),
    Finding(
        "F4",
        Severity.MEDIUM,
        "A settled operation writes its evidence, outcome and gate again at every new tick, and "
        "recovery after a checkpoint relies on it.",
    ),
    Finding(
        "F5",
        Severity.CRITICAL,
        "A sync without a state, or with a low one, passes a gate of any level, and recovery then "
        "runs the operation again after its gate.",
    ),
    Finding(
        "F6",
        Severity.CRITICAL,
        "What lies before the checkpoint is forgotten, so that recovery may lose a level or an "
        "outcome that the log has.",
    ),
    Finding(
        "F7",
        Severity.HIGH,
        "An operation may be finalized and aborted in one log; the last entry decides, and a "
        "finalized level may come with an aborted outcome.",
    ),
    Finding(
        "F8",
        Severity.MEDIUM,
        "Ticks are never checked, so that the highest tick of a plan is merely the last one, and "
        "late entries with low ticks are never recovered.",
    ),
    Finding(
        "F9",
        Severity.HIGH,
        "A log or cache may grow past the size that can be read, with the fatal append "
        "acknowledged.",
    ),
    Finding(
        "F10",
        Severity.HIGH,
        "The file variants truncate and write in place without fsync or rename, so that a crash "
        "can lose the whole log.",
    ),
    Finding(
        "F11",
        Severity.CRITICAL,
        "The outcome cache keeps blocked and failed outcomes, so that an effect that could "
        "succeed later never runs again.",
    ),
    Finding(
        "F12",
        Severity.HIGH,
        "Two callers with one evidence id may run the effect twice and see different outcomes.",
    ),
    Finding(
        "F13",
        Severity.CRITICAL,
        "The two wrappers do not compose in either order, and a wrapped handler loses its guard "
        "denials, releases, topology events and hints.",
    ),
    Finding(
        "F14",
        Severity.MEDIUM,
        "A proof id is picked by the substring `proof`, which labels that merely contain it "
        "satisfy too.",
    ),
    Finding(
        "F15",
        Severity.HIGH,
        "A sync takes the level and outcome of a state that belongs to another operation.",
    ),
    Finding(
        "F16",
        Severity.MEDIUM,
        "Gaps, repeated levels and arbitrary first levels count as monotonic.",
    ),
    Finding(
        "F17",
        Severity.MEDIUM,
        "What follows an artifact in its file is skipped by reading and lost by writing.",
    ),
    Finding(
        "F18",
        Severity.MEDIUM,
        "A log out of order and a cache with an id twice load and are served, but the log takes "
        "no further append.",
    ),
    Finding(
        "F19",
        Severity.MEDIUM,
        "Appends, syncs and plans cost more the longer the log is.",
    ),
    Finding(
        "F20",
        Severity.HIGH,
        "A sync that fails halfway leaves entries behind that a plan reads as a state no run "
        "could reach.",
    ),
    Finding(
        "F21",
        Severity.HIGH,
        "A cached outcome is found by its id alone, so that one effect can get the response of "
        "another.",
    ),
    Finding(
        "F22",
        Severity.CRITICAL,
        "A resolver that gives sync requests an id makes the second sync answer success and write "
        "nothing.",
    ),
    Finding(
        "F23",
        Severity.HIGH,
        "A deeply nested value is written without complaint and then makes its whole cache file "
        "unreadable.",
    ),
    Finding(
        "F24",
        Severity.LOW,
        "A newer schema is reported as a decode error, and rewriting a file drops the fields that "
        "the reader did not know.",
    ),
    Finding(
        "F25",
        Severity.HIGH,
        "Evidence counts for recovery although it is not authoritative or comes from another "
        "session.",
    ),
    Finding(
        "F26",
        Severity.HIGH,
        "A log that cannot be reached may look like a log that does not exist and load as empty.",
    ),
    Finding(
        "F27",
        Severity.HIGH,
        "Two handles on one file overwrite each other's acknowledged entries.",
    ),
    Finding(
        "F28",
        Severity.MEDIUM,
        "Injected faults go by tick, so that none can hit the middle of a sync and a retry at the "
        "same tick always fails; windows also fire at their own tick.",
    ),
    Finding(
        "F29",
        Severity.HIGH,
        "An effect whose put fails has happened all the same and happens again on retry.",
    ),
    Finding(
        "F30",
        Severity.MEDIUM,
        "A request's envelope and its sync payload may name different ticks and operations, and "
        "the payload wins.",
    ),
    Finding(
        "F31",
        Severity.MEDIUM,
        "A success with the wrong response, or with none, passes for a successful sync.",
    ),
    Finding(
        "F32",
        Severity.MEDIUM,
        "The monitors miss outputs without a gate, accept a sync from long before, and accuse "
        "honest runs between effect and log.",
    ),
    Finding(
        "F33",
        Severity.HIGH,
        "The soundness clauses of the formal model allow running an operation again after its "
        "gate, and they ask for fields that decisions do not have.",
    ),
    Finding(
        "F34",
        Severity.HIGH,
        "The formal escalation steps leave out half of the level pairs that the log accepts, "
        "among them every first step from none.",
    ),
    Finding(
        "F35",
        Severity.MEDIUM,
        "An escalation names the state's last evidence id, which may be unknown to the log and "
        "unrelated to the step.",
    ),
    Finding(
        "F36",
        Severity.MEDIUM,
        "A sync whose state has fallen back succeeds silently, without any entry that shows it.",
    ),
    Finding(
        "F37",
        Severity.MEDIUM,
        "Evidence from before the checkpoint no longer links a decision to the cache, while the "
        "metadata lists the whole cache.",
    ),
    Finding(
        "F38",
        Severity.MEDIUM,
        "One operation out of order before the checkpoint blocks the recovery of all others.",
    ),
    Finding(
        "F39",
        Severity.MEDIUM,
        "Recovery decisions are carried along but steer nothing when a run is resumed.",
    ),
    Finding(
        "F40",
        Severity.MEDIUM,
        "Artifacts have no checksum, so that many flipped bits decode to another value.",
    ),
    Finding(
        "F41",
        Severity.MEDIUM,
        "A large hostile file costs far more memory than its size before it is refused.",
    ),
    Finding(
        "F42",
        Severity.MEDIUM,
        "Readers outside serde will not agree on the non-canonical forms that are accepted, and a "
        "rewritten file has other bytes.",
    ),
    Finding(
        "F43",
        Severity.LOW,
        "A new field would change the meaning of array and field-number forms that are accepted "
        "today.",
    ),
    Finding(
        "F44",
        Severity.LOW,
        "The machine fills an update tick with a budget and may choose the wrong operation for a "
        "gate by it.",
    ),
    Finding(
        "F45",
        Severity.LOW,
        "The status label of an inspection, meant to be stable, contains messages and Rust "
        "escapes.",
    ),
    Finding(
        "F46",
        Severity.LOW,
        "The sync lock is held during input and output and cannot be taken twice by one thread.",
    ),
)
