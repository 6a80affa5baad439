"""A meeting in words: who was held where, what was answered, and what would have been lawful."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from conformance.concurrency.calls import ConcurrentCall
from conformance.concurrency.telling import answer_text
from conformance.races.meetings import FRESH, HELD, OTHER, Meeting
from conformance.races.plans import Pair
from conformance.records.results import Step
from conformance.rules.events import FAULT
from conformance.rules.narration import entries_text, operation_text
from telltale_spec.model.cache import put_entry
from telltale_spec.model.machine import order_error
from telltale_spec.model.operations import Append, LoadCache, LoadLog, Operation, PutOutcome

__all__ = ["answered_text", "contents_text", "found_text", "meeting_steps", "survived_text"]

_NAMES: Final = ("first process", "second process", "third process, a new handle")


def meeting_steps(meeting: Meeting, needed: Sequence[ConcurrentCall]) -> list[Step]:
    """Return the steps of a meeting, in the order of time.

    Of the looks at what came of it, those are told that are ``needed`` for a contradiction, and
    what a new handle has loaded.
    """
    calls = sorted(meeting.calls, key=lambda call: call.invoked)
    pair = meeting.pair
    held = next((call for call in calls if _is(call, HELD, pair.held)), None)
    other = next((call for call in calls if _is(call, OTHER, pair.other)), None)
    before = len(pair.before) + bool(pair.before)
    then = [call for call in calls if any(_is(call, OTHER, each) for each in pair.then)]
    steps = [_step(call) for call in calls[:before]]
    text, data = f"{_NAMES[HELD]}: {operation_text(pair.held)}", pair.held.to_dict()
    if meeting.is_killed:
        steps.append(Step(text, f"its process is killed where it begins {meeting.held_at}", data))
        steps.append(_of_other(pair, _answer(meeting, other, OTHER)))
    elif meeting.held_at:
        steps.append(Step(text, f"is stopped where it begins {meeting.held_at}", data))
        said = _answer(meeting, other, OTHER)
        how = f"waits until the first process goes on; then {said}" if meeting.has_waited else said
        steps += [_of_other(pair, how), *map(_step, then)]
        steps.append(Step(f"{_NAMES[HELD]}: goes on", _answer(meeting, held, HELD)))
    else:
        steps.append(Step(text, _answer(meeting, held, HELD), data))
        steps += [_of_other(pair, _answer(meeting, other, OTHER)), *map(_step, then)]
    met = [held, other, *then]
    looks = [call for call in calls[before:] if call not in met]
    told = [each for each in looks if each in needed or each.answer == FAULT or _is_found(each)]
    return [*steps, *map(_step, told)]


def _is_found(call: ConcurrentCall) -> bool:
    is_load = isinstance(call.operation, LoadLog | LoadCache)
    return call.client == FRESH and is_load and call.is_acknowledged


def _is(call: ConcurrentCall, client: int, operation: Operation) -> bool:
    return call.client == client and call.operation is operation


def _of_other(pair: Pair, answer: str) -> Step:
    text = f"{_NAMES[OTHER]}: {operation_text(pair.other)}"
    return Step(text, answer, pair.other.to_dict())


def _step(call: ConcurrentCall) -> Step:
    text = f"{_NAMES[call.client]}: {operation_text(call.operation)}"
    return Step(text, answered_text(call), call.operation.to_dict())


def _answer(meeting: Meeting, call: ConcurrentCall | None, client: int) -> str:
    if call is not None:
        return answered_text(call)
    return meeting.answers.get(client, "no answer")


def answered_text(call: ConcurrentCall) -> str:
    """Return the answer of a call, also of one that raised what it may not."""
    if call.answer == FAULT or (call.message and not call.is_refused):
        return call.message
    return answer_text(call)


def contents_text(pair: Pair, who: str = "process") -> str:
    """Return what a storage may hold in the end, for each order of the two calls."""
    first = _contents([*pair.before, pair.held, pair.other, *pair.after])
    second = _contents([*pair.before, pair.other, pair.held, *pair.after])
    if first == second:
        return f"what some order of the calls explains; in the end: {entries_text(first)}"
    return (
        "what some order of the calls explains; in the end, "
        f"with the first {who}'s call first: {entries_text(first)}; "
        f"with the second's first: {entries_text(second)}"
    )


def survived_text(pair: Pair) -> str:
    """Return what a storage may hold in the end where the first call was cut off by a kill."""
    without = _contents([*pair.before, pair.other, *pair.after])
    made = _contents([*pair.before, pair.held, pair.other, *pair.after])
    return (
        "what some order of the calls explains, the one that was cut off made once or never; "
        f"in the end, if it was not made: {entries_text(without)}; "
        f"if it was, as the first of the two: {entries_text(made)}"
    )


def _contents(operations: Sequence[Operation]) -> tuple[Any, ...]:
    """Return what a storage holds after calls that come one after the other."""
    entries: tuple[Any, ...] = ()
    for operation in operations:
        match operation:
            case Append(entry) if order_error((*entries, entry)) is None:
                entries = (*entries, entry)
            case PutOutcome(entry):
                entries = put_entry(entries, entry)
    return entries


def found_text(meeting: Meeting) -> str:
    """Return what a new handle has loaded in the end."""
    for call in meeting.calls:
        if _is_found(call):
            return f"a new handle loads: {entries_text(call.result)}"
    return "a new handle loads nothing"
