"""The suites in which single system calls of a log or a cache fail."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from conformance.backend import Capability
from conformance.crashes.conduct import Component
from conformance.crashes.crew_suite import HISTORIES, CrewSuite
from conformance.crashes.fault_acts import FAULT_FORM, Fault, FaultClass
from conformance.crashes.fault_shrinking import LOADS, FaultFailure, smallest_fault
from conformance.crashes.fault_trials import FaultTrial, Leftover, calls_of_opening, leftovers
from conformance.crashes.fault_tries import Choice, FaultTries
from conformance.crashes.faults import (
    STORES,
    FaultedRun,
    Plan,
    of_each_kind,
    rare_calls,
    with_numbers,
)
from conformance.crashes.histories import NOT_TRIED_AGAIN, STORED_AFTER
from conformance.crashes.persistence import FileSystem
from conformance.crashes.rare import long_history
from conformance.crashes.selection import evenly
from conformance.crashes.states import CrashClass, CrashState
from conformance.crashes.telling import crash_steps, deed_steps
from conformance.crashes.trace_errors import TraceError
from conformance.engine.acts import Act, ActForm
from conformance.engine.session import HistoryEnded, Session, Violation
from conformance.engine.suite import Replayed
from conformance.records.results import Counterexample, Step
from telltale_spec.model.operations import Operation, Reopen

__all__ = ["FAULT_SUITES", "Choice", "FaultSuite", "by_turns"]

_IN_A_STORE: Final = "a call failed while something was stored"

# Each fault has a process of its own, so few are made in a short run.
_HISTORIES_A_FAULT: Final = 5
_HISTORIES_A_WAY: Final = 4
_HISTORIES_A_LONG_STORE: Final = 10
_HISTORIES_A_RARE_FAULT: Final = 13
_HISTORIES_AN_OPENING: Final = 20
_HISTORIES_A_CALL: Final = 8
_FAULTS_A_SHORTER_ONE: Final = 6


def by_turns(numbers: Sequence[int]) -> list[Choice]:
    """Return every second call with a retry; of each kind there is more than one, as a rule."""
    return [Choice(number, bool(place % 2)) for place, number in enumerate(numbers)]


class _SomeCalls(NamedTuple):
    """The calls of a history that are to fail."""

    trial: FaultTrial
    plan: Plan
    choices: list[Choice]


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
        tries = self._tries(session)
        try:
            trial = FaultTrial(self._operations(session))
            plan = tries.plan(trial)
            choices = by_turns(self._numbers(session, plan))
            judged = self._judge(session, trial, plan, choices)
            count = tries.count(plan)
            for further in self._further(session, plan):
                judged += self._judge(session, *further)
                count += len(further.choices)
            opened, tried = self._judge_openings(session)
        except TraceError as error:
            session.cut_short = str(error)
            return None
        except Violation as violation:
            return violation.counterexample
        if tries.can_strike_a_store(plan) and not session.situations[_IN_A_STORE]:
            # Only what was stored is acknowledged, so that the rest says nothing of it.
            session.cut_short = session.cut_short or (
                f"no call by which the {self.noun} stores could be made to fail: are they made by "
                "threads of their own, each of which counts its calls by itself?"
            )
        how = "were short" if self.fault_class is FaultClass.SHORT_WRITE else "failed"
        session.notes.append(f"{self.name}: {judged} of {count} calls {how} once")
        if tried:
            behind = "of openings behind a kill"
            session.notes.append(f"{self.name}: {opened} of {tried} calls {behind} {how} once")
        return None

    def _tries(self, session: Session) -> FaultTries:
        """Return what lets calls of the backend fail."""
        crew, backend = self.crew(session), session.backend
        return FaultTries(crew, backend, self.part, self.fault_class, self.file_system)

    def _judge_openings(self, session: Session) -> tuple[int, int]:
        """Let calls fail by which a storage mends what a kill has left; raises ``Violation``.

        Return how many have failed, and how many were to.
        """
        if Capability.PROCESS_KILL not in session.backend.capabilities:
            return 0, 0
        crew = self.crew(session)
        site = crew.site(self.part, next(HISTORIES[self.part](0, 0)), self.file_system)
        count = max(1, session.budget.histories // _HISTORIES_AN_OPENING)
        calls_max = max(1, session.budget.histories // _HISTORIES_A_CALL)
        failed = tried = 0
        tries = self._tries(session)
        for leftover in leftovers(crew, site, count, session.is_out_of_time):
            trial = self._trial_behind(leftover)
            plan = tries.plan(trial)
            numbers = calls_of_opening(tries.labels(plan), calls_max)
            tried += len(numbers)
            failed += self._judge(session, trial, plan, [Choice(each, False) for each in numbers])
        return failed, tried

    def _trial_behind(self, leftover: Leftover) -> FaultTrial:
        """Return what is done with a storage behind a kill.

        Whoever opens again at once what a failed sync has left in doubt reads it from the memory
        of the system, where it is whole: no storage can tell, so nobody is asked to.
        """
        load = LOADS[self.part]
        operations = (load, *STORED_AFTER[self.part], load, Reopen(), load)
        insists = self.fault_class is not FaultClass.FSYNC_ERROR
        return FaultTrial(operations, leftover, insists)

    def _rare_calls(self, session: Session, plan: Plan) -> _SomeCalls:
        """Return calls that only a long history makes, and that history."""
        load = LOADS[self.part]
        stored = long_history(self.part, session.budget.histories)
        trial = FaultTrial((*stored, Reopen(), load))
        tries = self._tries(session)
        long_plan = tries.plan(trial)
        count_max = session.budget.histories // _HISTORIES_A_RARE_FAULT
        numbers = rare_calls(tries.labels(long_plan), tries.labels(plan), count_max)
        return _SomeCalls(trial, long_plan, by_turns(numbers))

    def _further(self, session: Session, plan: Plan) -> Iterator[_SomeCalls]:
        """Yield calls of other histories than the fixed one, whose calls are those of the plan."""
        yield self._rare_calls(session, plan)
        for operations, number in NOT_TRIED_AGAIN[self.part]:
            yield self._behind(session, operations, number)

    def _behind(self, session: Session, operations: Sequence[Operation], number: int) -> _SomeCalls:
        """Return calls by which one of some operations is stored; what fails is not tried again."""
        load = LOADS[self.part]
        trial = FaultTrial((*operations, load, Reopen(), load), looks=False)
        tries = self._tries(session)
        plan = tries.plan(trial)
        labels = enumerate(tries.labels(plan), 1)
        storing = [each for each, label in labels if label.startswith(STORES)]
        # Each operation is stored by about as many calls.
        share = len(storing) / len(operations)
        calls = storing[math.floor(number * share) : math.ceil((number + 1) * share)]
        numbers = evenly(calls, session.budget.histories // _HISTORIES_A_LONG_STORE)
        return _SomeCalls(trial, plan, [Choice(each, False) for each in numbers])

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

    def _numbers(self, session: Session, plan: Plan) -> list[int]:
        """Return which calls fail: all, or of many as many as the budget has, of each kind one."""
        # A call can fail in several ways, and each of them is a kind of its own.
        several = self.fault_class is FaultClass.IO_ERROR
        histories = _HISTORIES_A_WAY if several else _HISTORIES_A_FAULT
        count_max = max(1, session.budget.histories // histories)
        return of_each_kind(self._tries(session).labels(plan), count_max)

    def _judge(
        self,
        session: Session,
        trial: FaultTrial,
        plan: Plan,
        choices: Sequence[Choice],
    ) -> int:
        """Judge a run for each choice and return how many calls failed; raises ``Violation``."""
        tries = self._tries(session)
        failed = 0
        for number, retries in choices:
            tries.crew.on_step()
            history = session.new_history()
            if history.ended:
                break
            tried = tries.tried(trial, plan, Choice(number, retries))
            plan = tried.plan
            if tried.run is None:
                continue
            failed += 1
            history.reach(self.what_arises)
            if tries.has_struck_a_store(tried):
                history.reach(_IN_A_STORE)
            failure = FaultFailure(trial.operations, plan, tried.run, tried.found)
            failure = self._made_smaller(session, trial, failure, retries=retries)
            place = (self.fault_class, failure.run.number)
            behind = None if trial.leftover is None else trial.leftover.data
            fault = Fault(failure.operations, *place, retries, behind, trial.looks)
            history.acts.append(Act(FAULT_FORM, (fault,)))
            fault_step = self._fault_step(failure.run, failure.plan)
            history.steps[:] = [
                *self._first_steps(trial),
                *deed_steps(failure.run.deeds, with_contents=True),
                fault_step,
            ]
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

    def _first_steps(self, trial: FaultTrial) -> list[Step]:
        """Return what came before the history, as steps."""
        if trial.leftover is None:
            return []
        return crash_steps(trial.leftover.site, trial.leftover.state)

    def _made_smaller(
        self, session: Session, trial: FaultTrial, failure: FaultFailure, *, retries: bool
    ) -> FaultFailure:
        """Return a failure that is looked for with fewer operations, and others as they are."""
        tries = self._tries(session)
        looked_for = not session.keeps_going_past(self.requirement_id)
        fails = not all(each.holds for each in failure.found)
        if not (fails and looked_for and session.budget.minimise):
            return failure

        def attempt(operations: tuple[Operation, ...]) -> FaultFailure | None:
            shorter = replace(trial, operations=operations)
            try:
                plan = tries.plan(shorter)
                if failure.plan.numbered:
                    plan = with_numbers(shorter.undertaking(tries.crew, self.part), plan)
            except TraceError:
                # What is shorter does something that cannot be followed, so the longer one stands.
                return None
            numbers = range(1, tries.count(plan) + 1)
            for number in evenly(numbers, _FAULTS_A_SHORTER_ONE):
                if session.is_out_of_time():
                    return None
                run = tries.run(shorter, plan, Choice(number, retries))
                found = tries.findings(run) if run.failed else ()
                if not all(each.holds for each in found):
                    return FaultFailure(operations, plan, run, found)
            return None

        return smallest_fault(self.part, failure, attempt, session.is_out_of_time)

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
        return {FAULT_FORM.name: FAULT_FORM}

    def _trial_again(self, session: Session, fault: Fault) -> FaultTrial:
        """Return the history of a recorded fault."""
        if fault.behind is None:
            return FaultTrial(fault.operations, looks=fault.looks)
        site = self.crew(session).site(self.part, fault.behind.operations, self.file_system)
        state = CrashState(CrashClass.KILL_INSIDE, fault.behind.point)
        return replace(self._trial_behind(Leftover(site, state)), operations=fault.operations)

    def replay(self, session: Session, acts: Sequence[Act]) -> Replayed:
        """Let the same call fail again and judge what comes of it."""
        complete = True
        tries = self._tries(session)
        for act in acts:
            (fault,) = act.form.bound(act.arguments, act.named).values()
            trial = self._trial_again(session, fault)
            plan = tries.plan(trial)
            # A backend that makes fewer calls by now has no such one.
            is_there = fault.number <= tries.count(plan)
            choices = [Choice(fault.number, fault.retries)] if is_there else []
            session.budget, before = replace(session.budget, minimise=False), session.budget
            try:
                failed = self._judge(session, trial, plan, choices)
            except Violation as violation:
                return Replayed(violation.counterexample, complete=False)
            finally:
                session.budget = before
            complete = complete and bool(failed)
        return Replayed(None, complete)


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
