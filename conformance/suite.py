"""Suites: a way to search one component for violations of its requirements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from conformance.backend import Backend
from conformance.results import Counterexample
from conformance.session import Budget, History, Session, Violation
from telltale_spec.model.operations import OPERATION, Operation

__all__ = ["ConformanceMachine", "Law", "LawSuite", "MachineSuite", "Suite"]


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

    @abstractmethod
    def applies(self, backend: Backend) -> bool:
        """Say whether the backend has what this suite judges."""

    def absence(self, backend: Backend) -> str:
        """Return why the suite does not apply to a backend."""
        return f"the backend has no {self.name}"

    @abstractmethod
    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Look for one violation that is not muted; return the shortest found, or ``None``."""


class ConformanceMachine(RuleBasedStateMachine):
    """Base of the state machines: one history of one system under test.

    A subclass names its rules after what they do and does everything inside
    ``self.history.run``, so that a history that has ended takes no more steps.
    """

    session: ClassVar[Session]

    replayable: ClassVar[bool] = False
    """Whether every step of a history is an operation that :meth:`apply` carries out."""

    def __init__(self) -> None:
        super().__init__()
        self.history = self.session.new_history()
        self.backend = self.session.backend
        self.history.run(self.prepare)

    def prepare(self) -> None:
        """Make the system under test; overridden by every machine."""
        raise NotImplementedError

    def apply(self, operation: Operation) -> None:
        """Carry out one operation of a recorded history; overridden where replayable."""
        raise TypeError(f"{type(self).__name__} cannot carry out a {type(operation).__name__}")

    def teardown(self) -> None:
        """Close what the history opened."""
        self.history.close()


@dataclass(frozen=True)
class MachineSuite(Suite):
    """A suite that is a Hypothesis state machine."""

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
        if found is None or not session.budget.minimise or not self.machine.replayable:
            return found
        return _without_needless_steps(bound, found)


def _without_needless_steps(
    machine: type[ConformanceMachine], found: Counterexample
) -> Counterexample:
    """Return the counterexample without any operation that it does not need.

    Hypothesis shrinks values well, but a rule that chooses by what is stored can
    keep an operation alive that the violation has no use for.
    """
    shortest = found
    position = len(shortest.steps) - 1
    while position >= 0:
        steps = [step for index, step in enumerate(shortest.steps) if index != position]
        shorter = _replay(machine, [OPERATION.from_tree(step.operation) for step in steps])
        if (
            shorter is not None
            and shorter.requirement_id == found.requirement_id
            and len(shorter.steps) < len(shortest.steps)
        ):
            shortest = shorter
            position = len(shortest.steps)
        position -= 1
    return shortest


def _replay(
    machine: type[ConformanceMachine], operations: Sequence[Operation]
) -> Counterexample | None:
    """Carry out a history of operations and return the violation that it meets."""
    replayed: ConformanceMachine | None = None
    try:
        # Making the system under test can be what fails.
        replayed = machine()
        for operation in operations:
            _apply(replayed, operation)
    except Violation as violation:
        return violation.counterexample
    finally:
        if replayed is not None:
            replayed.teardown()
    return None


def _apply(machine: ConformanceMachine, operation: Operation) -> None:
    machine.history.run(lambda: machine.apply(operation))


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


@dataclass(frozen=True)
class LawSuite(Suite):
    """A suite of laws, searched one after the other."""

    name: str
    laws: tuple[Law, ...]
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
        """Try every law on random values; stop at the first violation."""
        for law in self.laws:
            if not law.needs(session.backend):
                continue
            found = _found(session, _law_test(law, session, seed))
            if found is not None:
                return found
        return None


def _law_test(law: Law, session: Session, seed: int) -> Callable[[], None]:
    histories = max(1, round(session.budget.histories * law.share))

    @hypothesis.seed(seed)
    @_settings(replace(session.budget, histories=histories))
    @given(law.values)
    def test(value: Any) -> None:
        history = session.new_history()
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
