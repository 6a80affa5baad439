"""Let single calls of one component fail in one way, by children of a fork server or by programs.

A child of a fork server begins at once, and what it does well is done well. What goes wrong in it
is tried again by a program of its own, and so is all that comes after that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from conformance.backend import Backend
from conformance.crashes.call_failures import failing_calls
from conformance.crashes.campaign import Crew
from conformance.crashes.conduct import Component
from conformance.crashes.events import Answered, Event, SyncFailed
from conformance.crashes.fault_acts import FaultClass
from conformance.crashes.fault_trials import FaultTrial
from conformance.crashes.fault_verdicts import findings
from conformance.crashes.faults import (
    STORES,
    FaultedRun,
    Plan,
    call_failure,
    full_disk,
    plan_of,
    short_write,
    sync_failure,
    with_numbers,
)
from conformance.crashes.oracle import Finding
from conformance.crashes.persistence import FileSystem
from conformance.crashes.trace_errors import TraceError
from conformance.errors import BackendFault

__all__ = ["Choice", "FaultTries", "Tried"]

_RUNS: Final[Mapping[FaultClass, Callable[..., FaultedRun]]] = {
    FaultClass.FSYNC_ERROR: sync_failure,
    FaultClass.DISK_FULL: full_disk,
    FaultClass.SHORT_WRITE: short_write,
    FaultClass.IO_ERROR: call_failure,
}

# What finds its call by the names of the stored files, which may be others in the next run.
_BY_NAME: Final = (FaultClass.DISK_FULL, FaultClass.SHORT_WRITE)


class Choice(NamedTuple):
    """Which call is to fail, from 1 on, and whether the store that it fails is retried."""

    number: int
    retries: bool


class Tried(NamedTuple):
    """What came of letting a call fail: by which plan, and nothing else where it did not come."""

    plan: Plan
    run: FaultedRun | None = None
    found: tuple[Finding, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether the call has failed and nothing is wrong."""
        return self.run is not None and all(each.holds for each in self.found)

    @property
    def is_bad(self) -> bool:
        """Whether the call has failed and something is wrong."""
        return self.run is not None and not self.is_good

    @property
    def failures_count(self) -> int:
        """How many calls have failed."""
        return 0 if self.run is None else self.run.failures_count


@dataclass(frozen=True)
class FaultTries:
    """Lets calls fail of one component of a backend that is in the hands of a crew."""

    crew: Crew
    backend: Backend
    part: Component
    fault_class: FaultClass
    file_system: FileSystem

    def plan(self, trial: FaultTrial) -> Plan:
        """Return what can fail; raises ``BackendFault`` and :class:`TraceError`."""
        conducted = self.crew.conducted_on(self.part, trial.image, trial.operations)
        plan = plan_of(conducted.recording, conducted.deeds)
        if self.fault_class is not FaultClass.IO_ERROR:
            return plan
        try:
            failing = failing_calls(trial.undertaking(self.crew, self.part))
        except (BackendFault, TraceError):
            if not self.crew.stop_forking():
                raise
            failing = failing_calls(trial.undertaking(self.crew, self.part))
        return replace(plan, failing=failing)

    def labels(self, plan: Plan) -> tuple[str, ...]:
        """Return what each call that can fail does, in order."""
        return {
            FaultClass.FSYNC_ERROR: plan.syncs,
            FaultClass.DISK_FULL: plan.writes,
            FaultClass.SHORT_WRITE: plan.short_writes,
            FaultClass.IO_ERROR: tuple([call.label for call in plan.failing]),
        }[self.fault_class]

    def count(self, plan: Plan) -> int:
        """Return how many calls can fail."""
        return len(self.labels(plan))

    def tried(self, trial: FaultTrial, plan: Plan, choice: Choice) -> Tried:
        """Let one call fail; raises ``BackendFault`` and :class:`TraceError`."""
        again = Tried(plan)
        try:
            tried = self._once(trial, plan, choice)
            if tried.is_good or self.crew.fork_server() is None:
                return tried
            again = self._once(trial, tried.plan, choice) if tried.is_bad else tried
        except (BackendFault, TraceError):
            if self.crew.fork_server() is None:
                raise
        # A child of a fork server may do what a program of its own does not, so that says it. Where
        # other calls fail in that, as each thread counts its own, the word of two children stands.
        with self.crew.without_forking():
            alone = self._once(trial, self.plan(trial), choice)
        if again.is_bad and again.failures_count != alone.failures_count:
            return again
        if again.run is None and alone.run is None:
            # It comes in neither, which says nothing of either.
            return again
        self.crew.stop_forking()
        return alone

    def has_struck_a_store(self, tried: Tried) -> bool:
        """Say whether a call has failed while something was stored, as far as can be told."""
        run = tried.run
        if run is None:
            return False
        if run.recording is not None:
            places = _failing_deeds(run.recording.events[run.began_at :])
        elif self.fault_class is FaultClass.SHORT_WRITE:
            places = [tried.plan.growths[(run.number - 1) // 2].deed]
        else:
            # A process that ends at once gives no answer that would tell.
            places = [len(run.deeds) if run.early is None else run.early[0] - 1]
        return any(
            place >= len(run.deeds) or run.deeds[place].entry is not None for place in places
        )

    def can_strike_a_store(self, plan: Plan) -> bool:
        """Say whether any of the calls that can fail is one of those that store."""
        return any(label.startswith(STORES) for label in self.labels(plan))

    def _once(self, trial: FaultTrial, plan: Plan, choice: Choice) -> Tried:
        if choice.number > self.count(plan):
            return Tried(plan)
        run = self.run(trial, plan, choice)
        if not run.failed and self._may_be_numbered(plan):
            plan = with_numbers(trial.undertaking(self.crew, self.part), plan)
            run = self.run(trial, plan, choice)
        if not run.failed:
            return Tried(plan)
        return Tried(plan, run, self.findings(run))

    def _may_be_numbered(self, plan: Plan) -> bool:
        """Say whether a call that was missed may have been missed for the name of its file."""
        return self.fault_class in _BY_NAME and not plan.numbered

    def run(self, trial: FaultTrial, plan: Plan, choice: Choice) -> FaultedRun:
        """Carry a history out while one call fails; raises ``BackendFault``."""
        undertaking = trial.undertaking(self.crew, self.part, retries=choice.retries)
        return trial.whole(_RUNS[self.fault_class](undertaking, plan, choice.number))

    def findings(self, run: FaultedRun) -> tuple[Finding, ...]:
        """Return what a run has kept and what it has broken."""
        return tuple(findings(self.crew, self.part, run, self.backend, self.file_system))


def _failing_deeds(events: Sequence[Event]) -> list[int]:
    """Return during which requests a sync has failed, from 0 on."""
    answered = 0
    found = []
    for event in events:
        if isinstance(event, SyncFailed):
            found.append(answered)
        answered += isinstance(event, Answered)
    return found
