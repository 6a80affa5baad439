"""One call held before each line of its own code, while another one is made: on one handle, or two.

That takes an object in our own process. It is as certain as a process that is held at its system
calls, and tells the line.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from conformance.backend import Backend, Capability
from conformance.concurrency.calls import ConcurrentCall, Judgement
from conformance.crashes.selection import evenly
from conformance.engine.acts import Act
from conformance.engine.session import History, Returned, Violation
from conformance.machines.asking import TRIES
from conformance.machines.overlapping import CALLS_SECONDS, call_of, check_order, recorded_call
from conformance.pauses import switching_each
from conformance.races.plans import Pair
from conformance.races.stepping import Stepper
from conformance.races.telling import answered_text, contents_text
from conformance.races.threaded_calls import TURN_SECONDS, ThreadedCall, has_ended
from conformance.rules.events import FAULT, OK, REFUSED, UNKNOWN
from conformance.rules.narration import operation_text
from telltale_spec.model.operations import Operation, Reopen

__all__ = ["Kind", "Threaded", "hold_at_lines", "threaded_pairs"]

_HELD: Final = 0
_OTHER: Final = 1
_AFTERWARDS: Final = 2
_SHORT_HISTORIES: Final = 100
# A window between two lines is one line wide, so that few are left out.
_LINES_FEWEST: Final = 160
_SHARE_OF_TWO: Final = 0.25
_WAITS: Final = "waits until the first thread goes on; then "

Judge = Callable[[Sequence[ConcurrentCall]], Judgement]


@dataclass(frozen=True)
class Threaded:
    """Two calls of two threads as data, and before which line the first one is held.

    With number 0 it is held before one line after the other. ``place`` is that line in words.
    """

    before: tuple[Operation, ...]
    held: Operation
    other: Operation
    number: int = 0
    place: str = ""
    then: tuple[Operation, ...] = ()

    @property
    def pair(self) -> Pair:
        """The two calls alone."""
        return Pair(self.before, self.held, self.other, then=self.then)


class Kind:
    """What is judged: a log or a cache, and how; by two threads on one handle, or on one each."""

    def __init__(
        self,
        noun: str,
        requirement_id: str,
        part: Callable[[Backend], Any],
        judge: Judge,
        load: Operation,
        *,
        has_two: bool = False,
    ) -> None:
        self.has_two = has_two
        self.noun = noun
        self.requirement_id = requirement_id
        self.part = part
        self.judge = judge
        self.load = load

    @property
    def arises(self) -> str:
        """What has to arise: calls that were really under way at once."""
        if self.has_two:
            return f"one of two handles on a {self.noun} called inside a call of the other"
        return f"one handle on a {self.noun} called by several threads at the same time"

    def opened(self, history: History, directory: Path) -> Any:
        """Open the storage in a directory."""
        make = self.part(history.session.backend)
        return history.start(f"the {self.noun}", partial(make, directory))


def hold_at_lines(history: History, kind: Kind, threaded: Threaded) -> None:
    """Hold a call before each of its lines, or before the one that is named, and judge each time.

    Raises ``Violation``.
    """
    with switching_each(TURN_SECONDS):
        _hold_at_lines(history, kind, threaded)


def _hold_at_lines(history: History, kind: Kind, threaded: Threaded) -> None:
    if threaded.number and _hold_once(history, kind, threaded).held_at == threaded.place:
        return
    session = history.session
    everywhere = replace(threaded, number=0, place="")
    # Nobody is in the way of the other call here, so that it takes as long as it usually does.
    unheld = _hold_once(history, kind, everywhere)
    by_chance: Violation | None = None
    for number in evenly(range(1, unheld.count + 1), max(_LINES_FEWEST, session.budget.histories)):
        if kind.has_two and session.is_out_of_time(_SHARE_OF_TWO):
            # Its handles race as well, by chance: these meetings are as many as there is time for.
            break
        if session.is_out_of_time():
            session.budget_ran_out = True
            break
        session.watch.note_progress()
        try:
            _hold_fewest(history, kind, replace(everywhere, number=number), unheld.other_seconds)
        except Violation as violation:
            # After a wait both go on at once; a failure that always comes may be found later.
            if not _has_waited(violation):
                raise
            by_chance = by_chance or violation
    if by_chance is not None:
        raise by_chance


def _hold_fewest(history: History, kind: Kind, threaded: Threaded, usual_seconds: float) -> None:
    """Let two threads meet; what fails is tried with as few of the calls that follow as needed."""
    try:
        _hold_once(history, kind, threaded, usual_seconds)
    except Violation:
        for count in range(len(threaded.then)):
            fewer = replace(threaded, then=threaded.then[:count])
            _hold_once(history, kind, fewer, usual_seconds)
        raise


def _has_waited(violation: Violation) -> bool:
    return any(step.answer.startswith(_WAITS) for step in violation.counterexample.steps)


@dataclass(frozen=True)
class _Meeting:
    """How many lines the held call has, before which it was held, and how long the other took."""

    count: int
    held_at: str
    other_seconds: float


def _hold_once(
    history: History, kind: Kind, threaded: Threaded, usual_seconds: float = 0.0
) -> _Meeting:
    """Let two threads meet, and judge what comes of it.

    The other call usually takes ``usual_seconds`` together with those that follow it.
    """
    directory = history.directory()
    handle = kind.opened(history, directory)
    other_handle = kind.opened(history, directory) if kind.has_two else handle
    history.steps[:] = []
    history.calls[:] = []
    clock = itertools.count()
    calls = [_at_once(history, kind, handle, each, clock, _HELD) for each in threaded.before]
    if kind.has_two and calls:
        # What one handle remembers of what the other has written is part of the question.
        calls.append(_at_once(history, kind, other_handle, kind.load, clock, _OTHER))
    changed = threading.Event()
    stepper = Stepper(threaded.number, changed.set, CALLS_SECONDS)
    call = partial(stepper.run, call_of(handle, threaded.held))
    held = ThreadedCall(_HELD, call, threaded.held, clock, changed.set)
    following = [(call_of(other_handle, each), each) for each in threaded.then]
    function = call_of(other_handle, threaded.other)
    other = ThreadedCall(_OTHER, function, threaded.other, clock, following=following)
    held.start()
    changed.wait(CALLS_SECONDS)
    has_waited = False
    if stepper.held_at:
        history.reach(kind.arises)
        other.start()
        has_waited = not has_ended(other, usual_seconds)
    stepper.release()
    held.join(CALLS_SECONDS)
    began_at = time.monotonic()
    if not stepper.held_at:
        other.start()
    other.join(CALLS_SECONDS)
    other_seconds = time.monotonic() - began_at
    _note_act(history, replace(threaded, place=stepper.held_at))
    _tell(history, threaded.pair, stepper.held_at, (held, other), has_waited)
    made = [each.call for each in (held, other) if each.call is not None] + other.followed
    ended, has_answered = "an answer to every call", held.has_answered and other.has_answered
    history.check(kind.requirement_id, has_answered, ended, "one thread waits for ever")
    if kind.has_two:
        made = [_as_of_a_handle(each) for each in made]
        calls += _settled(history, kind, threaded.pair, other_handle, clock, _OTHER)
        history.release(other_handle)
    _judge(history, kind, threaded.pair, [*calls, *made], (handle, directory, clock))
    return _Meeting(stepper.count, stepper.held_at, other_seconds)


def _as_of_a_handle(call: ConcurrentCall) -> ConcurrentCall:
    """Return a call that raised something as one of which it is not known whether it was done.

    A handle may belong to the thread that opened it, and say so in its own words.
    """
    has_raised = call.answer == FAULT and call.message.startswith("raised ")
    return replace(call, answer=UNKNOWN) if has_raised else call


def _note_act(history: History, threaded: Threaded) -> None:
    """Let what is replayed be this line alone."""
    form = history.acts[-1].form
    history.acts[:] = [Act(form, (threaded,))]


def _judge(
    history: History,
    kind: Kind,
    pair: Pair,
    calls: list[ConcurrentCall],
    opened: tuple[Any, Path, Iterator[int]],
) -> None:
    """Judge calls together with what is there in the end, also for whoever opens it again."""
    handle, directory, clock = opened
    calls += _settled(history, kind, pair, handle, clock, _HELD)
    history.release(handle)
    if Capability.REOPEN in history.session.backend.capabilities:
        again = kind.opened(history, directory)
        calls += _settled(history, kind, pair, again, clock, _AFTERWARDS)
        history.release(again)
    calls.sort(key=lambda call: call.invoked)
    check_order(
        history,
        kind.requirement_id,
        calls,
        kind.judge(calls),
        expected=lambda: contents_text(pair, "thread"),
        found=lambda: f"in the end: {answered_text(calls[-1])}",
    )


def _at_once(
    history: History,
    kind: Kind,
    handle: Any,
    operation: Operation,
    clock: Iterator[int],
    client: int,
) -> ConcurrentCall:
    """Make one call with no other under way."""
    invoked = next(clock)
    where = {_AFTERWARDS: "opened again: "}
    if kind.has_two:
        where |= {_HELD: "first handle: ", _OTHER: "second handle: "}
    text = f"{where.get(client, '')}{operation_text(operation)}"
    answer = history.call(
        text, call_of(handle, operation), operation=operation, undeclared=kind.requirement_id
    )
    if isinstance(answer, Returned):
        call = recorded_call(client, operation, invoked, next(clock), OK, answer.value)
        history.answer(answered_text(call))
        return call
    return recorded_call(client, operation, invoked, next(clock), REFUSED, None, answer.message)


def _settled(
    history: History, kind: Kind, pair: Pair, handle: Any, clock: Iterator[int], client: int
) -> list[ConcurrentCall]:
    """Look at the contents, in every way, once all calls have ended.

    Who is busy may be asked again, and nobody may refuse it.
    """
    found = []
    for operation in pair.looks:
        for _ in range(TRIES):
            call = _at_once(history, kind, handle, operation, clock, client)
            if not call.is_refused:
                break
        expected, said = "the contents, once all calls have ended", f"refused: {call.message}"
        history.check(kind.requirement_id, not call.is_refused, expected, said)
        found.append(call)
    return found


def _tell(
    history: History,
    pair: Pair,
    held_at: str,
    threads: tuple[ThreadedCall, ThreadedCall],
    has_waited: bool,
) -> None:
    held, other = (
        "no answer" if each.call is None else answered_text(each.call) for each in threads
    )
    first, second = f"first thread: {operation_text(pair.held)}", operation_text(pair.other)
    if not held_at:
        history.note(first, held, pair.held)
        history.note(f"second thread: {second}", other, pair.other)
        _tell_following(history, threads[_OTHER])
        return
    history.note(first, f"is held before {held_at}", pair.held)
    waits = _WAITS if has_waited else ""
    history.note(f"second thread: {second}", f"{waits}{other}", pair.other)
    _tell_following(history, threads[_OTHER])
    history.note("first thread: goes on", held)


def _tell_following(history: History, thread: ThreadedCall) -> None:
    for call in thread.followed:
        text = operation_text(call.operation)
        history.note(f"second thread: {text}", answered_text(call), call.operation)


# Which calls meet


def threaded_pairs(pairs: Sequence[Pair], short_count: int, histories: int) -> Sequence[Threaded]:
    """Return the pairs of calls without a reopening, in a short run the first ones."""
    kept = [each for each in pairs if not isinstance(each.held, Reopen)]
    kept = [each for each in kept if not isinstance(each.other, Reopen)]
    chosen = kept[:short_count] if histories < _SHORT_HISTORIES else kept
    return [Threaded(each.before, each.held, each.other, then=each.then) for each in chosen]
