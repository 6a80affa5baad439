"""What a lookup tells of a cache: which of a load and a put was wrong."""

from __future__ import annotations

import pytest

from conformance.rules.cache import CacheJudge, Found, blame_for_get
from conformance.rules.events import OK, REFUSED, Event
from conformance.rules.findings import Findings
from conformance.tests.rules_drivers import (
    REOPEN,
    Asked,
    broken,
    cached,
    driven,
    get,
    load_cache,
    put,
)
from telltale_spec.model.operations import GetOutcome, LoadCache
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

E1, E2, E3 = cached("e", "1"), cached("e", "2"), cached("e", "3")
F1, F2 = cached("f", "1"), cached("f", "2")
LOST = load_cache()


def judge_of(*, begins_empty: bool = True, reopens: bool = True) -> CacheJudge:
    return CacheJudge(Findings(), begins_empty=begins_empty, reopens=reopens)


LOADED = [put("e", "1"), put("f", "1"), load_cache(E1, F1)]


@pytest.mark.requirement("CACHE-02", "CACHE-03", "CACHE-06")
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        # The load is wrong: the lookup gives what was put.
        ([put("e", "1"), LOST, get("e", E1)], {"CACHE-06": 2}),
        ([put("e", "1"), LOST], {"CACHE-06": 2}),
        ([put("e", "1"), LOST, put("f", "1"), get("e", None)], {"CACHE-06": 2}),
        ([put("e", "1"), LOST, load_cache()], {"CACHE-06": 2}),
        ([put("e", "1"), LOST, REOPEN], {"CACHE-06": 2}),
        # The put is wrong: the lookup does not give it either.
        ([put("e", "1"), LOST, get("e", None)], {"CACHE-02": 3}),
        ([put("e", "1"), load_cache(E2), get("e", E2)], {"CACHE-02": 3}),
        ([put("e", "1"), LOST, get("e", F1)], {"CACHE-01": 3}),
        ([put("e", "1"), LOST, get("e", F1), get("e", E1)], {"CACHE-01": 3}),
        # What it had was found before, and nothing else was put since.
        ([put("e", "1"), get("e", E1), LOST, get("e", None)], {"CACHE-02": 4}),
        ([put("e", "1"), load_cache(E1, F1), get("f", F1)], {"CACHE-03": 2}),
        # Another put has harmed the entry.
        ([*LOADED, put("e", "2"), load_cache(E2), get("f", None)], {"CACHE-03": 5}),
        ([*LOADED, put("e", "2"), load_cache(E2), get("f", F1)], {"CACHE-06": 5}),
        ([*LOADED, put("e", "2"), load_cache(F2, E2), get("f", F2)], {"CACHE-03": 5}),
        ([*LOADED, put("e", "2"), get("f", None)], {"CACHE-03": 5}),
        ([put("f", "1"), get("f", F1), put("e", "1"), get("f", None)], {"CACHE-03": 4}),
        ([put("f", "1"), get("f", F1), put("e", "1"), LOST, get("f", None)], {"CACHE-03": 4}),
        # It was never found, or nothing else was put since it was.
        ([put("f", "1"), put("e", "1"), get("f", None)], {"CACHE-02": 3}),
        ([*LOADED, get("f", None)], {"CACHE-02": 4}),
        ([put("e", "1"), get("e", E1), put("e", "2"), get("e", E1)], {"CACHE-02": 4}),
        ([*LOADED, put("g", "1"), get("f", F1), get("f", F2)], {"CACHE-02": 6}),
        ([*LOADED, put("g", "1"), get("f", E1)], {"CACHE-01": 5}),
        ([get("e", None), put("f", "1"), get("e", E1)], {"CACHE-01": 3}),
        # One lookup tells of a whole load; but what is hidden is hidden.
        ([put("e", "1"), put("f", "1"), LOST, get("e", None)], {"CACHE-02": 4}),
        ([*LOADED, put("e", "2"), LOST, get("e", E2), get("f", None)],
         {"CACHE-06": 5, "CACHE-03": 5}),
        ([*LOADED, put("e", "2"), LOST, get("f", None), get("e", E2)], {"CACHE-03": 5}),
        # Of what was not looked up in time nobody knows which it is.
        ([put("e", "1"), LOST, put("f", "1"), get("e", E1)], {"CACHE-06": 2}),
        ([put("e", "1"), LOST, put("f", "1"), load_cache(E1, F1)], {"CACHE-06": 2}),
        ([put("e", "1"), put("e", "2"), load_cache(E1, E2), get("e", E1)], {"CACHE-03": 3}),
        # What is looked up afterwards is held against that lookup.
        ([put("e", "1"), LOST, get("e", E1), get("e", None)], {"CACHE-06": 2, "CACHE-02": 4}),
    ],
)  # fmt: skip
def test_a_lookup_tells_whether_the_load_or_the_put_was_wrong(
    asked: list[Asked], expected: dict[str, int]
) -> None:
    assert broken(driven(judge_of(), asked)) == expected


