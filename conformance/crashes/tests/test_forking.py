"""Harnesses that are forked do what programs of their own do, and say nothing that those do not."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.__main__ import main
from conformance.backend import Backend, Capability, Launch
from conformance.crashes.campaign import Crew
from conformance.crashes.conduct import Component, Conducted, carry_out, conducted
from conformance.crashes.crew_suite import HISTORIES
from conformance.crashes.fault_acts import FaultClass
from conformance.crashes.fault_suites import FAULT_SUITES
from conformance.crashes.fault_trials import FaultTrial
from conformance.crashes.fault_tries import Choice, FaultTries
from conformance.crashes.persistence import FileSystem
from conformance.crashes.strace import TracedHarness, obstacle
from conformance.crashes.tests import forked_logs
from conformance.door.forked import ForkServer, can_fork
from conformance.errors import BackendFault
from conformance.records.results import BackendReport, Verdict
from conformance.run.places import importable_name, with_further_processes
from tests.zoo.judging import failed, judged, unproved

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")

SYNCS = FAULT_SUITES[:1]
HISTORY = next(HISTORIES[Component.LOG](0, 0))


def launch_of(name: str) -> Launch:
    target = f"conformance.crashes.tests.{name}"
    return Launch((sys.executable, "-m", "conformance", "serve", target))


def server_of(launch: Launch) -> ForkServer:
    return ForkServer(launch.command, seconds_max=30.0, on_process=launch.on_process)


@pytest.fixture
def forks() -> Iterator[ForkServer]:
    server = server_of(launch_of("crash_logs:right"))
    yield server
    server.end()


def carried_out(directory: Path, fork_server: ForkServer | None) -> Conducted:
    directory.mkdir()
    harness = TracedHarness(launch_of("crash_logs:right"), fork_server=fork_server)
    try:
        return conducted(harness, Component.LOG, directory, HISTORY)
    finally:
        harness.end()


def without_answers(found: Conducted) -> list[Any]:
    return [event for event in found.recording.events if type(event).__name__ != "Answered"]


def test_a_forked_harness_asks_the_system_for_the_same(tmp_path: Path, forks: ForkServer) -> None:
    alone = carried_out(tmp_path / "alone", None)
    forked = [carried_out(tmp_path / f"forked{number}", forks) for number in range(2)]

    for each in forked:
        assert [deed.text for deed in each.deeds] == [deed.text for deed in alone.deeds]
        assert [deed.answer for deed in each.deeds] == [deed.answer for deed in alone.deeds]
        assert without_answers(each) == without_answers(alone)
    assert forked[0].recording.stored_calls == forked[1].recording.stored_calls


def test_how_a_forked_harness_ends_is_told(tmp_path: Path, forks: ForkServer) -> None:
    harness = TracedHarness(launch_of("crash_logs:right"), fork_server=forks)
    harness.begin(tmp_path)
    (process_id,) = children_of(forks.process_id)
    os.kill(process_id, signal.SIGKILL)

    with pytest.raises(BackendFault, match="was ended by SIGKILL"):
        list(carry_out(harness.connection, Component.LOG, tmp_path, HISTORY))
    harness.end()
    # One child more or less is nothing to the others.
    assert carried_out(tmp_path / "another", forks).deeds


def children_of(process_id: int) -> list[int]:
    """Return the numbers of the living children of a process, as the system tells them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/status"):
        # One that has ended meanwhile is none.
        with contextlib.suppress(OSError):
            if f"PPid:\t{process_id}\n" in path.read_text():
                found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize(
    ("name", "obstacle_text"),
    [("module_with_thread:make", "it has 2 threads"), ("module_with_file:make", "it has opened /")],
)
def test_what_a_fork_would_lose_or_share_keeps_from_it(name: str, obstacle_text: str) -> None:
    server = server_of(launch_of(name))
    server.end()
    assert server.obstacle.startswith(obstacle_text)

    crew = Crew(launch_of(name))
    assert crew.fork_server() is None
    crew.end()


def test_a_target_that_cannot_be_used_is_no_fork_server() -> None:
    with pytest.raises(OSError, match="the fork server has ended"):
        server_of(launch_of("nothing:make"))

    crew = Crew(launch_of("nothing:make"))
    assert crew.fork_server() is None
    crew.end()


def test_only_our_own_harnesses_are_forked() -> None:
    assert can_fork(launch_of("crash_logs:right").command)
    assert not can_fork(("./harness", "-m", "conformance", "serve", "a:b"))
    assert not can_fork((sys.executable, "harness.py", "-m", "conformance", "serve", "a:b"))


def test_what_the_plugin_serves_is_forked_too() -> None:
    factory = forked_logs.AtHomeLog
    backend = Backend("b", agreement_wal=factory, capabilities=frozenset({Capability.REOPEN}))
    with with_further_processes(backend, importable_name(factory)) as placed:
        assert placed.launch is not None
        assert can_fork(placed.launch.command)
        server = server_of(placed.launch)
        server.end()
        assert server.obstacle == ""


