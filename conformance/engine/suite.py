"""Suites: a way to search one component for violations of its requirements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from conformance.backend import Backend
from conformance.engine.acts import Act, ActForm, act_forms, decoded_act
from conformance.engine.session import Budget, History, Session, Violation
from conformance.records.replays import component_of
from conformance.records.results import Counterexample

__all__ = ["ConformanceMachine", "Law", "LawSuite", "MachineSuite", "Replayed", "Suite", "TableLaw"]


@dataclass(frozen=True)
class Replayed:
    """What came of acts that were carried out again: a violation, and whether all were done."""

    counterexample: Counterexample | None
    complete: bool


class Suite(ABC):
    """One component's checks.

    ``requirement_ids`` are all that the suite can judge. ``situations`` names
    what must have arisen at least once, with the requirements that are
    inconclusive where it did not. ``crash_class`` names the crash that the
    suite makes, if it makes one.
    """

    name: str
    requirement_ids: tuple[str, ...]
    situations: Mapping[str, tuple[str, ...]]
    crash_class: str = ""
    judges_alike: ClassVar[bool] = False
    """Whether every history puts every requirement to the test, so that fewer are enough."""

    @abstractmethod
    def applies(self, backend: Backend) -> bool:
        """Say whether the backend has what this suite judges."""

    @property
    def component(self) -> str:
        """The component of a backend that is judged, by its field."""
        return component_of(self.name)

    def absence(self, backend: Backend) -> str:
        """Return why the suite does not apply to a backend."""
        return f"the backend has no {self.name}"

    @abstractmethod
    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Look for one violation that is not muted; return the shortest found, or ``None``."""

    def acts_of(self, data: Sequence[Any]) -> list[Act]:
        """Return acts from their JSON form; raises :class:`ActError` for an unknown one."""
        forms = self._act_forms()
        return [decoded_act(forms, each) for each in data]

    def _act_forms(self) -> Mapping[str, ActForm]:
        return {}

    def notes(self) -> list[str]:
        """Return what a reader has to know of the last search, besides its results."""
        return []

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

    def __init__(self) -> None:
        super().__init__()
        self.history = self.session.new_history()
        self.backend = self.session.backend
        self.history.run(self.prepare)

    def prepare(self) -> None:
        """Make the system under test; overridden by every machine."""
        raise NotImplementedError

    def teardown(self) -> None:
        """Close what the history opened."""
        self.history.close()


@dataclass(frozen=True)
class MachineSuite(Suite):
    """A suite that is a Hypothesis state machine."""

    judges_alike: ClassVar[bool] = True

    name: str
    machine: type[ConformanceMachine]
    requirement_ids: tuple[str, ...]
    situations: Mapping[str, tuple[str, ...]]
    present: Callable[[Backend], bool]

    def applies(self, backend: Backend) -> bool:
        """Say whether the backend has what this suite judges."""
        return self.present(backend)

    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Run the machine on random histories."""
        bound = type(self.machine.__name__, (self.machine,), {"session": session})
        seeded = hypothesis.seed(seed)(bound)
        found = _found(
            session,
            lambda: run_state_machine_as_test(seeded, settings=_settings(session.budget)),
        )
        if found is None or not session.budget.minimise:
            return found
        return _without_needless_acts(bound, found)

    def _act_forms(self) -> Mapping[str, ActForm]:
        return act_forms(self.machine)

    def replay(self, session: Session, acts: Sequence[Act]) -> Replayed:
        """Carry out acts again on a new history, up to the first violation."""
        bound = type(self.machine.__name__, (self.machine,), {"session": session})
        return _replay(bound, acts)


def _without_needless_acts(
    machine: type[ConformanceMachine], found: Counterexample
) -> Counterexample:
    """Return the counterexample without any act, or part of one, that it does not need.

    Hypothesis shrinks values well, but a rule that chooses by what is stored can
    keep an act alive that the violation has no use for.
    """
    shortest = found
    position = len(shortest.acts) - 1
    while position >= 0:
        before, act, after = _split(shortest.acts, position)
        for part in ([], *([smaller] for smaller in act.without_one_item())):
            shorter = _replay(machine, [*before, *part, *after]).counterexample
            if (
                shorter is not None
                and shorter.requirement_id == found.requirement_id
                and _size(shorter) < _size(shortest)
            ):
                shortest = shorter
                position = len(shortest.acts)
                break
        position -= 1
    return shortest


def _split(acts: list[Act], position: int) -> tuple[list[Act], Act, list[Act]]:
    return acts[:position], acts[position], acts[position + 1 :]


def _size(counterexample: Counterexample) -> tuple[int, int, int]:
    acts = counterexample.acts
    return len(counterexample.steps), len(acts), sum(act.items_count() for act in acts)


def _replay(machine: type[ConformanceMachine], acts: Sequence[Act]) -> Replayed:
    """Carry out acts on a new machine, up to the first violation."""
    replayed: ConformanceMachine | None = None
    try:
        # Making the system under test can be what fails.
        replayed = machine()
        for act in acts:
            _carry_out(replayed, act)
        return Replayed(None, complete=not replayed.history.ended)
    except Violation as violation:
        return Replayed(violation.counterexample, complete=False)
    finally:
        if replayed is not None:
            replayed.teardown()


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
        return _found(session, _law_test(self, session, seed))

    @cached_property
    def form(self) -> ActForm:
        """The judgement of one value as an act."""
        return ActForm(self.name, self.judge)


@dataclass(frozen=True)
class TableLaw:
    """One property of every value of a table, each judged by itself.

    ``table`` gets the number of histories of the budget and gives the values in
    the order in which they are tried.
    """

    name: str
    table: Callable[[int], Iterable[Any]]
    judge: Callable[[History, Any], None]
    needs: Callable[[Backend], bool] = lambda backend: True

    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Walk through the table, up to the first violation.

        A value that was kept by an earlier search of the backend is not tried again: each
        search holds it to less than the one before.
        """
        for index, value in enumerate(self.table(session.budget.histories)):
            if index < session.kept_values[self.name]:
                continue
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
    history.acts.append(Act(law.form, (value,)))
    try:
        history.run(lambda: law.judge(history, value))
    except Violation as violation:
        return Replayed(violation.counterexample, complete=False)
    finally:
        history.close()
    return Replayed(None, complete=not history.ended)


@dataclass(frozen=True)
class LawSuite(Suite):
    """A suite of laws, searched one after the other."""

    name: str
    laws: tuple[Law | TableLaw, ...]
    requirement_ids: tuple[str, ...]
    situations: Mapping[str, tuple[str, ...]]
    present: Callable[[Backend], bool]
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
    @_settings(replace(session.budget, histories=histories))
    @given(law.values)
    def test(value: Any) -> None:
        history = session.new_history()
        history.acts.append(Act(law.form, (value,)))
        try:
            history.run(lambda: law.judge(history, value))
        finally:
            history.close()

    return test


def _found(session: Session, run: Callable[[], None]) -> Counterexample | None:
    """Run a search to its end and return its counterexample."""
    try:
        run()
    except Violation as violation:
        return violation.counterexample
    except (Flaky, BaseExceptionGroup):
        # The same history failed once and not again: the backend is not
        # deterministic, or the budget ran out while shrinking. A violation was
        # seen all the same, and the shortest one is on record.
        if session.smallest is None:
            raise
        return replace(session.smallest, reproduced=session.budget_ran_out)
    return None


def _settings(budget: Budget) -> settings:
    return settings(
        max_examples=budget.histories,
        stateful_step_count=budget.operations,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink) if budget.minimise else (Phase.generate,),
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