def test_the_ids_that_a_lookup_tells_of_are_named() -> None:
    judge = judge_of()
    driven(judge, [*LOADED, put("g", "1")])
    doubted = [judge.doubted]
    judge.load(Event(5, LoadCache(), OK, (F1,)))
    doubted.append(judge.doubted)
    judge.get(Event(6, GetOutcome("g"), OK, cached("g", "1")), "g")
    doubted.append(judge.doubted)
    judge.settle()

    assert [*doubted, judge.doubted] == [(), ("e", "g"), ("e",), ()]


@pytest.mark.parametrize(
    ("loaded", "is_right"),
    [((E1, F1), True), ((F1, E1), True), ((E1,), False), ((E1, F1, F1), False), ((E1, F2), False)],
)
def test_a_load_says_whether_it_shows_what_was_put(
    loaded: tuple[EvidenceOutcomeCacheEntry, ...], is_right: bool
) -> None:
    judge = judge_of()
    driven(judge, [*LOADED])

    assert judge.load(Event(4, LoadCache(), OK, loaded)) is is_right
    assert judge.load(Event(5, LoadCache(), REFUSED, message="busy")) is False


@pytest.mark.parametrize(
    ("asked", "expected", "actual"),
    [
        # A lookup speaks of its id, and a load of the whole cache.
        ([put("e", "1"), LOST, get("e", None)], 'evidence "e" = blocked of "1"."o"', "nothing"),
        (
            [put("e", "1"), load_cache(E2), get("e", E2)],
            'evidence "e" = blocked of "1"."o"',
            'evidence "e" = blocked of "2"."o"',
        ),
        (
            [*LOADED, put("e", "2"), load_cache(E2), get("f", None)],
            '[evidence "f" = blocked of "1"."o"; evidence "e" = blocked of "2"."o"]',
            '[evidence "e" = blocked of "2"."o"] (1 entry instead of 2; entry 0 is missing)',
        ),
    ],
)
def test_what_a_lookup_bears_out_is_told_where_it_shows(
    asked: list[Asked], expected: str, actual: str
) -> None:
    (found,) = driven(judge_of(), asked).differences.values()

    assert (found.expected, found.actual) == (expected, actual)


@pytest.mark.parametrize(
    ("found", "expected", "requirement_id"),
    [
        (None, None, "CACHE-01"),
        (E1, None, "CACHE-01"),
        (F1, E1, "CACHE-01"),
        (None, E1, "CACHE-02"),
        (E2, E1, "CACHE-02"),
        (E1, E1, "CACHE-02"),
    ],
)
def test_a_lookup_is_blamed_by_what_should_be_there(
    found: Found, expected: Found, requirement_id: str
) -> None:
    assert blame_for_get("e", found, expected) == requirement_id
