"""Make writes short for real: the system takes a part, and then the rest, or finds no room.

A limit on the size of files is set on the processes of a harness, in the middle of what one write
adds to a file. The kernel then writes up to the limit and returns how much that was, as on a full
disk. ``strace`` holds the process where that call returns, and the limit is lifted in the meantime,
or only when the request is answered. No return value is made up.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from conformance.crashes.conduct import Deed
from conformance.crashes.disk import Disk
from conformance.crashes.events import Answered, Wrote
from conformance.crashes.recording import Recording
from conformance.crashes.strace import traced_connection
from conformance.crashes.system_calls import SystemCall, TraceReader, number_of, texts_of_vector
from conformance.crashes.trace_errors import TraceError
from conformance.crashes.undertaking import Undertaking
from conformance.errors import BackendFault

__all__ = ["Growth", "growths_of", "is_any_short", "short_run"]

WRITES: Final = ("write", "writev", "pwrite64", "pwritev", "pwritev2")
_HELD_MICROSECONDS: Final = 200_000
_POLL_SECONDS: Final = 0.001
# A process that writes beyond its limit gets this signal, which would end most of them.
_UNHARMED: Final = ("sh", "-c", 'trap "" XFSZ; exec "$0" "$@"')


@dataclass(frozen=True)
class Growth:
    """One write that makes a file longer.

    ``call`` counts the writes from 1 on, ``deed`` the requests from 0 on; ``limit`` is the size of
    the file, in bytes, when half of what is new in it has arrived.
    """

    call: int
    deed: int
    limit: int


def growths_of(recording: Recording) -> tuple[Growth, ...]:
    """Return the writes of a history that can be cut in the middle of what they add."""
    disk = Disk.of(recording.image)
    found: list[Growth] = []
    call = deed = 0
    for event in recording.events:
        if isinstance(event, Wrote):
            call += 1
            begin = max(event.offset, len(disk.files.get(event.file, b"")))
            new_bytes = event.offset + len(event.data) - begin
            if new_bytes > 1:
                found.append(Growth(call, deed, begin + new_bytes // 2))
        deed += isinstance(event, Answered)
        disk.apply(event)
    return tuple(found)


def is_any_short(lines: Iterable[str]) -> bool:
    """Say whether any write of a trace has written less than it was given, but something."""
    reader = TraceReader()
    for line in lines:
        try:
            call = reader.read(line)
        except TraceError:
            # The last line of a harness that was killed may not be whole.
            continue
        if isinstance(call, SystemCall) and 0 < (call.result or 0) < _given_bytes(call):
            return True
    return False


def _given_bytes(call: SystemCall) -> int:
    if call.name in ("write", "pwrite64"):
        return number_of(call.arguments[2], call)
    return len(texts_of_vector(call.arguments[1], call))


def short_run(
    history: Undertaking,
    growth: Growth,
    call: tuple[str, int],
    directory: Path,
    trace: Path,
    paths: Sequence[str],
    *,
    goes_on: bool,
) -> tuple[tuple[Deed, ...], bool]:
    """Carry out a history in which one write is short; return its deeds, and whether it ended.

    ``call`` is the write by its name, with which of that name it is, from 1 on.
    ``paths`` are options of strace that choose the stored files. With ``goes_on`` there is room
    again at once, and otherwise when the request is answered. Raises ``BackendFault`` for a harness
    that does not start.
    """
    launch = history.launch
    name, ordinal = call
    held = f"inject={name}:delay_exit={_HELD_MICROSECONDS}:when={ordinal}"
    # Only while a process is held can the limit be lifted behind one call and before the next.
    options = [*(("-e", held) if goes_on else ()), *paths]
    group: list[int] = []

    def note(process_id: int, started: bool) -> None:
        if started:
            group.append(process_id)
        launch.on_process(process_id, started)

    def harness() -> list[int]:
        """Return all of its processes: the first is strace, unless that has attached to it."""
        return _and_below(group[0])[history.fork_server is None :]

    connection = traced_connection(
        replace(launch, command=(*_UNHARMED, *launch.command)),
        trace,
        options,
        WRITES,
        fork_server=history.fork_server,
        on_process=note,
    )
    deeds: list[Deed] = []
    try:
        steps = history.carried_out(connection, directory)
        while True:
            limit = growth.limit if len(deeds) == growth.deed else None
            with _limited(harness, directory, limit, goes_on=goes_on):
                deed = next(steps, None)
            if deed is None:
                return tuple(deeds), False
            deeds.append(deed)
    except BackendFault:
        return tuple(deeds), True
    finally:
        connection.close()


@contextlib.contextmanager
def _limited(
    harness: Callable[[], list[int]], directory: Path, limit: int | None, *, goes_on: bool
) -> Iterator[None]:
    """Limit the sizes of files for what happens inside, up to the first one that reaches it."""
    if limit is None:
        yield
        return
    is_over = threading.Event()

    def lift_when_reached() -> None:
        while not is_over.wait(_POLL_SECONDS):
            if _has_file_of(directory, limit):
                _set_limit(harness(), None)
                return

    watcher = threading.Thread(target=lift_when_reached)
    _set_limit(harness(), limit)
    try:
        if goes_on:
            watcher.start()
        yield
    finally:
        is_over.set()
        if goes_on:
            watcher.join()
        _set_limit(harness(), None)


def _has_file_of(directory: Path, size: int) -> bool:
    for path in directory.rglob("*"):
        # A file that is gone by now is none that was waited for.
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_size == size:
                return True
    return False


def _set_limit(processes: Iterable[int], limit: int | None) -> None:
    """Set or lift the limit on the size of files for some processes."""
    # Not on every system, and the package has to be importable there.
    import resource

    for process_id in processes:
        # One that has ended needs no limit.
        with contextlib.suppress(ProcessLookupError):
            _, hard = resource.prlimit(process_id, resource.RLIMIT_FSIZE)
            soft = hard if limit is None else limit
            resource.prlimit(process_id, resource.RLIMIT_FSIZE, (soft, hard))


def _and_below(root: int) -> list[int]:
    """Return the number of a process, of all processes that it has started, and of theirs."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            # Behind the name, which may hold anything: the state, and then the parent.
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = [root]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found
