"""One log under a script: what its answers mean when it is loaded only now and then.

Between two loads nothing is known but what was acknowledged. So a difference is blamed on what was
seen last: an entry that a load had shown before is one that was not kept, and one that no load ever
showed is one that was never stored.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from conformance.engine.acts import Act, act
from conformance.engine.scripts import ScriptedPart, scripted
from conformance.engine.session import History, HistoryEnded, Raised, Returned
from conformance.machines.asking import TRIES, answered, event_of, opened_again
from conformance.machines.kept_answers import KeptAnswers
from conformance.machines.live_findings import LiveFindings
from conformance.machines.neighbours import NeighbourLog
from conformance.rules.log_memory import Probes
from conformance.rules.long_texts import contents_text
from conformance.rules.narration import operation_text
from conformance.rules.wal import LogJudge
from telltale_spec.backends.contract import AgreementWal
from telltale_spec.model.machine import RejectionMode
from telltale_spec.model.operations import Append, LoadLog, ReadSince, Reopen
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
)
from telltale_spec.wire.shapes import U64_MAX

__all__ = [
    "LOAD",
    "REOPEN",
    "SCRIPTED_LOG_IDS",
    "ScriptedLog",
    "append_act",
    "append_beside_act",
    "read_act",
]

Entries = tuple[AgreementWalEntry, ...]

# What a log that accepts what it must refuse holds from there on is not foreseen.
_GOES_ON: Final = frozenset(
    {"WAL-01", "WAL-02", "WAL-04", "WAL-05", "WAL-06", "WAL-08", "WAL-13"}
    | {"WAL-03.text", "WAL-13.accept"}
)


# So many answers are looked at again after what came later.
_KEPT_ANSWERS_MAX: Final = 4


class ScriptedLog(ScriptedPart):
    """One log, and the judge of what it acknowledges."""

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self._judge = LogJudge(
            LiveFindings(history, _GOES_ON),
            self.backend.rejection_mode,
            begins_empty=False,
            reopens=True,
            probes=Probes(kept_without_reopening=self._is_kept_without_reopening),
        )
        # That it begins empty is judged by the random histories; here it is taken for granted.
        self._judge.begin_with(())
        self._reopened = self._beyond_judging = False
        self._suffixes = KeptAnswers(history, "WAL-05", "suffix", _KEPT_ANSWERS_MAX)
        self._loads = KeptAnswers(history, "WAL-06", "artifact", 1)
        self._neighbour: NeighbourLog | None = None

    @property
    def held(self) -> Entries:
        """The entries that the log acknowledged."""
        return self._judge.entries

    @property
    def _is_wedged(self) -> bool:
        """Whether the log holds a rejected entry, which is no matter of scripts (WAL-10)."""
        keeps = self.backend.rejection_mode is RejectionMode.KEEPS_REJECTED
        return keeps and self._beyond_judging

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
        if self._neighbour is not None:
            self._neighbour.close()

    @act("append_beside")
    def append_beside(self, entry: AgreementWalEntry) -> None:
        """Append an entry to another log, which is opened beside this one if it is not."""
        if self._neighbour is None:
            directory = self.history.directory()
            self._neighbour = NeighbourLog(self.history, lambda: self._factory(directory))
        if self._neighbour.exists:
            self._neighbour.append(copy.deepcopy(entry))

    @act("append")
    def append(self, entry: AgreementWalEntry) -> None:
        """Append an entry; a legal one that is refused is offered again."""
        if self._beyond_judging:
            raise HistoryEnded
        if self._judge.refusal_of(entry) is None:
            self._offer(entry)
            return
        operation = Append(entry)
        self._judge.append(event_of(operation, self._asked(operation)), entry)
        # What such a log holds from here on is judged by the random histories.
        self._beyond_judging = self.backend.rejection_mode is not RejectionMode.CLEAN_REJECT

    def _asked(
        self, operation: Append, given: AgreementWalEntry | None = None
    ) -> Raised | Returned:
        """Append a copy of its own, so that nothing done to it reaches what it is judged by."""
        entry = copy.deepcopy(operation.entry) if given is None else given
        answer = self.history.call(
            operation_text(operation), lambda: self.sut.append(entry), operation=operation
        )
        if entry != operation.entry:
            as_given = f"the entry left as it was given: {contents_text((operation.entry,))}"
            changed = f"the backend changed it: {contents_text((entry,))}"
            self.history.check("WAL-01", False, as_given, changed)
        return answer

    def _offer(self, entry: AgreementWalEntry, given: AgreementWalEntry | None = None) -> None:
        self.offered += 1
        operation, refusal = Append(entry), ""
        for _ in range(TRIES):
            answer = self._asked(operation, given)
            self._judge.append(event_of(operation, answer), entry)
            if isinstance(answer, Returned):
                self.taken += 1
                self.history.check("WAL-09", True, "", "")
                return
            refusal = f"{operation_text(operation)}: refused: {answer.message}"
            if self.backend.rejection_mode is RejectionMode.UNKNOWN_OUTCOME:
                # Nobody can tell whether it is there, and a second one could be too many.
                self._look()
                return
        self.first_refusal = self.first_refusal or refusal

    @act("append_twice")
    def append_twice(self, entry: AgreementWalEntry) -> None:
        """Append one record, the very same object, twice in a row."""
        given = copy.deepcopy(entry)
        self._offer(entry, given)
        self._offer(entry, given)

    @act("read_since")
    def read_since(self, tick: int) -> None:
        """Read a suffix with no load around it."""
        if self._is_wedged:
            return
        answer = answered(
            self.history, ReadSince(tick), lambda: self.sut.read_since(tick), quiet=False
        )
        value: Any = answer.message if isinstance(answer, Raised) else answer.value
        well_formed = isinstance(value, Sequence) and not isinstance(value, str)
        self.history.check("WAL-05", well_formed, "a sequence of entries", lambda: repr(value))
        found = self._suffixes.keep(lambda: value)
        if not self._judge.may_read(tick, found):
            # Where the log is not what it should be, reading is right to show it.
            self._look(shows=True)
        if not self._judge.is_empty:
            self._judge.read_since(event_of(ReadSince(tick), Returned(found)), tick)

    def _look(self, *, shows: bool = False) -> None:
        """Load the log beside the history."""
        loaded = self._load("WAL-06", quiet=True)
        if shows:
            self.history.note(operation_text(LoadLog()), contents_text(loaded), LoadLog())
        self._judge.load(event_of(LoadLog(), Returned(loaded)))

    @act("load_log")
    def load(self) -> None:
        """Load the log and hold it against everything acknowledged."""
        if self._is_wedged:
            return
        self._suffixes.judge()
        loaded = self._load("WAL-08" if self._reopened else "WAL-06", quiet=False)
        self._judge.load(event_of(LoadLog(), Returned(loaded)))
        self._reopened = False

    @act("reopen")
    def reopen(self) -> None:
        """Open the log again; the next load says what is left."""
        self.history.release(self.sut)
        del self.sut
        self.sut = opened_again(
            self.history, Reopen(), lambda: self._factory(self.directory), "WAL-08"
        )
        self._reopened = True
        self._judge.reopen(event_of(Reopen(), Returned(None)))

    def _is_kept_without_reopening(self) -> bool:
        """Say whether a log that is not opened again holds the same entries, all of them."""
        # What the search sees of it is the loss alone, not how its reason was found.
        beside = self.history.beside()
        directory = self.history.directory()
        twin = self._make(directory)
        try:
            for entry in self.held:
                text = operation_text(Append(entry))
                beside.call(text, partial(twin.append, entry), quiet=True)
            answer = beside.call(operation_text(LoadLog()), twin.load, quiet=True)
        finally:
            self.history.release(twin)
        artifact = answer.value if isinstance(answer, Returned) else None
        found = artifact.entries if isinstance(artifact, AgreementWalArtifact) else ()
        return tuple(found) == self.held

    def _load(self, requirement_id: str, *, quiet: bool) -> Entries:
        answer = answered(self.history, LoadLog(), lambda: self.sut.load(), quiet=quiet)
        artifact = None if isinstance(answer, Raised) else answer.value
        if isinstance(artifact, AgreementWalArtifact):
            self._loads.judge()
            return self._loads.keep(lambda: artifact.entries)
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
    "WAL-03.text",
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


def append_beside_act(entry: AgreementWalEntry) -> Act:
    """Return the act of an append to another log that is open beside the first."""
    return scripted(ScriptedLog, "append_beside", entry)


def read_act(tick: int) -> Act:
    """Return the act of a read behind a tick; one that no tick can be becomes the nearest."""
    return scripted(ScriptedLog, "read_since", min(max(tick, 0), U64_MAX))
