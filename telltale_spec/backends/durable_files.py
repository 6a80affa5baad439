"""What a log on files needs of them: the lock of a handle, whole writes, an end with the process.

Nothing here decides anything: errors of the operating system pass through as
``OSError``.
"""

from __future__ import annotations

import errno
import os
import weakref
from typing import Final

from telltale_spec.operating_system import NO_INHERIT, try_lock, write_at

__all__ = ["Descriptors", "take_lock", "write_whole"]

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
    for _ in range(_LOCK_ATTEMPTS_MAX):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | NO_INHERIT, 0o666)
        try:
            if not try_lock(descriptor):
                raise BlockingIOError(errno.EAGAIN, "the lock is held")
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
    written = write_at(descriptor, data, offset)
    while written < len(data):
        count = write_at(descriptor, data[written:], offset + written)
        if count == 0:
            raise OSError(errno.EIO, "a write wrote nothing")
        written += count
