"""Threads that share one handle: what is not safe for them is caught, and what is passes."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from conformance.backend import Backend, Capability
from conformance.door.harness import harness_backend
from conformance.engine.watch import CallWatch
from conformance.races.threads import THREAD_SUITES
from conformance.records.replays import Outcome, ReplayResult, read_replay, replay_of
from conformance.records.results import Verdict
from conformance.run.replaying import replayed_result
from conformance.run.runner import fault_report
from tests.zoo.judging import failed, judged, unproved
from tests.zoo.races import threaded

MODULE = threaded.__name__


def requirement_of(backend: Backend) -> str:
    return "WAL-01.threads" if backend.agreement_wal is not None else "CACHE-02.threads"


def names(backend: Backend) -> str:
    return backend.name


@pytest.mark.parametrize("backend", threaded.BROKEN, ids=names)
@pytest.mark.requirement("WAL-01.threads", "CACHE-02.threads")
def test_what_is_not_safe_for_threads_fails_at_the_same_line_on_every_seed(
    backend: Backend,
) -> None:
    acts = []
    for seed in range(5):
        report = judged(backend, THREAD_SUITES, profile_name="quick", seed=seed, minimise=False)
        assert failed(report) == [requirement_of(backend)]
        (found,) = [each.counterexample for each in report.results if each.counterexample]
        acts.append(found.acts)

    assert acts == acts[:1] * 5
    assert "line" in acts[0][0]["threaded"]["place"]


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("CopyingCache", []),
        ("FillingCache", []),
        ("NumberedEarlyLog", ["load_log"]),
        ("TurningCache", ["load_cache", "get_outcome"]),
    ],
)
@pytest.mark.requirement("WAL-01.threads", "CACHE-02.threads")
def test_of_the_calls_that_follow_as_few_are_told_as_are_needed(
    name: str, needed: list[str]
) -> None:
    (broken,) = [each for each in threaded.BROKEN if each.name == name]
    report = judged(broken, THREAD_SUITES, profile_name="quick", minimise=False)
    (found,) = [each.counterexample for each in report.results if each.counterexample]
    held = found.acts[0]["threaded"]

    assert [each["operation"] for each in held["then"]] == needed


@pytest.mark.by_day(2)
@pytest.mark.parametrize("backend", threaded.RIGHT, ids=names)
@pytest.mark.requirement("WAL-01.threads", "CACHE-02.threads")
def test_what_waits_refuses_or_needs_no_lock_passes(backend: Backend) -> None:
    report = judged(backend, THREAD_SUITES, profile_name="quick")

    assert failed(report) == []
    assert unproved(report) == []
    assert sum(each.verdict is Verdict.PASS for each in report.results) == 1


@pytest.mark.requirement("WAL-01.threads")
def test_a_failure_names_the_line_and_can_be_replayed() -> None:
    broken = threaded.BROKEN[0]
    report = judged(broken, THREAD_SUITES[:1], profile_name="quick")
    (found,) = [each.counterexample for each in report.results if each.counterexample]
    answers = [step.answer for step in found.steps]

    assert found.reproduced
    assert any("is held before threaded.py, line" in answer for answer in answers)
    assert "with the first thread's call first: [" in found.expected
    replay = read_replay(replay_of(report, found).to_text(), "a file")

    def outcome(backend: Backend) -> Outcome:
        with CallWatch() as watch:
            again = replayed_result(backend, replay, watch, THREAD_SUITES[:1])
        shown = replace(fault_report(backend, None), results=[again])
        return ReplayResult.of(replay, shown).outcome

    assert outcome(broken) is Outcome.STILL_FAILING
    assert outcome(threaded.RIGHT[0]) is Outcome.FIXED


@pytest.mark.requirement("CACHE-02.threads")
def test_a_line_is_held_where_a_call_in_it_has_returned() -> None:
    (broken,) = [each for each in threaded.BROKEN if each.name == "InOneLineCache"]
    report = judged(broken, THREAD_SUITES, profile_name="quick", minimise=False)
    (found,) = [each.counterexample for each in report.results if each.counterexample]

    assert found.acts[0]["threaded"]["place"].startswith("the rest of threaded.py, line")


@pytest.mark.requirement("WAL-01.threads")
def test_what_is_not_declared_is_not_asked_for() -> None:
    undeclared = replace(threaded.BROKEN[0], capabilities=frozenset())
    (result, _) = judged(undeclared, THREAD_SUITES, profile_name="quick").results

    assert result.verdict is Verdict.NOT_APPLICABLE
    assert "does not declare threads" in result.reason


@pytest.mark.requirement("WAL-01.threads")
def test_a_harness_that_serves_one_call_at_a_time_is_not_exercised() -> None:
    serial = replace(threaded.RIGHT[0], concurrent_calls=False)
    (result, _) = judged(serial, THREAD_SUITES, profile_name="quick").results

    assert result.verdict is Verdict.NOT_APPLICABLE
    assert result.reason.startswith("declared, and not tried: the harness serves one call")


def through_the_door(words: list[str]) -> tuple[Verdict, str]:
    with harness_backend(" ".join(words), call_seconds_max=10.0) as backend:
        assert Capability.THREADS in backend.capabilities
        report = judged(backend, THREAD_SUITES, profile_name="quick", minimise=False)
    (result,) = [each for each in report.results if each.verdict is not Verdict.NOT_APPLICABLE]
    return result.verdict, result.reason


# What it remembers wrongly is asked for again by luck: five times of six.
LUCKY = ("RememberingLog",)
SERVED = [(each, Verdict.FAIL) for each in threaded.BROKEN if each.name not in LUCKY]
SERVED += [(each, Verdict.PASS) for each in threaded.RIGHT]


@pytest.mark.by_day(9)
@pytest.mark.parametrize(("backend", "verdict"), SERVED, ids=[each.name for each, _ in SERVED])
@pytest.mark.requirement("WAL-01.threads", "CACHE-02.threads")
def test_threads_are_tried_through_a_door(backend: Backend, verdict: Verdict) -> None:
    """Whoever serves requests side by side is judged like an object, line by line."""
    serve = [sys.executable, "-m", "conformance", "serve"]

    assert through_the_door([*serve, f"{MODULE}:served_{backend.name}"])[0] is verdict


@pytest.mark.requirement("WAL-01.threads")
@pytest.mark.nightly
def test_a_harness_that_serves_in_turn_after_all_is_no_pass() -> None:
    """It answers in the order in which it is asked, so that no two calls ever met."""
    words = [sys.executable, "-m", "tests.zoo.races.serial_harness"]
    verdict, reason = through_the_door(words)

    assert verdict is Verdict.INCONCLUSIVE
    assert "never arose" in reason
