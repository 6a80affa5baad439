"""The agreement WAL machine: append, read, load and reopen, against the pure model.

After every append the log is loaded and must be one that the model allows
(I-01..I-07, I-10). The rules choose what to do; the steps behind them do it and
check it.
"""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from conformance.backend import Capability
from conformance.engine.suite import MachineSuite
from conformance.machines.fresh import NEXT_HISTORY_OPENINGS
from conformance.machines.wal_situations import (
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
)
from conformance.machines.wal_steps import AgreementWalSteps
from strategies.alphabets import COLLIDING, FULL_RANGE
from strategies.identities import identity_twins
from strategies.values import agreement_levels, wal_entries
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    VisibilityGateCrossing,
)
from telltale_spec.wire.shapes import U64_MAX

__all__ = ["WAL_SUITE", "AgreementWalMachine"]

_LEVELS: Final = tuple(AgreementLevel)
_GATE: Final = VisibilityGateCrossing("a", "c", AgreementLevel.NONE, 1)


class AgreementWalMachine(AgreementWalSteps):
    """Random histories of one log."""

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
            escalated = [e.operation_id for e in self.held if isinstance(e, Escalation)]
            operation_id = escalated[pick % len(escalated)] if escalated else "a"
            self._append(Escalation(operation_id, previous, new, None, tick))

        self.history.run(act)

    @precondition(lambda self: bool(self.held))
    @rule(pick=st.integers(0, 7))
    def append_again(self, pick: int) -> None:
        """Append an entry that is stored already."""
        self.history.run(lambda: self._append(self.held[pick % len(self.held)]))

    @precondition(lambda self: any(map(identity_twins, self.held)))
    @rule(pick=st.integers(0, 7), twin=st.integers(0, 3))
    def append_twin(self, pick: int, twin: int) -> None:
        """Append a different entry that has the stable identity of a stored one."""

        def act() -> None:
            groups = [found for found in map(identity_twins, self.held) if found]
            twins = groups[pick % len(groups)]
            self._append(twins[twin % len(twins)])

        self.history.run(act)

    @precondition(lambda self: self.refusals > 0)
    @rule(tick=COLLIDING.ticks)
    def append_unrelated(self, tick: int) -> None:
        """Append a gate of an operation that no refused entry belonged to."""
        gate = VisibilityGateCrossing("unrelated", "", AgreementLevel.NONE, tick)
        self.history.run(lambda: self._append(gate))

    @rule(pick=st.integers(0, 7), offset=st.sampled_from((0, -1, 1)))
    def read_near_an_entry(self, pick: int, offset: int) -> None:
        """Read after a tick beside one that is stored."""

        def act() -> None:
            ticks = [entry.tick for entry in self.held] or [0]
            tick = ticks[pick % len(ticks)] + offset
            self._read_since(min(max(tick, 0), U64_MAX))

        self.history.run(act)

    @rule(tick=st.sampled_from((0, U64_MAX)))
    def read_at_an_end(self, tick: int) -> None:
        """Read after the smallest or the largest tick."""
        self.history.run(lambda: self._read_since(tick))

    @rule()
    def load_twice(self) -> None:
        """Load twice with nothing in between."""

        def act() -> None:
            self._load_and_check()
            self._load_and_check()

        self.history.run(act)

    @precondition(lambda self: Capability.REOPEN in self.backend.capabilities)
    @rule(times=st.integers(1, 2))
    def reopen(self, times: int) -> None:
        """Open the log again on the same directory, once or twice."""

        def act() -> None:
            for _ in range(times):
                self._reopen()

        self.history.run(act)


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
    openings=tuple(
        ({"act": "append", "entry": _GATE.to_dict()}, following)
        for following in NEXT_HISTORY_OPENINGS
    ),
)
