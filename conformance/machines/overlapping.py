"""Calls that overlap: threads that make them, the record of each, and the check of the whole."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from conformance.concurrency.calls import ConcurrentCall, Judgement, Order
from conformance.concurrency.telling import answer_text
from conformance.engine.session import History, Returned
from conformance.engine.texts import exception_text, shortened
from conformance.machines.race_scripts import Round, RoundScript
from conformance.pauses import pausing
from conformance.records.results import TimedCall
from conformance.rules.events import FAULT, OK, REFUSED, UNKNOWN
from conformance.rules.narration import operation_text
from telltale_spec.errors import DurabilityError
from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    LoadCache,
    LoadLog,
    Operation,
    PutOutcome,
    ReadSince,
)
from telltale_spec.wire.agreement import AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = [
    "CALLS_SECONDS",
    "Caller",
    "call_of",
    "check_order",
    "recorded_call",
    "settled",
    "timed_calls",
]

CALLS_SECONDS: Final = 8.0
"""How long all calls of a race may take."""

_ANSWER_CHARACTERS_MAX: Final = 400


class Caller(threading.Thread):
    """Makes the calls of a script through a handle and keeps when each began and ended."""

    def __init__(
        self,
        index: int,
        handle: Any,
        script: RoundScript,
        start: threading.Barrier,
        clock: Iterator[int],
        seed: str,
        *,
        is_ours: bool,
    ) -> None:
        super().__init__(name=f"handle-{index}", daemon=True)
        self.calls: list[ConcurrentCall] = []
        self._index = index
        self._handle = handle
        self._script = script
        self._pace = script.pace
        # What serves a call elsewhere would be kept waiting for it between two calls, not in one.
        self._chance = script.pace.chance if is_ours else 0.0
        self._start_together = start
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311 - a schedule, not a secret

    def run(self) -> None:
        """Make the calls in order, whatever comes of each."""
        self._start_together.wait(CALLS_SECONDS)
        for operation in self._script.operations:
            function = call_of(self._handle, operation)
            answer, result, message = OK, None, ""
            invoked = next(self._clock)
            try:
                with pausing(self._chance, self._pace.pause_seconds, self._random):
                    result = function()
            except DurabilityError as error:
                answer, message = REFUSED, str(error)
            except Exception as error:
                # What a call may raise is judged elsewhere; whether it was done is not known.
                answer, message = UNKNOWN, exception_text(error)
            answered = next(self._clock)
            self.calls.append(
                recorded_call(self._index, operation, invoked, answered, answer, result, message)
            )
            if self._pace.between_seconds:
                time.sleep(self._pace.between_seconds)


def call_of(handle: Any, operation: Operation) -> Callable[[], Any]:
    """Return an operation as a call of a log or a cache."""
    match operation:
        case Append(entry):
            return lambda: handle.append(entry)
        case ReadSince(tick):
            return lambda: handle.read_since(tick)
        case PutOutcome(entry):
            return lambda: handle.put(entry)
        case GetOutcome(evidence_id):
            return lambda: handle.get(evidence_id)
        case LoadLog() | LoadCache():
            return lambda: handle.load()
    raise TypeError(f"{type(operation).__name__} is not made by handles that overlap")


def recorded_call(
    client: int,
    operation: Operation,
    invoked: int,
    answered: int,
    answer: str,
    result: Any = None,
    message: str = "",
) -> ConcurrentCall:
    """Return a call with its result; one that is none of its kind makes the answer a fault."""
    if answer != OK:
        return ConcurrentCall(client, operation, invoked, answered, answer, None, message)
    match operation:
        case Append() | PutOutcome():
            return ConcurrentCall(client, operation, invoked, answered)
        case GetOutcome():
            found = result
            is_right = result is None or isinstance(result, EvidenceOutcomeCacheEntry)
        case _:
            is_suffix = isinstance(operation, ReadSince)
            found = result if is_suffix else getattr(result, "entries", None)
            kind = (
                EvidenceOutcomeCacheEntry if isinstance(operation, LoadCache) else AgreementWalEntry
            )
            # Which kind of sequence it is, is nowhere promised.
            is_right = isinstance(found, Sequence) and all(
                isinstance(entry, kind) for entry in found
            )
            found = tuple(found or ()) if is_right else None
    if not is_right:
        text = f"a {type(result).__name__} that is no answer to {operation_text(operation)}"
        return ConcurrentCall(client, operation, invoked, answered, FAULT, None, text)
    return ConcurrentCall(client, operation, invoked, answered, OK, found)


def settled(
    history: History,
    requirement_id: str,
    handles: Sequence[Any],
    scripts: Round,
    clock: Iterator[int],
) -> list[ConcurrentCall]:
    """Load through every handle once all calls have ended; none may refuse that."""
    operation = LoadLog() if isinstance(scripts[0].operations[0], Append) else LoadCache()
    found = []
    for index, handle in enumerate(handles):
        invoked = next(clock)
        text = f"through handle {index}: {operation_text(operation)}"
        answer = history.call(text, handle.load, undeclared=requirement_id, quiet=True)
        history.check(
            requirement_id,
            isinstance(answer, Returned),
            "the contents, once all calls have ended",
            "the load was refused",
        )
        value = answer.value if isinstance(answer, Returned) else None
        found.append(recorded_call(index, operation, invoked, next(clock), OK, value))
    return found


def check_order(
    history: History,
    requirement_id: str,
    calls: Sequence[ConcurrentCall],
    judgement: Judgement,
    *,
    expected: Callable[[], str] = lambda: "what some order of the calls explains",
    found: Callable[[], str] | None = None,
) -> None:
    """Check that some order explains all calls; where none does, the fewest of them are shown.

    With ``found``, which says what the storage came to, the steps of the history are told already.
    """
    malformed = next((index for index, call in enumerate(calls) if call.answer == FAULT), None)
    if malformed is not None:
        text = calls[malformed].message
        judgement = Judgement(Order.NONE, text, (malformed,), malformed)
    if judgement.order is Order.OPEN:
        history.session.cut_short = judgement.text
        return
    if judgement.order is Order.NONE:
        history.calls = timed_calls(calls, judgement)
        for call in history.calls if found is None else ():
            history.note(f"through handle {call.client}: {call.text}", call.answer)
    history.check(
        requirement_id,
        judgement.order is Order.FOUND,
        expected,
        lambda: judgement.text if found is None else f"{judgement.text}; {found()}",
    )


def timed_calls(calls: Sequence[ConcurrentCall], judgement: Judgement) -> list[TimedCall]:
    """Return the calls of a contradiction and those beside it, times from 0 on without gaps."""
    indexes = judgement.shown
    shown = [calls[index] for index in indexes]
    instants = {call.invoked for call in shown}
    instants |= {call.answered for call in shown if call.answered is not None}
    places = {instant: place for place, instant in enumerate(sorted(instants))}
    return [
        TimedCall(
            call.client,
            operation_text(call.operation),
            shortened(_answer(call), _ANSWER_CHARACTERS_MAX),
            places[call.invoked],
            None if call.answered is None else places[call.answered],
            index == judgement.culprit,
        )
        for index, call in zip(indexes, shown, strict=True)
    ]


def _answer(call: ConcurrentCall) -> str:
    return call.message if call.answer == FAULT else answer_text(call)
