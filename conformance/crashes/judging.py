"""What crash states are held to, and how a difference is told, whatever led to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from conformance.backend import Capability
from conformance.crashes.acts import CRASH_FORM, Crash, SecondCrash
from conformance.crashes.campaign import CrashSite, Crew
from conformance.crashes.crew_suite import CrewSuite
from conformance.crashes.histories import STORED_AFTER
from conformance.crashes.later_lives import asked_again, later_life, wrong_in_life
from conformance.crashes.levels import wrong_levels
from conformance.crashes.oracle import Aspect
from conformance.crashes.persistence import FileSystem
from conformance.crashes.selection import Chosen
from conformance.crashes.shrinking import Failure, smallest
from conformance.crashes.states import CrashClass, CrashState
from conformance.crashes.telling import crash_steps
from conformance.engine.acts import Act
from conformance.engine.session import History, Session, Violation
from telltale_spec.model.machine import RejectionMode
from telltale_spec.model.operations import Operation

__all__ = ["RECOVERY_CRASH", "CrashJudge"]

RECOVERY_CRASH: Final = "recovery-crash"
"""The class of crashes of an opening after a crash."""


@dataclass(frozen=True)
class CrashJudge(CrewSuite):
    """Judges what crashes of some classes leave of one component."""

    capability: Capability
    classes: tuple[CrashClass, ...]
    aspects: Mapping[Aspect, str]
    """The requirement that a difference of each aspect breaks."""

    file_system: FileSystem = FileSystem.POSIX

    @property
    def requirement_ids(self) -> tuple[str, ...]:  # type: ignore[override]
        """All that the suite can judge."""
        return tuple(self.aspects.values())

    @property
    def promise(self) -> Capability:
        """The capability that a backend is held to."""
        return self.capability

    @property
    def what_arises(self) -> str:
        """One state at least was opened, of whichever class."""
        kind = "kill" if self.classes == (CrashClass.KILL_INSIDE,) else "loss of power"
        return f"{self.noun} opened after a {kind}"

    def crash_classes_of(self, reached: Mapping[str, int]) -> list[str]:
        """Return the classes of which states were judged."""
        names = [*(each.value for each in self.classes), RECOVERY_CRASH]
        return [each for each in names if reached[each]]

    def _judge(
        self,
        session: Session,
        crew: Crew,
        site: CrashSite,
        chosen: Chosen,
        counts: Counter[str],
        seed: int,
    ) -> None:
        """Judge chosen states of one class; raises ``Violation``."""
        counts["made"] += chosen.made
        counts["distinct"] += chosen.distinct
        for state in chosen.states:
            history = session.new_history()
            if history.ended:
                return
            counts["judged"] += 1
            history.reach(self.what_arises)
            history.reach(state.crash_class.value)
            found = site.differences(state, crew.show(self.part, site.image(state)))
            for aspect, requirement_id in self.aspects.items():
                if aspect in found:
                    failure = Failure(site, state, aspect, found[aspect])
                    self._report(session, crew, history, failure, seed)
                elif not found:
                    history.check(requirement_id, True, "", "")
            history.close()

    def _judge_levels(
        self, session: Session, site: CrashSite, first: CrashState, opening: CrashSite
    ) -> None:
        """Judge whether an opening refuses what no level of its log forbids.

        A log that keeps what it refuses may have anything in it (F1).
        """
        if session.backend.rejection_mode is not RejectionMode.CLEAN_REJECT:
            return
        history = session.new_history()
        for wrong in wrong_levels(opening):
            failure = Failure(site, first, Aspect.PROGRESS, wrong)
            self._check(history, failure, self.aspects[Aspect.PROGRESS])
        history.close()

    def _judge_later_life(
        self, session: Session, crew: Crew, site: CrashSite, state: CrashState
    ) -> None:
        """Judge whether an opening after a crash goes on for long; raises ``Violation``."""
        self._judge_life(session, crew, site, state, later_life(self.part))

    def _judge_asked_again(
        self, session: Session, crew: Crew, site: CrashSite, state: CrashState
    ) -> None:
        """Judge a store that was under way and is asked for again; raises ``Violation``."""
        store = site.under_way(state)
        if store is not None:
            self._judge_life(session, crew, site, state, asked_again(self.part, store))

    def _judge_life(
        self,
        session: Session,
        crew: Crew,
        site: CrashSite,
        state: CrashState,
        operations: Sequence[Operation],
    ) -> None:
        history = session.new_history()
        if history.ended:
            return
        deeds, problem = crew.lived(self.part, site.image(state), operations)
        wrong = wrong_in_life(self.part, deeds, problem)
        if wrong is None:
            history.check(self.aspects[Aspect.PROGRESS], True, "", "")
        else:
            failure = Failure(site, state, *wrong)
            self._check(history, failure, self.aspects[failure.aspect])
        history.close()

    def _opening(self, crew: Crew, site: CrashSite, state: CrashState) -> CrashSite:
        """Return the opening after a crash, as what can be crashed itself.

        What was under way is asked for again: its caller never had an answer.
        """
        image, expected = site.image(state), site.expected(state)
        return crew.reopening(
            self.part, image, self.file_system, expected, self._further(site, state)
        )

    def _further(self, site: CrashSite, state: CrashState) -> tuple[Operation, ...]:
        """Return what is stored behind a crash: first what was under way, if that was a store."""
        again = site.under_way(state)
        return (*([] if again is None else [again]), *STORED_AFTER[self.part])

    def _report(
        self, session: Session, crew: Crew, history: History, failure: Failure, seed: int
    ) -> None:
        """Check what a failure breaks; one that is looked for is made smaller first."""
        requirement_id = self.aspects[failure.aspect]
        looked_for = not session.keeps_going_past(requirement_id)
        if looked_for and session.budget.minimise:
            failure = smallest(crew, failure, seed, session.is_out_of_time)
        try:
            self._check(history, failure, requirement_id)
        except Violation as violation:
            site, state = failure.site, failure.state
            again = site.differences(state, crew.show_again(self.part, site.image(state)))
            reproduced = failure.aspect in again
            found = replace(violation.counterexample, reproduced=reproduced)
            raise Violation(found) from None

    def _check(
        self,
        history: History,
        failure: Failure,
        requirement_id: str,
        first: tuple[CrashSite, CrashState] | None = None,
    ) -> None:
        """Check what a failure breaks, which may be a second crash after a first one."""
        site, state = first or (failure.site, failure.state)
        history.steps[:] = crash_steps(site, state)
        second = None
        if first is not None:
            crashed = failure.state
            second = SecondCrash(crashed.crash_class, crashed.point, crashed.lost, crashed.parts)
            history.steps += crash_steps(failure.site, crashed)
        crash = Crash(
            site.operations,
            state.crash_class,
            site.model.file_system,
            state.point,
            state.lost,
            state.parts,
            second,
        )
        history.acts[:] = [Act(CRASH_FORM, (crash,))]
        difference = failure.difference
        history.check(requirement_id, False, difference.expected, difference.actual, goes_on=True)
