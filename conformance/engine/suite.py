"""Suites: a way to search one component for violations of its requirements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Final

import hypothesis
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, run_state_machine_as_test

from conformance.backend import Backend
from conformance.engine.acts import Act, ActForm, act_forms, decoded_act
from conformance.engine.answers import SearchEnded
from conformance.engine.hunting import engine_settings, hunted
from conformance.engine.randomness import RANDOM_SEED_MAX
from conformance.engine.session import History, Session, Violation
from conformance.engine.shortening import shortest_and_plainest
from conformance.errors import ActError
from conformance.records.replays import component_of
from conformance.records.results import Counterexample, TransitionResult

__all__ = [
    "NEXT_HISTORY",
    "ConformanceMachine",
    "Law",
    "LawSuite",
    "MachineSuite",
    "Replayed",
    "Suite",
    "TableLaw",
    "begins_again",
]

NEXT_HISTORY: Final = "next_history"
"""The act that ends a history and begins with another directory, as the next history does."""


def begins_again(acts: Sequence[Act]) -> bool:
    """Say whether acts are those of several histories, one after the other."""
    return any(act.form.name == NEXT_HISTORY for act in acts)


@dataclass(frozen=True)
class Replayed:
    """What came of acts that were carried out again: a violation, and whether all were done."""

    counterexample: Counterexample | None
    complete: bool


class Suite(ABC):
    """One component's checks.

    ``requirement_ids`` are all that the suite can judge. ``further_ids`` are those that it can
    find broken and never find kept, so that they have a result only where they failed.
    ``situations`` names what must have arisen at least once, with the requirements that are
    inconclusive where it did not. ``crash_class`` names the crash that the suite makes, if it makes
    one.
    """

    name: str
    requirement_ids: tuple[str, ...]
    situations: Mapping[str, tuple[str, ...]]
    further_ids: tuple[str, ...] = ()
    crash_class: str = ""
    judges_alike: ClassVar[bool] = False
    """Whether every history puts every requirement to the test, so that fewer are enough."""

    records_acts: ClassVar[bool] = False
    """Whether what is found can be carried out again."""

    @abstractmethod
    def applies(self, backend: Backend) -> bool:
        """Say whether the backend has what this suite judges."""

    @property
    def failing_ids(self) -> tuple[str, ...]:
        """All that the suite can find broken."""
        return (*self.requirement_ids, *self.further_ids)

    @property
    def component(self) -> str:
        """The component of a backend that is judged, by its field."""
        return component_of(self.name)

    def absence(self, backend: Backend) -> str:
        """Return why the suite does not apply to a backend."""
        return f"the backend has no {self.name}"

    def crash_classes_of(self, reached: Mapping[str, int]) -> list[str]:
        """Return the crashes that were really made, by how often each situation arose."""
        crashed = any(reached[name] for name in self.situations)
        return [self.crash_class] if self.crash_class and crashed else []

    def end(self, backend: Backend) -> None:  # noqa: B027 - most suites keep nothing
        """Give up what the suite keeps for a backend between searches."""

    @abstractmethod
    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Look for one violation that is not muted; return the shortest found, or ``None``."""

    def narrowed_to(self, seen: Counterexample) -> Suite:
        """Return what of the suite is enough to find again what was seen; by default all of it."""
        return self

    def acts_of(self, data: Sequence[Any]) -> list[Act]:
        """Return acts from their JSON form; raises :class:`ActError` for an unknown one."""
        forms = self._act_forms()
        return [decoded_act(forms, each) for each in data]

    def _act_forms(self) -> Mapping[str, ActForm]:
        return {}

    def notes(self) -> list[str]:
        """Return what a reader has to know of the last search, besides its results."""
        return []

    def transitions(self) -> TransitionResult | None:
        """Return how much of a bounded model the last search took, where it is led by one."""
        return None

    def replay(self, session: Session, acts: Sequence[Act]) -> Replayed:
        """Carry out acts again on a new history, up to the first violation."""
        raise NotImplementedError(f"suite {self.name} records no acts")


