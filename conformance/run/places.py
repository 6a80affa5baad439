"""Further processes for a backend that lives in this one.

What survives the death of a process, and what handles of several processes do to each other, only
other processes can show. A backend with a name that they can import is served there, as behind the
door of child processes, so that its promises are held to the same at every door.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Final

from conformance.backend import Backend, Capability, Launch
from conformance.door.connection import Connection, OnProcess
from conformance.door.harness import harness_of
from conformance.engine.watch import CALL_SECONDS_MAX
from conformance.errors import BackendFault

__all__ = ["importable_name", "with_further_processes"]

# What lives no longer than its object is nowhere but in this process, whatever else it promises.
_LASTS: Final = Capability.REOPEN
_NEEDED_BY: Final = (
    Capability.REOPEN,
    Capability.PROCESS_KILL,
    Capability.CONCURRENT_HANDLES,
    Capability.SERVER_KILL,
)

# The child looks for modules where this process does, whatever changed that on the way.
_PROGRAM: Final = (
    "import sys; sys.path[:] = {path!r}; from conformance.__main__ import main; sys.exit(main())"
)


@contextmanager
def with_further_processes(
    backend: Backend,
    target: str | None,
    *,
    call_seconds_max: float = CALL_SECONDS_MAX,
    on_process: OnProcess = lambda process_id, started: None,
) -> Iterator[Backend]:
    """Yield the backend with further processes, where its promises ask for them.

    It can also be started in processes of its own, to be crashed there. ``target`` is the name
    that another process can import it by, ``None`` where there is none. Where no process can be had
    the backend is as it was, with a note that says so.
    Source: WAL-08, WAL-01.handles, WAL-08.kill, CACHE-08, CACHE-02.handles, CACHE-08.kill.
    """
    promised = [each.value for each in _NEEDED_BY if each in backend.capabilities]
    stored = backend.agreement_wal is not None or backend.evidence_cache is not None
    lasts = stored and _LASTS in backend.capabilities
    if target is not None and lasts and backend.launch is None:
        # What is crashed is a process too, which is started and ended by itself.
        command = tuple(_command(backend, target))
        launch = Launch(command, call_seconds_max=call_seconds_max, on_process=on_process)
        backend = replace(backend, launch=launch)
    if backend.elsewhere is not None or not promised or not lasts:
        yield backend
        return
    with ExitStack() as stack:
        try:
            if target is None:
                raise BackendFault(backend.name, "it has no name that another one could import")
            connection = Connection(
                _command(backend, target),
                call_seconds_max=call_seconds_max,
                on_process=on_process,
            )
            stack.callback(connection.close)
            served = harness_of(connection)
        except BackendFault as fault:
            note = f"{', '.join(promised)}: tried in one process only, as {fault.message}"
            yield replace(backend, notes=(*backend.notes, note))
            return
        yield replace(backend, elsewhere=_place_of(served))


def _place_of(served: Backend) -> Callable[[int], Backend]:
    """Return what gives a place by its number: 0 is the first of the further processes."""

    def place(number: int) -> Backend:
        if number == 0 or served.elsewhere is None:
            return served
        return served.elsewhere(number)

    return place


def _command(backend: Backend, target: str) -> list[str]:
    words = [sys.executable, "-c", _PROGRAM.format(path=sys.path), "serve", target]
    for name in sorted(each.value for each in backend.capabilities):
        words += ["--capability", name]
    for name in sorted(backend.mends):
        words += ["--mends", name]
    return [*words, "--rejection-mode", backend.rejection_mode.value]


def importable_name(factory: Any) -> str | None:
    """Return ``module:name`` where another process can import a factory, or ``None``."""
    module_name = getattr(factory, "__module__", None)
    name = getattr(factory, "__qualname__", None)
    if not isinstance(module_name, str) or not isinstance(name, str) or module_name == "__main__":
        return None
    found: Any = sys.modules.get(module_name)
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module_name}:{name}" if found is factory else None
