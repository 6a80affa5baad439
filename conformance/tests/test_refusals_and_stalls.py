"""What must not turn a verdict: refusals of what a store has no room for, odd plans, and stalls."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import Any

import pytest

from conformance.backend import Backend
from conformance.engine import clock
from conformance.machines.cache import CACHE_SUITE
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.recovery import RECOVERY_SUITE
from conformance.run.ending import interrupts_held
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import BlockedStatus
from tests.zoo.broken_long_caches import MapCache, cache_backend
from tests.zoo.broken_long_logs import TrackedWal, log_backend
from tests.zoo.broken_recoveries import correct
from tests.zoo.judging import failed, judged, unproved


class NothingBlocked(MapCache):
    """Refuses outcomes that are blocked."""

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        if isinstance(entry.outcome.status, BlockedStatus):
            raise DurabilityError("not final")
        super().put(entry)


class NothingDeep(MapCache):
    """Refuses what is nested deeply."""

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        if repr(entry).count("ProdValue") > 20:
            raise DurabilityError("too deep")
        super().put(entry)


@pytest.mark.requirement("CACHE-01")
def test_a_cache_that_refuses_an_outcome_is_not_blamed_for_the_empty_id() -> None:
    report = judged(
        cache_backend("no blocked", NothingBlocked),
        (CACHE_SUITE,),
        profile_name="quick",
        minimise=False,
    )

    assert failed(report) == []


@pytest.mark.requirement("CACHE-02")
def test_a_cache_that_refuses_deep_values_is_not_open_for_that() -> None:
    report = judged(cache_backend("not deep", NothingDeep), (CACHE_SUITE,), profile_name="quick")

    assert failed(report) == []
    assert "CACHE-02" not in unproved(report)


@pytest.mark.requirement("RECOV-03")
def test_a_plan_of_an_operation_that_the_log_does_not_have_fails_a_requirement() -> None:
    """It names one that another log had, and ends the run with no fault of ours."""

    def recover(tick: int, machine: Any, wal: Any, cache: Any) -> Any:
        plan = correct(tick, machine, wal, cache)
        foreign = [replace(each, operation_id="foreign") for each in plan.decisions[:1]]
        return replace(plan, decisions=(*foreign, *plan.decisions[1:]))

    laws = tuple(law for law in RECOVERY_SUITE.laws if law.name == "related logs")
    suite = replace(RECOVERY_SUITE, laws=laws)
    report = judged(Backend("foreign", recovery=recover), (suite,), profile_name="quick")

    assert failed(report)


def test_a_stall_at_the_beginning_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sixth of the time is gone before the first script has done anything."""
    used = vars(clock.SearchClock)["used_share"].fget
    late = property(lambda self: used(self) + 1 / 6)
    monkeypatch.setattr(clock.SearchClock, "used_share", late)

    report = judged(log_backend("late", TrackedWal), (DIRECTED_LOG_SUITE,), profile_name="quick")

    assert failed(report) == []
    assert not {*unproved(report)} - {"WAL-03.text", "WAL-08"}


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_termination_waits_until_a_process_has_started() -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
    try:
        with interrupts_held():
            signal.raise_signal(signal.SIGTERM)
            assert came == []
        assert came == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
