"""Judge a concurrent history of one log by the order that its longest load gives.

Each acknowledged append is in the log once, what was refused or not answered at most once, in an
order that does not contradict time; each load and each read gives what some length of that log
gives, with everything that was answered before it and nothing that was invoked after it; an
escalation that was refused for its level was refused where that level was reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from conformance.concurrency.calls import (
    STEPS_MAX,
    ConcurrentCall,
    History,
    Judgement,
    Numbers,
    Order,
    Steps,
    only,
)
from conformance.concurrency.cores import smallest_contradiction
from conformance.concurrency.log_reads import LogLengths
from conformance.concurrency.placing import Clash, Span, Windows, placed
from conformance.rules.narration import entry_text, operation_text
from telltale_spec.model.machine import order_error
from telltale_spec.model.operations import Append, LoadLog
from telltale_spec.wire.agreement import Escalation

__all__ = ["judge_log"]

_NO_SPAN: Final[Span] = (0, 0)


@dataclass(frozen=True)
class _Finding:
    """What one look at a history gave: the contradiction in words, and the calls it is between."""

    order: Order
    text: str = ""
    calls: tuple[int, ...] = ()
    culprit: int | None = None


def judge_log(calls: Sequence[ConcurrentCall], steps_max: int = STEPS_MAX) -> Judgement:
    """Say whether some order of the calls of one log explains all their answers.

    The log is empty at first. Only acknowledged loads and reads, appends, and refusals of
    escalations with the specification's text say anything. Without any acknowledged load the
    question is open, and so it is where equal entries leave more choices than ``steps_max``.
    """
    found = _look(calls, steps_max)
    if found.order is not Order.NONE:
        return Judgement(found.order, found.text)

    def contradicts(kept: Sequence[int]) -> bool:
        return _look(only(calls, kept), steps_max).order is Order.NONE

    needed = smallest_contradiction(len(calls), contradicts, [found.calls])
    # With nothing else left, the words are about what is left.
    last = _look(only(calls, needed), steps_max)
    beside = _rises(calls, needed[0]) if len(needed) == 1 else ()
    return Judgement(Order.NONE, last.text, needed, last.culprit, beside)


def _rises(calls: Sequence[ConcurrentCall], load: int) -> tuple[int, ...]:
    """Return the appends of the escalations that make a load unlawful by itself."""
    error = order_error(tuple(calls[load].result))
    if error is None:
        return ()
    entries = calls[load].result[: error.entry_index + 1]
    return tuple(
        index
        for index, call in enumerate(calls)
        if isinstance(call.entry, Escalation)
        and call.entry.operation_id == error.operation_id
        and call.entry in entries
    )


def _look(history: History, steps_max: int) -> _Finding:
    witness = _longest_load(history)
    if witness is None:
        return _Finding(Order.OPEN, "no load was answered, so nobody knows the order of the log")
    log = history[witness]
    entries = () if log is None else tuple(log.result)
    error = order_error(entries)
    if error is not None:
        text = f"the log is not in a lawful order: {error}"
        return _Finding(Order.NONE, text, (witness,), witness)
    windows = Windows.of_length(len(entries))
    lengths = LogLengths(entries)
    for index, call in enumerate(history):
        if call is None:
            continue
        fitting = lengths.of(call)
        if fitting is None:
            return _misfit(history, index, witness)
        smallest, largest = fitting
        if call.answered is not None and smallest > 0:
            windows.not_after(smallest - 1, (call.answered, index))
        is_load = isinstance(call.operation, LoadLog) and call.is_acknowledged
        if largest < len(entries) or is_load:
            windows.not_before(largest, (call.invoked, index))
    return _place(history, entries, windows, witness, Steps(steps_max))


def _longest_load(history: History) -> int | None:
    loads = [
        (len(call.result), call.invoked, index)
        for index, call in enumerate(history)
        if call is not None and isinstance(call.operation, LoadLog) and call.is_acknowledged
    ]
    return max(loads)[2] if loads else None


def _misfit(history: History, index: int, witness: int) -> _Finding:
    call = history[index]
    text = "" if call is None else f"{operation_text(call.operation)}: "
    text += "no beginning of the log that another load gave explains this answer"
    return _Finding(Order.NONE, text, (index, witness), index)


def _place(
    history: History,
    entries: Sequence[object],
    windows: Windows,
    witness: int,
    steps: Steps,
) -> _Finding:
    """Give each place of the log to a call that appended its entry."""
    numbers = Numbers(entries)
    kinds = [numbers.of(entry) for entry in entries]
    carriers: list[list[int]] = [[] for _ in range(max(kinds, default=-1) + 1)]
    spans = [_NO_SPAN] * len(history)
    for index, call in enumerate(history):
        if call is None or not isinstance(call.operation, Append):
            continue
        spans[index] = (call.invoked, call.last)
        kind = numbers.of(call.entry)
        carriers += [[] for _ in range(kind + 1 - len(carriers))]
        carriers[kind].append(index)
    for of_kind in carriers:
        of_kind.sort(key=lambda index: spans[index])
    counts = [0] * len(carriers)
    for kind in kinds:
        counts[kind] += 1
    for kind, (count, of_kind) in enumerate(zip(counts, carriers, strict=True)):
        if count > len(of_kind):
            text = _often(entries[kinds.index(kind)], len(of_kind), "appended", count)
            return _Finding(Order.NONE, text, (*of_kind, witness), witness)
        fewest = [index for index in of_kind if _is_acknowledged(history, index, witness)]
        if count < len(fewest):
            call = history[fewest[0]]
            text = _often(call and call.entry, len(fewest), "acknowledged", count)
            return _Finding(Order.NONE, text, (*fewest, witness), witness)
    order, clash = placed(spans, kinds, carriers, windows, steps)
    if order is Order.OPEN:
        text = f"{steps.count - 1} steps did not tell which call appended which of equal entries"
        return _Finding(order, text)
    if clash is None:
        return _Finding(order)
    return _clash(history, clash, witness)


def _often(entry: object, calls_count: int, verb: str, count: int) -> str:
    return f"{entry_text(entry)}: {verb} {calls_count} times, in the log {count} times"  # type: ignore[arg-type]


def _is_acknowledged(history: History, index: int, witness: int) -> bool:
    """Say whether an append was acknowledged before the log was loaded."""
    call, log = history[index], history[witness]
    return call is not None and log is not None and call.is_acknowledged and call.precedes(log)


def _clash(history: History, clash: Clash, witness: int) -> _Finding:
    later = history[clash.later] if clash.later >= 0 else None
    earlier = history[clash.earlier] if clash.earlier >= 0 else None
    involved = tuple(index for index in (clash.later, clash.earlier) if index >= 0)
    if later is None or earlier is None:
        text = f"no order explains place {clash.place + 1} of the log"
        return _Finding(Order.NONE, text, (*involved, witness), witness)
    first, second = operation_text(earlier.operation), operation_text(later.operation)
    culprit = clash.later
    match isinstance(earlier.operation, Append), isinstance(later.operation, Append):
        case True, True:
            said = f"{first} was acknowledged before {second} began, and comes after it in the log"
        case True, False:
            said = f"{second} does not see {first}, which was answered before it began"
        case False, True:
            said = f"{first} sees {second}, or what comes behind it, which began only after it"
            culprit = clash.earlier
        case _:
            said = f"{second} sees less than {first}, which was answered before it began"
    return _Finding(Order.NONE, said, (*involved, witness), culprit)
