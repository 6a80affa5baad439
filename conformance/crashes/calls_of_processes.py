"""System calls that make processes and change what their descriptors stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from conformance.crashes.recording import Scene
from conformance.crashes.system_calls import SystemCall, descriptor_of, flags_of, number_of

__all__ = ["PROCESS_CALLS"]


def _close(scene: Scene, call: SystemCall) -> None:
    scene.table(call).close(descriptor_of(call.arguments[0], call).number)


def _close_range(scene: Scene, call: SystemCall) -> None:
    first, last = (number_of(each, call) for each in call.arguments[:2])
    if "CLOSE_RANGE_CLOEXEC" not in call.arguments[2]:
        scene.table(call).close_range(first, last)


def _duplicate(scene: Scene, call: SystemCall) -> None:
    _duplicated(scene, call, closed_on_execution="O_CLOEXEC" in call.arguments[-1])


def _duplicated(scene: Scene, call: SystemCall, *, closed_on_execution: bool) -> None:
    table = scene.table(call)
    old = descriptor_of(call.arguments[0], call).number
    new = call.result
    if new is not None and new != old:
        table.put(new, table.files.get(old), closed_on_execution=closed_on_execution)


def _control(scene: Scene, call: SystemCall) -> None:
    table = scene.table(call)
    number = descriptor_of(call.arguments[0], call).number
    match call.arguments[1]:
        case "F_DUPFD":
            _duplicated(scene, call, closed_on_execution=False)
        case "F_DUPFD_CLOEXEC":
            _duplicated(scene, call, closed_on_execution=True)
        case "F_SETFD":
            table.closed_on_execution.discard(number)
            if "FD_CLOEXEC" in call.arguments[2]:
                table.closed_on_execution.add(number)
        case "F_SETFL":
            opened = table.files.get(number)
            if opened is not None:
                opened.is_append = "O_APPEND" in flags_of(call.arguments[2])
        case _:
            # Locks, owners and questions change neither files nor descriptors.
            return


def _fork(scene: Scene, call: SystemCall) -> None:
    if call.result:
        shares = any("CLONE_FILES" in each for each in call.arguments)
        scene.processes.fork(call.process_id, call.result, shares_files=shares)


def _execute(scene: Scene, call: SystemCall) -> None:
    scene.processes.execute(call.process_id)


def _change_folder(scene: Scene, call: SystemCall) -> None:
    path = scene.path(None, call.arguments[0], call)
    scene.processes.change_folder(call.process_id, path)


def _change_to_folder(scene: Scene, call: SystemCall) -> None:
    path = descriptor_of(call.arguments[0], call).path
    scene.processes.change_folder(call.process_id, path)


def _ring(scene: Scene, call: SystemCall) -> None:
    scene.unseen.append("io_uring, whose requests are no system calls")


def _submit(scene: Scene, call: SystemCall) -> None:
    scene.unseen.append("asynchronous requests of `io_submit`")


def _connect(scene: Scene, call: SystemCall) -> None:
    found = _PEER.search(call.arguments[1])
    if found is not None and found[1] not in scene.peers:
        scene.peers.append(found[1])


# Of the network alone: the system's own services have names in the file system.
_PEER: Final = re.compile(r"sin6?_port=htons\((\d+)\)")

PROCESS_CALLS: Final[Mapping[str, Callable[[Scene, SystemCall], None]]] = MappingProxyType(
    {
        "close": _close,
        "close_range": _close_range,
        "dup": _duplicate,
        "dup2": _duplicate,
        "dup3": _duplicate,
        "fcntl": _control,
        "clone": _fork,
        "clone3": _fork,
        "fork": _fork,
        "vfork": _fork,
        "execve": _execute,
        "execveat": _execute,
        "chdir": _change_folder,
        "fchdir": _change_to_folder,
        "io_uring_setup": _ring,
        "io_submit": _submit,
        "connect": _connect,
    }
)
"""By the names of the calls, what each does to the scene."""
