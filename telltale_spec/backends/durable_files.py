"""The steps that make files durable, each by itself: lock, write, sync, sync of a folder.

Nothing here decides anything: errors of the operating system pass through as
``OSError``.
"""

from __future__ import annotations

import errno
import os
import sys
import weakref
from typing import Final

__all__ = ["Descriptors", "sync_data", "sync_folder", "take_lock", "write_whole"]

_LOCK_ATTEMPTS_MAX: Final = 100


class Descriptors:
    """The open files of one handle: they close with it, and in a forked child at once.

    A child shares the lock of its parent. Closing its copies does not release
    the lock, and keeping them would let the lock outlive the parent.
    """

    def __init__(self, lock: int) -> None:
        self.lock: int | None = lock
        self.data: int | None = None
        _OPEN.add(self)

    def close(self) -> None:
        """Close what is open, the lock last; a second call does nothing."""
        data, self.data = self.data, None
        lock, self.lock = self.lock, None
        try:
            if data is not None:
                os.close(data)
        finally:
            if lock is not None:
                os.close(lock)


_OPEN: Final[weakref.WeakSet[Descriptors]] = weakref.WeakSet()


def _close_all_in_child() -> None:
    for descriptors in list(_OPEN):
        descriptors.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_all_in_child)


def take_lock(path: str) -> int:
    """Lock a file for this handle alone, created if missing; return its descriptor.

    The lock is on the open file, not on its name: it ends with the process
    however that ends, and no other descriptor of the process can drop it, as
    one could with a POSIX record lock. The file stays and means nothing by
    itself. Raises ``BlockingIOError`` if the lock is held.
    """
    # Not on every system, and the package has to be importable there.
    import fcntl

    for _ in range(_LOCK_ATTEMPTS_MAX):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Somebody may have put another file in the place of the one that is locked now.
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):  # noqa: PTH116
                return descriptor
        except FileNotFoundError:
            # Taken away between the two steps: the next attempt makes another one.
            os.close(descriptor)
            continue
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise BlockingIOError(errno.EAGAIN, "the lock file is replaced again and again")


def write_whole(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of ``data`` at ``offset``, going on after short writes."""
    written = os.pwrite(descriptor, data, offset)
    while written < len(data):
        count = os.pwrite(descriptor, data[written:], offset + written)
        if count == 0:
            raise OSError(errno.EIO, "a write wrote nothing")
        written += count


def sync_data(descriptor: int) -> None:
    """Return once the bytes of a file, and its size, are on the disk."""
    if sys.platform == "darwin":
        import fcntl

        # There the plain call leaves the bytes in the cache of the disk.
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(descriptor)


def sync_folder(path: str) -> None:
    """Return once the names in a folder are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
