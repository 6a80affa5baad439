"""A child that is held at a system call: where, for how long, and what becomes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from conformance.races.ptrace import obstacle_of_system
from conformance.races.tests.held import started
from conformance.races.tracing import Hold, HoldingError

pytestmark = pytest.mark.skipif(
    bool(obstacle_of_system()), reason=obstacle_of_system() or "calls can be held"
)
SECONDS_MAX = 20


@pytest.mark.requirement("WAL-01.parked")
@pytest.mark.parametrize("how", ["alone", "thread", "fork"])
def test_a_process_a_thread_and_a_child_of_it_are_held_and_go_on(how: str, tmp_path: Path) -> None:
    directory = tmp_path.resolve()
    is_held = threading.Event()
    with started(directory, how) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        hold = Hold(child.pid, directory, 1, is_held.set)
        child.stdin.write(b"\n")
        assert is_held.wait(SECONDS_MAX)
        assert hold.is_held
        assert hold.calls == ["openat(file, O_CREAT|O_TRUNC)"]
        assert not (directory / "file").exists()
        hold.release()
        assert child.stdout.readline() == b"done\n"
        assert (directory / "file").exists()
        child.stdin.write(b"\n")
        assert child.wait(SECONDS_MAX) == 0


@pytest.mark.requirement("WAL-01.parked")
@pytest.mark.parametrize("how", ["alone", "thread", "fork"])
def test_calls_are_counted_without_holding_and_the_child_ends_as_it_would(
    how: str, tmp_path: Path
) -> None:
    directory = tmp_path.resolve()
    with started(directory, how) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        hold = Hold(child.pid, directory, 0, lambda: None)
        child.stdin.write(b"\n")
        assert child.stdout.readline() == b"done\n"
        hold.release()
        assert not hold.is_held
        assert hold.calls[0] == "openat(file, O_CREAT|O_TRUNC)"
        child.stdin.write(b"\n")
        assert child.wait(SECONDS_MAX) == 0


@pytest.mark.requirement("WAL-01.parked")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("how", ["alone", "fork"])
def test_whatever_ends_us_leaves_no_process_held(
    number: signal.Signals, how: str, tmp_path: Path
) -> None:
    directory = tmp_path.resolve()
    words = [sys.executable, "-m", "conformance.races.tests.held", str(directory), how]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as holder:
        assert holder.stdout is not None
        child = int(holder.stdout.readline().split()[0])
        assert Path(f"/proc/{child}").exists()
        holder.send_signal(number)
        holder.wait(SECONDS_MAX)
    deadline = time.monotonic() + SECONDS_MAX
    while _lives(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _lives(child)
    assert not (directory / "file").exists() or number is signal.SIGINT


def _lives(process_id: int) -> bool:
    try:
        status = Path(f"/proc/{process_id}/stat").read_text()
    except FileNotFoundError:
        return False
    # One that has ended and that nobody waits for is no process any more.
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.requirement("WAL-01.parked")
def test_the_end_of_a_process_that_is_followed_is_left_to_who_started_it(tmp_path: Path) -> None:
    with started(tmp_path.resolve(), "alone") as child:
        hold = Hold(child.pid, tmp_path.resolve(), 0, lambda: None)
        # Not by the object of the child, which would look for its end and find it stopped.
        os.kill(child.pid, signal.SIGKILL)
        time.sleep(0.1)
        hold.release()
        assert child.wait(SECONDS_MAX) == -signal.SIGKILL


@pytest.mark.requirement("WAL-01.parked")
def test_what_is_no_child_of_ours_or_gone_cannot_be_held(tmp_path: Path) -> None:
    with started(tmp_path.resolve(), "alone") as child:
        first = Hold(child.pid, tmp_path.resolve(), 0, lambda: None)
        with pytest.raises(HoldingError, match="does not allow"):
            Hold(child.pid, tmp_path.resolve(), 0, lambda: None)
        first.release()
        child.kill()
