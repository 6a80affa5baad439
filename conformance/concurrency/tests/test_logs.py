"""What no order of the calls of a log explains is told, and what is unusual but right is passed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.concurrency.calls import ConcurrentCall, Order
from conformance.concurrency.logs import judge_log
from conformance.concurrency.tests.histories import called, gate, rise
from conformance.rules.events import REFUSED
from telltale_spec.model.machine import order_error
from telltale_spec.model.operations import Append, LoadLog, ReadSince
from telltale_spec.wire.agreement import AgreementLevel, AgreementWalEntry

A, B, C = gate("a", 1), gate("b", 2), gate("c", 3)
LOW, HIGH = rise(AgreementLevel.PROVISIONAL), rise(AgreementLevel.FINALIZED)
END = 90


def _appended(
    client: int, entry: AgreementWalEntry, invoked: int, answered: int | None
) -> ConcurrentCall:
    return called(client, Append(entry), invoked, answered)


def _loaded(
    client: int, invoked: int, answered: int, *entries: AgreementWalEntry
) -> ConcurrentCall:
    return called(client, LoadLog(), invoked, answered, entries)


def _read(
    client: int, tick: int, invoked: int, answered: int, *entries: AgreementWalEntry
) -> ConcurrentCall:
    return called(client, ReadSince(tick), invoked, answered, entries)


def _at_the_end(*entries: AgreementWalEntry) -> ConcurrentCall:
    return _loaded(0, END, END + 1, *entries)


def _refused(call: ConcurrentCall, message: str) -> ConcurrentCall:
    return replace(call, answer=REFUSED, message=message)


FIRST_A_THEN_B = [_appended(0, A, 0, 1), _appended(1, B, 2, 3)]
BOTH_AT_ONCE = [_appended(0, A, 0, 2), _appended(1, B, 1, 3)]


@pytest.mark.requirement("WAL-01", "WAL-02", "WAL-05")
@pytest.mark.parametrize(
    ("calls", "culprit", "count", "words"),
    [
        ([*FIRST_A_THEN_B, _at_the_end(B, A)], 1, 3, "comes after it in the log"),
        ([*FIRST_A_THEN_B, _at_the_end(A)], 2, 2, "in the log 0 times"),
        ([*FIRST_A_THEN_B, _at_the_end(A, A, B)], 2, 1, "in the log 2 times"),
        ([*FIRST_A_THEN_B, _at_the_end(A, B, C)], 2, 1, "appended 0 times"),
        (
            [*FIRST_A_THEN_B, _loaded(2, 4, 5, A), _at_the_end(A, B)],
            2,
            2,
            "in the log 0 times",
        ),
        (
            [*FIRST_A_THEN_B, _loaded(2, 4, 5, B), _at_the_end(A, B)],
            2,
            2,
            "no beginning of the log",
        ),
        (
            [_loaded(2, 0, 1, A), _appended(0, A, 2, 3), _at_the_end(A)],
            0,
            2,
            "which began only after it",
        ),
        (
            [
                _appended(0, A, 0, 2),
                _appended(1, B, 1, 80),
                _loaded(2, 4, 5, A, B),
                _loaded(3, 6, 7, A),
                _at_the_end(A, B),
            ],
            3,
            2,
            "sees less than load the log",
        ),
        (
            [*FIRST_A_THEN_B, _read(2, 1, 4, 5), _at_the_end(A, B)],
            2,
            3,
            "does not see append gate",
        ),
        (
            [_appended(0, LOW, 0, 2), _appended(1, HIGH, 1, 3), _at_the_end(HIGH, LOW)],
            2,
            1,
            "not in a lawful order",
        ),
    ],
    ids=[
        "against time",
        "lost",
        "doubled",
        "made up",
        "stale load",
        "half of a block",
        "load of what is not begun",
        "shorter again",
        "stale suffix",
        "falling levels",
    ],
)
def test_what_no_order_explains_is_told(
    calls: list[ConcurrentCall], culprit: int, count: int, words: str
) -> None:
    judgement = judge_log(calls)

    assert judgement.order is Order.NONE
    assert words in judgement.text
    assert judgement.culprit == culprit
    assert len(judgement.calls) == count


@pytest.mark.requirement("WAL-01", "WAL-02", "WAL-04", "WAL-05")
@pytest.mark.parametrize(
    "calls",
    [
        [*BOTH_AT_ONCE, _at_the_end(B, A)],
        [_appended(0, A, 0, 1), _appended(1, A, 2, 3), _at_the_end(A, A)],
        [_appended(0, A, 0, None), _at_the_end(A)],
        [_appended(0, A, 0, None), _at_the_end()],
        [_appended(0, A, 0, None), _loaded(1, 40, 41), _at_the_end(A)],
        [_refused(_appended(0, A, 0, 1), "busy"), _loaded(1, 2, 3), _at_the_end(A)],
        [_refused(_appended(0, A, 0, 1), "busy"), _at_the_end()],
        [_refused(_appended(0, LOW, 0, 1), "agreement WAL regression, so to speak"), _at_the_end()],
        [*BOTH_AT_ONCE, _loaded(2, 1, 40), _loaded(3, 2, 3, B), _at_the_end(B, A)],
        [_loaded(0, 5, 6), _loaded(1, 6, 6), _at_the_end()],
        [_appended(0, gate("z", 0), 0, 1), _read(1, 0, 2, 3), _at_the_end(gate("z", 0))],
        [_loaded(1, 3, 80, A), _appended(0, A, 0, 1), _appended(0, B, 4, 5), _at_the_end(A, B)],
    ],
    ids=[
        "either order",
        "the same twice",
        "pending and there",
        "pending and not there",
        "pending and there later",
        "refused and there later",
        "refused and not there",
        "refused in words of its own",
        "an empty load that took long",
        "loads that return at once",
        "no suffix holds tick 0",
        "a slow load",
    ],
)
def test_what_is_unusual_and_right_passes(calls: list[ConcurrentCall]) -> None:
    judgement = judge_log(calls)

    assert (judgement.order, judgement.text) == (Order.FOUND, "")


@pytest.mark.requirement("WAL-03")
def test_an_escalation_is_refused_for_its_level_where_that_was_reached() -> None:
    message = str(order_error((HIGH, LOW)))
    refused = _refused(_appended(1, LOW, 10, 11), message)
    high = _appended(0, HIGH, 2, 3)

    assert judge_log([high, refused, _at_the_end(HIGH)]).order is Order.FOUND
    assert judge_log([refused, _appended(0, HIGH, 11, 12), _at_the_end(HIGH)]).order is Order.FOUND
    too_early = judge_log([refused, _appended(0, HIGH, 20, 21), _at_the_end(HIGH)])
    assert too_early.order is Order.NONE
    assert too_early.calls == (0, 1, 2)
    without_reason = judge_log([refused, _at_the_end()])
    assert without_reason.order is Order.NONE
    assert without_reason.calls == (0, 1)


@pytest.mark.requirement("WAL-03")
def test_what_made_a_log_unlawful_is_shown_beside_it() -> None:
    calls = [_appended(0, LOW, 0, 2), _appended(2, A, 0, 3), _appended(1, HIGH, 1, 4)]
    judgement = judge_log([*calls, _at_the_end(HIGH, A, LOW)])

    assert judgement.calls == (3,)
    assert judgement.beside == (0, 2)
    made_up = judge_log([*calls, _at_the_end(B)])
    assert (made_up.calls, made_up.beside) == ((3,), ())


@pytest.mark.requirement("WAL-02")
def test_equal_entries_are_given_to_the_calls_that_time_allows() -> None:
    # The first A has to be that of the short call, or C could not be where it is.
    long, short, between = (
        _appended(0, A, 0, 80),
        _appended(1, A, 1, 3),
        _appended(2, C, 10, 11),
    )

    assert judge_log([long, short, between, _at_the_end(A, C, A)]).order is Order.FOUND
    assert judge_log([long, short, between, _at_the_end(C, A, A)]).order is Order.NONE
    early = _appended(2, C, 0, 0)
    assert judge_log([early, long, short, _at_the_end(A, C, A)]).order is Order.FOUND


@pytest.mark.requirement("WAL-01")
def test_what_is_not_in_a_load_that_took_long_comes_after_all_that_is() -> None:
    missing = _appended(0, B, 0, 1)
    late = _appended(1, A, 5, 6)

    assert judge_log([missing, late, _loaded(2, 0, 10, A)]).order is Order.NONE
    assert judge_log([missing, _appended(1, A, 0, 6), _loaded(2, 0, 10, A)]).order is Order.FOUND


@pytest.mark.requirement("WAL-01", "WAL-02")
def test_an_order_of_equal_entries_is_searched_where_others_are_equal_too() -> None:
    nested = [_appended(0, A, 0, 50), _appended(1, A, 10, 20)]
    calls = [*nested, _appended(2, B, 5, 8), _appended(3, B, 15, 25), _appended(4, C, 30, 40)]

    # The first A is the long one here, and the short one there.
    assert judge_log([*calls, _at_the_end(A, B, A, B, C)]).order is Order.FOUND
    assert judge_log([*calls, _at_the_end(B, A, B, C, A)]).order is Order.FOUND
    assert judge_log([*calls, _at_the_end(A, A, B, B, C)]).order is Order.NONE
    assert judge_log([*calls, _at_the_end(B, A, C, A, B)]).order is Order.NONE


@pytest.mark.requirement("WAL-01")
def test_what_could_not_be_looked_at_is_left_open() -> None:
    nothing_loaded = judge_log(FIRST_A_THEN_B)
    assert nothing_loaded.order is Order.OPEN
    assert "no load was answered" in nothing_loaded.text
    out_of_steps = judge_log([*FIRST_A_THEN_B, _at_the_end(A, B)], steps_max=1)
    assert out_of_steps.order is Order.OPEN
    assert out_of_steps.text.startswith("1 steps did not tell")
