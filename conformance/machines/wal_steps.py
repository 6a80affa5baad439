"""What one step on a log does and checks, whichever rule takes it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.engine.acts import act
from conformance.engine.session import History, Raised
from conformance.engine.suite import NEXT_HISTORY, ConformanceMachine
from conformance.machines.asking import TRIES, answered, opened_again
from conformance.machines.fresh import follow, leftovers_text, next_history_text
from conformance.machines.wal_blame import blame_for_append
from conformance.machines.wal_situations import (
    APPEND_AFTER_REFUSAL,
    FRESH,
    REFUSED,
    REOPENED,
    SUFFIX_SPLITS,
    situations_of_accepted,
    situations_of_offered,
)
from conformance.rules.narration import difference_text, entries_text, entry_text, operation_text
from telltale_spec.backends.contract import AgreementWal
from telltale_spec.model.machine import (
    Accepted,
    Refused,
    RejectionMode,
    State,
    Transition,
    step,
)
from telltale_spec.model.operations import Append, LoadLog, ReadSince, Reopen
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
)

__all__ = ["AgreementWalSteps"]


class AgreementWalSteps(ConformanceMachine):
    """One log under test beside the model of it."""

    # What a rule's precondition reads exists even where a history ends at once.
    state: State = State()
    refusals: int = 0
    # What was there before the first of several histories.
    leftovers: tuple[AgreementWalEntry, ...] = ()

    @property
    def held(self) -> Sequence[AgreementWalEntry]:
        """The entries that the log has to have."""
        return self.state.log

    def prepare(self) -> None:
        """Make a fresh log and check that it loads as empty."""
        self.directory = self.history.directory()
        loaded = self._opened()
        if loaded and self.adopts_leftovers:
            self.leftovers = loaded
            self.state = replace(self.state, log=loaded)
        elif loaded:
            follow(self)
        self._check_fresh(loaded)

    def _opened(self) -> tuple[AgreementWalEntry, ...]:
        self.state = State(rejection_mode=self.backend.rejection_mode)
        self.refusals = 0
        self.sut = self._make(self.directory)
        loaded = self._load("WAL-07")
        self.history.reach(FRESH)
        return loaded

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
        appended = self.state.log[len(self.leftovers) :]
        loaded = self._opened()
        self._check_fresh(loaded, appended)
        self.state = replace(self.state, log=loaded)

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
        before = self.state
        transitions = step(before, operation)
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
        refused_before = self.refusals > 0
        self._note_situations(before, entry, refused=isinstance(answer, Raised))
        if not isinstance(answer, Raised):
            self._check_acceptance(transitions)
            self._check_contents(before, entry, transitions)
        elif isinstance(transitions[0].response, Refused):
            self._check_refusal(before, entry, transitions, answer.message)
        else:
            self._check_refusal_of_legal(entry, answer.message, refused_before=refused_before)

    def _check_acceptance(self, transitions: tuple[Transition, ...]) -> None:
        expected = transitions[0].response
        self.history.check(
            "WAL-03",
            isinstance(expected, Accepted),
            lambda: f"refused: {expected.message}" if isinstance(expected, Refused) else "",
            "the append was accepted",
        )

    def _check_refusal(
        self,
        before: State,
        entry: AgreementWalEntry,
        transitions: tuple[Transition, ...],
        message: str,
    ) -> None:
        """Check what a rightly refused append left, and then how it was worded."""
        self.history.check("WAL-03", True, "", "")
        self._check_contents(before, entry, transitions)
        expected = transitions[0].response
        text = expected.message if isinstance(expected, Refused) else ""
        self.history.check(
            "WAL-03.text",
            message == text,
            f"refused: {text}",
            f"refused: {message}",
            goes_on=True,
        )

    def _check_refusal_of_legal(
        self, entry: AgreementWalEntry, message: str, *, refused_before: bool
    ) -> None:
        """Check that a refused legal entry is not stored, and find out why it was refused."""
        before = self.state
        loaded = self._load("WAL-06")
        allowed = [before.log]
        if before.rejection_mode is RejectionMode.UNKNOWN_OUTCOME:
            allowed.append((*before.log, entry))
        self.history.check(
            "WAL-13",
            loaded in allowed,
            lambda: f"refused and nothing stored: {entries_text(before.log)}",
            lambda: f"refused, and the log holds {difference_text(loaded, before.log)}",
        )
        self.state = replace(before, log=loaded)
        self._reach(situations_of_offered(before.log, entry))
        after_effect = refused_before and self._is_after_effect(entry)
        self.history.check(
            "WAL-04" if after_effect else "WAL-13.accept",
            False,
            "accepted",
            f"refused: {message}",
            goes_on=True,
        )

    def _is_after_effect(self, entry: AgreementWalEntry) -> bool:
        """Say whether only a log that refused something before refuses a legal entry.

        A log that is busy takes the entry when it is asked again; one that cannot
        store it refuses it on an equal log too, where nothing was refused before.
        """
        if self.state.rejection_mode is not RejectionMode.CLEAN_REJECT:
            return False
        # What the search sees of it is the refusal alone, not how its reason was found.
        beside = self.history.beside()
        if self._takes(beside, self.sut, entry):
            self.state = replace(self.state, log=(*self.state.log, entry))
            return False
        twin = self._make(self.history.directory())
        try:
            return all(self._takes(beside, twin, each) for each in (*self.state.log, entry))
        finally:
            self.history.release(twin)

    def _takes(self, beside: History, log: AgreementWal, entry: AgreementWalEntry) -> bool:
        text = operation_text(Append(entry))
        answers = (beside.call(text, lambda: log.append(entry), quiet=True) for _ in range(TRIES))
        return any(not isinstance(answer, Raised) for answer in answers)

    def _note_situations(self, before: State, entry: AgreementWalEntry, *, refused: bool) -> None:
        refused_before = self.refusals > 0
        if refused:
            self.refusals += 1
            # Where a rejected entry may stay, nothing at all need be accepted behind it.
            may_stay = before.rejection_mode is not RejectionMode.CLEAN_REJECT
            self._reach((REFUSED, APPEND_AFTER_REFUSAL)[: 1 + (refused_before and may_stay)])
            return
        self._reach(situations_of_accepted(before.log, entry, refused_before=refused_before))

    def _reach(self, situations: tuple[str, ...]) -> None:
        for situation in situations:
            self.history.reach(situation)

    def _check_contents(
        self, before: State, entry: AgreementWalEntry, transitions: tuple[Transition, ...]
    ) -> None:
        loaded = self._load("WAL-06")
        allowed = [transition.state for transition in transitions]
        requirement_ids = blame_for_append(before.log, entry, loaded, transitions)
        matching = [state for state in allowed if state.log == loaded]
        if not matching:
            self.history.note(operation_text(LoadLog()), entries_text(loaded), LoadLog())
        for requirement_id in requirement_ids:
            self.history.check(
                requirement_id,
                bool(matching),
                lambda: " or ".join(entries_text(state.log) for state in allowed),
                lambda: difference_text(loaded, allowed[0].log),
                # After a refusal the log can be judged on by what it really holds.
                goes_on=requirement_id == "WAL-04",
            )
        self.state = matching[0] if matching else replace(before, log=loaded)
        if isinstance(transitions[0].response, Accepted):
            # Only an accepted entry that is there afterwards was really accepted.
            self.history.check("WAL-13", True, "", "")
            self.history.check("WAL-13.accept", True, "", "")

    @act("read_since")
    def _read_since(self, tick: int) -> None:
        operation = ReadSince(tick)
        answer = answered(self.history, operation, lambda: self.sut.read_since(tick))
        entries = self._sequence(answer, "WAL-05", "a sequence of entries")
        expected = AgreementWalArtifact(self.state.log).read_since(tick)
        if 0 < len(expected) < len(self.state.log):
            self.history.reach(SUFFIX_SPLITS)
        self.history.check(
            "WAL-05",
            entries == expected,
            lambda: entries_text(expected),
            lambda: difference_text(entries, expected),
        )
        self._disturb(answer.value if not isinstance(answer, Raised) else None)
        self._check_undisturbed()

    def _disturb(self, returned: Any) -> None:
        """Change what a read returned, where it can be changed (I-10)."""
        if isinstance(returned, list):
            returned.clear()

    def _check_undisturbed(self) -> None:
        loaded = self._load("WAL-06")
        self.history.check(
            "WAL-06",
            loaded == self.state.log,
            lambda: f"the log unchanged: {entries_text(self.state.log)}",
            lambda: difference_text(loaded, self.state.log),
        )

    @act("load_log")
    def _load_and_check(self) -> None:
        loaded = self._load("WAL-06", note=True)
        self.history.check(
            "WAL-06",
            loaded == self.state.log,
            lambda: entries_text(self.state.log),
            lambda: difference_text(loaded, self.state.log),
        )

    @act("reopen")
    def _reopen(self) -> None:
        self.history.release(self.sut)
        # A storage without a close gives up what it holds when nothing refers to it.
        del self.sut
        self.sut = opened_again(
            self.history, Reopen(), lambda: self._factory(self.directory), "WAL-08"
        )
        loaded = self._load("WAL-08", note=True)
        if self.state.log:
            self.history.reach(REOPENED)
        self.history.check(
            "WAL-08",
            loaded == self.state.log,
            lambda: f"what was acknowledged: {entries_text(self.state.log)}",
            lambda: difference_text(loaded, self.state.log),
        )

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
            for entry in self.state.log
            if isinstance(entry, Escalation) and entry.operation_id == operation_id
        ]
        return ranks[-1] if ranks else 0

    def teardown(self) -> None:
        """Close the log and remove its directory."""
        self.history.release(getattr(self, "sut", None))
        super().teardown()
