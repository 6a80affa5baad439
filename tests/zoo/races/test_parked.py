"""A call held at a system call while another handle is called: who loses something, and who not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.backend import Backend, Launch
from conformance.engine.watch import CallWatch
from conformance.races import parked_launches
from conformance.races.parked_suites import PARKED_SUITES
from conformance.races.ptrace import obstacle_of_system
from conformance.records.replays import Outcome, ReplayResult, read_replay, replay_of
from conformance.records.results import BackendReport, Counterexample, Verdict
from conformance.run.replaying import replayed_result
from conformance.run.runner import fault_report
from tests.zoo.judging import failed, judged, unproved
from tests.zoo.races.targets import backend_of, launched

pytestmark = pytest.mark.skipif(
    bool(obstacle_of_system()), reason=obstacle_of_system() or "calls can be held"
)

IDS = {"log": "WAL-01.parked", "cache": "CACHE-02.parked"}

# Each with the system call at which it has to be caught, or nothing for one call after the other.
BROKEN = {
    "ChecksWithoutLock_log": "write(storage",
    "LocksAfterReading_log": "newfstatat(storage",
    "NoLock_log": "pwrite64(storage",
    "LockLetGo_log": "newfstatat(storage",
    "ReadsModifiesWrites_log": "newfstatat(storage",
    "KeepsCopy_log": "",
    "SharesTemporary_log": "newfstatat(storage",
    "SharesTemporaryBehindLock_log": "openat(new",
    "TransactionTooLate_log": "fcntl(database-shm",
    "TakesHolderForDead_log": "(",
    "TakesHolderForDead_cache": "(",
    "EndsWhereTwoMeet_log": "openat(storage",
    "TwoFilesByTurns_log": "write(copy",
    "TwoFilesByTurns_cache": "write(copy",
    "LocksAfterReading_cache": "newfstatat(storage",
    "NoLock_cache": "pwrite64(storage",
    "LockLetGo_cache": "newfstatat(storage",
    "ReadsModifiesWrites_cache": "newfstatat(storage",
    "KeepsCopy_cache": "",
    "SharesTemporary_cache": "newfstatat(storage",
    "SharesTemporaryBehindLock_cache": "openat(new",
}
RIGHT = [
    f"{storage}_{component}"
    for storage in (
        *("Waits", "WaitsAndReplaces", "Refuses", "Numbered", "Transactions", "GivesUp"),
        "TwoFiles",
    )
    for component in IDS
]


def found_in(report: BackendReport) -> Counterexample:
    (found,) = [each.counterexample for each in report.results if each.counterexample]
    return found


def parked(found: Counterexample) -> dict[str, Any]:
    (act,) = found.acts
    return dict(act["parked"])


@pytest.mark.by_day(4)
@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.requirement("WAL-01.parked", "CACHE-02.parked")
def test_what_a_call_at_the_wrong_moment_breaks_is_caught(name: str) -> None:
    report = judged(launched(name), PARKED_SUITES, profile_name="quick", minimise=False)

    assert failed(report) == [IDS[name.rpartition("_")[2]]]
    assert BROKEN[name] in parked(found_in(report))["system_call"]


@pytest.mark.by_day(8)
@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.requirement("WAL-01.parked", "CACHE-02.parked")
def test_what_waits_refuses_or_tries_again_passes(name: str) -> None:
    report = judged(launched(name), PARKED_SUITES, profile_name="quick")

    assert failed(report) == []
    assert unproved(report) == []
    assert sum(each.verdict is Verdict.PASS for each in report.results) == 1
    (note,) = [note for note in report.notes if "held at" in note]
    waits = not name.startswith(("Refuses", "Numbered", "GivesUp"))
    assert note.endswith("the other one waited in 0") is not waits


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["ChecksWithoutLock_log", "LocksAfterReading_cache"])
@pytest.mark.requirement("WAL-01.parked", "CACHE-02.parked")
def test_every_seed_finds_the_same_two_calls_at_the_same_place(name: str) -> None:
    found = [
        parked(
            found_in(
                judged(
                    launched(name), PARKED_SUITES, seed=seed, profile_name="quick", minimise=False
                )
            )
        )
        for seed in range(5)
    ]

    assert found == found[:1] * 5


@pytest.mark.requirement("WAL-01.parked")
def test_two_that_wait_for_each_other_are_told_so() -> None:
    backend = launched("TwoLocks_log", call_seconds_max=2.0)
    report = judged(backend, PARKED_SUITES, profile_name="quick", minimise=False)

    assert failed(report) == ["WAL-01.parked"]
    assert "they wait for each other" in found_in(report).actual


@pytest.mark.requirement("WAL-01.parked")
def test_a_failure_names_both_calls_the_place_and_the_contents_and_can_be_replayed() -> None:
    broken = launched("LocksAfterReading_log")
    report = judged(broken, PARKED_SUITES[:1], profile_name="quick")
    found = found_in(report)
    texts = [f"{step.text} -> {step.answer}" for step in found.steps]

    # What always comes is not tried a hundred times on what no longer has it.
    assert found.reproduced
    assert found.failures == found.tries
    assert any("is stopped where it begins newfstatat(storage)" in text for text in texts)
    assert any(text.startswith("second process: append ") for text in texts)
    (goes_on,) = [place for place, text in enumerate(texts) if "first process: goes on" in text]
    # Of nine looks at what came of it, those that the contradiction needs, and what there is.
    assert len(texts[goes_on + 1 :]) <= 2
    assert "a new handle: load the log" in texts[-1]
    assert "with the first process's call first: [" in found.expected
    assert "a new handle loads: [" in found.actual
    assert [call.is_culprit for call in found.calls].count(True) == 1
    replay = read_replay(replay_of(report, found).to_text(), "a file")

    def outcome(backend: Backend) -> Outcome:
        with CallWatch() as watch:
            again = replayed_result(backend, replay, watch, PARKED_SUITES[:1], tries_max=1)
        shown = replace(fault_report(backend, None), results=[again])
        return ReplayResult.of(replay, shown).outcome

    assert outcome(broken) is Outcome.STILL_FAILING
    assert outcome(launched("WaitsAndReplaces_log")) is Outcome.FIXED


@pytest.mark.requirement("WAL-01.parked")
def test_what_cannot_be_held_is_not_exercised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each obstacle has its reason, and none is a pass."""

    def reason(backend: Backend) -> str:
        (result, _) = judged(backend, PARKED_SUITES, profile_name="quick").results
        assert result.verdict is Verdict.NOT_APPLICABLE
        return result.reason

    declared = launched("Waits_log")
    assert "does not declare concurrent-h" in reason(replace(declared, capabilities=frozenset()))
    assert "as a process of its own" in reason(backend_of("Waits_log"))
    command = (*(declared.launch.command if declared.launch else ())[:4], "memory")
    in_memory = Launch((*command, "--capability", "reopen"))
    assert "none of its system calls is on a file" in reason(replace(declared, launch=in_memory))
    monkeypatch.setattr(parked_launches, "obstacle_of_system", lambda: "calls are held elsewhere")
    assert "not tried: calls are held elsewhere" in reason(launched("Waits_log"))


@pytest.mark.requirement("WAL-01.parked")
def test_a_second_handle_that_does_not_open_leaves_it_open() -> None:
    """Nothing was tried then, so that it is neither a pass nor a failure."""
    declared = launched("Waits_log")
    command = (*(declared.launch.command if declared.launch else ())[:4], "log-file")
    alone = Launch((*command, "--capability", "reopen"))
    (result, _) = judged(
        replace(declared, launch=alone), PARKED_SUITES, profile_name="quick"
    ).results

    assert result.verdict is Verdict.INCONCLUSIVE


@pytest.mark.requirement("WAL-01.parked")
def test_a_budget_that_ran_out_is_no_pass() -> None:
    from conformance.engine.profiles import profile
    from conformance.run.runner import judge_backend

    named = profile("quick", time_limit_seconds=1e-6)
    with CallWatch() as watch:
        report = judge_backend(
            launched("Waits_log"), named, seed=0, watch=watch, suites=PARKED_SUITES
        )

    assert report.results[0].verdict is Verdict.INCONCLUSIVE
