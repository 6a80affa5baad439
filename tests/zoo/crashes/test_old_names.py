"""A file whose name is not stable yet, and one that is older than what is beside it."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from conformance.backend import Backend, Capability, Launch
from conformance.crashes.strace import obstacle
from conformance.crashes.suites import CRASH_SUITES
from conformance.crashes.survivor_suites import SURVIVOR_SUITES
from conformance.records.results import BackendReport
from tests.zoo.crashes import old_names
from tests.zoo.judging import failed, judged, unproved

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")

DURABLE = frozenset({Capability.REOPEN, Capability.PROCESS_KILL, Capability.POWER_LOSS})


def report(name: str) -> BackendReport:
    target = f"{old_names.__name__}:{name}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    part = "agreement_wal" if name.endswith("Log") else "evidence_cache"
    made: dict[str, Any] = {part: getattr(old_names, name)}
    backend = Backend(name, **made, capabilities=DURABLE, launch=Launch(command))
    suites = (*CRASH_SUITES, *SURVIVOR_SUITES)
    return judged(backend, suites, profile_name="quick", minimise=False)


@pytest.mark.requirement("WAL-08.recovery")
def test_what_a_killed_process_has_made_is_not_stable() -> None:
    """The append that is asked for again names it, and the power goes."""
    assert failed(report("TakesWhatIsThereLog")) == ["WAL-08.recovery"]


@pytest.mark.requirement("WAL-08.progress")
def test_a_level_that_is_known_before_its_escalation_is_there_forbids_it() -> None:
    """Whoever asks for it again is refused for ever."""
    assert "WAL-08.progress" in failed(report("LevelsBeforeLog"))


@pytest.mark.requirement("CACHE-08.power")
def test_what_an_orderly_end_has_left_may_come_back() -> None:
    """It was written long before what it is taken for the key of."""
    assert "CACHE-08.power" in failed(report("KeepsAnOldHintCache"))


@pytest.mark.requirement("CACHE-08.recovery")
def test_what_is_left_half_done_may_be_longer_than_what_takes_its_place() -> None:
    """A long outcome was in it, and a short one has replaced that since."""
    assert failed(report("WritesOverALongerTableCache")) == ["CACHE-08.recovery"]


@pytest.mark.parametrize("name", ["ObjectsLog", "LevelsBesideLog", "HintedCache", "TablesCache"])
def test_who_syncs_before_a_name_is_relied_on_passes(name: str) -> None:
    right = report(name)

    assert failed(right) == []
    assert unproved(right) == []
