"""Make single system calls fail: each sync once with EIO, each write once with ENOSPC or in part.

``strace`` counts the calls of a process, so that each fault has a process of its own.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from conformance.backend import Launch
from conformance.crashes.call_failures import FailingCall, writes_by_number
from conformance.crashes.conduct import Component, Deed
from conformance.crashes.disk import Image
from conformance.crashes.events import Answered, Linked, Renamed, Synced, SyncFailed, Wrote
from conformance.crashes.images import read_image
from conformance.crashes.injections import Injections
from conformance.crashes.oracle import Expected, Stored
from conformance.crashes.recording import Recording
from conformance.crashes.selection import evenly
from conformance.crashes.short_writes import Growth, growths_of, is_any_short, short_run
from conformance.crashes.strace import TracedHarness, traced_connection
from conformance.crashes.undertaking import Undertaking
from conformance.door.forked import ForkServer
from conformance.engine.scratch import storage_folder
from conformance.errors import BackendFault
from telltale_spec.model.operations import Reopen

__all__ = [
    "STORES",
    "FaultedRun",
    "Plan",
    "call_failure",
    "expected_of",
    "full_disk",
    "of_each_kind",
    "plan_of",
    "rare_calls",
    "short_write",
    "sync_failure",
    "with_numbers",
]

_MISSES_MAX: Final = 3
_NUMBER: Final = re.compile(r"\d+")
STORES: Final = ("append", "put", "call ")
"""How labels of what stores something begin."""

_WRITES: Final = "write,writev,pwrite64,pwritev,pwritev2,fallocate,copy_file_range,sendfile"


@dataclass(frozen=True)
class Plan:
    """What a history without faults did: which calls can fail, and on which files.

    Each call of a kind has a label: what was asked for, whether of a handle that found something,
    the file, and which call of that request it was. Calls of one label do the same at another time.
    """

    syncs: tuple[str, ...]
    writes: tuple[str, ...]
    names: tuple[str, ...]
    growths: tuple[Growth, ...] = ()
    sync_calls: tuple[str, ...] = ()
    write_calls: tuple[str, ...] = ()
    """The system call of each, in the same order."""

    failing: tuple[FailingCall, ...] = ()
    """Calls of any kind that can fail while something is stored, where they were looked for."""

    numbered: tuple[FailingCall, ...] = ()
    """The writes by their numbers in the process, where the names of files did not tell them."""

    @property
    def short_writes(self) -> tuple[str, ...]:
        """The labels of runs with a short write: each write goes on, or finds no room."""
        labels = [self.writes[growth.call - 1] for growth in self.growths]
        return tuple([f"{label}, {then}" for label in labels for then in ("room", "no room")])


@dataclass(frozen=True)
class FaultedRun:
    """A history during which a call failed.

    ``number`` is which call of its kind it was meant to be, from 1 on. ``recording`` is there
    where the calls were seen, and ``image`` where what is left was read. ``early`` is what was
    there right after the request in which the call failed, with how many deeds there were by then:
    whatever is stored later may hide what is missing.
    """

    number: int
    deeds: tuple[Deed, ...]
    failures_count: int
    """How many calls have failed: more than one where each thread counts its calls for itself."""

    ended: bool
    recording: Recording | None = None
    image: Image | None = None
    early: tuple[int, Image] | None = None
    before: tuple[Stored, ...] = ()
    began_at: int = 0
    """What was there before the first deed, and how many events of its recording came earlier."""

    @property
    def failed(self) -> bool:
        """Whether any call has failed."""
        return self.failures_count > 0


def plan_of(recording: Recording, deeds: Sequence[Deed]) -> Plan:
    """Return what can fail in a history, from its recording without a fault."""
    names = {
        event.new_name if isinstance(event, Renamed) else event.name
        for event in recording.events
        if isinstance(event, (Linked, Renamed))
    }
    names.update(path for path, _ in recording.image.files)
    return Plan(
        tuple(_labels(recording, deeds, Synced)),
        tuple(_labels(recording, deeds, Wrote)),
        tuple(sorted(names)),
        growths_of(recording),
        tuple(_calls(recording, Synced)),
        tuple(_calls(recording, Wrote)),
    )


def _calls(recording: Recording, kind: type[Synced] | type[Wrote]) -> Iterator[str]:
    for event, name in zip(recording.events, recording.call_names, strict=True):
        if isinstance(event, kind):
            yield name


def _counted_by_name(names: Sequence[str], number: int) -> tuple[str, int]:
    """Return a call by its name and which of that name it is: strace counts each name by itself."""
    name = names[number - 1]
    return name, names[:number].count(name)


def _labels(
    recording: Recording, deeds: Sequence[Deed], kind: type[Synced] | type[Wrote]
) -> Iterator[str]:
    names: dict[int, str] = {}
    answered = ordinal = 0
    for event in recording.events:
        match event:
            case Answered():
                answered, ordinal = answered + 1, 0
            case Linked(_, name, node) | Renamed(_, _, _, name, node):
                names[node] = name
            case Synced(node) | Wrote(node):
                if isinstance(event, kind):
                    asked = deeds[answered].text.split()[0] if answered < len(deeds) else ""
                    again = any(isinstance(deed.operation, Reopen) for deed in deeds[:answered])
                    handle = "opened again" if again else "new"
                    yield f"{asked}, {handle}, {names.get(node, '')}, {ordinal}"
                    ordinal += 1
            case _:
                continue


def of_each_kind(labels: Sequence[str], count_max: int) -> list[int]:
    """Return which calls fail, from 1 on: one of each label first, and then others evenly.

    Where there are too many labels, those of what stores something come first: it alone
    acknowledges what has to be there. A third is left for the others, such as openings.
    """
    firsts: dict[str, list[int]] = {}
    for number, label in enumerate(labels, 1):
        firsts.setdefault(label, []).append(number)
    # The second of its kind, where there is one, has something before it that may be lost.
    kinds = {label: numbers[:2][-1] for label, numbers in firsts.items()}
    storing = [number for label, number in kinds.items() if label.startswith(STORES)]
    opening = [number for label, number in kinds.items() if not label.startswith(STORES)]
    stored = evenly(storing, count_max - min(len(opening), count_max // 3))
    chosen = [*stored, *evenly(opening, count_max - len(stored))]
    others = [number for number in range(1, len(labels) + 1) if number not in chosen]
    return sorted([*chosen, *evenly(others, count_max - len(chosen))])


def rare_calls(labels: Sequence[str], known: Sequence[str], count_max: int) -> list[int]:
    """Return which calls of a long history are the first of their kind, and of none that is known.

    There a storage does what it did not do before: it begins a file, or tidies one up.
    """
    seen = set(map(_without_numbers, known))
    firsts: list[int] = []
    for number, label in enumerate(labels, 1):
        kind = _without_numbers(label)
        if kind not in seen:
            seen.add(kind)
            firsts.append(number)
    return evenly(firsts, count_max)


def _without_numbers(label: str) -> str:
    """Return a label with no number in the name of its file: a second such file is no other."""
    rest, _, ordinal = label.rpartition(", ")
    return f"{_NUMBER.sub('#', rest)}, {ordinal}"


def expected_of(
    component: Component,
    deeds: Sequence[Deed],
    *,
    shown_stays: bool = False,
    before: tuple[Stored, ...] = (),
) -> Expected:
    """Return what may be stored after deeds of which a fault may have refused some.

    What was refused for a fault may be there, whole, or not. An opening that does not show it
    settles that it is gone; one that shows it promises nothing, as it was never acknowledged. With
    ``shown_stays``, for storages that nothing has crashed since, whoever shows it has it.
    ``before`` is what the first opening may find.
    """
    items = before
    is_new_opening = bool(before)
    for deed in deeds:
        if isinstance(deed.operation, Reopen):
            is_new_opening = True
        elif deed.entry is not None:
            is_new_opening = False
            items = (*items, Stored(deed.entry, deed.accepted))
        elif deed.loaded is not None:
            shown = deed.loaded
            if is_new_opening:
                items = tuple([item for item in items if item.is_certain or item.entry in shown])
            if shown_stays:
                items = _settled(component, items, shown)
    return Expected(component, items)


def _settled(
    component: Component, items: tuple[Stored, ...], shown: Sequence[object]
) -> tuple[Stored, ...]:
    """Return the items, all of them certain where all are shown: else it is not known which are."""
    certain = tuple([Stored(item.entry) for item in items])
    return certain if Expected(component, certain).allows(tuple(shown)) else items


def sync_failure(history: Undertaking, plan: Plan, number: int) -> FaultedRun:
    """Carry out a history in which the sync of this number fails.

    Raises ``BackendFault`` for a harness that does not start and :class:`TraceError`.
    """
    # A factory is called once before any request, and what it syncs then is not in the plan.
    name, ordinal = _counted_by_name(plan.sync_calls, number)
    planned = _syncs_before_requests(history.launch, history.fork_server)[name] + ordinal
    run = _with_failing_sync(history, number, name, planned)
    # Each thread counts its calls by itself: where none comes so far, the first of each one fails.
    return run if run.failed or planned == 1 else _with_failing_sync(history, number, name, 1)


def _with_failing_sync(history: Undertaking, number: int, name: str, when: int) -> FaultedRun:
    with storage_folder() as directory:
        options = ("-e", f"inject={name}:error=EIO:when={when}")
        harness = TracedHarness(history.launch, options, history.fork_server)
        try:
            history.prepare(directory)
            harness.begin(directory, history.image)
            deeds, ended = _carried_out(history.carried_out(harness.connection, directory))
            recording = harness.abandoned() if ended else harness.recorded()
        finally:
            harness.end()
    count = sum(isinstance(event, SyncFailed) for event in recording.events)
    return FaultedRun(number, deeds, count, ended, recording)


@functools.lru_cache(maxsize=1)
def _syncs_before_requests(launch: Launch, fork_server: ForkServer | None) -> Counter[str]:
    """Return how many syncs a harness makes before it is asked for anything, by their names.

    Raises ``BackendFault`` for a harness that does not start and :class:`TraceError`.
    """
    harness = TracedHarness(launch, fork_server=fork_server)
    try:
        return harness.sync_counts
    finally:
        harness.end()


def full_disk(history: Undertaking, plan: Plan, number: int) -> FaultedRun:
    """Carry out a history in which the write of this number finds no space.

    It is told by the names of the stored files, or by its number in the process, where the plan has
    that. Raises ``BackendFault`` for a harness that does not start.
    """
    if plan.numbered:
        return call_failure(history, replace(plan, failing=plan.numbered), number)
    name, ordinal = _counted_by_name(plan.write_calls, number)
    with storage_folder() as directory:
        options = ("-e", f"inject={name}:error=ENOSPC:when={ordinal}", *_paths(plan, directory))
        return _failed_run(history, number, directory, options)


def call_failure(history: Undertaking, plan: Plan, number: int) -> FaultedRun:
    """Carry out a history in which one of the calls that can fail does.

    A process may make a call more or less before it comes to the storage, as Python does where a
    folder has changed that it imports from; then something else fails, and another process tries
    again. Raises ``BackendFault`` for a harness that ends without a fault.
    """
    call = plan.failing[number - 1]
    options = ("-e", f"inject={call.name}:error={call.error}:when={call.number}")
    run = FaultedRun(number, (), failures_count=0, ended=False)
    for _ in range(_MISSES_MAX):
        with storage_folder() as directory:
            run = _failed_run(history, number, directory, options, (call.name,))
        if run.failed:
            break
    return run


def with_numbers(history: Undertaking, plan: Plan) -> Plan:
    """Return a plan of a storage whose files have other names in every run.

    Raises ``BackendFault`` for a harness that does not start and :class:`TraceError`.
    """
    return replace(plan, numbered=writes_by_number(history, plan.write_calls))


def _failed_run(
    history: Undertaking,
    number: int,
    directory: Path,
    options: Sequence[str],
    names: Sequence[str] = tuple(_WRITES.split(",")),
) -> FaultedRun:
    """Carry out a history under options that make one of the named calls fail."""
    history.prepare(directory)
    with storage_folder() as aside:
        trace = aside / "trace"
        injections = Injections(trace, directory)
        try:
            connection = traced_connection(
                history.launch, trace, options, names, fork_server=history.fork_server
            )
        except BackendFault:
            if not injections.are_any():
                raise
            # What failed was none of the storage's calls.
            return FaultedRun(number, (), failures_count=0, ended=True)
        deeds: list[Deed] = []
        early, ended = None, False
        try:
            for deed in history.carried_out(connection, directory):
                deeds.append(deed)
                if early is None and injections.stored_count():
                    early = (len(deeds), read_image(directory))
        except BackendFault:
            ended = True
        finally:
            image = read_image(directory)
            connection.close()
        count = injections.stored_count()
        return FaultedRun(number, tuple(deeds), count, ended, image=image, early=early)


def short_write(history: Undertaking, plan: Plan, number: int) -> FaultedRun:
    """Carry out a history in which one write is short.

    After odd numbers there is room for the rest, after even ones there is none up to the answer.
    The write is told as in :func:`full_disk`. Raises ``BackendFault`` for a harness that does not
    start.
    """
    growth = plan.growths[(number - 1) // 2]
    call = _counted_by_name(plan.write_calls, growth.call)
    if plan.numbered:
        write = plan.numbered[growth.call - 1]
        call = (write.name, write.number)
    with storage_folder() as directory, storage_folder() as aside:
        history.prepare(directory)
        trace = aside / "trace"
        deeds, ended = short_run(
            history,
            growth,
            call,
            directory,
            trace,
            () if plan.numbered else _paths(plan, directory),
            goes_on=number % 2 == 1,
        )
        with trace.open(encoding="ascii", errors="backslashreplace") as lines:
            is_short = is_any_short(line.rstrip("\n") for line in lines)
        return FaultedRun(number, deeds, int(is_short), ended, image=read_image(directory))


def _paths(plan: Plan, directory: Path) -> list[str]:
    """Return the options that choose calls on the stored files, so that answers are let alone."""
    return [word for name in plan.names for word in ("-P", str(directory / name))]


def _carried_out(conducting: Iterator[Deed]) -> tuple[tuple[Deed, ...], bool]:
    """Return the deeds up to the end of the history, or of the process."""
    deeds: list[Deed] = []
    try:
        deeds.extend(conducting)
    except BackendFault:
        return tuple(deeds), True
    return tuple(deeds), False
