"""The suites that crash a log or a cache, each bound to the capability that promises to survive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from conformance.backend import Capability
from conformance.crashes.acts import CRASH_FORM, Crash, SecondCrash
from conformance.crashes.campaign import CrashSite, Crew
from conformance.crashes.conduct import Component
from conformance.crashes.crew_suite import HISTORIES, CrewSuite
from conformance.crashes.histories import LONG_FROM_THE_FIRST, STORED_AFTER
from conformance.crashes.levels import wrong_levels
from conformance.crashes.opener import Shown
from conformance.crashes.openings import unlike
from conformance.crashes.oracle import Aspect
from conformance.crashes.persistence import FileSystem
from conformance.crashes.rare import long_history, rare_windows
from conformance.crashes.selection import (
    Chosen,
    answered_states,
    chosen_states,
    same_or_all,
    sampled_states,
    worth_a_look,
)
from conformance.crashes.shrinking import Failure, smallest
from conformance.crashes.states import POWER_CLASSES, CrashClass, CrashState
from conformance.crashes.telling import crash_steps
from conformance.crashes.trace_errors import TraceError
from conformance.engine.acts import Act, ActForm
from conformance.engine.session import History, Session, Violation
from conformance.engine.suite import Replayed
from conformance.records.results import Counterexample
from telltale_spec.model.machine import RejectionMode
from telltale_spec.model.operations import Operation

__all__ = ["CRASH_SUITES", "RECOVERY_CRASH", "CrashSuite"]

# How much of the budget of histories goes where.
_HISTORIES_A_SEEDED_ONE: Final = 50
_STATES_A_HISTORY: Final = 4
_HISTORIES_AN_OPENING: Final = 5
# For each opening that is crashed, so many are looked at for what they do.
_SCREENED: Final = 3
_HISTORIES_A_RARE_STATE: Final = 4

RECOVERY_CRASH: Final = "recovery-crash"
"""The class of crashes of an opening after a crash."""


@dataclass(frozen=True)
class CrashSuite(CrewSuite):
    """Crashes of some classes of one component."""

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

    # Searching

    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Crash every history of the plan; stop at the first violation."""
        crew = self.crew(session)
        counts: dict[CrashClass, Counter[str]] = {each: Counter() for each in self.classes}
        try:
            for operations in self._plan(session, seed):
                site = crew.site(self.part, operations, self.file_system)
                self._crash_site(session, crew, site, seed, counts)
            self._crash_openings_of_long_stores(session, crew, seed)
            self._crash_rare_operations(session, crew, seed, counts)
        except TraceError as error:
            session.cut_short = str(error)
        except Violation as violation:
            return violation.counterexample
        session.notes.append(self._counts_text(counts))
        return None

    def _crash_site(
        self,
        session: Session,
        crew: Crew,
        site: CrashSite,
        seed: int,
        counts: Mapping[CrashClass, Counter[str]],
    ) -> None:
        """Crash one history in every class, and openings after it; raises ``Violation``."""
        for crash_class in self.classes:
            self._crash(session, crew, site, crash_class, seed, counts[crash_class])
        self._crash_openings(session, crew, site, seed)

    def _crash_rare_operations(
        self,
        session: Session,
        crew: Crew,
        seed: int,
        counts: Mapping[CrashClass, Counter[str]],
    ) -> None:
        """Crash a long history where it does something that is rare; raises ``Violation``."""
        histories = session.budget.histories
        site = crew.site(self.part, long_history(self.part, histories), self.file_system)
        for window in rare_windows(site):
            for crash_class in self.classes:
                if session.is_out_of_time():
                    # Telling the states of large files apart takes long, and all else is done.
                    session.notes.append(f"{self.name}: no time was left for all rare operations")
                    return
                count = histories // _HISTORIES_A_RARE_STATE
                chosen = sampled_states(site, crash_class, seed, count, *window)
                self._judge(session, crew, site, chosen, counts[crash_class], seed)

    def _plan(self, session: Session, seed: int) -> Iterator[tuple[Operation, ...]]:
        return HISTORIES[self.part](seed, session.budget.histories // _HISTORIES_A_SEEDED_ONE)

    def _counts_text(self, counts: Mapping[CrashClass, Counter[str]]) -> str:
        shown = ", ".join(
            f"{each.value} {of['made']}/{of['distinct']}/{of['judged']}"
            for each, of in counts.items()
        )
        is_kill = self.classes == (CrashClass.KILL_INSIDE,)
        system = "" if is_kill else f" on {self.file_system.value}"
        return f"{self.name}{system}: states made/distinct/judged: {shown}"

    def _crash(
        self,
        session: Session,
        crew: Crew,
        site: CrashSite,
        crash_class: CrashClass,
        seed: int,
        counts: Counter[str],
    ) -> None:
        """Judge the states of one class; raises ``Violation``."""
        count_max = session.budget.histories * _STATES_A_HISTORY
        chosen = chosen_states(site, crash_class, seed, count_max)
        self._judge(session, crew, site, chosen, counts, seed)

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

    def _crash_openings(self, session: Session, crew: Crew, site: CrashSite, seed: int) -> None:
        """Crash the openings of some states that open well; raises ``Violation``."""
        count = max(1, session.budget.histories // _HISTORIES_AN_OPENING)
        screened = worth_a_look(site, self.classes, seed, count * _SCREENED)
        well = (
            (state, self._opening(crew, site, state))
            for state in screened
            if not session.is_out_of_time()
            # What opens wrongly the first time is told already.
            and not site.differences(state, crew.show(self.part, site.image(state)))
        )
        for first, opening in unlike(well, count):
            self._judge_levels(session, site, first, opening)
            for crash_class in self.classes:
                count_max = session.budget.histories // 2
                self._crash_opening(
                    session, crew, (site, first), opening, crash_class, seed, count_max
                )

    def _crash_openings_of_long_stores(self, session: Session, crew: Crew, seed: int) -> None:
        """Crash openings behind each of a few long stores; raises ``Violation``.

        A storage that keeps two or three images in turns may begin with any of them, and what one
        sector holds is never torn.
        """
        crash_class = self.classes[-1] if len(self.classes) == 1 else CrashClass.POWER_TORN
        site = crew.site(self.part, LONG_FROM_THE_FIRST[self.part], self.file_system)
        for first in answered_states(site, crash_class):
            if session.is_out_of_time():
                return
            opening = self._opening(crew, site, first)
            count_max = session.budget.histories // _HISTORIES_A_RARE_STATE
            self._crash_opening(session, crew, (site, first), opening, crash_class, seed, count_max)

    def _crash_opening(
        self,
        session: Session,
        crew: Crew,
        first: tuple[CrashSite, CrashState],
        opening: CrashSite,
        crash_class: CrashClass,
        seed: int,
        count_max: int,
    ) -> None:
        """Crash an opening after a first crash in the ways of one class; raises ``Violation``."""
        requirement_id = self.aspects[Aspect.RECOVERY]
        for state in chosen_states(opening, crash_class, seed, count_max).states:
            history = session.new_history()
            if history.ended:
                return
            history.reach(RECOVERY_CRASH)
            found = opening.differences(state, crew.show(self.part, opening.image(state)))
            if not found:
                history.check(requirement_id, True, "", "")
            for aspect, difference in found.items():
                broken = opening.broken_at(state, aspect)
                failure = Failure(opening, state, broken, difference)
                self._check(history, failure, self.aspects[broken], first)
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

    # Replaying

    def _act_forms(self) -> Mapping[str, ActForm]:
        return {CRASH_FORM.name: CRASH_FORM}

    def replay(self, session: Session, acts: Sequence[Act]) -> Replayed:
        """Carry out the operations again, crash them at the same place, and judge what is left.

        A backend that makes other calls by now cannot be crashed so any more; it is crashed in
        every way of the same class.
        """
        crew = self.crew(session)
        try:
            for act in acts:
                (crash,) = act.form.bound(act.arguments, act.named).values()
                site = crew.site(self.part, crash.operations, crash.file_system)
                self._crash_as_recorded(session, crew, site, crash)
        except Violation as violation:
            return Replayed(violation.counterexample, complete=False)
        return Replayed(None, complete=True)

    def _crash_as_recorded(
        self, session: Session, crew: Crew, site: CrashSite, crash: Crash
    ) -> None:
        """Judge one recorded crash, or all of its class; raises ``Violation``."""
        for first in same_or_all(site, crash.state):
            if crash.again is None:
                self._judge_again(session, crew, site, first, None)
                continue
            opening = self._opening(crew, site, first)
            for second in same_or_all(opening, crash.again.state):
                self._judge_again(session, crew, opening, second, (site, first))

    def _judge_again(
        self,
        session: Session,
        crew: Crew,
        site: CrashSite,
        state: CrashState,
        first: tuple[CrashSite, CrashState] | None,
    ) -> None:
        history = session.new_history()
        shown = crew.show(self.part, site.image(state))
        found = site.differences(state, shown)
        if first is None and not found:
            self._judge_levels(session, site, state, self._opening(crew, site, state))
        for aspect, difference in found.items():
            broken = aspect if first is None else self._broken_again(site, state, aspect, shown)
            failure = Failure(site, state, broken, difference)
            self._check(history, failure, self.aspects[broken], first)

    def _broken_again(
        self, opening: CrashSite, state: CrashState, aspect: Aspect, shown: Shown
    ) -> Aspect:
        """Return which promise is broken where a second crash leaves something wrong."""
        return opening.broken_at(state, aspect)


def _aspects(chapter: str, contents: str) -> Mapping[Aspect, str]:
    return {
        Aspect.CONTENTS: f"{chapter}.{contents}",
        Aspect.RECOVERY: f"{chapter}.recovery",
        Aspect.PROGRESS: f"{chapter}.progress",
    }


def _suites() -> Iterator[CrashSuite]:
    for part, noun, chapter in (
        (Component.LOG, "agreement WAL", "WAL-08"),
        (Component.CACHE, "evidence cache", "CACHE-08"),
    ):
        kill, power = Capability.PROCESS_KILL, Capability.POWER_LOSS
        inside = (CrashClass.KILL_INSIDE,)
        killed = f"{noun} killed inside of an operation"
        yield CrashSuite(killed, part, kill, inside, _aspects(chapter, "kill-inside"))
        lost = f"{noun} after a loss of power"
        yield CrashSuite(lost, part, power, POWER_CLASSES, _aspects(chapter, "power"))


CRASH_SUITES: Final = tuple(_suites())
"""Every suite of crashes."""
