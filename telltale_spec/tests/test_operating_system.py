"""Both sides of every difference between operating systems, on whichever this is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import types
from pathlib import Path

import pytest

from telltale_spec import operating_system
from telltale_spec.operating_system import (
    NEW_GROUP,
    NEW_GROUP_FLAGS,
    kill_group,
    signals_held,
    sync_data,
    sync_folder,
    try_lock,
    unblock_signals,
    write_at,
)


class Msvcrt:
    """What Windows has for locks, of one file: the first byte is locked or it is not."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.holder: int | None = None
        self.calls: list[tuple[int, int, int]] = []

    def locking(self, descriptor: int, mode: int, count: int) -> None:
        self.calls.append((os.lseek(descriptor, 0, os.SEEK_CUR), mode, count))
        if self.holder not in (None, descriptor):
            raise PermissionError(13, "Permission denied")
        self.holder = descriptor


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT)


def test_a_lock_is_held_by_one_descriptor(tmp_path: Path) -> None:
    one, other = _opened(tmp_path / "lock"), _opened(tmp_path / "lock")

    assert try_lock(one)
    assert not try_lock(other)
    os.close(one)
    assert try_lock(other)
    os.close(other)


def test_a_lock_on_windows_is_the_first_byte(tmp_path: Path) -> None:
    one, other = _opened(tmp_path / "lock"), _opened(tmp_path / "lock")
    os.write(one, b"abc")
    msvcrt = Msvcrt()

    assert try_lock(one, fcntl=None, msvcrt=msvcrt)
    assert not try_lock(other, fcntl=None, msvcrt=msvcrt)
    # Wherever the file was, the same byte is locked.
    assert msvcrt.calls == [(0, msvcrt.LK_NBLCK, 1)] * 2
    os.close(one)
    os.close(other)


def test_an_error_that_is_no_held_lock_is_told() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)

    with pytest.raises(OSError, match="descriptor"):
        try_lock(reading)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\n"
        "from telltale_spec.operating_system import try_lock\n"
        "assert try_lock(os.open(sys.argv[1], os.O_RDWR | os.O_CREAT))\n"
        "print('held', flush=True)\n"
        "signal.pause()\n"
    )
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        descriptor = _opened(path)
        assert not try_lock(descriptor)
        child.kill()
    assert try_lock(descriptor)
    os.close(descriptor)


def test_bytes_are_synced_in_the_way_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, int]] = []
    descriptor = _opened(tmp_path / "data")
    fcntl = types.SimpleNamespace(fcntl=lambda number, what: calls.append(("full", what)))
    monkeypatch.setattr(os, "fsync", lambda number: calls.append(("fsync", number)))
    monkeypatch.setattr(
        os, "fdatasync", lambda number: calls.append(("fdatasync", number)), raising=False
    )

    sync_data(descriptor, fcntl=fcntl, full_sync=51)
    sync_data(descriptor, full_sync=None)
    monkeypatch.delattr(os, "fdatasync")
    sync_data(descriptor, full_sync=None)

    assert calls == [("full", 51), ("fdatasync", descriptor), ("fsync", descriptor)]
    os.close(descriptor)


def test_a_folder_is_synced_where_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(str(os.fstat(number).st_ino)))

    sync_folder(str(tmp_path), system="posix")
    assert synced == [str(tmp_path.stat().st_ino)]
    # There it is no error, not even where there is no such folder to be opened.
    sync_folder(str(tmp_path / "gone"), system="nt")
    assert len(synced) == 1


@pytest.mark.parametrize("system", ["posix", "nt"])
def test_a_write_goes_to_its_place(system: str, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"abcdef")
    descriptor = os.open(path, os.O_RDWR)

    assert write_at(descriptor, b"XY", 2, system=system) == 2
    assert write_at(descriptor, b"Z", 8, system=system) == 1
    os.close(descriptor)
    assert path.read_bytes() == b"abXYef\0\0Z"


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="there are no groups here")
def test_a_group_ends_as_a_whole() -> None:
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        process_group=NEW_GROUP,
        creationflags=NEW_GROUP_FLAGS,
    ) as parent:
        assert parent.stdout is not None
        child_id = int(parent.stdout.readline())
        assert os.getpgid(child_id) == parent.pid != os.getpgid(0)
        kill_group(parent.pid)
        # The end of its output is there when the last one that could write has ended.
        assert parent.stdout.read() == ""
    assert parent.returncode == -signal.SIGKILL
    kill_group(parent.pid)


def test_a_process_without_a_group_is_ended_by_itself() -> None:
    ended: list[tuple[int, int]] = []
    system = types.SimpleNamespace(kill=lambda *arguments: ended.append(arguments))

    kill_group(12, system=system)

    assert ended == [(12, signal.SIGTERM)]


def test_signals_are_held_and_come_afterwards() -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
    try:
        with signals_held({signal.SIGTERM}):
            # To this thread: others of the process hold nothing back.
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
            assert came == []
        assert came == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_signals_that_cannot_be_held_come_as_they_do() -> None:
    system = types.SimpleNamespace()
    reached = []
    with signals_held({signal.SIGTERM}, system=system):
        reached.append("inside")
    unblock_signals({signal.SIGTERM}, system=system)

    assert reached == ["inside"]


def test_what_a_parent_held_back_comes_through() -> None:
    with signals_held({signal.SIGTERM}):
        unblock_signals({signal.SIGTERM})
        assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def test_nothing_else_knows_the_system() -> None:
    """Locks, groups, masks and writes at a place are asked for by these names alone."""
    root = Path(operating_system.__file__).parents[1]
    own = {
        # What speaks of Linux alone: system calls, and the processes of a server.
        *(root / "conformance").glob("crashes/*.py"),
        *(root / "conformance").glob("races/*.py"),
        Path(operating_system.__file__),
    }
    words = ("import fcntl", "msvcrt", "killpg", "pthread_sigmask", "os.pwrite", "fdatasync(")
    found = [
        f"{path.relative_to(root)}: {word}"
        for package in ("telltale_spec", "conformance")
        for path in (root / package).rglob("*.py")
        if path not in own and "tests" not in path.parts
        for word in words
        if word in path.read_text(encoding="utf-8")
    ]

    assert found == []
