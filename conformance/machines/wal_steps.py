"""What one step on a log does and checks, whichever rule takes it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from conformance.engine.acts import act
from conformance.engine.session import History, Raised, Returned
from conformance.engine.suite import NEXT_HISTORY, ConformanceMachine
from conformance.machines.asking import TRIES, answered, event_of, opened_again
from conformance.machines.fresh import follow, leftovers_text, next_history_text
from conformance.machines.live_findings import LiveFindings
from conformance.machines.wal_situations import (
    APPEND_AFTER_REFUSAL,
    FRESH,
    REFUSED,
    REOPENED,
    SUFFIX_SPLITS,
    situations_of_accepted,
    situations_of_offered,
)
from conformance.rules.log_memory import Probes
from conformance.rules.narration import difference_text, entries_text, entry_text, operation_text
from conformance.rules.wal import LogJudge
from telltale_spec.backends.contract import AgreementWal
from telltale_spec.model.machine import RejectionMode
from telltale_spec.model.operations import Append, LoadLog, ReadSince, Reopen
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
)

__all__ = ["AgreementWalSteps"]

# After these the log can be judged on by what it really holds.
_GOES_ON: Final = frozenset({"WAL-03.text", "WAL-04", "WAL-13.accept"})


class AgreementWalSteps(ConformanceMachine):
    """One log under test, and the judge of its answers."""

    judge: LogJudge
    # What a rule's precondition reads exists even where a history ends at once.
    refusals: int = 0
    # What was there before the first of several histories.
    leftovers: tuple[AgreementWalEntry, ...] = ()
    # A lawful entry that was refused, and taken when it was offered again.
    _taken_late: AgreementWalEntry | None = None

    def prepare(self) -> None:
        """Make a fresh log and check that it loads as empty."""
        self.directory = self.history.directory()
        loaded = self._opened()
        if loaded and self.adopts_leftovers:
            self.leftovers = loaded
        elif loaded:
            follow(self)
        self._check_fresh(loaded)

    def _opened(self) -> tuple[AgreementWalEntry, ...]:
        self.refusals = 0
        self.sut = self._make(self.directory)
        loaded = self._load("WAL-07")
        self.history.reach(FRESH)
        self.findings = LiveFindings(self.history, _GOES_ON)
        self.judge = LogJudge(
            self.findings,
            self.backend.rejection_mode,
            begins_empty=False,
            reopens=True,
            probes=Probes(is_after_effect=self._is_after_effect),
        )
        # Whether it may hold anything is judged by itself, as a store may have been used before.
        self.judge.begin_with(loaded)
        return loaded

    @property
    def held(self) -> tuple[AgreementWalEntry, ...]:
        """The entries that the log has to have."""
        judge: LogJudge | None = getattr(self, "judge", None)
        return () if judge is None else judge.entries

    def _check_fresh(
        self, loaded: tuple[AgreementWalEntry, ...], appended: tuple[AgreementWalEntry, ...] = ()
    ) -> None:
        added = loaded
        if self.leftovers:
            # The process has used the store before; what was appended here can be told apart.
            added = appended if loaded == (*self.leftovers, *appended) else ()
        if added:
            self.history.note(operation_text(LoadLog()), entries_text(loaded), LoadLog())
        self.history.check("WAL-07", not added, "an empty log", lambda: leftovers_text(added))

    @act(NEXT_HISTORY)
    def _next_history(self, same_name: bool) -> None:
        self.history.release(self.sut)
        self.history.note(next_history_text(same_name=same_name), "ok")
        self.directory = self.history.next_directory(self.directory, same_name=same_name)
        appended = self.held[len(self.leftovers) :]
        loaded = self._opened()
        self._check_fresh(loaded, appended)

    def _make(self, directory: Path) -> AgreementWal:
        return self.history.start("the agreement WAL", lambda: self._factory(directory))

    @property
    def _factory(self) -> Callable[[Path], AgreementWal]:
        factory = self.backend.agreement_wal
        if factory is None:
            raise RuntimeError("this suite does not apply to a backend without a log")
        return factory

    @act("append")
    def _append(self, entry: AgreementWalEntry) -> None:
        operation = Append(entry)
        # A copy of its own, so that nothing that it does to it reaches what it is judged by.
        given = copy.deepcopy(entry)
        answer = self.history.call(
            operation_text(operation), lambda: self.sut.append(given), operation=operation
        )
        self.history.check(
            "WAL-01",
            given == entry,
            lambda: f"the entry left as it was given: {entry_text(entry)}",
            lambda: f"the backend changed it: {difference_text((given,), (entry,))}",
            goes_on=True,
        )
        # What arose is counted before anything is judged, so that no verdict hides it.
        self._note_situations(entry, refused=isinstance(answer, Raised))
        self.judge.append(event_of(operation, answer), entry)
        self._look()
        if self._taken_late is not None:
            self._taken_late = None
            self.judge.append(event_of(operation, Returned(None)), entry)

    def _is_after_effect(self, entry: AgreementWalEntry) -> bool:
        """Say whether only a log that refused something before refuses a legal entry.

        A log that is busy takes the entry when it is asked again; one that cannot
        store it refuses it on an equal log too, where nothing was refused before.
        """
        if self.backend.rejection_mode is not RejectionMode.CLEAN_REJECT or self.refusals < 2:
            return False
        # What the search sees of it is the refusal alone, not how its reason was found.
        beside = self.history.beside()
        if self._takes(beside, self.sut, entry):
            self._taken_late = entry
            return False
        twin = self._make(self.history.directory())
        try:
            return all(self._takes(beside, twin, each) for each in (*self.held, entry))
        finally:
            self.history.release(twin)

    def _takes(self, beside: History, log: AgreementWal, entry: AgreementWalEntry) -> bool:
        text = operation_text(Append(entry))
        answers = (beside.call(text, lambda: log.append(entry), quiet=True) for _ in range(TRIES))
        return any(not isinstance(answer, Raised) for answer in answers)

    def _note_situations(self, entry: AgreementWalEntry, *, refused: bool) -> None:
        refused_before = self.refusals > 0
        if not refused:
            self._reach(situations_of_accepted(self.held, entry, refused_before=refused_before))
            return
        self.refusals += 1
        if self.judge.refusal_of(entry) is None:
            self._reach(situations_of_offered(self.held, entry))
        # Where a rejected entry may stay, nothing at all need be accepted behind it.
        may_stay = self.backend.rejection_mode is not RejectionMode.CLEAN_REJECT
        self._reach((REFUSED, APPEND_AFTER_REFUSAL)[: 1 + (refused_before and may_stay)])

    def _reach(self, situations: tuple[str, ...]) -> None:
        for situation in situations:
            self.history.reach(situation)

    def _look(self) -> None:
        """Load the log beside the history, and judge what it holds."""
        self._judge_load(self._load("WAL-06"))

    def _judge_load(self, loaded: tuple[AgreementWalEntry, ...]) -> None:
        with self.findings.looking(LoadLog(), lambda: entries_text(loaded)):
            self.judge.load(event_of(LoadLog(), Returned(loaded)))

    @act("read_since")
    def _read_since(self, tick: int) -> None:
        operation = ReadSince(tick)
        answer = answered(self.history, operation, lambda: self.sut.read_since(tick))
        entries = self._sequence(answer, "WAL-05", "a sequence of entries")
        if 0 < sum(entry.tick > tick for entry in self.held) < len(self.held):
            self.history.reach(SUFFIX_SPLITS)
        self.judge.read_since(event_of(operation, Returned(entries)), tick)
        self._disturb(answer.value if not isinstance(answer, Raised) else None)
        self._judge_undisturbed()

    def _disturb(self, returned: Any) -> None:
        """Change what a read returned, where it can be changed (I-10)."""
        if isinstance(returned, list):
            returned.clear()

    def _judge_undisturbed(self) -> None:
        loaded = self._load("WAL-06")
        self.judge.load(event_of(LoadLog(), Returned(loaded)))

    @act("load_log")
    def _load_and_check(self) -> None:
        loaded = self._load("WAL-06", note=True)
        self.judge.load(event_of(LoadLog(), Returned(loaded)))

    @act("reopen")
    def _reopen(self) -> None:
        self.history.release(self.sut)
        # A storage without a close gives up what it holds when nothing refers to it.
        del self.sut
        self.sut = opened_again(
            self.history, Reopen(), lambda: self._factory(self.directory), "WAL-08"
        )
        if self.held:
            self.history.reach(REOPENED)
        self.judge.reopen(event_of(Reopen(), Returned(None)))
        self.judge.load(event_of(LoadLog(), Returned(self._load("WAL-08", note=True))))

    def _load(self, requirement_id: str, *, note: bool = False) -> tuple[AgreementWalEntry, ...]:
        operation = LoadLog()
        answer = answered(self.history, operation, lambda: self.sut.load(), quiet=not note)
        artifact = None if isinstance(answer, Raised) else answer.value
        if isinstance(artifact, AgreementWalArtifact):
            return artifact.entries
        self.history.check(
            requirement_id,
            False,
            "an AgreementWalArtifact",
            f"refused: {answer.message}"
            if isinstance(answer, Raised)
            else f"a {type(artifact).__name__}: {artifact!r}",
        )
        raise AssertionError("unreachable: a failed check does not return")

    def _sequence(
        self, answer: Any, requirement_id: str, expected: str
    ) -> tuple[AgreementWalEntry, ...]:
        value = answer.message if isinstance(answer, Raised) else answer.value
        well_formed = isinstance(value, Sequence) and not isinstance(value, str)
        self.history.check(requirement_id, well_formed, expected, lambda: repr(value))
        return tuple(value)

    def _last_rank(self, operation_id: str) -> int:
        ranks = [
            entry.new_level.rank
            for entry in self.held
            if isinstance(entry, Escalation) and entry.operation_id == operation_id
        ]
        return ranks[-1] if ranks else 0

    def teardown(self) -> None:
        """Close the log and remove its directory."""
        self.history.release(getattr(self, "sut", None))
        super().teardown()
