"""The time to judge a race: 10,000 calls of 8 clients, on a log and on a cache.

The histories are those of a store that is right, whose calls overlap by a seeded chance; making
them is not measured. What no order explains is judged as well, with the smallest contradiction that
is left of it.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from conformance.concurrency.caches import judge_cache
from conformance.concurrency.calls import ConcurrentCall, Judgement, Order
from conformance.concurrency.logs import judge_log
from conformance.concurrency.tests.histories import simulated

CALLS = 10_000
CLIENTS = 8
MANY_IDS = tuple(f"k{number}" for number in range(100))

# A log or a cache, the ids, and the names that entries may have: none for all different.
CASES = {
    "log": (True, ("k",), ()),
    "log of few entries": (True, ("k",), ("a", "b", "c")),
    "cache of 100 ids": (False, MANY_IDS, ()),
    "cache of one id": (False, ("k",), ()),
    "cache of one id and few values": (False, ("k",), ("a", "b", "c")),
}


def history_of(case: str) -> list[ConcurrentCall]:
    """Return a history that some order explains."""
    is_log, keys, names = CASES[case]
    chance = random.Random(5)  # noqa: S311 - a history, not a secret
    return simulated(chance, is_log, CLIENTS, CALLS, keys, names, deaths=0.0)


def judge(case: str, calls: list[ConcurrentCall]) -> Judgement:
    """Return the judgement of a history."""
    return (judge_log if CASES[case][0] else judge_cache)(calls)


def with_a_stale_read(calls: list[ConcurrentCall]) -> list[ConcurrentCall]:
    """Return the same history with a late read that gives what an early one gave."""
    reads = [index for index, call in enumerate(calls) if call.entry is None and call.result]
    last = next(index for index in reversed(reads[:-1]) if calls[index].answered)
    like = type(calls[last].operation)
    early = next(index for index in reads if type(calls[index].operation) is like)
    stale = replace(calls[last], operation=calls[early].operation, result=calls[early].result)
    return [*calls[:last], stale, *calls[last + 1 :]]


@pytest.mark.parametrize("case", CASES)
def test_judgement_of_a_right_history(benchmark: Any, case: str) -> None:
    """At most two seconds."""
    calls = history_of(case)
    judgement = benchmark.pedantic(judge, (case, calls), rounds=3)

    assert len(calls) >= CALLS
    assert judgement.order is Order.FOUND


@pytest.mark.parametrize("case", ["log", "cache of 100 ids", "cache of one id"])
def test_judgement_and_smallest_contradiction(benchmark: Any, case: str) -> None:
    """A stale read among ten thousand calls is found, and little is left beside it."""
    calls = with_a_stale_read(history_of(case))
    judgement = benchmark.pedantic(judge, (case, calls), rounds=1)

    assert judgement.order is Order.NONE
    assert len(judgement.calls) <= 4
