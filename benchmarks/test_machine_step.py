"""What a step of our agreement WAL machine costs over one of a machine that checks nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RULE_MARKER, RuleBasedStateMachine, rule, run_state_machine_as_test

from conformance.bench.meter import Meter
from conformance.engine.session import Budget, Session
from conformance.engine.suite import MachineSuite
from conformance.engine.watch import CallWatch
from conformance.machines.wal import WAL_SUITE, AgreementWalMachine
from conformance.run.shipped import SHIPPED_BACKENDS
from telltale_spec.wire.agreement import AgreementWalEntry, EscalationTracker

HISTORIES = 20
SEED = 1

EMPTY = "machine, empty"
RULES = "machine, our rules alone"

each_size = pytest.mark.parametrize("size", [10, 50], ids=lambda size: f"{size}-steps")


def idle_machine() -> tuple[type[RuleBasedStateMachine], list[int]]:
    """Return a machine with as many rules as ours that ask for nothing, and its count of steps."""
    steps = [0]

    def count(_machine: RuleBasedStateMachine) -> None:
        steps[0] += 1

    members = [member for _, member in inspect.getmembers(AgreementWalMachine)]
    ours = [member for member in members if hasattr(member, RULE_MARKER)]
    rules: dict[str, Any] = {f"rule_{index}": rule()(count) for index, _ in enumerate(ours)}
    return type("IdleMachine", (RuleBasedStateMachine,), rules), steps


class RulesAlone(AgreementWalMachine):
    """Our machine without a log and without a check: its rules, its values, its preconditions.

    Only what the preconditions look at is kept up, so the same seed makes the same choices.
    """

    def prepare(self) -> None:
        """Make nothing."""
        self.tracker = EscalationTracker()
        self.appended: list[AgreementWalEntry] = []

    @property
    def held(self) -> tuple[AgreementWalEntry, ...]:
        """What was appended."""
        return tuple(getattr(self, "appended", ()))

    def _append(self, entry: AgreementWalEntry) -> None:
        self.appended.append(entry)
        # A log that keeps what it refuses refuses from then on.
        self.refusals += bool(self.tracker.observe(entry) is not None or self.refusals)

    def _read_since(self, tick: int) -> None:
        """Do nothing."""

    def _load_and_check(self) -> None:
        """Do nothing."""


RULES_ALONE = replace(WAL_SUITE, machine=RulesAlone)


def search(machine: type[RuleBasedStateMachine], operations: int) -> Callable[[], None]:
    """Return the search of a machine, with the settings that ours is searched with."""
    seeded = hypothesis.seed(SEED)(machine)
    chosen = settings(
        max_examples=HISTORIES,
        stateful_step_count=operations,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    return lambda: run_state_machine_as_test(seeded, settings=chosen)


@each_size
def test_empty_machine(meter: Meter, size: int) -> None:
    machine, steps = idle_machine()

    meter.read(EMPTY, size, search(machine, size))

    assert steps[0] > 0


def search_of(suite: MachineSuite, operations: int) -> Callable[[], Session]:
    """Return the search of one of our suites on the memory backend."""
    backend = next(each for each in SHIPPED_BACKENDS if each.name == "memory")
    budget = Budget(histories=HISTORIES, operations=operations, seconds=600.0)

    def run() -> Session:
        with CallWatch() as watch, Session(suite.name, backend, watch, budget) as session:
            assert suite.search(session, SEED) is None
        return session

    return run


@each_size
def test_rules_alone(meter: Meter, size: int) -> None:
    session = meter.read(RULES, size, search_of(RULES_ALONE, size), baseline=EMPTY)

    assert session.histories >= HISTORIES
    # The same number of histories shows that the same choices were made.
    assert session.histories == search_of(WAL_SUITE, size)().histories


@each_size
def test_our_machine(meter: Meter, size: int) -> None:
    session = meter.read("machine, ours", size, search_of(WAL_SUITE, size), baseline=RULES)

    assert session.histories >= HISTORIES
    assert session.checks["WAL-01"] > 0
