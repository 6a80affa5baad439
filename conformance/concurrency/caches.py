"""Judge a concurrent history of one cache, id by id.

The specification's ``put`` replaces: an id holds the entry put last. Each id is a register of its
own, so that each is judged by itself; a load counts as a lookup of every id. That a load shows all
ids at one and the same moment is not asked for, as the contract does not promise it. The order of
the entries in a load is another requirement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from conformance.concurrency.calls import (
    STEPS_MAX,
    ConcurrentCall,
    Judgement,
    Numbers,
    Order,
    Steps,
)
from conformance.concurrency.cores import smallest_contradiction
from conformance.concurrency.registers import Access, kept_accesses, order_of
from conformance.concurrency.telling import answer_text
from conformance.rules.narration import operation_text, quoted
from telltale_spec.model.operations import GetOutcome, LoadCache, PutOutcome

__all__ = ["judge_cache"]

_NOTHING: Final = 0
_SUSPECTS: Final = 16
_TIMES_MORE: Final = 4


def judge_cache(calls: Sequence[ConcurrentCall], steps_max: int = STEPS_MAX) -> Judgement:
    """Say whether, for each id of one cache, some order of the calls explains all their answers.

    The cache is empty at first. Puts, and acknowledged lookups and loads, say something. Where a
    search takes more than ``steps_max`` steps, all ids together, the question is open; it is not
    where another id shows a contradiction.
    """
    twice = _shown_twice(calls)
    if twice is not None:
        return twice
    steps = Steps(steps_max)
    still_open = ""
    # Few calls are judged soon, and should not have to wait for very many.
    for key, accesses in sorted(_by_key(calls).items(), key=lambda each: len(each[1])):
        order, stuck = order_of(accesses, _NOTHING, steps)
        if order is Order.NONE:
            return _contradiction(calls, key, accesses, stuck, steps_max)
        if order is Order.OPEN and not still_open:
            still_open = f"{steps_max} steps did not tell whether the id {quoted(key)} has an order"
    return Judgement(Order.OPEN, still_open) if still_open else Judgement(Order.FOUND)


def _shown_twice(calls: Sequence[ConcurrentCall]) -> Judgement | None:
    for index, call in enumerate(calls):
        if not isinstance(call.operation, LoadCache) or not call.is_acknowledged:
            continue
        ids = [entry.evidence_id for entry in call.result]
        again = [each for each in dict.fromkeys(ids) if ids.count(each) > 1] if _any(ids) else []
        if again:
            text = f"the id {quoted(again[0])} is in the cache {ids.count(again[0])} times"
            return Judgement(Order.NONE, text, (index,), index)
    return None


def _any(ids: Sequence[str]) -> bool:
    return len(set(ids)) < len(ids)


def _by_key(calls: Sequence[ConcurrentCall]) -> dict[str, list[Access]]:
    """Return the accesses of each id, in the order in which the ids are first named."""
    loads = [
        (index, call, {entry.evidence_id: entry for entry in call.result})
        for index, call in enumerate(calls)
        if isinstance(call.operation, LoadCache) and call.is_acknowledged
    ]
    found: dict[str, list[Access]] = {}
    numbers = Numbers([None])
    for index, call in enumerate(calls):
        match call.operation:
            case PutOutcome(entry):
                access = Access(index, True, numbers.of(entry), call.invoked, call.last)
                found.setdefault(entry.evidence_id, []).append(access)
            case GetOutcome(evidence_id) if call.is_acknowledged:
                access = Access(index, False, numbers.of(call.result), call.invoked, call.last)
                found.setdefault(evidence_id, []).append(access)
    for _, _, shown in loads:
        for key in shown:
            found.setdefault(key, [])
    for index, call, shown in loads:
        for key, accesses in found.items():
            number = numbers.of(shown.get(key))
            accesses.append(Access(index, False, number, call.invoked, call.last))
    return found


def _contradiction(
    calls: Sequence[ConcurrentCall],
    key: str,
    accesses: Sequence[Access],
    stuck: Sequence[int],
    steps_max: int,
) -> Judgement:
    """Return the smallest contradiction among the calls of one id."""
    ordered = sorted(accesses, key=lambda access: access.invoked)

    def contradicts(kept: Sequence[int]) -> bool:
        loose = kept_accesses(ordered, kept)
        return order_of(loose, _NOTHING, Steps(steps_max))[0] is Order.NONE

    found = smallest_contradiction(len(ordered), contradicts, _suspects(ordered, stuck))
    needed = tuple(sorted(ordered[place].index for place in found))
    culprit = _culprit(calls, needed)
    text = _text(key, [calls[index] for index in needed], calls[culprit])
    return Judgement(Order.NONE, text, needed, culprit)


def _suspects(ordered: Sequence[Access], stuck: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the accesses before the place where the search was stuck: few, then more.

    What has the value that a read there found is suspected first, however long ago it was.
    """
    end = max((place + 1 for place, each in enumerate(ordered) if each.index in stuck), default=0)
    found = {each.value for each in ordered[:end] if each.index in stuck and not each.is_put}
    related = [place for place in range(end) if ordered[place].value in found]
    count = _SUSPECTS
    while count < end:
        yield [*related[:count], *related[-count:], *range(end - count, end)]
        count *= _TIMES_MORE
    yield range(end)


def _culprit(calls: Sequence[ConcurrentCall], needed: Sequence[int]) -> int:
    """Return the read that was answered last; a write has no answer that could be wrong."""
    reads = [(calls[index].answered or 0, index) for index in needed if calls[index].entry is None]
    return max(reads)[1] if reads else needed[-1]


def _text(key: str, core: Sequence[ConcurrentCall], culprit: ConcurrentCall) -> str:
    # No time is told, so that two runs tell the same failure in the same words.
    others = "; ".join(_line(call, key) for call in core if call is not culprit)
    beside = f", beside: {others}" if others else ""
    return f"the id {quoted(key)}: no order explains: {_line(culprit, key)}{beside}"


def _line(call: ConcurrentCall, key: str) -> str:
    """Return a call with its answer; of a load, what it says of one id."""
    if isinstance(call.operation, LoadCache):
        shown = [entry for entry in call.result if entry.evidence_id == key]
        call = replace(call, result=shown)
    answer = answer_text(call)
    text = operation_text(call.operation)
    return text if answer == "ok" else f"{text} -> {answer}"
