"""What is left alone for a while is there afterwards: what drops by age is failed in quick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.engine.profiles import PROFILES
from conformance.machines.rests import RESTED_CACHE_SUITE, RESTED_LOG_SUITE
from conformance.records.results import BackendReport
from telltale_spec.wire.agreement import AgreementLevel, AgreementWalEntry, Escalation
from tests.zoo.broken_long_caches import cache_backend
from tests.zoo.broken_long_logs import TrackedWal, log_backend
from tests.zoo.broken_rests import (
    BROKEN_RESTED_CACHES,
    BROKEN_RESTED_LOGS,
    RIGHT_RESTED_CACHES,
    RIGHT_RESTED_LOGS,
)
from tests.zoo.judging import failed, judged, unproved

SUITES = (RESTED_LOG_SUITE, RESTED_CACHE_SUITE)


def steps_of(report: BackendReport, requirement_id: str) -> list[str]:
    result = report.result(requirement_id)
    assert result is not None
    assert result.counterexample is not None
    return [step.text for step in result.counterexample.steps]


@pytest.mark.requirement("WAL-01", "WAL-08")
@pytest.mark.parametrize(
    ("name", "make", "requirement_id"),
    BROKEN_RESTED_LOGS,
    ids=[row[0] for row in BROKEN_RESTED_LOGS],
)
@pytest.mark.by_day(3)
def test_a_log_that_drops_what_is_old_fails(
    name: str, make: Callable[[Path], Any], requirement_id: str
) -> None:
    backend = log_backend(name, make, reopens=requirement_id == "WAL-08")

    report = judged(backend, SUITES, profile_name="quick", minimise=False)

    assert requirement_id in failed(report)


@pytest.mark.requirement("CACHE-02", "CACHE-06")
@pytest.mark.parametrize(
    ("name", "make", "requirement_id"),
    BROKEN_RESTED_CACHES,
    ids=[row[0] for row in BROKEN_RESTED_CACHES],
)
def test_a_cache_that_drops_what_is_old_fails(
    name: str, make: Callable[[Path], Any], requirement_id: str
) -> None:
    report = judged(cache_backend(name, make), SUITES, profile_name="quick", minimise=False)

    assert requirement_id in failed(report)


@pytest.mark.nightly
@pytest.mark.requirement("WAL-01")
def test_the_shortest_history_has_one_entry_and_the_rest() -> None:
    name, make, requirement_id = BROKEN_RESTED_LOGS[0]

    report = judged(log_backend(name, make), SUITES, profile_name="quick")

    assert steps_of(report, requirement_id) == [
        'append gate none of "a" for "c" at tick 1',
        "ask nothing for 1.1 s",
        "load the log",
    ]


@pytest.mark.parametrize(
    "backend",
    [
        *(log_backend(*row) for row in RIGHT_RESTED_LOGS),
        *(cache_backend(*row) for row in RIGHT_RESTED_CACHES),
    ],
    ids=lambda backend: str(backend.name),
)
def test_what_only_notices_the_time_fails_nothing(backend: Any) -> None:
    report = judged(backend, SUITES, profile_name="quick")

    assert failed(report) == []
    assert unproved(report) == []


def test_longer_profiles_wait_longer() -> None:
    waits = [PROFILES[each].budget.rest_milliseconds for each in ("quick", "ci", "deep")]

    assert waits == sorted(waits)
    # A run in which nothing is asked for a minute is taken for one that hangs.
    assert max(waits) < 50_000


class StoresAnother(TrackedWal):
    """Stores beside each entry one that goes back, which nobody has offered."""

    def store(self, entry: AgreementWalEntry) -> None:
        super().store(entry)
        level, before = AgreementLevel.NONE, AgreementLevel.FINALIZED
        self.entries.append(Escalation("a", before, level, None, 1))


@pytest.mark.requirement("WAL-03")
@pytest.mark.nightly
def test_what_is_blamed_beyond_the_list_of_a_suite_is_a_failure_like_any_other() -> None:
    """Nothing that has to be refused is offered here, and it can be found stored all the same."""
    backend = log_backend("stores another", StoresAnother)

    def found(*only: str) -> list[str]:
        suites = (RESTED_LOG_SUITE,)
        return failed(judged(backend, suites, profile_name="quick", minimise=False, only=only))

    assert found() == ["WAL-01", "WAL-03"]
    assert found("WAL-01") == ["WAL-01"]
    right = judged(log_backend("right", TrackedWal), (RESTED_LOG_SUITE,), profile_name="quick")
    assert right.result("WAL-03") is None
