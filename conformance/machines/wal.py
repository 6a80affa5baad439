"""The agreement WAL machine: append, read, load and reopen, against the pure model.

After every append the log is loaded and must be one that the model allows
(I-01..I-07, I-10). Which requirement a difference breaks depends on what was
done last, and is decided in one place, :func:`blame`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from conformance.backend import Capability
from conformance.machines.wal_blame import (
    APPEND_AFTER_REFUSAL,
    DESCENDING,
    EQUAL_ENTRY,
    EQUAL_IDENTITY,
    EQUAL_RANK,
    FRESH,
    LARGE_TEXT,
    REFUSED,
    REOPENED,
    SUFFIX_SPLITS,
    TICK_ZERO,
    blame_for_append,
)
from conformance.narration import difference_text, entries_text, operation_text
from conformance.session import Raised
from conformance.suite import ConformanceMachine, MachineSuite
from strategies.alphabets import COLLIDING, FULL_RANGE
from strategies.identities import identity_twins
from strategies.values import agreement_levels, wal_entries
from telltale_spec.backends.contract import AgreementWal
from telltale_spec.model.machine import (
    Accepted,
    Refused,
    State,
    Transition,
    step,
)
from telltale_spec.model.operations import Append, LoadLog, ReadSince, Reopen
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    VisibilityGateCrossing,
)
from telltale_spec.wire.shapes import U64_MAX

__all__ = ["WAL_SUITE", "AgreementWalMachine"]

_LEVELS: Final = tuple(AgreementLevel)


class AgreementWalMachine(ConformanceMachine):
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

    # Appends

    @rule(entry=wal_entries(alphabet=COLLIDING))
    def append_any(self, entry: AgreementWalEntry) -> None:
        """Append an entry without regard to what is stored."""
        self.history.run(lambda: self._append(entry))

    @rule(entry=wal_entries(alphabet=FULL_RANGE))
    def append_unusual(self, entry: AgreementWalEntry) -> None:
        """Append an entry of unusual text and ticks."""

        def act() -> None:
            self.history.reach(LARGE_TEXT)
            self._append(entry)

        self.history.run(act)

    @rule(
        operation_id=COLLIDING.operation_ids,
        levels_up=st.integers(0, 3),
        gap=st.integers(0, 1),
        tick=COLLIDING.ticks,
    )
    def append_escalation(self, operation_id: str, levels_up: int, gap: int, tick: int) -> None:
        """Append an escalation that continues its operation, with or without a gap."""

        def act() -> None:
            last = self._last_rank(operation_id)
            previous = min(last + gap, 3)
            new = min(previous + levels_up, 3)
            self._append(Escalation(operation_id, _LEVELS[previous], _LEVELS[new], None, tick))

        self.history.run(act)

    @rule(
        pick=st.integers(0, 7),
        previous=agreement_levels(),
        new=agreement_levels(),
        tick=COLLIDING.ticks,
    )
    def append_after_escalation(
        self, pick: int, previous: AgreementLevel, new: AgreementLevel, tick: int
    ) -> None:
        """Append any escalation of an operation that has one, if there is any."""

        def act() -> None:
            escalated = [e.operation_id for e in self.state.log if isinstance(e, Escalation)]
            operation_id = escalated[pick % len(escalated)] if escalated else "a"
            self._append(Escalation(operation_id, previous, new, None, tick))

        self.history.run(act)

    @precondition(lambda self: bool(self.state.log))
    @rule(pick=st.integers(0, 7))
    def append_again(self, pick: int) -> None:
        """Append an entry that is stored already."""
        self.history.run(lambda: self._append(self.state.log[pick % len(self.state.log)]))

    @precondition(lambda self: any(map(identity_twins, self.state.log)))
    @rule(pick=st.integers(0, 7), twin=st.integers(0, 3))
    def append_twin(self, pick: int, twin: int) -> None:
        """Append a different entry that has the stable identity of a stored one."""

        def act() -> None:
            groups = [found for found in map(identity_twins, self.state.log) if found]
            twins = groups[pick % len(groups)]
            self._append(twins[twin % len(twins)])

        self.history.run(act)

    @precondition(lambda self: self.refusals > 0)
    @rule(tick=COLLIDING.ticks)
    def append_unrelated(self, tick: int) -> None:
        """Append a gate of an operation that no refused entry belonged to."""
        gate = VisibilityGateCrossing("unrelated", "", AgreementLevel.NONE, tick)
        self.history.run(lambda: self._append(gate))

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

    # Reads

    @rule(pick=st.integers(0, 7), offset=st.sampled_from((0, -1, 1)))
    def read_near_an_entry(self, pick: int, offset: int) -> None:
        """Read after a tick beside one that is stored."""

        def act() -> None:
            ticks = [entry.tick for entry in self.state.log] or [0]
            tick = ticks[pick % len(ticks)] + offset
            self._read_since(min(max(tick, 0), U64_MAX))

        self.history.run(act)

    @rule(tick=st.sampled_from((0, U64_MAX)))
    def read_at_an_end(self, tick: int) -> None:
        """Read after the smallest or the largest tick."""
        self.history.run(lambda: self._read_since(tick))

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

    @rule()
    def load_twice(self) -> None:
        """Load twice with nothing in between."""

        def act() -> None:
            for _ in range(2):
                loaded = self._load("WAL-06", note=True)
                self.history.check(
                    "WAL-06",
                    loaded == self.state.log,
                    lambda: entries_text(self.state.log),
                    lambda loaded=loaded: difference_text(loaded, self.state.log),  # type: ignore[misc]
                )

        self.history.run(act)

    @precondition(lambda self: Capability.REOPEN in self.backend.capabilities)
    @rule(times=st.integers(1, 2))
    def reopen(self, times: int) -> None:
        """Open the log again on the same directory, once or twice."""

        def act() -> None:
            for _ in range(times):
                self._reopen()

        self.history.run(act)

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

    # Looking

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


WAL_SUITE: Final = MachineSuite(
    name="agreement WAL",
    machine=AgreementWalMachine,
    requirement_ids=(
        "WAL-01",
        "WAL-02",
        "WAL-03",
        "WAL-03.text",
        "WAL-04",
        "WAL-05",
        "WAL-06",
        "WAL-07",
        "WAL-08",
        "WAL-09",
        "WAL-10",
        "WAL-13",
        "WAL-13.accept",
    ),
    situations={
        FRESH: ("WAL-07",),
        REFUSED: ("WAL-03", "WAL-03.text", "WAL-04", "WAL-09", "WAL-10"),
        APPEND_AFTER_REFUSAL: ("WAL-04",),
        EQUAL_RANK: ("WAL-03",),
        DESCENDING: ("WAL-02", "WAL-05"),
        TICK_ZERO: ("WAL-05",),
        EQUAL_ENTRY: ("WAL-02",),
        EQUAL_IDENTITY: ("WAL-01",),
        SUFFIX_SPLITS: ("WAL-05",),
        REOPENED: ("WAL-08",),
        LARGE_TEXT: ("WAL-13", "WAL-13.accept"),
    },
    present=lambda backend: backend.agreement_wal is not None,
)
