"""What was not tried is open: no budget that ran out lets a requirement pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from conformance.backend import Capability
from conformance.crashes.fault_suites import FAULT_SUITES
from conformance.crashes.faults import of_each_kind
from conformance.crashes.rot_suites import ROT_SUITES
from conformance.crashes.strace import obstacle
from conformance.crashes.suites import CRASH_SUITES
from conformance.crashes.survivor_suites import SURVIVOR_SUITES
from conformance.crashes.tests.crash_logs import SURVIVES
from conformance.crashes.tests.test_suites import launched
from conformance.engine.clock import SearchClock
from conformance.engine.profiles import profile
from conformance.engine.suite import Suite
from conformance.engine.watch import CallWatch
from conformance.records.results import Verdict
from conformance.run.runner import judge_backend

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")

EVERYTHING = frozenset({*SURVIVES, Capability.FAULT_TOLERANCE, Capability.BIT_ROT})
LOG_SUITES = (*CRASH_SUITES[:2], SURVIVOR_SUITES[0], *FAULT_SUITES[:3], ROT_SUITES[0])


def stopped_after(count: int) -> Callable[..., bool]:
    """Return a clock that has run out when it has been asked so often."""
    asked = 0

    def is_out_of_time(clock: SearchClock, share: float = 1.0) -> bool:
        nonlocal asked
        asked += 1
        return asked > count

    return is_out_of_time


def verdicts(name: str, suite: Suite) -> dict[str, Verdict]:
    """Return the verdicts of one suite on a log that promises everything."""
    backend = replace(launched(name), capabilities=EVERYTHING)
    quick = profile("quick")
    budget = replace(quick.budget, minimise=False)
    with CallWatch() as watch:
        report = judge_backend(
            backend, replace(quick, budget=budget), seed=0, watch=watch, suites=(suite,)
        )
    return {each.requirement_id: each.verdict for each in report.results}


@pytest.mark.parametrize("suite", LOG_SUITES, ids=lambda suite: suite.name)
@pytest.mark.parametrize("count", [0, 2])
@pytest.mark.requirement("WAL-08.power", "WAL-08.recovery", "WAL-08.fsync-error", "WAL-15.bit-rot")
@pytest.mark.by_day(4)
def test_a_clock_that_has_run_out_leaves_open_what_was_not_tried(
    monkeypatch: pytest.MonkeyPatch, suite: Suite, count: int
) -> None:
    """At once, or after two histories: nothing passes, of a log that is right but for damage."""
    monkeypatch.setattr(SearchClock, "is_out_of_time", stopped_after(count))

    found = verdicts("poisoned", suite)

    assert found
    assert Verdict.PASS not in found.values()


@pytest.mark.parametrize("count", [0, 5, 60])
@pytest.mark.requirement("WAL-08.power", "WAL-08.recovery", "WAL-08.progress")
def test_whenever_the_clock_runs_out_a_log_that_does_not_sync_does_not_pass(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """A busy machine may leave open what is broken; it never makes a pass of it."""
    monkeypatch.setattr(SearchClock, "is_out_of_time", stopped_after(count))
    found = verdicts("no_sync", CRASH_SUITES[1])

    assert found["WAL-08.power"] in (Verdict.FAIL, Verdict.INCONCLUSIVE)
    assert Verdict.PASS not in found.values()


def test_of_each_kind_of_call_one_fails_first() -> None:
    """A sync that comes once in a history is not left to luck."""
    labels = ["open, log, 0", *["append, log, 0"] * 20, "append, checkpoint, 1", "close, log, 0"]

    assert of_each_kind(labels, 4) == [1, 3, 22, 23]
    assert {1, 3, 22, 23} < {*of_each_kind(labels, 8)}
    assert len(of_each_kind(labels, 8)) == 8
    assert of_each_kind(labels, 100) == list(range(1, 24))
    assert len(of_each_kind(labels, 2)) == 2
    assert of_each_kind([], 3) == []


@pytest.mark.requirement("WAL-08.fsync-error", "CACHE-08.fsync-error")
def test_what_stores_fails_first_where_there_are_too_many_kinds_of_calls() -> None:
    """Only what was stored is acknowledged, so a sync of an append fails in every run."""
    labels = [
        *("open, new, log.new, 0", "open, new, , 1"),
        *("append, new, log, 0", "append, new, log, 0"),
        *("close, new, log, 0", "open, new, log, 0", "open, new, log, 1"),
        *("append, opened again, log, 0", "close, opened again, log, 0"),
    ]
    assert of_each_kind(labels, 3) == [1, 4, 8]
    assert {4, 8} < {*of_each_kind(labels, 6)}
    # Of openings there is one at least, however many ways of storing there are.
    assert 6 in of_each_kind([*(f"put, new, {each}, 0" for each in "abcde"), "open, new, f, 0"], 3)
