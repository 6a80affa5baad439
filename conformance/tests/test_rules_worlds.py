"""The logs that are possible: what each operation makes of them, and when they are given up."""

from __future__ import annotations

import pytest

from conformance.rules.worlds import TAIL_MAX, WORLDS_MAX, PossibleLogs, World
from conformance.tests.rules_drivers import FINALIZED, NONE, PROVISIONAL, SOFT_SAFE, gate, rise
from telltale_spec.model.machine import RejectionMode
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementState,
    AgreementWalEntry,
    WalSyncRequest,
)

CLEAN = RejectionMode.CLEAN_REJECT
ONE, TWO = gate(1), gate(2)
UP, DOWN = rise(NONE, SOFT_SAFE), rise(PROVISIONAL, NONE)
REGRESSED = "agreement WAL regression for `a`: Provisional -> None"


def logs_of(*entries: AgreementWalEntry, mode: RejectionMode = CLEAN) -> PossibleLogs:
    return PossibleLogs(mode, entries)


def only(logs: PossibleLogs) -> World:
    (world,) = logs.worlds
    return world


def test_nothing_is_known_of_a_log_that_was_never_shown() -> None:
    assert PossibleLogs(CLEAN, None).worlds == []
    assert logs_of().contents(only(logs_of())) == ()


def test_what_was_loaded_is_the_only_possible_log() -> None:
    logs = logs_of(ONE)
    logs.adopt((TWO, UP))
    world = only(logs)

    assert logs.contents(world) == (TWO, UP)
    assert logs.count(world) == 2
    assert world.tail_count == 0
    assert logs.append_error(world, rise(NONE, SOFT_SAFE)) is not None
    assert logs.append_error(world, rise(SOFT_SAFE, FINALIZED)) is None


def test_a_log_out_of_order_refuses_everything_with_its_first_error() -> None:
    logs = logs_of(DOWN, rise(FINALIZED, NONE, operation_id="b"))

    assert logs.append_error(only(logs), ONE) == REGRESSED
    assert logs.append_error(only(logs), UP) == REGRESSED


@pytest.mark.parametrize(
    ("mode", "error", "after"),
    [
        (CLEAN, REGRESSED, [()]),
        (RejectionMode.UNKNOWN_OUTCOME, REGRESSED, [(), (DOWN,)]),
        (RejectionMode.KEEPS_REJECTED, REGRESSED, [(DOWN,)]),
    ],
)
def test_an_append_leaves_what_the_mode_says(
    mode: RejectionMode, error: str, after: list[tuple[AgreementWalEntry, ...]]
) -> None:
    logs = logs_of(mode=mode)
    found, worlds = logs.appended(only(logs), DOWN)
    accepted, grown = logs.appended(only(logs), ONE)

    assert (found, [logs.contents(world) for world in worlds]) == (error, after)
    assert (accepted, [logs.contents(world) for world in grown]) == (None, [(ONE,)])


def test_levels_are_those_of_the_tail_before_those_of_the_common_part() -> None:
    logs = logs_of(UP, rise(NONE, FINALIZED, operation_id="b"))
    tail = logs.stored(only(logs), rise(SOFT_SAFE, FINALIZED))
    logs.keep([only(logs), tail])

    assert logs.append_error(logs.worlds[0], rise(SOFT_SAFE, SOFT_SAFE)) is None
    assert logs.append_error(logs.worlds[1], rise(SOFT_SAFE, SOFT_SAFE)) is not None
    assert logs.append_error(logs.worlds[1], rise(NONE, NONE, operation_id="b")) is not None
    assert logs.append_error(logs.worlds[1], rise(NONE, NONE, operation_id="c")) is None


def test_the_last_level_counts_for_an_append_and_the_highest_for_a_sync() -> None:
    logs = logs_of(rise(NONE, FINALIZED), rise(SOFT_SAFE, PROVISIONAL), rise(SOFT_SAFE, SOFT_SAFE))
    clean = PossibleLogs(CLEAN, ())
    world = clean.stored(clean.stored(only(clean), rise(NONE, FINALIZED)), DOWN)

    assert logs.proposed(only(logs), request(FINALIZED, 3)) == (gate(3),)
    assert clean.proposed(world, request(FINALIZED, 3)) == (gate(3),)
    assert world.levels["a"].last is NONE
    assert world.levels["a"].highest is FINALIZED


def request(level: AgreementLevel, tick: int) -> WalSyncRequest:
    state = AgreementState("a", None, None, "", level, None, (), None, None)
    return WalSyncRequest("a", "c", NONE, state, (), tick)


