"""Threads that share one handle: called at the same time, and one held while another one is called.

Both are judged like several handles. The first leaves the schedule to luck, whichever language a
backend is written in; the second goes through every line of a call, which takes an object in our
own process.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from conformance.backend import Backend, Capability
from conformance.concurrency.caches import judge_cache
from conformance.concurrency.calls import ConcurrentCall, Judgement
from conformance.concurrency.logs import judge_log
from conformance.crashes.selection import evenly
from conformance.engine.acts import Act
from conformance.engine.session import History, Returned, Violation
from conformance.engine.suite import Law, LawSuite, TableLaw
from conformance.machines.handle_races import HANDLES, cache_of, log_of, race_calls
from conformance.machines.overlapping import CALLS_SECONDS, call_of, check_order, recorded_call
from conformance.machines.race_scripts import CACHE_ROUNDS, LOG_ROUNDS, Round
from conformance.races.plans import CACHE_PAIRS, LOG_PAIRS, Pair
from conformance.races.stepping import Stepper
from conformance.races.telling import answered_text, contents_text
from conformance.races.threaded_calls import ThreadedCall, has_ended
from conformance.rules.events import FAULT, OK, REFUSED
from conformance.rules.narration import operation_text
from telltale_spec.model.operations import LoadCache, LoadLog, Operation, Reopen

__all__ = ["THREAD_SUITES", "Threaded"]

_HELD: Final = 0
_OTHER: Final = 1
_AFTERWARDS: Final = 2
_SHORT_HISTORIES: Final = 100
_SHORT_PAIRS: Final = 9
_LINES_FEWEST: Final = 40
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

    @property
    def pair(self) -> Pair:
        """The two calls alone."""
        return Pair(self.before, self.held, self.other)


class _Kind:
    """What is judged: a log or a cache, and how."""

    def __init__(
        self,
        noun: str,
        requirement_id: str,
        part: Callable[[Backend], Any],
        judge: Judge,
        load: Operation,
    ) -> None:
        self.noun = noun
        self.requirement_id = requirement_id
        self.part = part
        self.judge = judge
        self.load = load

    @property
    def arises(self) -> str:
        """What has to arise: calls of one handle that were really under way at once."""
        return f"one handle on a {self.noun} called by several threads at the same time"

    def opened(self, history: History, directory: Path) -> Any:
        """Open the storage in a directory."""
        make = self.part(history.session.backend)
        return history.start(f"the {self.noun}", partial(make, directory))


_LOG: Final = _Kind("log", "WAL-01.threads", log_of, judge_log, LoadLog())
_CACHE: Final = _Kind("cache", "CACHE-02.threads", cache_of, judge_cache, LoadCache())


# All threads at once


def _race_rounds(history: History, kind: _Kind, rounds: Sequence[Round], attempt: int) -> None:
    """Let several threads make the calls of each round on one handle."""
    overtaken = history.session.backend.overtaken
    for number, scripts in enumerate(rounds):
        handle = kind.opened(history, history.directory())
        before = 0 if overtaken is None else overtaken()
        seed = f"{attempt}/{number}"
        calls = race_calls(history, kind.requirement_id, [handle] * HANDLES, scripts, seed)
        # A process that reads one request after the other answers in the same order.
        if overtaken is None or overtaken() > before:
            history.reach(kind.arises)
        calls = [_with_fault(call) for call in calls]
        check_order(history, kind.requirement_id, calls, kind.judge(calls))
        history.release(handle)


def _with_fault(call: ConcurrentCall) -> ConcurrentCall:
    """Return a call that raised something undeclared as one that is wrong by itself."""
    if call.answer in (OK, REFUSED, FAULT) or call.answered is None:
        return call
    return recorded_call(
        call.client,
        call.operation,
        call.invoked,
        call.answered,
        FAULT,
        None,
        f"raised {call.message}",
    )


def _race_on_log(history: History, attempt: int) -> None:
    """Call one log by several threads; some order explains every answer."""
    _race_rounds(history, _LOG, LOG_ROUNDS, attempt)


def _race_on_cache(history: History, attempt: int) -> None:
    """Call one cache by several threads; some order explains every answer."""
    _race_rounds(history, _CACHE, CACHE_ROUNDS, attempt)


# One thread held at each line


def _hold_on_log(history: History, threaded: Threaded) -> None:
    """Hold one call on a log before each of its lines while another thread calls the same log."""
    _hold_at_lines(history, _LOG, threaded)


def _hold_on_cache(history: History, threaded: Threaded) -> None:
    """Hold one call on a cache before each of its lines while another thread calls it."""
    _hold_at_lines(history, _CACHE, threaded)


def _hold_at_lines(history: History, kind: _Kind, threaded: Threaded) -> None:
    if threaded.number and _hold_once(history, kind, threaded).held_at == threaded.place:
        return
    session = history.session
    everywhere = replace(threaded, number=0, place="")
    count = _hold_once(history, kind, everywhere).count
    by_chance: Violation | None = None
    for number in evenly(range(1, count + 1), max(_LINES_FEWEST, session.budget.histories)):
        if session.is_out_of_time():
            session.budget_ran_out = True
            break
        session.watch.note_progress()
        try:
            _hold_once(history, kind, replace(everywhere, number=number))
        except Violation as violation:
            # After a wait both go on at once; a failure that always comes may be found later.
            if not _has_waited(violation):
                raise
            by_chance = by_chance or violation
    if by_chance is not None:
        raise by_chance


def _has_waited(violation: Violation) -> bool:
    return any(step.answer.startswith(_WAITS) for step in violation.counterexample.steps)


def _hold_once(history: History, kind: _Kind, threaded: Threaded) -> Stepper:
    """Let two threads meet on one handle, and judge what comes of it."""
    directory = history.directory()
    handle = kind.opened(history, directory)
    history.steps[:] = []
    history.calls[:] = []
    clock = itertools.count()
    calls = [_at_once(history, kind, handle, each, clock, _HELD) for each in threaded.before]
    changed = threading.Event()
    stepper = Stepper(threaded.number, changed.set, CALLS_SECONDS)
    call = partial(stepper.run, call_of(handle, threaded.held))
    held = ThreadedCall(_HELD, call, threaded.held, clock, changed.set)
    other = ThreadedCall(_OTHER, call_of(handle, threaded.other), threaded.other, clock)
    held.start()
    changed.wait(CALLS_SECONDS)
    has_waited = False
    if stepper.held_at:
        history.reach(kind.arises)
        other.start()
        has_waited = not has_ended(other)
    stepper.release()
    held.join(CALLS_SECONDS)
    if not stepper.held_at:
        other.start()
    other.join(CALLS_SECONDS)
    _note_act(history, replace(threaded, place=stepper.held_at))
    _tell(history, threaded.pair, stepper.held_at, (held, other), has_waited)
    made = [each.call for each in (held, other) if each.call is not None]
    ended = "an answer to every call"
    history.check(kind.requirement_id, len(made) == 2, ended, "one thread waits for ever")
    _judge(history, kind, threaded.pair, [*calls, *made], (handle, directory, clock))
    return stepper


def _note_act(history: History, threaded: Threaded) -> None:
    """Let what is replayed be this line alone."""
    form = history.acts[-1].form
    history.acts[:] = [Act(form, (threaded,))]


def _judge(
    history: History,
    kind: _Kind,
    pair: Pair,
    calls: list[ConcurrentCall],
    opened: tuple[Any, Path, Iterator[int]],
) -> None:
    """Judge calls together with what is there in the end, also for whoever opens it again."""
    handle, directory, clock = opened
    calls.append(_at_once(history, kind, handle, kind.load, clock, _HELD))
    history.release(handle)
    if Capability.REOPEN in history.session.backend.capabilities:
        again = kind.opened(history, directory)
        calls.append(_at_once(history, kind, again, kind.load, clock, _AFTERWARDS))
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
    kind: _Kind,
    handle: Any,
    operation: Operation,
    clock: Iterator[int],
    client: int,
) -> ConcurrentCall:
    """Make one call with no other under way."""
    invoked = next(clock)
    text = f"{'opened again: ' if client == _AFTERWARDS else ''}{operation_text(operation)}"
    answer = history.call(
        text, call_of(handle, operation), operation=operation, undeclared=kind.requirement_id
    )
    if isinstance(answer, Returned):
        call = recorded_call(client, operation, invoked, next(clock), OK, answer.value)
        history.answer(answered_text(call))
        return call
    return recorded_call(client, operation, invoked, next(clock), REFUSED, None, answer.message)


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
        return
    history.note(first, f"is held before {held_at}", pair.held)
    waits = _WAITS if has_waited else ""
    history.note(f"second thread: {second}", f"{waits}{other}", pair.other)
    history.note("first thread: goes on", held)


# Suites


def _pairs(pairs: Sequence[Pair], histories: int) -> Sequence[Threaded]:
    kept = [each for each in pairs if not isinstance(each.held, Reopen)]
    kept = [each for each in kept if not isinstance(each.other, Reopen)]
    chosen = kept[:_SHORT_PAIRS] if histories < _SHORT_HISTORIES else kept
    return [Threaded(each.before, each.held, each.other) for each in chosen]


def _is_ours(backend: Backend) -> bool:
    return backend.overtaken is None


def _can_be_called(backend: Backend) -> bool:
    return Capability.THREADS in backend.capabilities and backend.concurrent_calls


def _why_not(backend: Backend) -> str:
    if Capability.THREADS not in backend.capabilities:
        return "the backend does not declare threads"
    if not backend.concurrent_calls:
        return "declared, and not tried: the harness serves one call at a time"
    return "the backend does not have what threads could share"


def _suite(
    name: str,
    kind: _Kind,
    race: Callable[[History, int], None],
    hold: Callable[[History, Threaded], None],
    pairs: Sequence[Pair],
) -> LawSuite:
    return LawSuite(
        name=f"{name} shared by threads",
        laws=(
            TableLaw(
                f"{kind.noun} held at each line", partial(_pairs, pairs), hold, needs=_is_ours
            ),
            Law(f"{kind.noun} shared by threads", st.integers(0, 7), race, 0.1),
        ),
        requirement_ids=(kind.requirement_id,),
        situations={kind.arises: (kind.requirement_id,)},
        present=lambda backend: kind.part(backend) is not None and _can_be_called(backend),
        absent=_why_not,
    )


THREAD_SUITES: Final = (
    _suite("agreement WAL", _LOG, _race_on_log, _hold_on_log, LOG_PAIRS),
    _suite("evidence cache", _CACHE, _race_on_cache, _hold_on_cache, CACHE_PAIRS),
)
"""Every suite of threads that share one handle."""