def test_nothing_goes_on_behind_the_end_of_a_fork_server() -> None:
    noted: list[tuple[int, bool]] = []
    launch = launch_of("crash_logs:right")
    server = ForkServer(
        launch.command, seconds_max=30.0, on_process=lambda *each: noted.append(each)
    )
    harness = TracedHarness(launch, fork_server=server)
    (child,) = children_of(server.process_id)
    harness.end()
    server.end()

    (group, _), (same_group, _) = noted
    assert noted == [(group, True), (same_group, False)]
    assert group == same_group
    assert not Path(f"/proc/{child}").exists()


def judged_by_syncs(name: str, *, can_be_forked: bool = True) -> BackendReport:
    """Return what failing syncs say of a log that promises to stand them."""
    promises = frozenset({Capability.REOPEN, Capability.POWER_LOSS, Capability.FAULT_TOLERANCE})
    make = getattr(forked_logs, name)
    launch = launch_of(f"forked_logs:{name}")
    if not can_be_forked:
        launch = replace(launch, command=("env", *launch.command))
    backend = Backend(name, agreement_wal=make, capabilities=promises, launch=launch)
    return judged(backend, SYNCS, profile_name="quick", minimise=False)


@pytest.mark.nightly
@pytest.mark.requirement("WAL-08.fsync-error")
def test_a_log_that_is_wrong_in_forked_processes_alone_conforms() -> None:
    """What a fork shows is looked at again in a program of its own, whose word it is."""
    report = judged_by_syncs("AtHomeLog")

    assert report.fault is None
    assert failed(report) == []
    assert report.crash_classes == ["fsync-error"]


@pytest.mark.requirement("WAL-08.fsync-error")
def test_a_log_that_is_wrong_in_every_process_fails() -> None:
    """Also where it makes more kinds of syncs than calls fail: those of its appends come first."""
    assert failed(judged_by_syncs("CarelessLog")) == ["WAL-08.fsync-error"]


@pytest.mark.requirement("WAL-08.fsync-error")
def test_syncs_of_threads_of_their_own_fail_too() -> None:
    """Each thread counts its calls by itself, so that other ones fail in a program of its own."""
    report = judged_by_syncs("TellsNobodyLog")
    result = report.result("WAL-08.fsync-error")

    assert failed(report) == ["WAL-08.fsync-error"]
    assert result is not None
    assert result.counterexample is not None
    assert result.counterexample.reproduced
    right = judged_by_syncs("SyncsInThreadsLog")
    assert (failed(right), unproved(right)) == ([], [])


@pytest.mark.nightly
@pytest.mark.requirement("WAL-08.fsync-error")
def test_threads_are_judged_alike_where_nothing_can_be_forked() -> None:
    right = judged_by_syncs("SyncsInThreadsLog", can_be_forked=False)

    assert (failed(right), unproved(right)) == ([], [])
    broken = judged_by_syncs("TellsNobodyLog", can_be_forked=False)
    assert failed(broken) == ["WAL-08.fsync-error"]


@pytest.mark.requirement("WAL-08.fsync-error")
def test_where_no_sync_of_a_store_can_be_made_to_fail_it_is_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What opens and does not store when a sync fails has shown nothing of what it acknowledges."""
    monkeypatch.setattr(FaultTries, "has_struck_a_store", lambda tries, tried: False)
    result = judged_by_syncs("SyncsInThreadsLog").result("WAL-08.fsync-error")

    assert result is not None
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "no call by which the log stores could be made to fail" in result.reason


@pytest.mark.requirement("WAL-08.fsync-error")
def test_a_call_that_fails_in_an_opening_is_none_of_a_store() -> None:
    crew = Crew(launch_of("forked_logs:SyncsInThreadsLog"))
    backend = Backend("any", agreement_wal=forked_logs.SyncsInThreadsLog)
    tries = FaultTries(crew, backend, Component.LOG, FaultClass.FSYNC_ERROR, FileSystem.POSIX)
    trial = FaultTrial(HISTORY)
    try:
        plan = tries.plan(trial)
        labels = [label.split(",")[0] for label in tries.labels(plan)]
        assert tries.can_strike_a_store(plan)
        for asked, is_a_store in (("open", False), ("append", True)):
            tried = tries.tried(trial, plan, Choice(labels.index(asked) + 1, retries=False))
            assert tried.run is not None
            assert tries.has_struck_a_store(tried) is is_a_store
    finally:
        crew.end()


def test_what_is_no_socket_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "memory", "--fork-server", "99"]) == 2
    assert "--fork-server 99: Bad file descriptor" in capsys.readouterr().err
