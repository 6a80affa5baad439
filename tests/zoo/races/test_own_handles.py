"""Two handles of one process: who keeps only processes apart is caught, others pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.backend import Capability
from conformance.engine.watch import CallWatch
from conformance.races.own_handles import OWN_HANDLE_SUITES
from conformance.races.parked_suites import PARKED_SUITES
from conformance.races.ptrace import obstacle_of_system
from conformance.records.replays import Outcome, ReplayResult, read_replay, replay_of
from conformance.records.results import Verdict
from conformance.run.replaying import replayed_result
from conformance.run.runner import fault_report
from tests.zoo.judging import failed, judged, unproved
from tests.zoo.races.targets import HANDLES, backend_of, launched

IDS = {"log": "WAL-01.handles", "cache": "CACHE-02.handles"}
RIGHT = [
    f"{storage}_{component}"
    for storage in (
        *("Waits", "WaitsAndReplaces", "Refuses", "Numbered", "Transactions", "GivesUp"),
        "BelongsToItsThread",
    )
    for component in IDS
]


@pytest.mark.parametrize("component", IDS)
@pytest.mark.requirement("WAL-01.handles", "CACHE-02.handles")
def test_a_lock_of_the_process_keeps_none_of_its_handles_apart(component: str) -> None:
    met = []
    for seed in range(3):
        backend = backend_of(f"LocksForItsProcess_{component}")
        report = judged(backend, OWN_HANDLE_SUITES, profile_name="quick", seed=seed, minimise=False)
        assert failed(report) == [IDS[component]]
        (found,) = [each.counterexample for each in report.results if each.counterexample]
        (act,) = found.acts
        assert "line" in act["threaded"]["place"]
        # A busy machine may take one line more for a wait, which the next one makes good.
        met.append({**act["threaded"], "place": "", "number": 0})

    assert met == met[:1] * 3


@pytest.mark.skipif(bool(obstacle_of_system()), reason=obstacle_of_system() or "it can be held")
@pytest.mark.parametrize("component", IDS)
def test_such_a_lock_is_enough_between_processes(component: str) -> None:
    backend = launched(f"LocksForItsProcess_{component}")
    report = judged(backend, PARKED_SUITES, profile_name="quick", minimise=False)

    assert failed(report) == []


@pytest.mark.by_day(7)
@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.requirement("WAL-01.handles", "CACHE-02.handles")
def test_what_keeps_handles_apart_passes(name: str) -> None:
    report = judged(backend_of(name), OWN_HANDLE_SUITES, profile_name="quick")

    assert failed(report) == []
    assert unproved(report) == []
    assert sum(each.verdict is Verdict.PASS for each in report.results) == 1


def test_nobody_is_held_to_it_without_the_promise_or_from_afar() -> None:
    backend = backend_of("LocksForItsProcess_log")
    suite = OWN_HANDLE_SUITES[0]

    alone = replace(backend, capabilities=HANDLES - {Capability.CONCURRENT_HANDLES})
    assert suite.absence(alone) == "the backend does not declare concurrent-handles"
    afar = replace(backend, overtaken=lambda: 0)
    assert suite.absence(afar) == "its lines cannot be seen; it is held at its system calls"


@pytest.mark.requirement("WAL-01.handles")
def test_a_failure_tells_the_handles_and_can_be_replayed() -> None:
    backend = backend_of("LocksForItsProcess_log")
    suites = OWN_HANDLE_SUITES[:1]
    report = judged(backend, suites, profile_name="quick")
    (found,) = [each.counterexample for each in report.results if each.counterexample]

    assert any(step.text.startswith("second handle: ") for step in found.steps)
    replay = read_replay(replay_of(report, found).to_text(), "a file")
    with CallWatch() as watch:
        again = replayed_result(backend, replay, watch, suites)
    shown = replace(fault_report(backend, None), results=[again])
    assert ReplayResult.of(replay, shown).outcome is Outcome.STILL_FAILING