class ConformanceMachine(RuleBasedStateMachine):
    """Base of the state machines: one history of one system under test.

    A subclass names its rules after what they do and does everything inside
    ``self.history.run``, so that a history that has ended takes no more steps.
    What its rules do is an :func:`~conformance.engine.acts.act` with resolved arguments.
    """

    session: ClassVar[Session]
    ends_the_search = False
    """Whether a history for which there is no time is the end of all that come after it."""

    adopts_leftovers = False
    """Whether what is there at first is taken for granted, to see what the next history finds."""

    def __init__(self) -> None:
        super().__init__()
        self.history = self.session.new_history()
        if self.history.ended and self.ends_the_search:
            raise SearchEnded
        self.backend = self.session.backend

    # Drawn like everything else, so that equal draws are equal histories; the simplest is zero.
    @initialize(random_seed=st.integers(0, RANDOM_SEED_MAX))
    def start_history(self, random_seed: int) -> None:
        """Begin the history: what chance gives to the backend, and the system under test."""
        self.history.begin(random_seed)
        self.history.run(self.prepare)

    def prepare(self) -> None:
        """Make the system under test; overridden by every machine."""
        raise NotImplementedError

    def teardown(self) -> None:
        """Close what the history opened."""
        self.history.close()

    def _pretty_print(self, value: object) -> str:
        # Hypothesis writes down the steps of what it has found, for nobody as it is told to be
        # quiet; that takes it a time exponential in the depth of a value.
        return type(value).__name__


@dataclass(frozen=True)
class MachineSuite(Suite):
    """A suite that is a Hypothesis state machine."""

    judges_alike: ClassVar[bool] = True
    records_acts: ClassVar[bool] = True

    name: str
    machine: type[ConformanceMachine]
    requirement_ids: tuple[str, ...]
    situations: Mapping[str, tuple[str, ...]]
    present: Callable[[Backend], bool]
    openings: tuple[tuple[Mapping[str, Any], ...], ...] = ()
    """Acts as data, each of which is tried on a history of its own before the random ones."""

    def applies(self, backend: Backend) -> bool:
        """Say whether the backend has what this suite judges."""
        return self.present(backend)

    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Run the machine on the openings, and then on random histories."""
        bound = type(self.machine.__name__, (self.machine,), {"session": session})
        found = self._found_at_once(bound)
        if found is not None:
            session.found_at_once = True
            return found
        timed = type(self.machine.__name__, (bound,), {"ends_the_search": True})
        seeded = hypothesis.seed(seed)(timed)
        # Acts are made fewer and plainer as such, in far fewer histories than draws would need.
        settings = engine_settings(session.budget, shrinks=False)
        found = hunted(
            session,
            lambda: run_state_machine_as_test(seeded, settings=settings),
        )
        if found is None or not session.budget.minimise:
            return found
        if begins_again(found.acts):
            # Here the store is not as it was any more; with fewer acts nobody knows.
            return found
        session.random_seed = found.random_seed
        session.shorten_further()
        return shortest_and_plainest(
            found,
            lambda acts: _tried(bound, acts),
            list(self._act_forms().values()),
        )

    def _found_at_once(self, bound: type[ConformanceMachine]) -> Counterexample | None:
        if not self.openings:
            return None
        at_once = _replay(bound, []).counterexample
        found = (_replay(bound, self.acts_of(data)).counterexample for data in self.openings)
        # That a history leaves something to the next one says more than that something is there.
        return next((each for each in found if each is not None), at_once)

    def _act_forms(self) -> Mapping[str, ActForm]:
        return act_forms(self.machine)

    def replay(self, session: Session, acts: Sequence[Act]) -> Replayed:
        """Carry out acts again on a new history, up to the first violation."""
        bound = type(self.machine.__name__, (self.machine,), {"session": session})
        return _replay(bound, acts)


def _replay(machine: type[ConformanceMachine], acts: Sequence[Act]) -> Replayed:
    """Carry out acts on a new machine, up to the first violation."""
    replayed: ConformanceMachine | None = None
    try:
        replayed = machine()
        replayed.adopts_leftovers = begins_again(acts)
        # Making the system under test can be what fails.
        replayed.start_history(machine.session.random_seed or 0)
        for act in acts:
            _carry_out(replayed, act)
        return Replayed(None, complete=not replayed.history.ended)
    except Violation as violation:
        return Replayed(violation.counterexample, complete=False)
    finally:
        if replayed is not None:
            replayed.teardown()


def _tried(machine: type[ConformanceMachine], acts: Sequence[Act]) -> Counterexample | None:
    """Return what plainer acts fail by; those that nobody could do fail by nothing."""
    try:
        return _replay(machine, acts).counterexample
    except ActError:
        return None


def _carry_out(machine: ConformanceMachine, act: Act) -> None:
    # By its name, so that it is recorded as the rules record it.
    method = getattr(machine, act.form.function.__name__)
    machine.history.run(lambda: method(*act.arguments, **act.named))


@dataclass(frozen=True)
class Law:
    """One property of one value: ``judge`` gets a new history and a drawn value.

    ``share`` scales the number of histories; a law that costs much gets less.
    ``needs`` says whether a backend can be put to it at all.
    """

    name: str
    values: st.SearchStrategy[Any]
    judge: Callable[[History, Any], None]
    share: float = 1.0
    needs: Callable[[Backend], bool] = lambda backend: True

    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Try random values."""
        return hunted(session, _law_test(self, session, seed))

    @cached_property
    def form(self) -> ActForm:
        """The judgement of one value as an act."""
        return ActForm(self.name, self.judge)


