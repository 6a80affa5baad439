"""Every order of operations but that of their bytes fails, on every seed of the short profile."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace

import pytest

from conformance.backend import Backend, RecoveryFunction
from conformance.door.harness import harness_backend
from conformance.engine.suite import LawSuite
from conformance.machines.recovery import RECOVERY_SUITE
from conformance.machines.recovery_orders import order_cases
from conformance.rules.oracles import plain_recovery
from tests.zoo.broken_recoveries import broken_recovery_backend
from tests.zoo.judging import failed, judged
from tests.zoo.misordered_recoveries import BY_BYTES, MISORDERED

SEEDS = range(5)
SUITES = (RECOVERY_SUITE,)
assert isinstance(RECOVERY_SUITE, LawSuite)
ORDERS_SUITE = replace(
    RECOVERY_SUITE, laws=tuple(law for law in RECOVERY_SUITE.laws if law.name == "orders of ids")
)
UTF_16 = Backend("utf-16", recovery=MISORDERED[1][1])


@pytest.mark.requirement("RECOV-03", "RECOV-08")
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "recovery", "requirement_id"), MISORDERED, ids=[name for name, _, _ in MISORDERED]
)
@pytest.mark.by_day(3)
def test_another_order_fails(
    name: str, recovery: RecoveryFunction, requirement_id: str, seed: int
) -> None:
    # The table is the same on every seed; the whole suite is tried on one.
    report = judged(
        broken_recovery_backend(name, recovery),
        (ORDERS_SUITE,) if seed else SUITES,
        seed=seed,
        profile_name="quick",
        only=(requirement_id,),
        minimise=False,
    )

    assert failed(report) == [requirement_id]


@pytest.mark.requirement("RECOV-03", "RECOV-08")
@pytest.mark.parametrize(("name", "recovery"), BY_BYTES, ids=[name for name, _ in BY_BYTES])
@pytest.mark.by_day(2)
def test_the_same_order_by_other_means_passes(name: str, recovery: RecoveryFunction) -> None:
    report = judged(broken_recovery_backend(name, recovery), SUITES, profile_name="quick")

    assert failed(report) == []


@pytest.mark.nightly
@pytest.mark.requirement("RECOV-03")
def test_both_lists_and_the_decisions_are_blamed() -> None:
    report = judged(UTF_16, SUITES, profile_name="quick", minimise=False)

    assert failed(report) == ["RECOV-03", "RECOV-08"]


@pytest.mark.requirement("RECOV-03")
def test_the_order_is_judged_in_a_child_process_too() -> None:
    target = f"{__name__}:UTF_16"
    command = shlex.join([sys.executable, "-m", "conformance", "serve", target])

    with harness_backend(command, call_seconds_max=10.0, starting_seconds_max=60.0) as backend:
        report = judged(backend, (ORDERS_SUITE,), profile_name="quick", only=("RECOV-03",))

    assert failed(report) == ["RECOV-03"]


def test_the_oracle_sorts_by_bytes() -> None:
    for case in order_cases(0):
        plan = plain_recovery(case.checkpoint_tick, case.entries, case.cache)
        assert not isinstance(plan, str)
        encoded = [decision.operation_id.encode() for decision in plan.decisions]
        assert encoded == sorted(set(encoded))
