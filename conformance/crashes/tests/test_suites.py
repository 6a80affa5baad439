"""Crashed logs and caches: right ones pass, and each mistake fails what it breaks."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.backend import Backend, Capability, Launch
from conformance.crashes.fault_suites import FAULT_SUITES
from conformance.crashes.persistence import FileSystem
from conformance.crashes.strace import obstacle
from conformance.crashes.suites import CRASH_SUITES
from conformance.crashes.tests import crash_logs
from conformance.engine.profiles import profile
from conformance.engine.watch import CallWatch
from conformance.records.replays import Outcome, ReplayResult, read_replay, replay_of
from conformance.records.results import BackendReport, Verdict
from conformance.report.text import counterexample_text
from conformance.run.replaying import replayed_result
from conformance.run.runner import fault_report, judge_backend
from conformance.run.shipped import SHIPPED_BACKENDS
from tests.zoo.judging import failed, judged, unproved

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")


def by_night(*values: Any) -> Any:
    """Return a row that is taken at night only: by day another one stands for it."""
    return pytest.param(*values, marks=pytest.mark.nightly)


RIGHT = (
    "right",
    by_night("syncs_when_opened"),
    by_night("renamed"),
    by_night("database_full"),
    by_night("database_wal"),
    "right_cache",
)
BROKEN = (
    ("no_sync", {"WAL-08.power"}),
    by_night("no_folder_sync", {"WAL-08.power"}),
    by_night("no_checksum", {"WAL-08.power", "WAL-08.recovery"}),
    ("zeros_are_frames", {"WAL-08.power"}),
    ("tail_stays", {"WAL-08.progress"}),
    ("refuses_torn_tail", {"WAL-08.recovery"}),
    by_night("renamed_unsynced", {"WAL-08.power", "WAL-08.recovery"}),
    by_night("renamed_no_folder_sync", {"WAL-08.power"}),
    by_night("database_off", {"WAL-08.power"}),
    ("forgetful_recovery", {"WAL-08.recovery"}),
    ("unsynced_cache", {"CACHE-08.power"}),
)


def launched(name: str) -> Backend:
    """Return a backend of the zoo that can be started as a child."""
    target = f"{crash_logs.__name__}:{name}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    backend: Backend = getattr(crash_logs, name)
    return replace(backend, launch=Launch(command))


def crashed(name: str, profile_name: str = "quick", *, minimise: bool = False) -> BackendReport:
    """Crash a backend of the zoo."""
    return judged(launched(name), CRASH_SUITES, profile_name=profile_name, minimise=minimise)


@pytest.mark.by_day(2)
@pytest.mark.parametrize("name", RIGHT)
def test_right_ones_pass(name: str) -> None:
    """Frames that are synced, whole files that are moved, databases with care (WAL-08.power)."""
    report = crashed(name)

    assert failed(report) == []
    assert unproved(report) == []
    assert sum(each.verdict is Verdict.PASS for each in report.results) == 4
    assert "kill-inside" in report.crash_classes
    assert "power-reordered" in report.crash_classes


@pytest.mark.parametrize(("name", "broken"), BROKEN)
@pytest.mark.by_day(4)
def test_mistakes_fail_what_they_break(name: str, broken: set[str]) -> None:
    """Each mistake is found by the requirement that it breaks (WAL-08.power, .recovery, ...)."""
    assert broken <= set(failed(crashed(name)))


def shipped(name: str) -> Backend:
    """Return a shipped backend that promises to survive everything."""
    backend = next(each for each in SHIPPED_BACKENDS if each.name == name)
    command = (sys.executable, "-m", "conformance", "serve", name, "--capability", "reopen")
    return replace(backend, capabilities=crash_logs.SURVIVES, launch=Launch(command))


@pytest.mark.nightly
def test_the_file_log_of_the_specification_loses_everything() -> None:
    """A kill between truncating and writing leaves nothing of it (WAL-08.kill-inside, F10)."""
    report = judged(shipped("file"), CRASH_SUITES, profile_name="quick", minimise=False)

    assert {"WAL-08.kill-inside", "CACHE-08.kill-inside", "WAL-08.power"} <= set(failed(report))


@pytest.mark.nightly
def test_a_normal_write_ahead_log_loses_transactions_and_not_the_database() -> None:
    """As its documentation says; it opens, and takes more (WAL-08.power alone fails)."""
    assert failed(crashed("database_normal")) == ["WAL-08.power"]


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("no_folder_sync", []),
        by_night("no_sync", ["WAL-08.power"]),
        # The first rename replaces nothing, so that its data need not be there.
        by_night("renamed_unsynced", ["WAL-08.recovery", "WAL-08.power"]),
        by_night("renamed_no_folder_sync", ["WAL-08.power"]),
    ],
)
def test_on_ext4_less_is_lost(name: str, broken: list[str]) -> None:
    """A sync takes the new entry along, and a rename the data, but not itself (WAL-08.power)."""
    suites = tuple(replace(each, file_system=FileSystem.EXT4) for each in CRASH_SUITES)
    report = judged(launched(name), suites, profile_name="quick", minimise=False)

    assert failed(report) == broken


def reasons(backend: Backend) -> set[str]:
    """Return why requirements of a log's crashes do not apply to a backend."""
    report = judged(backend, CRASH_SUITES[:2], profile_name="quick")
    assert all(each.verdict is Verdict.NOT_APPLICABLE for each in report.results)
    assert report.crash_classes == []
    return {each.reason for each in report.results}


