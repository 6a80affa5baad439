"""What one step on a log does and checks, whichever rule takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.engine.acts import act
from conformance.engine.session import Raised
from conformance.engine.suite import ConformanceMachine
from conformance.machines.wal_blame import (
    APPEND_AFTER_REFUSAL,
    DESCENDING,
    EQUAL_ENTRY,
    EQUAL_IDENTITY,
    EQUAL_RANK,
    FRESH,
    REFUSED,
    REOPENED,
    SUFFIX_SPLITS,
    TICK_ZERO,
    blame_for_append,
)
from conformance.rules.narration import difference_text, entries_text, operation_text
from telltale_spec.backends.contract import AgreementWal
from telltale_spec.model.machine import Accepted, Refused, State, Transition, step
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

    def prepare(self) -> None:
        """Make a fresh log and check that it loads as empty."""
        self.directory = self.history.directory()
        self.state = State(rejection_mode=self.backend.rejection_mode)
        self.sut = self._make()
        loaded = self._load("WAL-07")
        self.history.reach(FRESH)
        self.history.check("WAL-07", loaded == (), "an empty log", lambda: entries_text(loaded))

    def _make(self) -> AgreementWal:
        factory = self.backend.agreement_wal
        if factory is None:
            raise RuntimeError("this suite does not apply to a backend without a log")
        return self.history.start("the agreement WAL", lambda: factory(self.directory))

    @act("append")
    def _append(self, entry: AgreementWalEntry) -> None:
        operation = Append(entry)
        before = self.state
        transitions = step(before, operation)
        answer = self.history.call(
            operation_text(operation), lambda: self.sut.append(entry), operation=operation
        )
        if isinstance(answer, Raised):
            self._check_refusal(before, transitions, answer.message)
        else:
            self._check_acceptance(transitions)
        self._note_situations(before, entry, refused=isinstance(answer, Raised))
        self._check_contents(before, entry, transitions)

    def _check_acceptance(self, transitions: tuple[Transition, ...]) -> None:
        expected = transitions[0].response
        self.history.check(
            "WAL-03",
            isinstance(expected, Accepted),
            lambda: f"refused: {expected.message}" if isinstance(expected, Refused) else "",
            "the append was accepted",
        )

    def _check_refusal(
        self, before: State, transitions: tuple[Transition, ...], message: str
    ) -> None:
        expected = transitions[0].response
        if isinstance(expected, Refused):
            self.history.check("WAL-03", True, "", "")
            self.history.check(
                "WAL-03.text",
                message == expected.message,
                f"refused: {expected.message}",
                f"refused: {message}",
            )
            return
        # The entry is a legal one. A log that was poisoned by an earlier refusal
        # breaks another promise than one that refuses it from the start.
        loaded = self._load("WAL-06")
        stored_nothing = loaded == before.log
        self.history.check(
            "WAL-13",
            stored_nothing,
            lambda: f"refused and nothing stored: {entries_text(before.log)}",
            lambda: f"refused, and the log holds {difference_text(loaded, before.log)}",
        )
        self.history.check(
            "WAL-04" if self.refusals else "WAL-13.accept",
            False,
            "accepted",
            f"refused: {message}",
        )

    def _note_situations(self, before: State, entry: AgreementWalEntry, *, refused: bool) -> None:
        reach = self.history.reach
        if refused:
            self.refusals += 1
            reach(REFUSED)
            return
        if self.refusals:
            reach(APPEND_AFTER_REFUSAL)
        if isinstance(entry, Escalation) and entry.new_level is entry.previous_level:
            reach(EQUAL_RANK)
        if before.log and entry.tick < before.log[-1].tick:
            reach(DESCENDING)
        if entry.tick == 0:
            reach(TICK_ZERO)
        if entry in before.log:
            reach(EQUAL_ENTRY)
        elif any(entry.stable_identity() == each.stable_identity() for each in before.log):
            reach(EQUAL_IDENTITY)

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
            )
        self.state = matching[0]
        if isinstance(transitions[0].response, Accepted):
            # Only an accepted entry that is there afterwards was really accepted.
            self.history.check("WAL-13", True, "", "")
            self.history.check("WAL-13.accept", True, "", "")

    @act("read_since")
    def _read_since(self, tick: int) -> None:
        operation = ReadSince(tick)
        text = operation_text(operation)
        answer = self.history.call(text, lambda: self.sut.read_since(tick), operation=operation)
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
        self.history.note(operation_text(Reopen()), "ok", Reopen())
        self.sut = self._make()
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
        answer = self.history.call(
            operation_text(operation),
            lambda: self.sut.load(),
            operation=operation,
            quiet=not note,
        )
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
