"""Of many openings after a crash those are crashed again that do what others do not."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from conformance.backend import Backend, Launch
from conformance.crashes.strace import obstacle
from conformance.crashes.suites import CRASH_SUITES
from tests.zoo.crashes import targets
from tests.zoo.judging import failed, judged, unproved

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")


def launched(name: str) -> Backend:
    target = f"{targets.__name__}:{name}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    backend = targets.backend_of(targets.CASES[name])
    return replace(backend, launch=Launch(command))


@pytest.mark.requirement("WAL-08.recovery")
def test_a_repair_that_forgets_too_early_is_crashed_in_its_middle() -> None:
    """It comes about only where an append was torn, which few openings find."""
    backend = launched("ForgetsBeforeItIsUndone_log")
    report = judged(backend, CRASH_SUITES, profile_name="quick", minimise=False)

    assert failed(report) == ["WAL-08.recovery"]


@pytest.mark.requirement("WAL-08.recovery")
def test_a_repair_that_is_stable_before_it_forgets_passes() -> None:
    backend = launched("UndoesWhatIsTorn_log")
    report = judged(backend, CRASH_SUITES, profile_name="quick", minimise=False)

    assert failed(report) == []
    assert unproved(report) == []
