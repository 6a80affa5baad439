"""Recording a real harness: what the events say is what is on disk."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest

from conformance.backend import Launch
from conformance.crashes.disk import Disk
from conformance.crashes.events import Answered
from conformance.crashes.strace import TracedHarness, obstacle
from telltale_spec.wire.agreement import AgreementLevel, Escalation

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")


class _Ending:
    """Ends a harness when it is closed."""

    def __init__(self, harness: TracedHarness) -> None:
        self.close = harness.end


@pytest.mark.parametrize("name", ["file", "sqlite"])
def test_the_events_of_a_harness_give_its_files(name: str, tmp_path: Path) -> None:
    """Two folders one after the other: applied events are the bytes that a reader finds."""
    command = (sys.executable, "-m", "conformance", "serve", name)
    harness = TracedHarness(Launch(command))
    with contextlib.closing(_Ending(harness)):
        for folder in (tmp_path / "a", tmp_path / "b"):
            folder.mkdir()
            harness.begin(folder.resolve())
            ask = harness.connection.ask
            log = harness.connection.new_number()
            ask("wal.open", {"object": log, "directory": str(folder.resolve())})
            levels = (AgreementLevel.NONE, AgreementLevel.PROVISIONAL)
            for tick in range(3):
                entry = Escalation(f"o{tick}", *levels, None, tick)
                ask("wal.append", {"object": log, "entry": entry})
            ask("wal.close", {"object": log})
            recording = harness.recorded()
            disk = Disk()
            for event in recording.events:
                disk.apply(event)
            found = {
                str(path.relative_to(folder)): path.read_bytes()
                for path in folder.rglob("*")
                if path.is_file()
            }
            assert dict(disk.image().files) == found
            assert sum(isinstance(event, Answered) for event in recording.events) == 5
