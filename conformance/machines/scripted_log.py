"""One log under a script: what its answers mean when it is loaded only now and then.

Between two loads nothing is known but what was acknowledged. So a difference is blamed on what was
seen last: an entry that a load had shown before is one that was not kept, and one that no load ever
showed is one that was never stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from conformance.engine.acts import Act, act
from conformance.engine.scripts import ScriptedPart, scripted
from conformance.engine.session import History, HistoryEnded, Raised, Returned
from conformance.machines.asking import TRIES, answered, opened_again
from conformance.machines.scripted_texts import contents_text, mismatch_text
from conformance.rules.blame import SinceLoad, broken_requirement
from conformance.rules.narration import operation_text
from telltale_spec.backends.contract import AgreementWal
from telltale_spec.model.machine import RejectionMode
from telltale_spec.model.operations import Append, LoadLog, ReadSince, Reopen
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    EscalationTracker,
)
from telltale_spec.wire.shapes import U64_MAX

__all__ = ["LOAD", "REOPEN", "SCRIPTED_LOG_IDS", "ScriptedLog", "append_act", "read_act"]

Entries = tuple[AgreementWalEntry, ...]


class ScriptedLog(ScriptedPart):
    """One log beside the list of what it acknowledged."""

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self.entries: list[AgreementWalEntry] = []
        self._tracker = EscalationTracker()
        # How many entries the last load showed, and what happened since.
        self._shown = 0
        self._loaded_before = False
        self._appended = False
        self._reopened = False
        self._beyond_judging = False
        self._refused: list[AgreementWalEntry] = []
        self._rejected: list[AgreementWalEntry] = []

    @property
    def held(self) -> Sequence[AgreementWalEntry]:
        """The entries that the log acknowledged."""
        return self.entries

    def prepare(self) -> None:
        """Make the log; it is not loaded, which could hide what a first load does."""
        self.directory = self.history.directory()
        self.sut = self._make(self.directory)

    def _make(self, directory: Path) -> AgreementWal:
        return self.history.start("the agreement WAL", lambda: self._factory(directory))

    @property
    def _factory(self) -> Callable[[Path], AgreementWal]:
        factory = self.backend.agreement_wal
        if factory is None:
            raise RuntimeError("this suite does not apply to a backend without a log")
        return factory

    def close(self) -> None:
        """Close the log."""
        self.history.release(getattr(self, "sut", None))

    @act("append")
    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry; a legal one that is refused is offered again."""
        if self._beyond_judging:
            raise HistoryEnded
        error = self._tracker.preview(entry)
        if error is None:
            self._offer(entry)
            return
        answer = self._asked(Append(entry))
        self.history.check(
            "WAL-03",
            isinstance(answer, Raised),
            f"refused: {error.message}",
            "the append was accepted",
        )
        self._rejected.append(entry)
        # What such a log does from here on is judged by the random histories.
        self._beyond_judging = self.backend.rejection_mode is not RejectionMode.CLEAN_REJECT

    def _asked(self, operation: Append) -> Raised | Returned:
        return self.history.call(
            operation_text(operation),
            lambda: self.sut.append(operation.entry),
            operation=operation,
        )

    def _offer(self, entry: AgreementWalEntry) -> None:
        self.offered += 1
        for _ in range(TRIES):
            answer = self._asked(Append(entry))
            if isinstance(answer, Returned):
                self.taken += 1
                self._tracker.observe(entry)
                self.entries.append(entry)
                self._appended = True
                return
            self._refused.append(entry)
            text = f"refused: {answer.message}"
            self.history.check("WAL-13.accept", False, "accepted", text, goes_on=True)
            if self.backend.rejection_mode is RejectionMode.UNKNOWN_OUTCOME:
                # Nobody can tell whether it is there, and a second one could be too many.
                self._adopt_what_is_there(entry)
                return
        self.first_refusal = self.first_refusal or f"{operation_text(Append(entry))}: {text}"

    def _adopt_what_is_there(self, entry: AgreementWalEntry) -> None:
        loaded = self._load("WAL-06", quiet=True)
        if loaded == (*self.entries, entry):
            self._tracker.observe(entry)
            self.entries.append(entry)
        self._judge(loaded)

    @act("append_twice")
    def append_twice(self, entry: AgreementWalEntry) -> None:
        """Append one record, the very same object, twice in a row."""
        self._offer(entry)
        self._offer(entry)

    @act("read_since")
    def read_since(self, tick: int) -> None:
        """Read a suffix with no load around it."""
        answer = answered(
            self.history, ReadSince(tick), lambda: self.sut.read_since(tick), quiet=False
        )
        value = answer.message if isinstance(answer, Raised) else answer.value
        well_formed = isinstance(value, Sequence) and not isinstance(value, str)
        self.history.check("WAL-05", well_formed, "a sequence of entries", lambda: repr(value))
        found = tuple(value)
        expected = AgreementWalArtifact(tuple(self.entries)).read_since(tick)
        if found != expected:
            # Where the log is not what it should be, reading is right to show it.
            loaded = self._load("WAL-06", quiet=True)
            self.history.note(operation_text(LoadLog()), contents_text(loaded), LoadLog())
            self._judge(loaded)
            expected = AgreementWalArtifact(tuple(self.entries)).read_since(tick)
        if self.entries:
            self.history.check(
                "WAL-05",
                found == expected,
                lambda: contents_text(expected),
                lambda: mismatch_text(found, expected),
                # The log itself is as it should be, so it can be judged on.
                goes_on=True,
            )

    @act("load_log")
    def load(self) -> None:
        """Load the log and hold it against everything acknowledged."""
        self._judge(self._load("WAL-08" if self._reopened else "WAL-06", quiet=False))

    @act("reopen")
    def reopen(self) -> None:
        """Open the log again; the next load says what is left."""
        self.history.release(self.sut)
        del self.sut
        self.sut = opened_again(
            self.history, Reopen(), lambda: self._factory(self.directory), "WAL-08"
        )
        self._reopened = True

    def _judge(self, loaded: Entries) -> None:
        """Hold a whole log against what it should be."""
        expected = self._expected(loaded)
        if loaded != expected:
            self.history.check(
                broken_requirement(
                    loaded,
                    expected,
                    self._since_load(),
                    kept_without_reopening=self._is_kept_without_reopening,
                ),
                False,
                lambda: contents_text(expected),
                lambda: mismatch_text(loaded, expected),
                goes_on=True,
            )
            # Where that is known already, the log is judged on by what it really holds.
            self.entries = list(loaded)
            self._tracker = EscalationTracker()
            for entry in loaded:
                self._tracker.observe(entry)
        else:
            for requirement_id in self._put_to_the_test():
                self.history.check(requirement_id, True, "", "")
        self._shown = len(loaded)
        self._loaded_before = True
        self._appended = self._reopened = False
        self._refused, self._rejected = [], []

    def _expected(self, loaded: Entries) -> Entries:
        entries = tuple(self.entries)
        if not self._rejected:
            return entries
        with_rejected = (*entries, *self._rejected)
        mode = self.backend.rejection_mode
        unknown = mode is RejectionMode.UNKNOWN_OUTCOME and loaded == with_rejected
        return with_rejected if unknown or mode is RejectionMode.KEEPS_REJECTED else entries

    def _put_to_the_test(self) -> list[str]:
        """Return what a log that is right proves."""
        found = ["WAL-06"] if self._loaded_before and not self._appended else []
        if self._appended:
            found += ["WAL-01", "WAL-02", "WAL-09", "WAL-13", "WAL-13.accept"]
        if self._refused:
            found.append("WAL-13")
        if self._rejected:
            found.append("WAL-04")
        if self._reopened and self.entries:
            found.append("WAL-08")
        return found

    def _since_load(self) -> SinceLoad:
        return SinceLoad(
            settled=self._shown,
            appended=self._appended,
            reopened=self._reopened,
            refused=tuple(self._refused),
            rejected=tuple(self._rejected),
            keeps_rejected=self.backend.rejection_mode is RejectionMode.KEEPS_REJECTED,
        )

    def _is_kept_without_reopening(self) -> bool:
        """Say whether a log that is not opened again holds the same entries, all of them."""
        # What the search sees of it is the loss alone, not how its reason was found.
        beside = self.history.beside()
        directory = self.history.directory()
        twin = self._make(directory)
        try:
            for entry in self.entries:
                text = operation_text(Append(entry))
                beside.call(text, partial(twin.append, entry), quiet=True)
            answer = beside.call(operation_text(LoadLog()), twin.load, quiet=True)
        finally:
            self.history.release(twin)
        artifact = answer.value if isinstance(answer, Returned) else None
        found = artifact.entries if isinstance(artifact, AgreementWalArtifact) else ()
        return tuple(found) == tuple(self.entries)

    def _load(self, requirement_id: str, *, quiet: bool) -> Entries:
        answer = answered(self.history, LoadLog(), lambda: self.sut.load(), quiet=quiet)
        artifact = None if isinstance(answer, Raised) else answer.value
        if isinstance(artifact, AgreementWalArtifact):
            return tuple(artifact.entries)
        actual = (
            f"refused: {answer.message}"
            if isinstance(answer, Raised)
            else f"a {type(artifact).__name__}: {artifact!r}"
        )
        self.history.check(requirement_id, False, "an AgreementWalArtifact", actual)
        raise AssertionError("unreachable: a failed check does not return")


LOAD: Final = scripted(ScriptedLog, "load_log")
REOPEN: Final = scripted(ScriptedLog, "reopen")
SCRIPTED_LOG_IDS: Final = (
    "WAL-01",
    "WAL-02",
    "WAL-03",
    "WAL-04",
    "WAL-05",
    "WAL-06",
    "WAL-08",
    "WAL-09",
    "WAL-13",
    "WAL-13.accept",
)
"""What a scripted log can be judged by."""


def append_act(entry: AgreementWalEntry) -> Act:
    """Return the act of an append."""
    return scripted(ScriptedLog, "append", entry)


def read_act(tick: int) -> Act:
    """Return the act of a read behind a tick; one that no tick can be becomes the nearest."""
    return scripted(ScriptedLog, "read_since", min(max(tick, 0), U64_MAX))