def test_a_sync_stores_one_entry_after_another_and_none_that_is_there() -> None:
    logs = logs_of(gate(3))
    world = logs.stored(only(logs), gate(4))
    rising = rise(NONE, SOFT_SAFE, 3)

    def after(level: AgreementLevel, tick: int) -> list[list[AgreementWalEntry]]:
        return [each.tail_entries()[1:] for each in logs.synced(world, request(level, tick))]

    assert after(SOFT_SAFE, 5) == [
        [],
        [rise(NONE, SOFT_SAFE, 5)],
        [rise(NONE, SOFT_SAFE, 5), gate(5)],
    ]
    assert after(SOFT_SAFE, 3) == [[], [rising]]
    assert after(NONE, 4) == [[]]
    logs.keep([world])
    logs.keep([logs.stored(only(logs), gate(6))])
    assert [each.tail_count for each in logs.synced(only(logs), request(NONE, 6))] == [0]
    assert [each.tail_count for each in logs.synced(only(logs), request(NONE, 7))] == [0, 1]


def test_one_log_becomes_the_common_part_and_several_are_kept_apart() -> None:
    logs = logs_of(ONE)
    first, second = only(logs), logs.stored(only(logs), TWO)

    assert logs.keep([first, second, first])
    assert logs.worlds == [first, second]
    assert [logs.contents(world) for world in logs.worlds] == [(ONE,), (ONE, TWO)]
    assert [logs.count(world) for world in logs.worlds] == [1, 2]
    assert logs.keep([second])
    assert logs.common == [ONE, TWO]
    assert logs.contents(only(logs)) == (ONE, TWO)
    assert logs.keep([])
    assert logs.worlds == []


def test_the_error_of_the_only_log_stays() -> None:
    logs = logs_of(mode=RejectionMode.KEEPS_REJECTED)
    _, after = logs.appended(only(logs), DOWN)
    logs.keep(after)

    assert logs.append_error(only(logs), ONE) == REGRESSED


@pytest.mark.parametrize(("count", "is_kept"), [(WORLDS_MAX, True), (WORLDS_MAX + 1, False)])
def test_too_many_logs_are_given_up(count: int, is_kept: bool) -> None:
    logs = logs_of(ONE)
    worlds = [logs.stored(only(logs), gate(tick)) for tick in range(count)]

    assert logs.keep(worlds) is is_kept
    assert len(logs.worlds) == (count if is_kept else 0)
    assert logs.common == ([ONE] if is_kept else [])


@pytest.mark.parametrize(("count", "is_kept"), [(TAIL_MAX, True), (TAIL_MAX + 1, False)])
def test_several_logs_are_given_up_where_too_much_follows(count: int, is_kept: bool) -> None:
    logs = logs_of(ONE)
    short = only(logs)
    long = World(tail_count=count)

    assert logs.keep([short, long]) is is_kept
    assert logs.worlds == ([short, long] if is_kept else [])


def test_one_log_is_never_too_long() -> None:
    assert logs_of().keep([World(tail_count=TAIL_MAX + 1)])


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((ONE, TWO), True),
        ((ONE,), False),
        ((ONE, TWO, TWO), False),
        ((TWO, TWO), False),
        ((ONE, ONE), False),
        ((), False),
    ],
)
def test_a_log_holds_just_its_entries(
    entries: tuple[AgreementWalEntry, ...], expected: bool
) -> None:
    logs = logs_of(ONE)

    assert logs.holds(logs.stored(only(logs), TWO), entries) is expected


@pytest.mark.requirement("WAL-05", "ART-WAL-01")
@pytest.mark.parametrize(
    ("tick", "expected"),
    [(0, (3, 1, 4, 4, 2, 9, 1)), (1, (3, 4, 4, 2, 9)), (3, (4, 4, 9)), (4, (9,)), (9, ())],
)
def test_a_read_gives_what_comes_after_a_tick_in_the_order_of_the_log(
    tick: int, expected: tuple[int, ...]
) -> None:
    logs = logs_of(*map(gate, (0, 3, 1, 4, 4, 2)))
    world = logs.stored(logs.stored(only(logs), gate(9)), gate(1))

    assert logs.since(world, tick) == tuple(map(gate, expected))


@pytest.mark.requirement("WAL-05", "WAL-13")
def test_a_high_tick_is_read_though_lower_ones_come_behind_it() -> None:
    logs = logs_of(*map(gate, (5, 1, 1, 1)))

    assert logs.since(only(logs), 2) == (gate(5),)
