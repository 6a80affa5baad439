"""Handles that write at the same time: what is lost is found, and what is lawful is passed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence

import pytest

from conformance.backend import Backend
from conformance.concurrency.calls import ConcurrentCall, Judgement
from conformance.concurrency.logs import judge_log
from conformance.machines import handle_races
from conformance.machines.handles import CACHE_HANDLES_SUITE, WAL_HANDLES_SUITE
from conformance.machines.overlapping import Caller
from conformance.machines.race_scripts import Pace, RoundScript
from conformance.races.own_handles import OWN_HANDLE_SUITES
from conformance.records.results import Verdict
from conformance.report.failure import counterexample_text
from conformance.report.timeline import timeline_text
from conformance.rules.events import FAULT
from telltale_spec.model.operations import LoadLog
from telltale_spec.wire.agreement import AgreementWalArtifact
from tests.zoo import broken_handles, broken_races
from tests.zoo.judging import failed, judged

HANDLES = (WAL_HANDLES_SUITE, CACHE_HANDLES_SUITE)


@pytest.mark.requirement("WAL-01", "CACHE-02")
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("backend", "requirement_id"),
    [
        (broken_handles.UNLOCKED_LOG, "WAL-01.handles"),
        (broken_handles.REWRITTEN_CACHE, "CACHE-02.handles"),
    ],
    ids=["log", "cache"],
)
def test_a_write_without_a_lock_is_caught(backend: Backend, requirement_id: str, seed: int) -> None:
    report = judged(backend, HANDLES, profile_name="quick", seed=seed)

    assert failed(report) == [requirement_id]


@pytest.mark.requirement("WAL-01")
@pytest.mark.parametrize("backend", [broken_handles.LOCKED_LOG, broken_handles.BUSY_LOG])
def test_a_lock_that_waits_and_one_that_refuses_are_right(backend: Backend) -> None:
    assert failed(judged(backend, HANDLES, profile_name="quick")) == []


@pytest.mark.requirement("WAL-01", "CACHE-02")
@pytest.mark.parametrize(
    ("backend", "requirement_id"),
    [
        (broken_races.HALF_SHOWN_LOG, "WAL-01.handles"),
        (broken_races.DIRTY_LOG, "WAL-01.handles"),
        (broken_races.TWO_COPIES, "CACHE-02.handles"),
    ],
    ids=["half of a log", "what is refused later", "an old value again"],
)
def test_what_only_calls_under_way_see_is_caught(backend: Backend, requirement_id: str) -> None:
    # By a call that is held before each of its lines, whatever else the machine has to do.
    report = judged(backend, OWN_HANDLE_SUITES, profile_name="quick", minimise=False)

    assert failed(report) == [requirement_id]


@pytest.mark.requirement("WAL-01", "CACHE-02")
@pytest.mark.parametrize(
    "backend",
    [
        broken_races.REORDERING_LOG,
        broken_races.SLOW_LOG,
        broken_races.LOCKED_CACHE,
        broken_races.FILE_PER_ID,
    ],
    ids=["any order of what overlaps", "slow reads", "a lock held", "one id after the other"],
)
@pytest.mark.by_day(2)
def test_what_is_unusual_and_right_is_passed(backend: Backend) -> None:
    suites = (*HANDLES, *OWN_HANDLE_SUITES)
    assert failed(judged(backend, suites, profile_name="quick")) == []


@pytest.mark.requirement("WAL-01")
def test_a_race_is_shown_as_the_fewest_calls_with_their_times() -> None:
    report = judged(broken_handles.UNLOCKED_LOG, HANDLES, profile_name="quick")
    found = report.results[0].counterexample
    assert found is not None

    assert len(found.calls) == len(found.steps) <= 4
    assert [call.is_culprit for call in found.calls].count(True) == 1
    text = counterexample_text(found)
    assert "When they were under way" in text
    assert "!" in "".join(timeline_text(found.calls))


@pytest.mark.requirement("WAL-01")
def test_what_is_left_open_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_one_step(calls: Sequence[ConcurrentCall]) -> Judgement:
        return judge_log(calls, steps_max=1)

    monkeypatch.setattr(handle_races, "judge_log", in_one_step)
    report = judged(broken_handles.LOCKED_LOG, HANDLES, profile_name="quick")

    assert report.results[0].verdict is Verdict.INCONCLUSIVE
    assert report.results[0].reason.startswith("1 steps did not tell")


@pytest.mark.requirement("WAL-01")
@pytest.mark.parametrize("given", [None, 3, AgreementWalArtifact, [object()]])
def test_a_load_that_gives_something_else_explains_nothing(given: object) -> None:
    class Log:
        def load(self) -> object:
            return given

    script = RoundScript([LoadLog()], Pace(0.0))
    caller = Caller(0, Log(), script, threading.Barrier(1), itertools.count(), "seed", is_ours=True)
    caller.run()
    (call,) = caller.calls

    assert call.answer == FAULT
    assert "that is no answer to load the log" in call.message
