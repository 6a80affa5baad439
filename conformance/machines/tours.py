"""Suites without chance: every transition of bounded models of what a backend has.

The judge is that of the random machines; only who chooses the operations is
another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from conformance.backend import Backend
from conformance.checker.models.tour_handlers import mending_of, tour_handler, tour_sync
from conformance.checker.models.tours import (
    CacheLetter,
    LogLetter,
    cache_letters,
    log_letters,
)
from conformance.checker.tours import HISTORY_MAX, Tour
from conformance.engine.acts import Act, ActForm, act_forms
from conformance.engine.profiles import Profile
from conformance.engine.session import Budget, Session, Violation
from conformance.engine.suite import ConformanceMachine, MachineSuite, Replayed, Suite
from conformance.machines.bounded import bounded_cache, bounded_log, entry_of, outcome_entry_of
from conformance.machines.cache import CACHE_SUITE
from conformance.machines.evidence import EVIDENCE_SUITE
from conformance.machines.tour_acts import handler_acts, sync_acts
from conformance.machines.tour_recovery import RecoveryTour
from conformance.machines.wal import WAL_SUITE
from conformance.machines.wal_sync import WAL_SYNC_SUITE
from conformance.records.results import Counterexample, TransitionResult

__all__ = ["TOUR_PROFILE", "TourSuite", "entry_of", "tour_suites"]

TOUR_PROFILE: Final = Profile(
    "tour", Budget(100_000, operations=HISTORY_MAX, seconds=1_800.0, wall_seconds=3_600.0)
)
"""As much as a tour needs; the clock only decides when to give up."""


class TourSuite(Suite):
    """All transitions of one bounded model, on the machine of a suite.

    It keeps what was covered for one run on one backend, so each run makes its own.
    """

    # How much of a tour was taken says nothing of the rest: one transition is not like another.
    judges_alike = False

    def __init__(
        self,
        judge: MachineSuite,
        what: str,
        make_tour: Callable[[Backend], Tour],
        acts_of: Callable[[Mapping[str, ActForm]], dict[str, Act]],
    ) -> None:
        self.name = judge.name
        self.requirement_ids = judge.requirement_ids
        self.situation = f"every transition of the bounded {what} was taken"
        self.situations = {self.situation: judge.requirement_ids}
        self._judge = judge
        self._what = what
        self._make_tour = make_tour
        self._acts_by_letter = acts_of(act_forms(judge.machine))
        self._covered: tuple[int, int, int] = (0, 0, 0)
        self._path: list[str] = []

    def applies(self, backend: Backend) -> bool:
        """Say whether the backend has what is toured."""
        return self._judge.applies(backend)

    def notes(self) -> list[str]:
        """Say how much was taken in the search that took most."""
        covered, count, histories = self._covered
        return [
            f"tour of the bounded {self._what}: {covered} of {count} transitions taken, "
            f"in {histories} histories"
        ]

    def transitions(self) -> TransitionResult:
        """Return how much was taken in the search that took most."""
        covered, count, _ = self._covered
        return TransitionResult(self._what, covered, count)

    def _act_forms(self) -> Mapping[str, ActForm]:
        return act_forms(self._judge.machine)

    def replay(self, session: Session, acts: Sequence[Act]) -> Replayed:
        """Carry out acts again on a new history, up to the first violation."""
        return self._judge.replay(session, acts)

    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Take every transition, up to the first violation; the seed is of no effect."""
        tour = self._make_tour(session.backend)
        bound = type(self._judge.machine.__name__, (self._judge.machine,), {"session": session})
        histories = 0
        while tour.way(tour.start, HISTORY_MAX) and not session.budget_ran_out:
            histories += 1
            try:
                self._history(bound, tour)
            except Violation as violation:
                self._note_covered(tour, histories)
                return self._named(violation.counterexample, tour)
        self._note_covered(tour, histories)
        if tour.covered_count == tour.transitions_count:
            session.situations[self.situation] += 1
        return None

    def _note_covered(self, tour: Tour, histories: int) -> None:
        # A search for what is only recommended ends where it is found, and says no more than that.
        self._covered = max(self._covered, (tour.covered_count, tour.transitions_count, histories))

    def _history(self, bound: type[ConformanceMachine], tour: Tour) -> None:
        """Take one history of the tour; a violation of what is muted ends it early."""
        machine: ConformanceMachine | None = None
        state, length = tour.start, 0
        self._path = []
        try:
            machine = bound()
            machine.start_history(0)
            while not _has_ended(machine):
                way = tour.way(state, HISTORY_MAX - length)
                if not way:
                    return
                for name in way:
                    act = self._acts_by_letter[name]
                    self._path.append(name)
                    before, state = state, tour.take(state, name)
                    length += 1
                    method = getattr(machine, act.form.function.__name__)
                    machine.history.run(partial(method, *act.arguments, **act.named))
                    if _has_ended(machine):
                        tour.close(before, name)
                        break
            if length == 0:
                tour.abandon()
        finally:
            if machine is not None:
                machine.teardown()

    def _named(self, found: Counterexample, tour: Tour) -> Counterexample:
        """Add to what is wrong in which state, and at which transition, it is."""
        state = tour.start
        for name in self._path[:-1]:
            state = tour.after(state, name)
        place = f"in {tour.value(state)}" + (f", at `{self._path[-1]}`" if self._path else "")
        return replace(found, actual=f"{found.actual} ({place})")


def _has_ended(machine: ConformanceMachine) -> bool:
    return machine.history.ended


def _log_acts(forms: Mapping[str, ActForm]) -> dict[str, Act]:
    def act(letter: LogLetter) -> Act:
        if letter.kind == "reopen":
            return Act(forms["reopen"])
        if letter.kind == "read_since":
            return Act(forms["read_since"], (letter.tick,))
        return Act(forms["append"], (entry_of(letter),))

    return {letter.name: act(letter) for letter in log_letters(can_reopen=True)}


def _cache_acts(forms: Mapping[str, ActForm]) -> dict[str, Act]:
    def act(letter: CacheLetter) -> Act:
        if letter.kind == "reopen":
            return Act(forms["reopen"])
        if letter.kind == "get":
            return Act(forms["get_outcomes"], ((letter.key,),))
        return Act(forms["put_outcome"], (outcome_entry_of(letter),))

    return {letter.name: act(letter) for letter in cache_letters(can_reopen=True)}


def tour_suites() -> tuple[TourSuite | RecoveryTour, ...]:
    """Return the tours of everything that a backend may have, for one run on one backend."""
    return (
        TourSuite(
            WAL_SUITE,
            "log",
            lambda backend: Tour(bounded_log(backend)),
            _log_acts,
        ),
        TourSuite(
            CACHE_SUITE,
            "cache",
            lambda backend: Tour(bounded_cache(backend)),
            _cache_acts,
        ),
        TourSuite(
            WAL_SYNC_SUITE,
            "wal_sync",
            lambda _backend: Tour(tour_sync()),
            sync_acts,
        ),
        TourSuite(
            EVIDENCE_SUITE,
            "evidence handler",
            lambda backend: Tour(tour_handler(mending_of(backend.mends))),
            handler_acts,
        ),
        RecoveryTour(),
    )
