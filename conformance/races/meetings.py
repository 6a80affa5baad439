"""Two processes with one directory: a call of one is held, a call of the other runs meanwhile.

At most one process is ever held, and it goes on as soon as the other's call has ended. Where that
one waits, for a lock that the held one has, it goes on too: to wait is lawful.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from conformance.concurrency.calls import ConcurrentCall
from conformance.crashes.conduct import Component, plain_fault
from conformance.door.connection import Connection
from conformance.door.errors import ForeignFault, UnsupportedError
from conformance.engine.texts import exception_text
from conformance.races.handles import Handle
from conformance.races.plans import Pair
from conformance.races.processes import is_idle, waits_in
from conformance.races.threaded_calls import ThreadedCall
from conformance.races.tracing import Hold
from conformance.rules.events import FAULT, OK
from conformance.rules.narration import operation_text
from telltale_spec.errors import DurabilityError
from telltale_spec.model.operations import LoadCache, LoadLog, Operation, Reopen

__all__ = ["CLIENTS", "FRESH", "HELD", "OTHER", "STUCK", "Meet", "Meeting"]

HELD: Final = 0
"""The client whose call is held."""

OTHER: Final = 1
"""The client whose call runs meanwhile."""

FRESH: Final = 2
"""The client that opens the storage when both have ended."""

STUCK: Final = "they wait for each other"
"""How the text of a problem ends that two calls have with each other for ever."""

CLIENTS: Final = (HELD, OTHER, FRESH)
"""All of them."""

# How long the other may take before the held one goes on: less where it is seen to wait.
_SAMPLE_SECONDS: Final = 0.002
_ASLEEP_SECONDS: Final = 0.015
_IDLE_SECONDS: Final = 0.3
_RUNNING_SECONDS: Final = 2.0
_LOCK_SAMPLES: Final = 2
# Longer than somebody waits who takes the holder of a lock for dead; shorter than who gives up.
_PATIENT_SECONDS: Final = 0.8

_IS_X86_64: Final = hasattr(os, "uname") and os.uname().machine == "x86_64"
_LOCKING: Final = frozenset({72, 73} if _IS_X86_64 else {25, 32})
"""``fcntl`` and ``flock``."""

_SLEEPING: Final = frozenset({35, 230} if _IS_X86_64 else {101, 115})
"""``nanosleep`` and ``clock_nanosleep``."""

_LOOKS_MAX: Final = 3
_PAUSE_SECONDS: Final = 0.05


@dataclass
class Meeting:
    """What came of two calls that met.

    ``shared_calls`` are the system calls of the held one as far as they were followed; it was held
    before the last of them, ``held_at``, or not at all where that is empty. ``has_waited`` says
    that the other one had not ended when it went on, ``is_waited_for`` that it was seen to wait,
    perhaps to its end. ``problem`` is what went wrong so that there
    are no answers to judge, in words, and ``obstacle`` why the two could not even meet.
    """

    pair: Pair
    stop_at: int
    is_patient: bool = False
    """Whether the held one stays held for a while, also where the other is seen to wait."""

    calls: list[ConcurrentCall] = field(default_factory=list)
    shared_calls: tuple[str, ...] = ()
    held_at: str = ""
    has_waited: bool = False
    is_waited_for: bool = False
    is_killed: bool = False
    problem: str = ""
    obstacle: str = ""
    answers: dict[int, str] = field(default_factory=dict)
    """What a reopening, which is no call to be put in order, came to, by client."""


class Meet:
    """One meeting while it takes place."""

    def __init__(
        self,
        processes: Sequence[tuple[Connection, int]],
        component: Component,
        directory: Path,
        meeting: Meeting,
    ) -> None:
        self._component = component
        self._directory = directory
        self._meeting = meeting
        self._clock = itertools.count()
        self._processes = processes
        limit = min(connection.call_seconds_max for connection, _ in processes)
        self._patience_seconds = min(_RUNNING_SECONDS, limit / 4)
        self._handles = [
            Handle(connection, component, directory) for connection, _ in self._processes
        ]

    def run(self) -> None:
        """Carry it out, and look at what there is in the end."""
        meeting = self._meeting
        for handle in self._handles[:FRESH]:
            self._opened(handle)
        if meeting.obstacle:
            return
        for operation in meeting.pair.before:
            self._at_once(HELD, operation)
        # What one handle remembers of what the other has written is part of the question.
        if meeting.pair.before and not meeting.problem:
            self._at_once(OTHER, self._load)
        if not meeting.problem:
            self._meet()
        if not meeting.problem:
            self._look()
        if not meeting.problem:
            for client in self._living():
                with contextlib.suppress(DurabilityError, ForeignFault, UnsupportedError):
                    # How a closing ends is judged elsewhere.
                    self._handles[client].close()

    def _living(self) -> Sequence[int]:
        """Return the clients that can be called when the two calls are over."""
        return CLIENTS

    @property
    def _load(self) -> Operation:
        return LoadLog() if self._component is Component.LOG else LoadCache()

    def _opened(self, handle: Handle) -> None:
        try:
            handle.open()
        except (DurabilityError, ForeignFault, UnsupportedError) as error:
            text = exception_text(error).replace(str(self._directory), "<directory>")
            self._meeting.obstacle = f"two handles on one directory do not open: {text}"

    def _making(
        self,
        client: int,
        operation: Operation,
        on_end: Callable[[], None] = lambda: None,
        then: Sequence[Operation] = (),
    ) -> ThreadedCall:
        handle = self._handles[client]
        following = [(handle.call(each), each) for each in then]
        return ThreadedCall(
            client, handle.call(operation), operation, self._clock, on_end, following
        )

    def _at_once(self, client: int, operation: Operation) -> ConcurrentCall | None:
        """Make a call and wait for its answer; what ends a process is a problem of its own."""
        making = self._making(client, operation)
        if self._meeting.problem:
            return None
        making.run()
        return self._kept(making)

    def _kept(self, making: ThreadedCall) -> ConcurrentCall | None:
        if making.call is None:
            return None
        if isinstance(making.call.operation, Reopen):
            said = f": {making.call.message}" if making.call.message else ""
            self._meeting.answers[making.call.client] = f"{making.call.answer}{said}"
            if making.call.answer == FAULT:
                self._meeting.problem = f"a reopening {making.call.message}"
        else:
            self._meeting.calls.append(making.call)
        return making.call

    def _meet(self) -> None:
        meeting, changed = self._meeting, threading.Event()
        pair = meeting.pair
        (_, held_process), (_, other_process), _ = self._processes
        hold = Hold(held_process, self._directory, meeting.stop_at, changed.set)
        held = self._making(HELD, pair.held, changed.set)
        other = self._making(OTHER, pair.other, then=pair.then)
        try:
            held.start()
            changed.wait()
            if hold.is_held:
                meeting.held_at = hold.calls[-1]
                other.start()
                meeting.has_waited = not self._has_ended(other, other_process)
        finally:
            # Whatever happens, nothing stays held.
            hold.release()
        held.join()
        if not hold.is_held:
            other.start()
        other.join()
        meeting.shared_calls = tuple(hold.calls)
        meeting.problem = self._problem(held, other)
        for making in (held, other):
            self._kept(making)
            meeting.calls += making.followed

    def _has_ended(self, other: ThreadedCall, process_id: int) -> bool:
        """Wait for the other's call while the first one is held; say whether it has ended."""
        began = time.monotonic()
        locked, asleep_since = 0, began
        while not other.ended.wait(_SAMPLE_SECONDS):
            now = time.monotonic()
            if now - began > self._patience_seconds:
                return False
            waits = waits_in(process_id) if is_idle(process_id) else set()
            locked = locked + 1 if waits & _LOCKING else 0
            if not waits & _SLEEPING:
                asleep_since = now
            is_idle_long = bool(waits) and now - began > _IDLE_SECONDS
            is_asleep = now - asleep_since > _ASLEEP_SECONDS
            if not (locked >= _LOCK_SAMPLES or is_asleep or is_idle_long):
                continue
            self._meeting.is_waited_for = True
            if not self._meeting.is_patient or now - began > _PATIENT_SECONDS:
                return other.ended.is_set()
        return True

    def _problem(self, held: ThreadedCall, other: ThreadedCall) -> str:
        """Return what kept calls from being answered, in words, or an empty text."""
        broken = [each for each in (held, other) if each.fault is not None]
        if not broken:
            return ""
        first = min(broken, key=lambda each: each.ended_at)
        names = {held: "the first process", other: "the second process"}
        limit = self._processes[HELD][0].call_seconds_max
        if first.ended_at - first.began_at < limit:
            fault = first.fault
            text = "" if fault is None else plain_fault(fault).partition("\n")[0]
            return f"{names[first]} did not answer: {text}"
        # Giving the first one up lets its locks go, so one that waited for them ends from then on,
        # perhaps before the giving up is over.
        given_up_at = first.began_at + limit
        if all(each.ended_at >= given_up_at for each in (held, other)):
            return f"neither of the two answers within {limit:g} seconds: {STUCK}"
        return (
            f"{names[first]} does not answer within {limit:g} seconds, "
            "although the other one has gone on and ended"
        )

    def _look(self) -> None:
        """Look at the contents through both handles and through a new one, in every way."""
        for client in self._living():
            for operation in self._meeting.pair.looks:
                if not self._meeting.problem:
                    self._look_through(client, operation)

    def _look_through(self, client: int, operation: Operation) -> None:
        """Make one call once all have ended; a handle that is busy is asked again."""
        answer = "it does not open"
        for attempt in range(_LOOKS_MAX):
            time.sleep(_PAUSE_SECONDS if attempt else 0)
            if not self._handles[client].is_open:
                with contextlib.suppress(DurabilityError):
                    self._handles[client].open()
            if self._handles[client].is_open:
                call = self._at_once(client, operation)
                if call is None or call.answer in (OK, FAULT):
                    return
                answer = f"{call.answer} {call.message}"
                self._meeting.calls.pop()
        who = ("the first", "the second", "a new")[client]
        said = answer.replace(str(self._directory), "<directory>")
        asked = "load" if operation == self._load else f"answer ({operation_text(operation)})"
        self._meeting.problem = f"{who} handle does not {asked} once all have ended: {said}"
