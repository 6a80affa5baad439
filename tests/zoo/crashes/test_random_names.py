"""Files whose names no other run has: their writes fail too, told by their numbers."""

from __future__ import annotations

import pytest

from conformance.crashes.fault_acts import FaultClass
from conformance.crashes.fault_suites import FAULT_SUITES
from conformance.crashes.strace import obstacle
from tests.zoo.crashes.test_short_writes import launched
from tests.zoo.judging import failed, judged, unproved

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")

SPACE = tuple(
    each
    for each in FAULT_SUITES
    if each.fault_class in (FaultClass.DISK_FULL, FaultClass.SHORT_WRITE)
)
FAULTS = {
    "IgnoresFullDiskAtRandom_log": "fails with ENOSPC",
    "TakesAPartAtRandom_log": "stops where its file has",
}


@pytest.mark.by_day(2)
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.requirement("WAL-08.disk-full")
def test_who_does_not_look_whether_there_was_space_fails(name: str) -> None:
    report = judged(launched(name), SPACE, profile_name="quick", minimise=False)

    assert failed(report) == ["WAL-08.disk-full"]
    (found,) = [each.counterexample for each in report.results if each.counterexample]
    assert FAULTS[name] in found.steps[-1].text


@pytest.mark.requirement("WAL-08.disk-full")
@pytest.mark.nightly
def test_who_takes_it_back_passes_and_nothing_is_open() -> None:
    report = judged(launched("NamedAtRandom_log"), SPACE, profile_name="quick", minimise=False)

    assert failed(report) == []
    assert unproved(report) == []
    assert report.crash_classes == ["disk-full", "short-write"]
