"""What operating systems do in different ways: locks, syncs, writes at a place, groups, signals.

Each difference is here and nowhere else, once for POSIX and once for Windows, and every function
takes what it needs of the system as an argument, so that both sides can be tried on either.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

__all__ = [
    "NEW_GROUP",
    "NEW_GROUP_FLAGS",
    "NO_INHERIT",
    "allow_tracers",
    "kill_group",
    "signals_held",
    "sync_data",
    "sync_folder",
    "try_lock",
    "unblock_signals",
    "write_at",
]

NO_INHERIT: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
"""The flag of opening that keeps a descriptor from child processes."""

NEW_GROUP: Final = 0 if hasattr(os, "killpg") else None
"""For ``process_group``: a program gets a group of its own, which Ctrl-C does not reach."""

NEW_GROUP_FLAGS: Final = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
"""For ``creationflags``: the same on Windows."""


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


_FCNTL: Final[Any] = _module("fcntl")
_MSVCRT: Final[Any] = _module("msvcrt")
_YAMA: Final = Path("/proc/sys/kernel/yama")
_PR_SET_PTRACER: Final = 0x59616D61
_FULL_SYNC: Final = getattr(_FCNTL, "F_FULLFSYNC", None) if sys.platform == "darwin" else None


def try_lock(descriptor: int, *, fcntl: Any = _FCNTL, msvcrt: Any = _MSVCRT) -> bool:
    """Lock an open file for this process alone; say whether nobody else has it.

    The lock ends with the process, however that ends. On POSIX it is on the open
    file and not on its name, and no other descriptor of the process drops it;
    on Windows it is on the first byte.
    """
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):
        return False
    return True


def sync_data(descriptor: int, *, fcntl: Any = _FCNTL, full_sync: int | None = _FULL_SYNC) -> None:
    """Return once the bytes of a file, and its size, are on the disk."""
    if full_sync is not None:
        # On macOS the plain call leaves the bytes in the cache of the disk.
        fcntl.fcntl(descriptor, full_sync)
    elif hasattr(os, "fdatasync"):
        os.fdatasync(descriptor)
    else:
        os.fsync(descriptor)


def sync_folder(path: str, *, system: str = os.name) -> None:
    """Return once the names in a folder are on the disk.

    On Windows nothing is done: a folder cannot be opened there, and its file system
    writes names by itself.
    """
    if system == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | NO_INHERIT)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_at(descriptor: int, data: bytes, offset: int, *, system: str = os.name) -> int:
    """Write at a place of a file; return how many bytes were written."""
    if system != "nt":
        return os.pwrite(descriptor, data, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.write(descriptor, data)


def kill_group(process_id: int, *, system: Any = os) -> None:
    """End a process and its group at once; one that is gone already is no error.

    Windows has no groups to end, so that what a process has started goes on there.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(system, "killpg"):
            system.killpg(process_id, signal.SIGKILL)
        else:
            system.kill(process_id, signal.SIGTERM)


@contextlib.contextmanager
def signals_held(numbers: Collection[int], *, system: Any = signal) -> Iterator[None]:
    """Hold signals back from this thread; where they cannot be, they come as they do."""
    if not hasattr(system, "pthread_sigmask"):
        yield
        return
    before = system.pthread_sigmask(system.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        system.pthread_sigmask(system.SIG_SETMASK, before)


def unblock_signals(numbers: Collection[int], *, system: Any = signal) -> None:
    """Let signals through that a parent process held back while this one started."""
    if hasattr(system, "pthread_sigmask"):
        system.pthread_sigmask(system.SIG_UNBLOCK, numbers)


def allow_tracers() -> None:
    """Let any process of the same user trace this one, where a kernel allows that to parents only.

    Most do not, or not to this user; nothing happens there.
    """
    if sys.platform.startswith("linux") and _YAMA.exists():
        ctypes = importlib.import_module("ctypes")
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
