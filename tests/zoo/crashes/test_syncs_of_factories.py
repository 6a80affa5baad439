"""Which sync fails is counted from the first request on, and not from the start of the process.

A bare factory is called once to see what it makes. What it syncs then is no part of the history.
"""

from __future__ import annotations

import sys

import pytest

from conformance.backend import Backend, Capability, Launch
from conformance.crashes.fault_suites import FAULT_SUITES
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
