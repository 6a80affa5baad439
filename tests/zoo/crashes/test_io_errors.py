"""Calls that fail in other ways than for want of space: who reports it passes, others fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.backend import Backend, Capability
from conformance.crashes.call_failures import FailingCall, failing_calls
from conformance.crashes.conduct import Component
from conformance.crashes.fault_acts import FaultClass
from conformance.crashes.fault_suites import FAULT_SUITES
from conformance.crashes.faults import Plan, call_failure
from conformance.crashes.histories import log_histories
from conformance.crashes.strace import obstacle
from conformance.crashes.undertaking import Undertaking
from conformance.report.failure import counterexample_text
from tests.zoo.crashes.test_short_writes import launched
from tests.zoo.judging import failed, judged, unproved

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")

ERRORS = tuple(each for each in FAULT_SUITES if each.fault_class is FaultClass.IO_ERROR)

# Each with the fault that has to show it.
BROKEN = {
    "TakesUnreadableForEmpty_log": "openat fails with E",
    "RenamesInVain_log": "rename fails with EACCES",
    "WritesAgainBehindIt_log": "write fails with EIO",
    "StepsAside_log": "openat fails with E",
    "TakesUnreadableForEmpty_cache": "openat fails with E",
    "RenamesInVain_cache": "rename fails with EACCES",
}


def killed(name: str) -> Backend:
    backend = launched(name)
    return replace(backend, capabilities=backend.capabilities | {Capability.PROCESS_KILL})


@pytest.mark.by_day(3)
@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.requirement("WAL-08.io-error", "CACHE-08.io-error")
def test_who_goes_on_as_if_nothing_had_failed_is_caught(name: str) -> None:
    report = judged(killed(name), ERRORS, profile_name="quick", minimise=False)

    prefix = "WAL" if name.endswith("_log") else "CACHE"
    assert failed(report) == [f"{prefix}-08.io-error"]
    (found,) = [each.counterexample for each in report.results if each.counterexample]
    assert BROKEN[name] in counterexample_text(found)


@pytest.mark.by_day(4)
@pytest.mark.parametrize(
    "name", ["AppendFile_log", "CleansUpFirst_log", "Segmented_log", "WholeFile_cache"]
)
@pytest.mark.requirement("WAL-08.io-error", "CACHE-08.io-error")
def test_who_reports_it_or_does_without_passes(name: str) -> None:
    report = judged(killed(name), ERRORS, profile_name="quick", minimise=False)

    assert failed(report) == []
    assert unproved(report) == []
    assert report.crash_classes == ["io-error"]


def test_every_call_on_a_stored_file_can_fail_while_something_is_stored() -> None:
    launch = launched("CleansUpFirst_log").launch
    assert launch is not None
    # The first process may still compile what it imports, which takes calls of its own.
    history = Undertaking(launch, Component.LOG, next(log_histories(0, 0)))
    first, second, again = (failing_calls(history) for _ in range(3))

    assert [call.label for call in first] == [call.label for call in second]
    assert second == again
    labels = {call.label for call in second}
    assert labels >= {
        "call 1 of its storing, openat with EMFILE",
        "call 1 of its storing, openat with EACCES",
        "call 2 of its storing, unlink with EACCES",
        "call 3 of its storing, openat with ENOSPC",
    }
    assert {call.error for call in second if call.name == "openat"} == {
        *("EMFILE", "EACCES", "ENOSPC")
    }


@pytest.mark.parametrize("number", [1, 200])
@pytest.mark.requirement("WAL-08.io-error")
def test_a_call_that_fails_before_the_storage_is_opened_is_no_fault_of_it(number: int) -> None:
    """A process may not come so far as to serve then; nobody is blamed for that."""
    launch = launched("AppendFile_log").launch
    assert launch is not None
    history = Undertaking(launch, Component.LOG, next(log_histories(0, 0)))
    early = FailingCall("openat", number, "EMFILE", "an import with EMFILE")

    run = call_failure(history, Plan((), (), (), failing=(early,)), 1)

    assert not run.failed
