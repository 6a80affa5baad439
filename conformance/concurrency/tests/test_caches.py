"""What no order of the calls of a cache explains is told, and what is unusual but right passed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.concurrency.caches import judge_cache
from conformance.concurrency.calls import ConcurrentCall, Numbers, Order
from conformance.concurrency.tests.histories import called, outcome
from conformance.rules.events import REFUSED
from telltale_spec.model.operations import GetOutcome, LoadCache, PutOutcome

OLD, NEW, OTHER = outcome("k", "old"), outcome("k", "new"), outcome("l", "other")


def _put(client: int, entry: Any, invoked: int, answered: int | None) -> ConcurrentCall:
    return called(client, PutOutcome(entry), invoked, answered)


def _got(client: int, invoked: int, answered: int, entry: Any) -> ConcurrentCall:
    return called(client, GetOutcome("k"), invoked, answered, entry)


def _loaded(client: int, invoked: int, answered: int, *entries: Any) -> ConcurrentCall:
    return called(client, LoadCache(), invoked, answered, entries)


IN_TURN = [_put(0, OLD, 0, 1), _put(1, NEW, 2, 3)]
AT_ONCE = [_put(0, OLD, 0, 2), _put(1, NEW, 1, 3)]


@pytest.mark.requirement("CACHE-02", "CACHE-03", "CACHE-06")
@pytest.mark.parametrize(
    ("calls", "culprit", "needed"),
    [
        ([*IN_TURN, _got(0, 4, 5, OLD)], 2, (0, 1, 2)),
        ([*IN_TURN, _put(2, OTHER, 4, 5), _got(0, 6, 7, None)], 3, (0, 3)),
        ([*IN_TURN, _loaded(0, 4, 5, OTHER, NEW)], 2, (2,)),
        ([*IN_TURN, _loaded(0, 4, 5, NEW, NEW)], 2, (2,)),
        ([*AT_ONCE, _got(0, 4, 5, OLD), _got(1, 6, 7, NEW)], 3, (1, 2, 3)),
        ([_got(1, 0, 1, OLD), _put(0, OLD, 2, 3)], 0, (0, 1)),
        ([_put(0, OLD, 0, None), _got(1, 2, 3, OLD), _got(1, 4, 5, None)], 2, (1, 2)),
        (
            [
                _put(0, OLD, 0, None),
                _got(1, 2, 3, OLD),
                _put(2, NEW, 4, 5),
                _got(1, 6, 7, OLD),
            ],
            3,
            (1, 2, 3),
        ),
        ([_got(1, 0, 1, OLD), _put(0, OLD, 2, None)], 0, (0, 1)),
    ],
    ids=[
        "a later put is gone",
        "nothing",
        "made up",
        "an id twice",
        "there and back",
        "found before it was put",
        "pending, there and gone",
        "pending and there twice",
        "found before it was put for ever",
    ],
)
def test_what_no_order_explains_is_told(
    calls: list[ConcurrentCall], culprit: int, needed: tuple[int, ...]
) -> None:
    judgement = judge_cache(calls)

    assert judgement.order is Order.NONE
    assert judgement.calls == needed
    assert judgement.culprit == culprit
    assert '"k"' in judgement.text or '"l"' in judgement.text


@pytest.mark.requirement("CACHE-02", "CACHE-06", "CACHE-07")
@pytest.mark.parametrize(
    "calls",
    [
        [*AT_ONCE, _got(0, 4, 5, OLD), _got(1, 6, 7, OLD)],
        [*AT_ONCE, _loaded(0, 4, 5, NEW)],
        [_put(0, OLD, 0, None), _got(1, 2, 3, None), _got(1, 4, 5, OLD)],
        [_put(0, OLD, 0, None), _got(1, 2, 3, None)],
        [replace(_put(0, OLD, 0, 1), answer=REFUSED), _got(1, 2, 3, OLD)],
        [replace(_put(0, OLD, 0, 1), answer=REFUSED), _got(1, 2, 3, None), _got(1, 4, 5, OLD)],
        [*IN_TURN, _put(2, OLD, 4, 5), _got(0, 6, 7, OLD)],
        [*IN_TURN, replace(_got(0, 4, 5, OLD), answer=REFUSED)],
        [_put(0, OLD, 0, 1), _put(1, OTHER, 0, 9), _loaded(2, 0, 9, OTHER, OLD)],
        # A load need not show all ids at one moment.
        [
            _put(0, OLD, 1, 2),
            _put(0, OTHER, 3, 4),
            _loaded(2, 0, 9, OTHER),
        ],
    ],
    ids=[
        "the last put is either",
        "or the other",
        "pending and there later",
        "pending and not there",
        "refused and there",
        "refused and there later",
        "the same put again",
        "a refused lookup says nothing",
        "any order in a load",
        "ids of a load at different moments",
    ],
)
def test_what_is_unusual_and_right_passes(calls: list[ConcurrentCall]) -> None:
    judgement = judge_cache(calls)

    assert (judgement.order, judgement.text) == (Order.FOUND, "")


@pytest.mark.requirement("CACHE-02")
def test_a_search_that_takes_too_long_is_left_open() -> None:
    judgement = judge_cache([*AT_ONCE, _got(0, 4, 5, OLD)], steps_max=1)

    assert judgement.order is Order.OPEN
    assert judgement.text == '1 steps did not tell whether the id "k" has an order'


@pytest.mark.requirement("CACHE-02")
def test_a_contradiction_of_another_id_is_told_where_one_is_left_open() -> None:
    unseen = called(0, GetOutcome("z"), 0, 1, outcome("z", "never put"))
    judgement = judge_cache([*AT_ONCE, _got(0, 4, 5, OLD), unseen], steps_max=4)

    assert judgement.order is Order.NONE
    assert judgement.calls == (3,)


def test_equal_values_have_equal_numbers_whether_they_can_be_hashed_or_not() -> None:
    numbers = Numbers([None])

    assert [numbers.of(each) for each in ("a", [1], "a", [1], [2], None)] == [1, 2, 1, 2, 3, 0]
    assert numbers.known([3]) is None