def test_what_cannot_be_crashed_is_not_exercised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each obstacle has its reason, and none is a pass (WAL-08.kill-inside, WAL-08.power)."""
    assert reasons(replace(launched("right"), capabilities=frozenset())) == {
        "the backend does not declare process-kill",
        "the backend does not declare power-loss",
    }
    (reason,) = reasons(crash_logs.right)
    assert "cannot be started as a process of its own" in reason
    (reason,) = reasons(shipped("memory"))
    assert reason.endswith("it stores nothing in the directory that it is given")
    (reason,) = reasons(launched("elsewhere"))
    assert "a copy of its directory does not open" in reason
    (reason,) = reasons(launched("mapped"))
    assert "a writable shared mapping of `log`" in reason
    monkeypatch.setattr("conformance.crashes.campaign.obstacle", lambda: "strace is not here")
    assert reasons(launched("right")) == {"declared, and not tried: strace is not here"}


def test_a_failure_is_small_and_tells_the_calls() -> None:
    """One append is enough, and each of its calls says what became of it (WAL-08.power)."""
    report = judged(launched("no_sync"), CRASH_SUITES, profile_name="quick")
    result = report.result("WAL-08.power")
    assert result is not None
    found = result.counterexample
    assert found is not None
    texts = [step.text for step in found.steps]

    assert found.reproduced
    assert sum(text.startswith("append") for text in texts) == 1
    assert any(text.startswith("crash: the power goes here") for text in texts)
    fates = {step.answer for step in found.steps if step.text.startswith("call: write")}
    assert fates == {"lost"}
    assert "file system posix" in counterexample_text(found)


def test_a_failure_can_be_replayed(tmp_path: Path) -> None:
    """The file holds operations, crash point and what was lost; a mended log is told so."""
    suites = CRASH_SUITES[1:2]
    broken = launched("no_sync")
    report = judged(broken, suites, profile_name="quick")
    result = report.result("WAL-08.power")
    assert result is not None
    assert result.counterexample is not None
    replay = read_replay(replay_of(report, result.counterexample).to_text(), "a file")

    def outcome(backend: Backend) -> Outcome:
        with CallWatch() as watch:
            again = replayed_result(backend, replay, watch, suites)
        shown = replace(fault_report(backend, None), results=[again])
        return ReplayResult.of(replay, shown).outcome

    assert outcome(broken) is Outcome.STILL_FAILING
    assert outcome(launched("right")) is Outcome.FIXED


def test_equal_runs_give_equal_reports() -> None:
    """Neither names of folders nor the order of hashes reaches a result."""
    backends = [launched("no_sync"), launched("no_sync")]
    quick = profile("quick")
    short = replace(quick, budget=replace(quick.budget, histories=10))
    with CallWatch() as watch:
        one, other = (
            judge_backend(each, short, seed=3, watch=watch, suites=CRASH_SUITES[:2])
            for each in backends
        )

    assert one.to_dict() == other.to_dict()


def test_a_promise_that_is_not_made_is_not_judged() -> None:
    """Who promises to survive a kill is not crashed by a loss of power."""
    declared = frozenset({Capability.REOPEN, Capability.PROCESS_KILL})
    backend = replace(launched("no_sync"), capabilities=declared)
    report = judged(backend, CRASH_SUITES, profile_name="quick")

    assert failed(report) == []
    power = report.result("WAL-08.power")
    assert power is not None
    assert power.verdict is Verdict.NOT_APPLICABLE
    assert report.crash_classes == ["kill-inside", "recovery-crash"]


TOLERANT = frozenset({*crash_logs.SURVIVES, Capability.FAULT_TOLERANCE})


def faulted(name: str) -> BackendReport:
    """Let calls of a backend of the zoo fail."""
    backend = replace(launched(name), capabilities=TOLERANT)
    return judged(backend, FAULT_SUITES, profile_name="quick", minimise=False)


@pytest.mark.parametrize("name", ["poisoned", by_night("right_cache_tolerant")])
def test_faults_that_are_told_pass(name: str) -> None:
    """A log that stops at a failed sync, and one that goes on rightly (WAL-08.fsync-error)."""
    report = faulted(name)

    assert failed(report) == []
    assert sorted(report.crash_classes) == [
        *("disk-full", "fsync-error", "io-error", "short-write")
    ]


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("right", {"WAL-08.fsync-error", "WAL-08.disk-full"}),
        ("tries_sync_again", {"WAL-08.fsync-error"}),
        by_night("trusts_what_it_finds", {"WAL-08.fsync-error"}),
        by_night("acknowledges_anyway", {"WAL-08.fsync-error"}),
        ("leaves_half", {"WAL-08.disk-full"}),
    ],
)
@pytest.mark.by_day(3)
def test_faults_that_are_not_told_fail(name: str, broken: set[str]) -> None:
    """Undeclared errors, retried syncs, errors that are passed over, and half written frames."""
    assert broken <= set(failed(faulted(name)))


@pytest.mark.nightly
def test_a_fault_that_is_not_told_is_shown_with_one_append() -> None:
    """Shorter than the history that was tried, and it can be replayed (WAL-08.fsync-error)."""
    suites = FAULT_SUITES[:1]
    broken = replace(launched("acknowledges_anyway"), capabilities=TOLERANT)
    report = judged(broken, suites, profile_name="quick")
    result = report.result("WAL-08.fsync-error")
    assert result is not None
    found = result.counterexample
    assert found is not None
    texts = [step.text for step in found.steps]

    assert found.reproduced
    assert sum(text.startswith("append") for text in texts) == 1
    assert texts[-1].startswith("fault: sync number ")
    replay = read_replay(replay_of(report, found).to_text(), "a file")
    with CallWatch() as watch:
        again = replayed_result(broken, replay, watch, suites)
    shown = replace(fault_report(broken, None), results=[again])
    assert ReplayResult.of(replay, shown).outcome is Outcome.STILL_FAILING
