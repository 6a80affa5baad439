"""The suites in which one process is killed inside of a call and a living handle goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from conformance.backend import Capability
from conformance.crashes.conduct import Component
from conformance.engine.acts import ActForm
from conformance.engine.session import History
from conformance.races.file_calls import is_change
from conformance.races.killed_meetings import KilledMeet
from conformance.races.meetings import Meet, Meeting
from conformance.races.parked_suites import Parked, ParkedSuite
from conformance.races.plans import CACHE_KILLINGS, LOG_KILLINGS, Pair
from conformance.races.telling import survived_text

__all__ = ["BESIDE_SUITES", "BesideSuite"]

_PAIRS: Final[Mapping[Component, Sequence[Pair]]] = {
    Component.LOG: LOG_KILLINGS,
    Component.CACHE: CACHE_KILLINGS,
}


def _killed(history: History, killed: Parked) -> None:
    """Stand for the act of a meeting; a suite carries it out."""
    raise NotImplementedError


@dataclass(frozen=True)
class BesideSuite(ParkedSuite):
    """A process killed at each system call of a call, beside a handle that lives on."""

    how: ClassVar[type[Meet]] = KilledMeet
    form: ClassVar[ActForm] = ActForm("killed-beside", _killed)
    promised: ClassVar[tuple[Capability, ...]] = (
        Capability.CONCURRENT_HANDLES,
        Capability.PROCESS_KILL,
    )
    # A process that was killed has to be started again, which takes longer than all the rest.
    meetings_a_history: ClassVar[float] = 0.75

    @property
    def pairs(self) -> Sequence[Pair]:
        """Who is killed, and what the other one does then."""
        return _PAIRS[self.part]

    @property
    def what_arises(self) -> str:
        """One handle at least lived on."""
        return f"{self.noun} called after the process of another handle was killed inside a call"

    def _places(self, calls: Sequence[str]) -> Sequence[int]:
        """Return those behind a change: before any other call the storage is as it was before."""
        return [
            number + 1
            for number, before in enumerate(calls, 1)
            if is_change(before) and number < len(calls)
        ]

    def _lawful(self, meeting: Meeting) -> str:
        return survived_text(meeting.pair) if meeting.is_killed else super()._lawful(meeting)

    def _figures(self, counts: Counter[str], pairs_count: int) -> str:
        return (
            f"a process killed at {counts['held']} of {counts['calls']} system calls, "
            f"in {pairs_count} of {len(self.pairs)} pairs"
        )


BESIDE_SUITES: Final = (
    BesideSuite("agreement WAL beside a killed process", Component.LOG, "WAL-08.kill-inside"),
    BesideSuite("evidence cache beside a killed process", Component.CACHE, "CACHE-08.kill-inside"),
)
"""Every suite of processes that are killed beside a living one."""
