"""What real processes leave behind when they are ended, and what they say of the end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conformance.engine.scratch import ScratchFolder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")

_TARGET = """
import os, time
from pathlib import Path
from telltale_spec.backends.memory import InMemoryAgreementWal
SERVER = Path(__file__).with_name("server")
class Served(InMemoryAgreementWal):
    def __init__(self, history):
        super().__init__()
        self.storage = SERVER / history.name
        self.storage.touch()
    def destroy(self):
        self.storage.unlink()
class Slow(Served):
    def append(self, entry):
        (SERVER.parent / "running").touch()
        time.sleep(0.2)
class Exits(InMemoryAgreementWal):
    def append(self, entry):
        if self.load().entries:
            os._exit(7)
        super().append(entry)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "target.py").write_text(_TARGET, encoding="utf-8")
    (tmp_path / "server").mkdir()
    (tmp_path / "scratch").mkdir()
    return tmp_path


def started(folder: Path, target: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "conformance", "check", f"target:{target}"],
        cwd=folder,
        env={
            **os.environ,
            "TMPDIR": str(folder / "scratch"),
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), str(folder)]),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def waited_for(path: Path) -> None:
    limit = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < limit, f"{path} did not come"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_leaves_nothing(folder: Path, number: signal.Signals) -> None:
    """Neither its scratch folder nor what its history has on a server."""
    process = started(folder, "Slow")
    waited_for(folder / "running")
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 130, output
    assert list((folder / "scratch").iterdir()) == []
    assert list((folder / "server").iterdir()) == []


def test_the_next_run_removes_what_a_killed_one_left(folder: Path) -> None:
    """The folder of a dead run goes; that of one that is alive stays."""
    alive = started(folder, "Slow")
    waited_for(folder / "running")
    (live_folder,) = (folder / "scratch").iterdir()
    (folder / "running").unlink()
    dead = started(folder, "Slow")
    limit = time.monotonic() + 60
    while len(list((folder / "scratch").iterdir())) < 2 and time.monotonic() < limit:
        time.sleep(0.05)
    (dead_folder,) = set((folder / "scratch").iterdir()) - {live_folder}
    time.sleep(1.0)
    dead.kill()
    dead.communicate(timeout=60)
    assert dead_folder.exists()

    started(folder, "Exits").communicate(timeout=60)

    try:
        assert not dead_folder.exists()
        assert live_folder.exists()
    finally:
        alive.terminate()
        alive.communicate(timeout=60)


def test_a_process_that_exits_in_a_call_is_told_with_its_history(folder: Path) -> None:
    """Status, call and history are in the report."""
    output, _ = started(folder, "Exits").communicate(timeout=60)
    told = " ".join(output.split())

    assert "its process ended by itself with status 7 in the call `append" in told
    assert ", after: append" in told


def test_an_interrupt_while_a_folder_is_removed_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ScratchFolder(tmp_path)
    removed = shutil.rmtree

    def interrupted(path: Path, *, ignore_errors: bool) -> None:
        monkeypatch.setattr(shutil, "rmtree", removed)
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder.cleanup()

    assert list(tmp_path.iterdir()) == []
