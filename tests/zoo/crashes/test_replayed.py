"""What a storage does now and then rests on what it has mended: it is asked for many stores."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.backend import Backend, Capability, Launch
from conformance.crashes.strace import obstacle
from conformance.crashes.suites import CRASH_SUITES
from conformance.records.results import BackendReport
from tests.zoo.crashes import replayed
from tests.zoo.judging import failed, judged, unproved

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")

DURABLE = frozenset({Capability.REOPEN, Capability.PROCESS_KILL, Capability.POWER_LOSS})


def report(name: str) -> BackendReport:
    target = f"{replayed.__name__}:{name}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    made = getattr(replayed, name)
    backend = Backend(name, agreement_wal=made, capabilities=DURABLE, launch=Launch(command))
    return judged(backend, CRASH_SUITES, profile_name="quick", minimise=False)


@pytest.mark.requirement("WAL-08.progress")
def test_what_was_replayed_for_show_is_lost_with_the_next_table() -> None:
    """An orderly end leaves no torn end, and few stores make no table."""
    assert failed(report("ReplaysForShowLog")) == ["WAL-08.progress"]


def test_what_was_replayed_for_the_next_table_too_is_kept() -> None:
    right = report("TablesLog")

    assert failed(right) == []
    assert unproved(right) == []


def test_a_failure_of_a_later_life_is_replayed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--capability", "reopen", "--capability", "power-loss"]
    target = f"{replayed.__name__}:ReplaysForShowLog"
    only = ["--only", "WAL-08.progress", "--replays", str(tmp_path)]

    assert main(["check", target, *words, *only]) == 1
    assert "stores later, " in capsys.readouterr().out
    (kept,) = tmp_path.rglob("*.json")
    assert main(["replay", str(kept), target, *words]) == 1
    right = f"{replayed.__name__}:TablesLog"
    assert main(["replay", str(kept), right, *words]) == 0
