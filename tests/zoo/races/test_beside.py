"""A process that is killed inside of a call, beside a handle that lives on."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from conformance.backend import Backend, Capability, Launch
from conformance.engine.watch import CallWatch
from conformance.races.file_calls import is_change
from conformance.races.killed_suites import BESIDE_SUITES
from conformance.races.ptrace import obstacle_of_system
from conformance.records.replays import Outcome, ReplayResult, read_replay, replay_of
from conformance.records.results import Verdict
from conformance.report.failure import counterexample_text
from conformance.run.replaying import replayed_result
from conformance.run.runner import fault_report
from tests.zoo.judging import failed, judged, unproved
from tests.zoo.races import forked
from tests.zoo.races.targets import KILLED, launched

pytestmark = pytest.mark.skipif(
    bool(obstacle_of_system()), reason=obstacle_of_system() or "calls can be held"
)

IDS = {"log": "WAL-08.kill-inside", "cache": "CACHE-08.kill-inside"}
BROKEN = [
    f"{storage}_{component}"
    for storage in ("RepairsAtOpening", "UndoesAtOpening")
    for component in IDS
]
RIGHT = [
    f"{storage}_{component}"
    for storage in (
        *("RepairsBeforeItWrites", "UndoesBeforeItWrites", "TakesOverLock"),
        *("Waits", "Numbered", "Transactions"),
    )
    for component in IDS
]


@pytest.mark.by_day(4)
@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.requirement("WAL-08.kill-inside", "CACHE-08.kill-inside")
def test_who_meets_what_a_dead_one_left_and_makes_it_worse_is_caught(name: str) -> None:
    report = judged(launched(name), BESIDE_SUITES, profile_name="quick", minimise=False)

    assert failed(report) == [IDS[name.rpartition("_")[2]]]
    (found,) = [each.counterexample for each in report.results if each.counterexample]
    assert "its process is killed where it begins" in counterexample_text(found)


@pytest.mark.by_day(4)
@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.requirement("WAL-08.kill-inside", "CACHE-08.kill-inside")
def test_who_lives_on_in_the_right_way_passes(name: str) -> None:
    backend = replace(launched(name), capabilities=KILLED)
    report = judged(backend, BESIDE_SUITES, profile_name="quick")

    assert failed(report) == []
    assert unproved(report) == []
    assert sum(each.verdict is Verdict.PASS for each in report.results) == 1
    assert [note for note in report.notes if "a process killed at" in note]


@pytest.mark.nightly
@pytest.mark.requirement("WAL-08.kill-inside")
def test_what_forked_processes_alone_do_wrong_is_no_failure() -> None:
    """Those that take the place of killed ones are forked, and are not believed in that."""
    target = f"{forked.__name__}:{forked.AtHomeLog.__name__}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    backend = Backend(
        "at home",
        agreement_wal=forked.AtHomeLog,
        capabilities=KILLED,
        launch=Launch(command),
    )
    report = judged(backend, BESIDE_SUITES[:1], profile_name="quick")

    assert failed(report) == []
    assert unproved(report) == []


@pytest.mark.nightly
@pytest.mark.requirement("WAL-08.kill-inside")
def test_a_failure_says_what_is_lawful_and_can_be_replayed() -> None:
    broken = launched("UndoesAtOpening_log")
    report = judged(broken, BESIDE_SUITES[:1], profile_name="quick")
    (found,) = [each.counterexample for each in report.results if each.counterexample]
    replay = read_replay(replay_of(report, found).to_text(), "a file")

    assert found.reproduced
    assert "the one that was cut off made once or never" in found.expected

    def outcome(backend: Backend) -> Outcome:
        with CallWatch() as watch:
            again = replayed_result(backend, replay, watch, BESIDE_SUITES[:1])
        shown = replace(fault_report(backend, None), results=[again])
        return ReplayResult.of(replay, shown).outcome

    assert outcome(broken) is Outcome.STILL_FAILING
    assert outcome(launched("UndoesBeforeItWrites_log")) is Outcome.FIXED


@pytest.mark.parametrize("missing", [Capability.CONCURRENT_HANDLES, Capability.PROCESS_KILL])
def test_nobody_is_held_to_half_of_the_promise(missing: Capability) -> None:
    backend = replace(launched("UndoesAtOpening_log"), capabilities=KILLED - {missing})

    assert BESIDE_SUITES[0].absence(backend) == f"the backend does not declare {missing.value}"


@pytest.mark.parametrize(
    ("call", "changes"),
    [
        ("write(storage, 4 bytes)", True),
        ("openat(lock, O_CREAT)", True),
        ("openat(storage)", False),
        ("rename(new, storage)", True),
        ("sendto(a connection)", True),
        ("flock(lock, LOCK_EX)", False),
        ("fsync(storage)", False),
        ("newfstatat(storage)", False),
    ],
)
def test_only_what_outlives_a_process_is_a_change(call: str, changes: bool) -> None:
    assert is_change(call) is changes
