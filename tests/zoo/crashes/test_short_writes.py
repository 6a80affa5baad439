"""Writes that take a part only: who goes on rightly passes, and who does not look fails."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from conformance.backend import Backend, Capability, Launch
from conformance.crashes.fault_acts import FaultClass
from conformance.crashes.fault_suites import FAULT_SUITES
from conformance.crashes.strace import obstacle
from tests.zoo.crashes import targets
from tests.zoo.judging import failed, judged

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")

PROMISES = frozenset({Capability.REOPEN, Capability.FAULT_TOLERANCE})
SHORT = tuple(each for each in FAULT_SUITES if each.fault_class is FaultClass.SHORT_WRITE)


def launched(name: str) -> Backend:
    target = f"{targets.__name__}:{name}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    backend = targets.backend_of(targets.CASES[name])
    return replace(backend, capabilities=PROMISES, launch=Launch(command))


@pytest.mark.parametrize("name", ["ShortWriteIgnored_log", "ShortWriteFromStart_log"])
@pytest.mark.requirement("WAL-08.disk-full")
def test_who_takes_a_part_for_the_whole_fails(name: str) -> None:
    """One does not look how much it was, and one writes the rest at the wrong place."""
    report = judged(launched(name), SHORT, profile_name="quick", minimise=False)

    assert failed(report) == ["WAL-08.disk-full"]
    result = report.result("WAL-08.disk-full")
    assert result is not None
    assert result.counterexample is not None
    fault = result.counterexample.steps[-1].text
    assert "stops where its file has" in fault


@pytest.mark.parametrize("name", ["AppendFile_log", "WholeFile_cache"])
@pytest.mark.requirement("WAL-08.disk-full", "CACHE-08.disk-full")
def test_who_goes_on_with_the_rest_passes(name: str) -> None:
    """Also where there is no room for it, and the write is taken back."""
    report = judged(launched(name), SHORT, profile_name="quick", minimise=False)

    assert failed(report) == []
    assert report.crash_classes == ["short-write"]
