"""The zoo through the door of a child process: each system fails what it fails as an object."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace

import pytest

from conformance.backend import Backend
from conformance.door.harness import harness_backend
from conformance.engine.profiles import profile
from conformance.engine.suite import Suite
from conformance.engine.watch import CallWatch
from conformance.machines.registry import SUITES
from conformance.records.results import BackendReport
from conformance.run.runner import judge_backend
from conformance.run.targets import load_target
from tests.zoo import served
from tests.zoo.judging import failed, unproved
from tests.zoo.served import BROKEN, UNUSUAL

# Nobody waits here, and a slower door must not see less.
QUICK = profile("quick")
PATIENT = replace(
    QUICK,
    budget=replace(QUICK.budget, seconds=600.0, wall_seconds=600.0, minimise=False),
)


def as_child(name: str, suites: tuple[Suite, ...], only: tuple[str, ...]) -> BackendReport:
    """Judge a system of the zoo that a child process serves."""
    target = f"{served.__name__}:{name}"
    command = shlex.join([sys.executable, "-m", "conformance", "serve", target])
    with harness_backend(command, call_seconds_max=30.0) as backend, CallWatch(30.0) as watch:
        return judge_backend(backend, PATIENT, seed=0, watch=watch, suites=suites, only=only)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "name", BROKEN, ids=[f"{system.kind}: {system.name}" for system in BROKEN.values()]
)
def test_a_broken_system_fails_as_a_child_too(name: str) -> None:
    system = BROKEN[name]
    report = as_child(name, system.suites, (system.requirement_id,))

    assert failed(report) == [system.requirement_id]


@pytest.mark.nightly
@pytest.mark.parametrize("name", UNUSUAL, ids=[backend.name for backend in UNUSUAL.values()])
def test_what_is_unusual_is_failed_by_no_must_as_a_child(name: str) -> None:
    report = as_child(name, SUITES, ())
    binding = [each.requirement_id for each in report.results if each.level == "MUST"]

    assert report.fault is None
    assert not {*failed(report), *unproved(report)} & {*binding}


def test_every_system_has_a_name_of_its_own() -> None:
    """And a name that is none leads nowhere."""
    with CallWatch() as watch:
        found: list[Backend] = [
            load_target(f"{served.__name__}:{name}", watch) for name in ("broken_0", "unusual_0")
        ]

    assert [each.name for each in found] == [BROKEN["broken_0"].name, UNUSUAL["unusual_0"].name]
    with pytest.raises(AttributeError, match="no system `broken_9999`"):
        _ = served.broken_9999
