"""Clocks that are set: who goes by them is caught, who only looks at them is not."""

from __future__ import annotations

import datetime
import sys
import time
from collections import UserList
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.backend import Backend
from conformance.engine.moved_clocks import moved_clocks
from conformance.machines.clocks import CACHE_CLOCK_SUITE, WAL_CLOCK_SUITE
from conformance.records.results import BackendReport, Counterexample
from tests.zoo import clocked, restarting
from tests.zoo.broken_long_caches import MapCache, cache_backend
from tests.zoo.broken_long_logs import TrackedWal, log_backend
from tests.zoo.judging import failed, judged, unproved

SUITES = (WAL_CLOCK_SUITE, CACHE_CLOCK_SUITE)
BROKEN = [
    *((log_backend(name, make), own) for name, make, own in clocked.BROKEN_CLOCKED_LOGS),
    *((cache_backend(name, make), own) for name, make, own in clocked.BROKEN_CLOCKED_CACHES),
]


def of_right(make: Any) -> Backend:
    return (cache_backend if issubclass(make, MapCache) else log_backend)(make.__name__, make)


def found_in(report: BackendReport) -> Counterexample:
    (found,) = [each.counterexample for each in report.results if each.counterexample]
    return found


@pytest.mark.parametrize(("backend", "own"), BROKEN, ids=[each.name for each, _ in BROKEN])
@pytest.mark.requirement("WAL-01", "CACHE-02")
def test_who_goes_by_a_clock_fails_once_it_is_set(backend: Backend, own: str) -> None:
    report = judged(backend, SUITES, profile_name="quick")

    assert failed(report) == [own]
    assert found_in(report).reproduced
    told = [step.text for step in found_in(report).steps if "clock" in step.text]
    assert len(told) == 1
    assert told[0].startswith(("the clocks that it reads are set ahead by 400", "the clock that"))


@pytest.mark.parametrize("make", clocked.RIGHT_CLOCKED)
@pytest.mark.requirement("WAL-01", "CACHE-02")
def test_who_only_looks_at_it_passes(make: Any) -> None:
    report = judged(of_right(make), SUITES, profile_name="quick")

    assert failed(report) == []
    assert unproved(report) == []
    assert report.notes == []


@pytest.mark.requirement("WAL-01")
def test_what_has_no_close_is_given_up_before_it_is_opened_again() -> None:
    """Else it would be refused, by every clock, and never be judged."""
    (locked,) = [each for each in restarting.RIGHT if each.name == "LockedWhileInUse_log"]
    report = judged(locked, SUITES, profile_name="quick")

    assert failed(report) == []
    assert report.notes == []


class LosesTheSecond(TrackedWal):
    """Wrong by whichever clock."""

    def store(self, entry: Any) -> None:
        if len(self.entries) != 1:
            super().store(entry)


@pytest.mark.requirement("WAL-01")
def test_what_fails_by_every_clock_is_left_to_others() -> None:
    report = judged(log_backend("wrong", LosesTheSecond), SUITES, profile_name="quick")

    assert failed(report) == []
    assert "WAL-01: not judged by other clocks, as it fails by these" in report.notes


def test_a_backend_in_another_process_is_not_asked() -> None:
    afar = replace(log_backend("afar", TrackedWal), overtaken=lambda: 0)

    assert not WAL_CLOCK_SUITE.applies(afar)
    assert "its clocks cannot be set" in WAL_CLOCK_SUITE.absence(afar)


@pytest.mark.parametrize("seconds", [400 * 86_400, -3_600])
def test_clocks_are_moved_for_the_modules_of_a_part_alone(tmp_path: Path, seconds: int) -> None:
    part = clocked.NumberedByTheDay(tmp_path)
    names: dict[str, Any] = vars(clocked)
    before = {name: names[name] for name in ("time", "datetime", "moment")}
    asked: list[Callable[[], float]] = [
        lambda: names["time"].time(),
        lambda: names["time"].time_ns() / 1e9,
        lambda: names["moment"].now(datetime.UTC).timestamp(),
        lambda: names["datetime"].datetime.now(datetime.UTC).timestamp(),
    ]

    with moved_clocks(part) as clocks:
        assert all(abs(each() - time.time()) < 60 for each in asked)
        clocks.move(seconds)
        assert all(abs(each() - time.time() - seconds) < 60 for each in asked)
        running = names["time"].monotonic() - time.monotonic()
        assert abs(running - max(0, seconds)) < 60
        assert abs(names["time"].monotonic_ns() / 1e9 - time.monotonic() - running) < 60
        # What is made by it is real, and so is everything that is no clock.
        assert type(names["moment"](2020, 1, 1)) is datetime.datetime
        assert isinstance(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), names["moment"])
        assert issubclass(datetime.datetime, names["moment"])
        assert names["datetime"].timedelta is datetime.timedelta
        assert names["time"].sleep is time.sleep
        assert sys.modules["time"] is time
        assert sys.modules["datetime"] is datetime
    assert {name: names[name] for name in before} == before


class ReadsAUserList(TrackedWal):
    """Right: gives its reads as a sequence that is neither a list nor a tuple."""

    def read_since(self, tick: int) -> Any:
        return UserList(super().read_since(tick))


@pytest.mark.requirement("WAL-01", "WAL-05")
def test_any_sequence_is_an_answer() -> None:
    report = judged(log_backend("sequence", ReadsAUserList), SUITES, profile_name="quick")

    assert failed(report) == []
    assert unproved(report) == []
