"""Short histories, judged beside a search that tries every order."""

from __future__ import annotations

import pytest

from conformance.concurrency.caches import judge_cache
from conformance.concurrency.calls import ConcurrentCall, Order, loosened
from conformance.concurrency.logs import judge_log
from conformance.concurrency.tests.histories import drawn_history, explains_cache, explains_log

_BATCHES = 20
_BATCH = 60


@pytest.mark.requirement("WAL-01", "WAL-05")
@pytest.mark.parametrize("batch", range(_BATCHES))
def test_a_log_is_judged_as_by_trying_every_order(batch: int) -> None:
    found = set()
    for seed in range(batch * _BATCH, (batch + 1) * _BATCH):
        calls = drawn_history(seed, True)
        judgement = judge_log(calls)
        found.add(judgement.order)

        assert (judgement.order is Order.FOUND) == explains_log(calls), (seed, judgement, calls)
    assert found == {Order.FOUND, Order.NONE}


@pytest.mark.requirement("CACHE-02")
@pytest.mark.parametrize("batch", range(_BATCHES))
def test_a_cache_is_judged_as_by_trying_every_order_of_each_id(batch: int) -> None:
    found = set()
    for seed in range(batch * _BATCH, (batch + 1) * _BATCH):
        calls = drawn_history(seed, False, calls_count=9)
        judgement = judge_cache(calls)
        found.add(judgement.order)
        expected = all(explains_cache(calls, key) for key in ("k", "l"))

        assert (judgement.order is Order.FOUND) == expected, (seed, judgement, calls)
    assert found == {Order.FOUND, Order.NONE}


def _without(calls: list[ConcurrentCall], kept: tuple[int, ...]) -> list[ConcurrentCall]:
    left = [call if index in kept else loosened(call) for index, call in enumerate(calls)]
    return [call for call in left if call is not None]


@pytest.mark.parametrize("is_log", [True, False])
def test_no_call_of_a_contradiction_can_be_left_out(is_log: bool) -> None:
    judge = judge_log if is_log else judge_cache
    contradictions = 0
    for seed in range(300):
        calls = drawn_history(seed, is_log, clients=4, calls_count=20)
        judgement = judge(calls)
        if judgement.order is not Order.NONE:
            continue
        contradictions += 1
        needed = judgement.calls

        assert judgement.culprit in needed
        assert judgement.text
        assert judge(_without(calls, needed)).order is Order.NONE
        for index in needed:
            fewer = tuple(other for other in needed if other != index)
            assert judge(_without(calls, fewer)).order is not Order.NONE
    assert contradictions > 20