@dataclass(frozen=True)
class TableLaw:
    """One property of every value of a table, each judged by itself.

    ``table`` gets the number of histories of the budget and gives the values in
    the order in which they are tried. A table that ``is_spare`` is walked through while there is
    time to spare: it can find something, and nothing is open for want of it.
    """

    name: str
    table: Callable[[int], Iterable[Any]]
    judge: Callable[[History, Any], None]
    needs: Callable[[Backend], bool] = lambda backend: True
    is_spare: bool = False

    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Walk through the table, up to the first violation.

        A value that was kept by an earlier search of the backend is not tried again: each
        search holds it to less than the one before.
        """
        for index, value in enumerate(self.table(session.budget.histories)):
            if index < session.kept_values[self.name]:
                continue
            if self.is_spare and session.is_out_of_time(session.budget.spare_share):
                return None
            found = _judged(self, session, value).counterexample
            if found is not None:
                again = _judged(self, session, value).counterexample
                repeated = again is not None and again.requirement_id == found.requirement_id
                return replace(found, reproduced=repeated or session.budget_ran_out)
            if not session.budget_ran_out:
                session.kept_values[self.name] = index + 1
        return None

    @cached_property
    def form(self) -> ActForm:
        """The judgement of one value as an act."""
        return ActForm(self.name, self.judge)


def _judged(law: Law | TableLaw, session: Session, value: Any) -> Replayed:
    """Judge one value by a history of its own."""
    history = session.new_history()
    history.begin(session.next_random_seed())
    try:
        history.run(lambda: _judge(law, history, value))
    except Violation as violation:
        return Replayed(violation.counterexample, complete=False)
    finally:
        history.close()
    return Replayed(None, complete=not history.ended)


def _judge(law: Law | TableLaw, history: History, value: Any) -> None:
    """Judge one value as an act, which who looks on is told of once it was judged to the end."""
    done = Act(law.form, (value,))
    history.acts.append(done)
    law.judge(history, value)
    if history.followed is not None:
        history.followed.acted(history, done)


@dataclass(frozen=True)
class LawSuite(Suite):
    """A suite of laws, searched one after the other."""

    records_acts: ClassVar[bool] = True

    name: str
    laws: tuple[Law | TableLaw, ...]
    requirement_ids: tuple[str, ...]
    situations: Mapping[str, tuple[str, ...]]
    present: Callable[[Backend], bool]
    further_ids: tuple[str, ...] = ()
    crash_class: str = ""
    absent: Callable[[Backend], str] | None = None

    def applies(self, backend: Backend) -> bool:
        """Say whether the backend has what this suite judges."""
        return self.present(backend)

    def absence(self, backend: Backend) -> str:
        """Return why the suite does not apply to a backend."""
        return super().absence(backend) if self.absent is None else self.absent(backend)

    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Try every law; stop at the first violation."""
        for law in self.laws:
            if not law.needs(session.backend):
                continue
            found = law.search(session, seed)
            if found is not None:
                return found
        return None

    def narrowed_to(self, seen: Counterexample) -> LawSuite:
        """Return the suite with the law alone that was broken, and of a table that value alone."""
        act = seen.acts[-1]
        (law,) = [each for each in self.laws if each.name == act.form.name]
        if isinstance(law, TableLaw):
            law = replace(law, table=lambda _: act.arguments)
        return replace(self, laws=(law,))

    def _act_forms(self) -> Mapping[str, ActForm]:
        return {law.name: law.form for law in self.laws}

    def replay(self, session: Session, acts: Sequence[Act]) -> Replayed:
        """Judge recorded values again, up to the first violation."""
        laws = {law.name: law for law in self.laws}
        complete = True
        for act in acts:
            (value,) = act.form.bound(act.arguments, act.named).values()
            law = laws[act.form.name]
            if not law.needs(session.backend):
                return Replayed(None, complete=False)
            replayed = _judged(law, session, value)
            complete = complete and replayed.complete
            if replayed.counterexample is not None:
                return replayed
        return Replayed(None, complete)


def _law_test(law: Law, session: Session, seed: int) -> Callable[[], None]:
    histories = max(1, round(session.budget.histories * law.share))

    @hypothesis.seed(seed)
    @engine_settings(replace(session.budget, histories=histories), shrinks=session.budget.minimise)
    @given(law.values)
    def test(value: Any) -> None:
        history = session.new_history()
        history.begin(session.next_random_seed())
        try:
            history.run(lambda: _judge(law, history, value))
        finally:
            history.close()

    return test
