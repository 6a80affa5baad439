"""Which sync fails is counted from the first request on, and not from the start of the process.

A bare factory is called once to see what it makes. What it syncs then is no part of the history.
"""

from __future__ import annotations

import re
import sys

import pytest

from conformance.backend import Backend, Capability, Launch
from conformance.crashes.fault_suites import FAULT_SUITES, FaultSuite
from conformance.crashes.strace import obstacle
from tests.zoo.crashes import factories
from tests.zoo.judging import failed, judged

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")

PROMISES = frozenset({Capability.REOPEN, Capability.POWER_LOSS, Capability.FAULT_TOLERANCE})
SYNCS = FAULT_SUITES[:1]


def launched(name: str) -> Backend:
    target = f"{factories.__name__}:{name}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    make = getattr(factories, name)
    return Backend(name, agreement_wal=make, capabilities=PROMISES, launch=Launch(command))


@pytest.mark.requirement("WAL-08.fsync-error")
def test_a_log_that_syncs_when_it_is_made_can_be_judged() -> None:
    report = judged(launched("right_log"), SYNCS, profile_name="quick", minimise=False)

    assert report.fault is None
    assert failed(report) == []
    assert report.crash_classes == ["fsync-error"]


@pytest.mark.requirement("WAL-08.fsync-error")
def test_a_log_that_is_careless_in_its_appends_fails() -> None:
    """What fails is a sync of an append, and not one from before the first request."""
    report = judged(launched("careless_log"), SYNCS, profile_name="quick", minimise=False)

    assert report.fault is None
    assert failed(report) == ["WAL-08.fsync-error"]


@pytest.mark.requirement("WAL-08.fsync-error")
def test_a_log_that_is_careless_once_it_is_opened_again_fails() -> None:
    """A sync of an append fails on each kind of handle, however many syncs come before it."""
    report = judged(launched("forgetful_log"), SYNCS, profile_name="quick", minimise=False)

    assert failed(report) == ["WAL-08.fsync-error"]


@pytest.mark.by_day(2)
@pytest.mark.parametrize("suite", [FAULT_SUITES[0], FAULT_SUITES[1]], ids=lambda each: each.name)
@pytest.mark.requirement("WAL-08.fsync-error", "WAL-08.disk-full")
def test_every_call_that_is_planned_to_fail_fails(suite: FaultSuite) -> None:
    """Also where a log syncs and writes by two system calls each, which are counted apart."""
    report = judged(launched("two_ways_log"), (suite,), profile_name="ci", minimise=False)

    assert failed(report) == []
    (note,) = [each for each in report.notes if each.startswith(suite.name)]
    failing, planned = re.findall(r"\d+", note)
    assert failing == planned
    assert int(planned) > 8
