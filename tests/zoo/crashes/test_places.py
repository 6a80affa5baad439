"""Places that entries are kept in: who takes one that is not free is found."""

from __future__ import annotations

import sys

import pytest

from conformance.backend import Backend, Capability, Launch
from conformance.crashes.fault_suites import FAULT_SUITES
from conformance.crashes.strace import obstacle
from conformance.crashes.suites import CRASH_SUITES
from conformance.records.results import BackendReport
from tests.zoo.crashes import places
from tests.zoo.judging import failed, judged, unproved

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")

DURABLE = frozenset({Capability.REOPEN, Capability.PROCESS_KILL, Capability.POWER_LOSS})
PROMISED = frozenset({Capability.REOPEN, Capability.PROCESS_KILL, Capability.FAULT_TOLERANCE})
FULL_DISK = tuple(each for each in FAULT_SUITES if each.requirement_id == "CACHE-08.disk-full")


def launched(name: str, promised: frozenset[Capability] = PROMISED) -> Backend:
    target = f"{places.__name__}:{name}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    return Backend(
        name,
        evidence_cache=getattr(places, name),
        capabilities=promised,
        launch=Launch(command),
    )


@pytest.mark.requirement("CACHE-08.disk-full")
def test_a_place_that_was_freed_by_a_put_that_failed_is_not_free() -> None:
    def report(name: str) -> BackendReport:
        return judged(launched(name), FULL_DISK, profile_name="quick", minimise=False)

    assert failed(report("FreesTooEarlyCache")) == ["CACHE-08.disk-full"]
    assert unproved(report("SlotsCache")) == []


@pytest.mark.nightly
@pytest.mark.requirement("CACHE-08.recovery")
def test_an_opening_that_writes_over_the_newest_of_several_images_fails() -> None:
    """A torn image is no image, and those beside it lack what was acknowledged last."""

    def report(name: str) -> BackendReport:
        backend = launched(name, DURABLE)
        return judged(backend, CRASH_SUITES, profile_name="quick", minimise=False)

    assert "CACHE-08.recovery" in failed(report("BeginsWithTheFirstCache"))
    right = report("ImagesInTurnsCache")
    assert failed(right) == []
    assert unproved(right) == []
