"""The suites that crash a log or a cache, each bound to the capability that promises to survive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from conformance.backend import Capability
from conformance.crashes.acts import CRASH_FORM, Crash
from conformance.crashes.campaign import CrashSite, Crew
from conformance.crashes.conduct import Component
from conformance.crashes.crew_suite import HISTORIES
from conformance.crashes.histories import LONG_FROM_THE_FIRST
from conformance.crashes.judging import RECOVERY_CRASH, CrashJudge
from conformance.crashes.opener import Shown
from conformance.crashes.openings import unlike
from conformance.crashes.oracle import Aspect
from conformance.crashes.rare import long_history, rare_windows
from conformance.crashes.selection import (
    answered_states,
    chosen_states,
    same_or_all,
    sampled_states,
    worth_a_look,
)
from conformance.crashes.shrinking import Failure
from conformance.crashes.states import POWER_CLASSES, CrashClass, CrashState
from conformance.crashes.trace_errors import TraceError
from conformance.engine.acts import Act, ActForm
from conformance.engine.session import Session, Violation
from conformance.engine.suite import Replayed
from conformance.records.results import Counterexample
from telltale_spec.model.operations import Operation

__all__ = ["CRASH_SUITES", "CrashSuite"]

# How much of the budget of histories goes where.
_HISTORIES_A_SEEDED_ONE: Final = 50
_STATES_A_HISTORY: Final = 4
_HISTORIES_AN_OPENING: Final = 5
# For each opening that is crashed, so many are looked at for what they do.
_SCREENED: Final = 3
_HISTORIES_A_RARE_STATE: Final = 4
_HISTORIES_A_LATER_LIFE: Final = 10
_HISTORIES_A_STORE_AGAIN: Final = 2
# Of the states of a rare operation, so many of each class go on for long, too.
_LATER_LIVES: Final = 1


@dataclass(frozen=True)
class CrashSuite(CrashJudge):
    """Crashes of some classes of one component."""

    # Searching

    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Crash every history of the plan; stop at the first violation."""
        crew = self.crew(session)
        counts: dict[CrashClass, Counter[str]] = {each: Counter() for each in self.classes}
        try:
            for operations in self._plan(session, seed):
                site = crew.site(self.part, operations, self.file_system)
                self._crash_site(session, crew, site, seed, counts)
            self._crash_further_histories(session, crew, seed, counts)
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
        histories = session.budget.histories
        for crash_class in self.classes:
            self._crash(session, crew, site, crash_class, seed, counts[crash_class])
        self._crash_openings(session, crew, site, seed)
        for crash_class in self.classes:
            for judge, a_state in (
                (self._judge_asked_again, _HISTORIES_A_STORE_AGAIN),
                (self._judge_later_life, _HISTORIES_A_LATER_LIFE),
            ):
                chosen = chosen_states(site, crash_class, seed, histories // a_state)
                for state in self._opening_well(session, crew, site, chosen.states):
                    judge(session, crew, site, state)

    def _opening_well(
        self, session: Session, crew: Crew, site: CrashSite, states: Iterable[CrashState]
    ) -> Iterator[CrashState]:
        """Yield states that open well, as long as there is time."""
        for state in states:
            if session.is_out_of_time():
                return
            if not site.differences(state, crew.show(self.part, site.image(state))):
                yield state

    def _crash_further_histories(
        self,
        session: Session,
        crew: Crew,
        seed: int,
        counts: Mapping[CrashClass, Counter[str]],
    ) -> None:
        """Crash histories that are there for one thing each; raises ``Violation``."""
        self._crash_openings_of_long_stores(session, crew, seed)
        self._crash_rare_operations(session, crew, seed, counts)

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
                some = chosen.states[:_LATER_LIVES]
                for state in self._opening_well(session, crew, site, some):
                    self._judge_later_life(session, crew, site, state)

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

    def _crash_openings(self, session: Session, crew: Crew, site: CrashSite, seed: int) -> None:
        """Crash the openings of some states that open well; raises ``Violation``."""
        histories = session.budget.histories
        count = max(1, histories // _HISTORIES_AN_OPENING)
        screened = worth_a_look(site, self.classes, seed, count * _SCREENED)
        for first, opening in unlike(self._openings(session, crew, site, screened), count):
            self._crash_opening(session, crew, (site, first), opening, seed, histories // 2)

    def _crash_openings_of_long_stores(self, session: Session, crew: Crew, seed: int) -> None:
        """Crash openings behind each of a few long stores; raises ``Violation``.

        A storage that keeps two or three images in turns may begin with any of them, and what one
        sector holds is never torn.
        """
        site = crew.site(self.part, LONG_FROM_THE_FIRST[self.part], self.file_system)
        count_max = session.budget.histories // _HISTORIES_A_RARE_STATE
        answered = answered_states(site, self.classes[0])
        for first, opening in self._openings(session, crew, site, answered):
            self._crash_opening(session, crew, (site, first), opening, seed, count_max)

    def _openings(
        self, session: Session, crew: Crew, site: CrashSite, states: Iterable[CrashState]
    ) -> Iterator[tuple[CrashState, CrashSite]]:
        """Yield openings of states that open well; what opens wrongly at first is told already."""
        for state in self._opening_well(session, crew, site, states):
            yield state, self._opening(crew, site, state)

    def _crash_opening(
        self,
        session: Session,
        crew: Crew,
        first: tuple[CrashSite, CrashState],
        opening: CrashSite,
        seed: int,
        count_max: int,
    ) -> None:
        """Crash an opening after a first crash, in so many ways a class; raises ``Violation``."""
        requirement_id = self.aspects[Aspect.RECOVERY]
        self._judge_levels(session, *first, opening)
        for crash_class in self.classes:
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
            self._judge_asked_again(session, crew, site, state)
            self._judge_later_life(session, crew, site, state)
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
