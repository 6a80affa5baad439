"""The few requests of ``ptrace`` that holding a process takes (Linux 5.3 and later).

``strace`` can stop a process at its k-th call too, and each k then takes a process of its own, or
an attachment that Yama forbids between siblings. A parent may always trace its child. So a process
that lives on is attached to for the length of one call: tens of calls are tried in the time that
one start takes, the calls of all its threads have one count, and the thread is held on entry, by
the kernel, until it is let go. Whatever ends us ends the hold: ``PTRACE_O_EXITKILL``.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from typing import Any, Final

from conformance.races.file_calls import Entered

__all__ = [
    "EVENT_STOP",
    "WAIT_ALL",
    "cont",
    "detach",
    "entered_call",
    "interrupt",
    "is_event",
    "is_system_call",
    "listen",
    "new_thread",
    "obstacle_of_system",
    "seize",
]

WAIT_ALL: Final = 0x4000_0000
"""``__WALL``: threads are waited for as well as processes."""

EVENT_STOP: Final = 128
"""The event of a stop that was asked for, of a new thread, and of a whole group."""

_CONT_TO_CALL: Final = 24
_DETACH: Final = 17
_SEIZE: Final = 0x4206
_INTERRUPT: Final = 0x4207
_LISTEN: Final = 0x4208
_EVENT_MESSAGE: Final = 0x4201
_CALL_INFORMATION: Final = 0x420E

# Calls are marked; forks, vforks and clones are followed; all of it ends with us.
_OPTIONS: Final = 0x1 | 0x2 | 0x4 | 0x8 | 0x10_0000
_TRAP: Final = 5
_MARKED: Final = _TRAP | 0x80
_INFORMATION: Final = struct.Struct("<B3xIQQQ6Q")
_ENTRY: Final = 1
_MAKING: Final = (1, 2, 3)


def obstacle_of_system() -> str:
    """Return why nothing can be traced on this system, or an empty text."""
    if not sys.platform.startswith("linux"):
        return "calls are held on Linux only"
    if sys.byteorder != "little" or struct.calcsize("P") != ctypes.sizeof(ctypes.c_uint64):
        return "calls are held on x86-64, arm64 and riscv64 only"
    return ""


def _function() -> Any:
    found = ctypes.CDLL(None, use_errno=True).ptrace
    found.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    found.restype = ctypes.c_long
    return found


_PTRACE: Final = None if obstacle_of_system() else _function()


def _request(request: int, thread_id: int, address: int = 0, data: int = 0) -> int:
    """Carry out a request; raises ``ProcessLookupError`` and other ``OSError``."""
    if _PTRACE is None:
        raise OSError(obstacle_of_system())
    result: int = _PTRACE(request, thread_id, address, data)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def seize(thread_id: int) -> None:
    """Begin to trace a thread, which goes on meanwhile."""
    _request(_SEIZE, thread_id, 0, _OPTIONS)


def interrupt(thread_id: int) -> None:
    """Stop a thread that is traced, wherever it is."""
    _request(_INTERRUPT, thread_id)


def cont(thread_id: int, signal_number: int = 0) -> None:
    """Let a stopped thread go on up to the beginning or the end of its next system call."""
    _request(_CONT_TO_CALL, thread_id, 0, signal_number)


def listen(thread_id: int) -> None:
    """Leave a thread of a stopped group stopped, and hear when the group goes on."""
    _request(_LISTEN, thread_id)


def detach(thread_id: int, signal_number: int = 0) -> None:
    """Let a stopped thread go on untraced."""
    _request(_DETACH, thread_id, 0, signal_number)


def is_system_call(status: int) -> bool:
    """Say whether a thread has stopped at the beginning or the end of a system call."""
    return os.WIFSTOPPED(status) and os.WSTOPSIG(status) == _MARKED


def is_event(status: int) -> bool:
    """Say whether a thread has stopped for the tracer alone, with no signal for it."""
    return os.WIFSTOPPED(status) and bool(status >> 16)


def new_thread(thread_id: int, status: int) -> int | None:
    """Return the thread or process that a thread has stopped for making, or ``None``."""
    if not os.WIFSTOPPED(status) or status >> 16 not in _MAKING:
        return None
    message = ctypes.c_uint64()
    _request(_EVENT_MESSAGE, thread_id, 0, ctypes.addressof(message))
    return message.value


def entered_call(thread_id: int) -> Entered | None:
    """Return the system call that a stopped thread begins, or ``None`` where it ends one."""
    data = ctypes.create_string_buffer(128)
    _request(_CALL_INFORMATION, thread_id, len(data), ctypes.addressof(data))
    kind, architecture, _, _, number, *arguments = _INFORMATION.unpack_from(data.raw)
    return Entered(thread_id, architecture, number, tuple(arguments)) if kind == _ENTRY else None
