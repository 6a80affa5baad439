"""Make single system calls fail: each sync once with EIO, each write once with ENOSPC.

``strace`` counts the calls of each name. With a period of one more than the calls of a history,
the call that fails moves on by one from each history to the next, so that one process is put to
all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from conformance.backend import Launch
from conformance.crashes.conduct import Component, Deed, carry_out
from conformance.crashes.disk import Image
from conformance.crashes.events import Linked, Renamed, Synced, SyncFailed, Wrote
from conformance.crashes.images import read_image
from conformance.crashes.oracle import Expected, Stored
from conformance.crashes.recording import Recording
from conformance.crashes.strace import TracedHarness, traced_command
from conformance.door.connection import Connection
from conformance.engine.scratch import ScratchFolder
from conformance.errors import BackendFault
from telltale_spec.model.operations import Operation

__all__ = ["FaultedRun", "Plan", "expected_of", "full_disks", "plan_of", "sync_failures"]

_SYNCS: Final = "fsync,fdatasync"
_WRITES: Final = "write,writev,pwrite64,pwritev,pwritev2,fallocate,copy_file_range,sendfile"


@dataclass(frozen=True)
class Plan:
    """What a history without faults did: how many calls can fail, and on which files."""

    syncs_count: int
    writes_count: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class FaultedRun:
    """A history during which a call failed.

    ``number`` is which call of its kind it was meant to be, from 1 on. ``recording`` is there
    where the calls were seen, and ``image`` where what is left was read.
    """

    number: int
    deeds: tuple[Deed, ...]
    failed: bool
    ended: bool
    recording: Recording | None = None
    image: Image | None = None


def plan_of(recording: Recording) -> Plan:
    """Return what can fail in a history, from its recording without a fault."""
    names = {
        event.new_name if isinstance(event, Renamed) else event.name
        for event in recording.events
        if isinstance(event, (Linked, Renamed))
    }
    return Plan(
        sum(isinstance(event, Synced) for event in recording.events),
        sum(isinstance(event, Wrote) for event in recording.events),
        tuple(sorted(names)),
    )


def expected_of(component: Component, deeds: Sequence[Deed]) -> Expected:
    """Return what may be stored after deeds of which a fault may have refused some.

    What was refused for a fault may be there, whole, or not.
    """
    items = [Stored(deed.entry, deed.accepted) for deed in deeds if deed.entry is not None]
    return Expected(component, tuple(items))


def sync_failures(
    launch: Launch,
    component: Component,
    operations: Sequence[Operation],
    plan: Plan,
    numbers: range,
) -> Iterator[FaultedRun]:
    """Yield a run for each sync that fails, by its number; the numbers count up by one.

    A process that ends because of it is started again for the next one. Raises ``BackendFault``
    for one that does not start and :class:`TraceError`.
    """
    scratch = ScratchFolder()
    harness: TracedHarness | None = None
    try:
        for number in numbers:
            directory = scratch.path / f"{number:06}"
            directory.mkdir(mode=0o700)
            if harness is None:
                failing = f"inject={_SYNCS}:error=EIO:when={number}+{plan.syncs_count + 1}"
                harness = TracedHarness(launch, ("-e", failing))
            harness.begin(directory)
            deeds, ended = _carried_out(harness.connection, component, directory, operations)
            recording = harness.abandoned() if ended else harness.recorded()
            failed = any(isinstance(event, SyncFailed) for event in recording.events)
            yield FaultedRun(number, deeds, failed, ended, recording)
            if ended:
                harness.end()
                harness = None
    finally:
        if harness is not None:
            harness.end()
        scratch.cleanup()


def full_disks(
    launch: Launch,
    component: Component,
    operations: Sequence[Operation],
    plan: Plan,
    numbers: range,
) -> Iterator[FaultedRun]:
    """Yield a run for each write that finds no space, by its number, as ``sync_failures`` does."""
    scratch = ScratchFolder()
    connection: Connection | None = None
    trace = scratch.path / "trace"
    directories = {number: scratch.path / f"{number:06}" for number in numbers}
    paths = [str(each / name) for each in directories.values() for name in plan.names]
    try:
        for number, directory in directories.items():
            directory.mkdir(mode=0o700)
            if connection is None:
                failing = f"inject={_WRITES}:error=ENOSPC:when={number}+{plan.writes_count + 1}"
                # Only calls on the stored files, or answers would find no space either.
                options = ["-e", failing, *(word for path in paths for word in ("-P", path))]
                connection = Connection(
                    traced_command(launch.command, trace, options, _WRITES.split(",")),
                    call_seconds_max=launch.call_seconds_max,
                    starting_seconds_max=launch.starting_seconds_max,
                    on_process=launch.on_process,
                )
                failures_count = 0
            deeds, ended = _carried_out(connection, component, directory, operations)
            before, failures_count = failures_count, _injected_count(trace)
            failed = failures_count > before
            yield FaultedRun(number, deeds, failed, ended, image=read_image(directory))
            if ended:
                connection = None
    finally:
        if connection is not None:
            connection.close()
        scratch.cleanup()


def _injected_count(trace: Path) -> int:
    return trace.read_text(encoding="ascii", errors="backslashreplace").count("(INJECTED)")


def _carried_out(
    connection: Connection, component: Component, directory: Path, operations: Sequence[Operation]
) -> tuple[tuple[Deed, ...], bool]:
    """Return the deeds up to the end of the history, or of the process."""
    deeds: list[Deed] = []
    try:
        deeds.extend(carry_out(connection, component, directory, operations))
    except BackendFault:
        return tuple(deeds), True
    return tuple(deeds), False
