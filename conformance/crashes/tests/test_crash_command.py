"""The command that lists crash states: what it prints, writes and refuses."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.crashes.strace import obstacle
from conformance.crashes.tests import stubborn_logs
from conformance.engine.scratch import MEMORY_FOLDER
from telltale_spec.operating_system import try_lock

needs_strace = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")

NO_HISTORY = "it does not carry out a short history, with strace or without"
FIRST = 'evidence "evidence-1" of "a" soft_safe witness at tick 1'
SHORT = ("crash", "file", "--operations", "2")


@needs_strace
def test_states_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """One line a state, and how many there are; a kill leaves no more than there are calls."""
    assert main([*SHORT, "--class", "kill-inside"]) == 0

    *states, counts = capsys.readouterr().out.splitlines()
    assert states[0].startswith("    0: after event 0 of")
    assert counts.startswith("kill-inside on posix: ")
    assert f"{len(states)} distinct, of 2 operations" in counts


@needs_strace
def test_one_state_is_told_and_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The folder holds what the crash leaves, and the calls are told one by one."""
    folder = tmp_path / "image"
    chosen = ("--class", "power-torn", "--state", "0", "--image", str(folder))

    assert main([*SHORT, *chosen]) == 0
    told = capsys.readouterr().out
    assert "crash: the power goes here (power-torn, file system posix)" in told
    assert "survived in part" in told
    assert [path.name for path in folder.iterdir()] == ["agreement.wal"]


@needs_strace
def test_what_begins_late_can_be_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    """More operations than the short history has are those of the long one."""
    assert main(["crash", "log-file", "--operations", "20", "--class", "power-entry"]) == 0
    assert "of 20 operations" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "name one backend"),
        (("file", "--command", "x"), "name one backend"),
        (("file", "--image", "x"), "--image needs --state"),
        (("file", "--state", "0", "--image", "/"), "it is there already"),
        (("file", "--state", "0", "--image", "/absent/x"), "there is no folder /absent"),
        (("file", "--operations", "999"), "the longest history has 266"),
        (("nosuch:thing",), "there is no module `nosuch`"),
        (("--command", "'"), "No closing quotation"),
    ],
)
def test_bad_input_is_told(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    """Each has a text of its own and the status of wrong usage, before anything is started."""
    assert main(["crash", *arguments]) == 2
    assert told in capsys.readouterr().err


@needs_strace
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Hanging", f"{NO_HISTORY}: asked to append {FIRST}: no answer within 1 seconds"),
        ("HangingAgain", f"{NO_HISTORY}: asked to open the storage again: no answer within 1"),
        ("Dying", f"{NO_HISTORY}: asked to append {FIRST}: it ended with exit status 7"),
        ("DyingAgain", f"{NO_HISTORY}: asked to open the storage again: it ended with exit status"),
        ("Refusing", f"{NO_HISTORY}: it ended with exit status 2 at the handshake"),
        ("Calling", "it stores nothing in the directory that it is given; it calls port "),
        ("MappedLog", "what is written cannot be seen: a writable shared mapping of `log`"),
        ("Ringing", "what is written cannot be seen: io_uring"),
    ],
)
def test_what_cannot_be_crashed_says_what_really_happened(
    capsys: pytest.CaptureFixture[str], name: str, told: str
) -> None:
    """Each reason has its own text and the same status, and no request is shown as it was sent."""
    target = f"{stubborn_logs.__name__}:{name}"

    assert main(["crash", target, "--operations", "2", "--call-timeout", "1"]) == 4
    shown = capsys.readouterr().err
    assert f"{target}: {told}" in shown
    assert '{"id"' not in shown
    if name == "Refusing":
        assert "the factory raised DurabilityError: there is no storage here" in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--class", "odd"), "invalid choice: 'odd'"),
        (("--file-system", "odd"), "invalid choice: 'odd'"),
        (("--operations", "0"), "expected a whole number above 0"),
        (("--state", "-1"), "expected an integer"),
    ],
)
def test_unknown_choices_are_told(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    """The parser names the argument and what it may be."""
    with pytest.raises(SystemExit) as ended:
        main(["crash", "file", *arguments])

    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@needs_strace
def test_a_state_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """With the number of the last one."""
    assert main([*SHORT, "--class", "kill-inside", "--state", "999"]) == 2
    assert "the last one is" in capsys.readouterr().err


@needs_strace
def test_what_cannot_be_crashed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A backend without files has no states."""
    assert main(["crash", "memory"]) == 4
    assert "memory: it stores nothing in the directory" in capsys.readouterr().err


@needs_strace
def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    """Neither a process nor an image, wherever it comes."""
    before = _dead_folders()
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "conformance", "crash", "sqlite", "--class", "power-torn"]
    for seconds in (0.5, 1.5, 3.0):
        started = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(seconds)
        started.send_signal(signal.SIGINT)
        started.wait(30)

    # One that was only just started ends by itself, as soon as it finds that nobody asks any more.
    limit = time.monotonic() + 30.0
    while _processes_of(str(tmp_path)) and time.monotonic() < limit:
        time.sleep(0.1)
    assert _processes_of(str(tmp_path)) == []
    assert _dead_folders() <= before
    assert list(tmp_path.glob("telltale-conformance-*")) == []


def _dead_folders() -> set[Path]:
    """Return the scratch folders in memory that nobody owns: others may be at work beside us."""
    found = set()
    for owner in MEMORY_FOLDER.glob("telltale-conformance-*/.owner"):
        # One that goes meanwhile has had an owner.
        with contextlib.suppress(OSError):
            file = os.open(owner, os.O_RDWR)
            try:
                if try_lock(file):
                    found.add(owner.parent)
            finally:
                os.close(file)
    return found


def _processes_of(temporary: str) -> list[str]:
    """Return the command lines of processes that were given a folder for temporary files."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes()
        except OSError:
            # It has ended, or is another user's.
            continue
        if f"TMPDIR={temporary}".encode() in environment:
            found.append(command.decode("utf-8", "backslashreplace"))
    return found
