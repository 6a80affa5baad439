"""The suites in which single system calls of a log or a cache fail."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from conformance.backend import Backend, Capability
from conformance.crashes.call_failures import failing_calls
from conformance.crashes.campaign import Crew
from conformance.crashes.conduct import Component
from conformance.crashes.crew_suite import HISTORIES, CrewSuite
from conformance.crashes.fault_shrinking import LOADS, FaultFailure, smallest_fault
from conformance.crashes.fault_verdicts import Finding, findings
from conformance.crashes.faults import (
    FaultedRun,
    Plan,
    Undertaking,
    call_failure,
    full_disk,
    of_each_kind,
    plan_of,
    rare_calls,
    short_write,
    sync_failure,
)
from conformance.crashes.persistence import FileSystem
from conformance.crashes.rare import long_history
from conformance.crashes.selection import evenly
from conformance.crashes.trace_errors import TraceError
from conformance.engine.acts import Act, ActForm
from conformance.engine.session import History, HistoryEnded, Session, Violation
from conformance.engine.suite import Replayed
from conformance.records.results import Counterexample, Step
from telltale_spec.model.operations import Operation, Reopen

__all__ = ["FAULT_SUITES", "Fault", "FaultSuite"]

# Each fault has a process of its own, so few are made in a short run.
_HISTORIES_A_FAULT: Final = 6
_HISTORIES_A_RARE_FAULT: Final = 13
_FAULTS_A_SHORTER_ONE: Final = 6


class FaultClass(enum.Enum):
    """Which calls fail."""

    FSYNC_ERROR = "fsync-error"
    """One sync fails with EIO."""

    DISK_FULL = "disk-full"
    """One write finds no space."""

    SHORT_WRITE = "short-write"
    """One write takes a part of what it is given; the next one the rest, or it finds no space."""

    IO_ERROR = "io-error"
    """One call fails: an opening, a making, a renaming, a removal, or a write in another way."""


_RUNS: Final[Mapping[FaultClass, Callable[..., FaultedRun]]] = {
    FaultClass.FSYNC_ERROR: sync_failure,
    FaultClass.DISK_FULL: full_disk,
    FaultClass.SHORT_WRITE: short_write,
    FaultClass.IO_ERROR: call_failure,
}


@dataclass(frozen=True)
class Fault:
    """One fault as data: the operations, and which call of which kind fails.

    ``retries`` says whether the store that failed is asked for again at once.
    """

    operations: tuple[Operation, ...]
    fault_class: FaultClass
    number: int
    retries: bool = False


def _fault(history: History, fault: Fault) -> None:
    """Stand for the act of a fault; a suite carries it out."""
    raise NotImplementedError


_FORM: Final = ActForm("fault", _fault)


class _Choice(NamedTuple):
    """Which call is to fail, from 1 on, and whether the store that it fails is retried."""

    number: int
    retries: bool


def _by_turns(numbers: Sequence[int]) -> list[_Choice]:
    """Return every second call with a retry; of each kind there is more than one, as a rule."""
    return [_Choice(number, bool(place % 2)) for place, number in enumerate(numbers)]


class _RareCalls(NamedTuple):
    """The calls of a history that are to fail."""

    operations: tuple[Operation, ...]
    plan: Plan
    choices: list[_Choice]


@dataclass(frozen=True)
class FaultSuite(CrewSuite):
    """Histories of one component in which one call fails."""

    fault_class: FaultClass
    requirement_id: str
    file_system: FileSystem = FileSystem.POSIX

    @property
    def requirement_ids(self) -> tuple[str, ...]:  # type: ignore[override]
        """All that the suite can judge."""
        return (self.requirement_id,)

    @property
    def promise(self) -> Capability:
        """The capability that a backend is held to."""
        return Capability.FAULT_TOLERANCE

    @property
    def what_arises(self) -> str:
        """One call at least has failed."""
        what = {
            FaultClass.FSYNC_ERROR: "a sync failed",
            FaultClass.DISK_FULL: "a write failed",
            FaultClass.SHORT_WRITE: "a write was short",
            FaultClass.IO_ERROR: "an opening, a renaming or a write failed",
        }[self.fault_class]
        return f"{what} in the {self.noun}"

    def crash_classes_of(self, reached: Mapping[str, int]) -> list[str]:
        """Return the class of the faults, if there were any."""
        return [self.fault_class.value] if reached[self.what_arises] else []

    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Make each call of a history fail once; stop at the first violation."""
        try:
            operations = self._operations(session)
            plan = self._plan(session, operations)
            choices = _by_turns(self._numbers(session, plan))
            judged = self._judge(session, operations, plan, choices)
            rare = self._rare_calls(session, plan)
            judged += self._judge(session, *rare)
        except TraceError as error:
            session.cut_short = str(error)
            return None
        except Violation as violation:
            return violation.counterexample
        how = "were short" if self.fault_class is FaultClass.SHORT_WRITE else "failed"
        count = self._count(plan) + len(rare.choices)
        session.notes.append(f"{self.name}: {judged} of {count} calls {how} once")
        return None

    def _rare_calls(self, session: Session, plan: Plan) -> _RareCalls:
        """Return calls that only a long history makes, and that history."""
        load = LOADS[self.part]
        operations = (*long_history(self.part, session.budget.histories), Reopen(), load)
        long_plan = self._plan(session, operations)
        count_max = session.budget.histories // _HISTORIES_A_RARE_FAULT
        numbers = rare_calls(self._labels(long_plan), self._labels(plan), count_max)
        return _RareCalls(operations, long_plan, _by_turns(numbers))

    def _operations(self, session: Session) -> tuple[Operation, ...]:
        """Return what is accepted of the fixed history; a reopening and loads come at its end."""
        first = next(HISTORIES[self.part](0, 0))
        site = self.crew(session).site(self.part, first)
        kept = [
            deed.operation
            for deed in site.conducted.deeds
            if deed.operation is not None and deed.accepted
        ]
        *most, last = [each for each in kept if not isinstance(each, Reopen)]
        load = LOADS[self.part]
        return (*most, load, Reopen(), load, last, load)

    def _plan(self, session: Session, operations: tuple[Operation, ...]) -> Plan:
        crew = self.crew(session)
        site = crew.site(self.part, operations)
        plan = plan_of(site.conducted.recording, site.conducted.deeds)
        if self.fault_class is FaultClass.IO_ERROR:
            failing = failing_calls(crew.launch, self.part, operations)
            return replace(plan, failing=failing)
        return plan

    def _labels(self, plan: Plan) -> tuple[str, ...]:
        return {
            FaultClass.FSYNC_ERROR: plan.syncs,
            FaultClass.DISK_FULL: plan.writes,
            FaultClass.SHORT_WRITE: plan.short_writes,
            FaultClass.IO_ERROR: tuple([call.label for call in plan.failing]),
        }[self.fault_class]

    def _count(self, plan: Plan) -> int:
        return len(self._labels(plan))

    def _numbers(self, session: Session, plan: Plan) -> list[int]:
        """Return which calls fail: all, or of many as many as the budget has, of each kind one."""
        count_max = max(1, session.budget.histories // _HISTORIES_A_FAULT)
        return of_each_kind(self._labels(plan), count_max)

    def _judge(
        self,
        session: Session,
        operations: tuple[Operation, ...],
        plan: Plan,
        choices: Sequence[_Choice],
    ) -> int:
        """Judge a run for each choice and return how many calls failed; raises ``Violation``."""
        crew = self.crew(session)
        failed = 0
        for number, retries in choices:
            crew.on_step()
            history = session.new_history()
            if history.ended:
                break
            undertaking = Undertaking(crew.launch, self.part, operations, retries)
            run = _RUNS[self.fault_class](undertaking, plan, number)
            if not run.failed:
                continue
            failed += 1
            history.reach(self.what_arises)
            found = self._findings(crew, run, session.backend)
            failure = FaultFailure(operations, plan, run, found)
            failure = self._made_smaller(session, crew, failure, retries=retries)
            place = (self.fault_class, failure.run.number)
            fault = Fault(failure.operations, *place, retries)
            history.acts.append(Act(_FORM, (fault,)))
            history.steps[:] = [*_steps(failure.run), self._fault_step(failure.run, failure.plan)]
            try:
                for finding in failure.found:
                    history.check(
                        self.requirement_id, finding.holds, finding.expected, finding.actual
                    )
            except HistoryEnded:
                continue
            finally:
                history.close()
        return failed

    def _made_smaller(
        self, session: Session, crew: Crew, failure: FaultFailure, *, retries: bool
    ) -> FaultFailure:
        """Return a failure that is looked for with fewer operations, and others as they are."""
        looked_for = not session.keeps_going_past(self.requirement_id)
        fails = not all(each.holds for each in failure.found)
        if not (fails and looked_for and session.budget.minimise):
            return failure

        def attempt(operations: tuple[Operation, ...]) -> FaultFailure | None:
            try:
                plan = self._plan(session, operations)
            except TraceError:
                # What is shorter does something that cannot be followed, so the longer one stands.
                return None
            for number in evenly(range(1, self._count(plan) + 1), _FAULTS_A_SHORTER_ONE):
                if session.is_out_of_time():
                    return None
                undertaking = Undertaking(crew.launch, self.part, operations, retries)
                run = _RUNS[self.fault_class](undertaking, plan, number)
                found = self._findings(crew, run, session.backend) if run.failed else ()
                if not all(each.holds for each in found):
                    return FaultFailure(operations, plan, run, found)
            return None

        return smallest_fault(self.part, failure, attempt, session.is_out_of_time)

    def _findings(self, crew: Crew, run: FaultedRun, backend: Backend) -> tuple[Finding, ...]:
        return tuple(findings(crew, self.part, run, backend, self.file_system))

    def _fault_step(self, run: FaultedRun, plan: Plan) -> Step:
        match self.fault_class:
            case FaultClass.FSYNC_ERROR:
                what = f"sync number {run.number} fails with EIO"
            case FaultClass.DISK_FULL:
                what = f"write number {run.number} fails with ENOSPC"
            case FaultClass.SHORT_WRITE:
                growth = plan.growths[(run.number - 1) // 2]
                then = "room for the rest" if run.number % 2 else "no room until the answer"
                what = (
                    f"write number {growth.call} stops where its file has {growth.limit} bytes; "
                    f"then there is {then}"
                )
            case FaultClass.IO_ERROR:
                what = plan.failing[run.number - 1].text
        return Step(f"fault: {what}", "the process ended" if run.ended else "")

    # Replaying

    def _act_forms(self) -> Mapping[str, ActForm]:
        return {_FORM.name: _FORM}

    def replay(self, session: Session, acts: Sequence[Act]) -> Replayed:
        """Let the same call fail again and judge what comes of it."""
        complete = True
        for act in acts:
            (fault,) = act.form.bound(act.arguments, act.named).values()
            plan = self._plan(session, fault.operations)
            # A backend that makes fewer calls by now has no such one.
            is_there = fault.number <= self._count(plan)
            choices = [_Choice(fault.number, fault.retries)] if is_there else []
            session.budget, before = replace(session.budget, minimise=False), session.budget
            try:
                failed = self._judge(session, fault.operations, plan, choices)
            except Violation as violation:
                return Replayed(violation.counterexample, complete=False)
            finally:
                session.budget = before
            complete = complete and bool(failed)
        return Replayed(None, complete)


def _steps(run: FaultedRun) -> list[Step]:
    return [
        Step(
            deed.text,
            deed.answer,
            None if deed.operation is None else deed.operation.to_dict(),
        )
        for deed in run.deeds
    ]


def _suites() -> Iterator[FaultSuite]:
    for part, noun, chapter in (
        (Component.LOG, "agreement WAL", "WAL-08"),
        (Component.CACHE, "evidence cache", "CACHE-08"),
    ):
        syncs, space, short, other = FaultClass
        yield FaultSuite(f"{noun} whose syncs fail", part, syncs, f"{chapter}.{syncs.value}")
        yield FaultSuite(f"{noun} on a full disk", part, space, f"{chapter}.{space.value}")
        yield FaultSuite(f"{noun} whose writes are short", part, short, f"{chapter}.{space.value}")
        yield FaultSuite(f"{noun} whose calls fail", part, other, f"{chapter}.{other.value}")


FAULT_SUITES: Final = tuple(_suites())
"""Every suite of faults."""
