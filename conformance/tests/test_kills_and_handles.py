"""What only another process can show: kills, and several handles on one storage."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conformance.backend import Backend, Capability
from conformance.door.harness import harness_backend
from conformance.engine.suite import Suite
from conformance.machines.handles import CACHE_HANDLES_SUITE, WAL_HANDLES_SUITE
from conformance.machines.kills import CACHE_KILL_SUITE, WAL_KILL_SUITE
from conformance.machines.long_handles import LONG_CACHE_HANDLES_SUITE, LONG_LOG_HANDLES_SUITE
from conformance.records.results import BackendReport, Verdict
from tests.zoo import door_targets
from tests.zoo.judging import failed, judged

KILLS = (WAL_KILL_SUITE, CACHE_KILL_SUITE)
HANDLES = (WAL_HANDLES_SUITE, CACHE_HANDLES_SUITE)


@contextmanager
def served(target: str) -> Iterator[Backend]:
    """Serve a target of ours as a child process."""
    command = f"{sys.executable} -m conformance serve {door_targets.__name__}:{target}"
    with harness_backend(command, call_seconds_max=10.0) as backend:
        yield backend


def judged_quickly(backend: Backend, suites: tuple[Suite, ...]) -> BackendReport:
    return judged(backend, suites, profile_name="quick")


@pytest.mark.requirement("WAL-08", "CACHE-08")
@pytest.mark.nightly
def test_what_a_database_acknowledged_survives_a_kill() -> None:
    with served("SQLITE") as backend:
        report = judged_quickly(backend, KILLS)

    assert [result.verdict for result in report.results] == [Verdict.PASS, Verdict.PASS]
    assert report.crash_classes == ["process-kill"]


@pytest.mark.nightly
@pytest.mark.requirement("WAL-08", "CACHE-08")
def test_what_is_written_on_closing_does_not_survive_a_kill() -> None:
    with served("WRITES_ON_CLOSE") as backend:
        report = judged_quickly(backend, KILLS)

    assert failed(report) == ["WAL-08.kill", "CACHE-08.kill"]
    for result in report.results:
        assert result.counterexample is not None
        # One write, the kill, and the look at what is left: no history is shorter.
        assert len(result.counterexample.steps) == 3
        assert result.counterexample.reproduced


@pytest.mark.requirement("WAL-08")
def test_a_backend_in_our_own_process_is_not_killed_and_the_report_says_so() -> None:
    report = judged_quickly(door_targets.WRITES_ON_CLOSE, KILLS)

    assert {result.verdict for result in report.results} == {Verdict.NOT_APPLICABLE}
    assert "telltale-conformance serve TARGET" in report.results[0].reason
    assert report.crash_classes == []


@pytest.mark.requirement("WAL-01", "CACHE-02")
def test_a_handle_that_remembers_too_much_is_caught_in_turns() -> None:
    report = judged_quickly(door_targets.REMEMBERS, HANDLES)

    assert failed(report) == ["WAL-01.handles", "CACHE-02.handles"]
    for result in report.results:
        assert result.counterexample is not None
        # One handle writes, another one reads.
        assert len(result.counterexample.steps) == 2


@pytest.mark.requirement("WAL-01")
@pytest.mark.by_day(2)
@pytest.mark.parametrize("door", ["object", "command"])
def test_a_log_that_rewrites_its_file_loses_what_another_handle_wrote(door: str) -> None:
    if door == "object":
        report = judged_quickly(door_targets.REWRITES_ITS_FILE, HANDLES)
    else:
        with served("REWRITES_ITS_FILE") as backend:
            report = judged_quickly(backend, HANDLES)

    assert failed(report) == ["WAL-01.handles"]


@pytest.mark.requirement("WAL-01", "CACHE-02")
@pytest.mark.parametrize("door", ["object", "command"])
@pytest.mark.by_day(2)
def test_a_database_keeps_what_every_handle_wrote(door: str) -> None:
    if door == "object":
        report = judged_quickly(door_targets.SQLITE, HANDLES)
    else:
        with served("SQLITE") as backend:
            report = judged_quickly(backend, HANDLES)

    assert [result.verdict for result in report.results] == [Verdict.PASS, Verdict.PASS]


@pytest.mark.requirement("WAL-08", "CACHE-08")
def test_what_was_refused_may_have_been_stored_before_a_kill() -> None:
    with served("LOSES_ANSWERS") as backend:
        report = judged_quickly(backend, KILLS)

    assert [result.verdict for result in report.results] == [Verdict.PASS, Verdict.PASS]


@pytest.mark.requirement("WAL-01", "CACHE-02")
@pytest.mark.nightly
def test_what_was_refused_may_have_been_stored_through_another_handle() -> None:
    suites = (*HANDLES, LONG_LOG_HANDLES_SUITE, LONG_CACHE_HANDLES_SUITE)
    report = judged_quickly(door_targets.LOSES_ANSWERS, suites)

    assert failed(report) == []


def test_without_the_declaration_several_handles_are_not_asked_for() -> None:
    without = Backend("one handle", agreement_wal=door_targets.RemembersItsLog)
    report = judged_quickly(without, HANDLES)

    assert Capability.CONCURRENT_HANDLES not in without.capabilities
    assert {result.verdict for result in report.results} == {Verdict.NOT_APPLICABLE}
    assert report.results[0].reason == "the backend does not declare concurrent-handles"
