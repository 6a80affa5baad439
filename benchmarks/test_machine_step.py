"""What a history of our agreement WAL machine costs over one of a machine that does nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RULE_MARKER, RuleBasedStateMachine, rule, run_state_machine_as_test

from benchmarks.conftest import Meter
from conformance.backend import Backend
from conformance.machines.wal import WAL_SUITE, AgreementWalMachine
from conformance.session import Budget, Session
from conformance.watch import CallWatch
from telltale_spec.backends.memory import InMemoryAgreementWal
from telltale_spec.model.machine import RejectionMode

HISTORIES = 20
SEED = 1

EMPTY = "machine, empty"

each_size = pytest.mark.parametrize("size", [10, 50], ids=lambda size: f"{size}-steps")


def idle_machine(*, draws: bool) -> tuple[type[RuleBasedStateMachine], list[int]]:
    """Return a machine with as many rules as ours, and the counter of its steps.

    With ``draws``, each of its rules asks for the same values as ours, and does nothing with them.
    """
    steps = [0]

    def count(_machine: RuleBasedStateMachine, **_values: Any) -> None:
        steps[0] += 1

    members = [member for _, member in inspect.getmembers(AgreementWalMachine)]
    ours = [getattr(member, RULE_MARKER) for member in members if hasattr(member, RULE_MARKER)]
    rules: dict[str, Any] = {}
    for index, each in enumerate(ours):
        decorate: Any = rule(**(each.arguments if draws else {}))
        rules[f"rule_{index}"] = decorate(count)
    return type("IdleMachine", (RuleBasedStateMachine,), rules), steps


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
    machine, steps = idle_machine(draws=False)

    meter.read(EMPTY, size, search(machine, size))

    assert steps[0] > 0


@each_size
def test_machine_that_only_draws(meter: Meter, size: int) -> None:
    machine, steps = idle_machine(draws=True)

    meter.read("machine, draws our values", size, search(machine, size), baseline=EMPTY)

    assert steps[0] > 0


@each_size
def test_our_machine(meter: Meter, size: int) -> None:
    backend = Backend(
        "memory",
        agreement_wal=lambda _directory: InMemoryAgreementWal(),
        rejection_mode=RejectionMode.KEEPS_REJECTED,
    )

    def run() -> Session:
        budget = Budget(histories=HISTORIES, operations=size, seconds=600.0)
        with CallWatch() as watch, Session("agreement WAL", backend, watch, budget) as session:
            assert WAL_SUITE.search(session, SEED) is None
        return session

    session = meter.read("machine, ours", size, run, baseline=EMPTY)

    assert session.histories >= HISTORIES
    assert session.checks["WAL-01"] > 0
