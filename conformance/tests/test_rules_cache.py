"""The judge of a cache: what each history proves, and what each broken one is blamed for."""

from __future__ import annotations

import pytest

from conformance.rules.cache import CacheJudge
from conformance.rules.events import FAULT, REFUSED, UNKNOWN
from conformance.rules.findings import Findings
from conformance.tests.rules_drivers import (
    REOPEN,
    Asked,
    broken,
    cached,
    driven,
    get,
    load_cache,
    proven,
    put,
    refused_put,
    unsure_put,
    without_answer,
)

E1, E2, E3 = cached("e", "1"), cached("e", "2"), cached("e", "3")
F1, F2 = cached("f", "1"), cached("f", "2")
LOST = load_cache()
LOADED = [put("e", "1"), put("f", "1"), load_cache(E1, F1)]


def judge_of(*, begins_empty: bool = True, reopens: bool = True) -> CacheJudge:
    return CacheJudge(Findings(), begins_empty=begins_empty, reopens=reopens)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], set()),
        ([load_cache()], {"CACHE-06"}),
        ([get("e", None)], {"CACHE-01"}),
        ([put("e", "1")], set()),
        ([put("e", "1"), get("e", E1)], {"CACHE-02"}),
        ([put("e", "1"), get("f", None)], {"CACHE-01"}),
        # One entry alone cannot be there twice, nor be harmed by another.
        ([put("e", "1"), load_cache(E1)], {"CACHE-06"}),
        ([put("e", "1"), put("e", "2"), load_cache(E2)], {"CACHE-03", "CACHE-06"}),
        ([put("e", "1"), put("f", "1"), load_cache(E1, F1)], {"CACHE-03", "CACHE-04", "CACHE-06"}),
        (
            [put("e", "1"), load_cache(E1), put("e", "2"), load_cache(E2)],
            {"CACHE-03", "CACHE-06"},
        ),
        ([put("e", "1"), load_cache(E1), get("e", E1)], {"CACHE-02", "CACHE-06"}),
        ([refused_put("e", "1"), get("e", None)], {"CACHE-07"}),
        ([refused_put("e", "1"), get("e", E1)], {"CACHE-07"}),
        ([put("e", "1"), unsure_put("e", "2"), get("e", E2), get("e", E2)],
         {"CACHE-07", "CACHE-02"}),
        ([put("e", "1"), unsure_put("e", "2"), load_cache(E1)], {"CACHE-07"}),
        ([put("e", "1"), unsure_put("e", "2"), unsure_put("e", "3"), load_cache(E2)],
         {"CACHE-07"}),
        # A put that failed is one, whatever it put.
        ([put("e", "1"), unsure_put("e", "1"), get("e", E1)], {"CACHE-07"}),
        ([put("e", "1"), REOPEN, get("e", E1)], {"CACHE-08"}),
        ([put("e", "1"), REOPEN, load_cache(E1)], {"CACHE-08"}),
        ([put("e", "1"), load_cache(E1), REOPEN, load_cache(E1)], {"CACHE-06", "CACHE-08"}),
        # Nothing was kept that was not there before, or came after, or may not have been stored.
        ([REOPEN, load_cache()], {"CACHE-06"}),
        ([REOPEN, get("e", None)], {"CACHE-01"}),
        ([get("e", None), REOPEN, load_cache()], {"CACHE-01", "CACHE-06"}),
        ([REOPEN, put("e", "1"), get("e", E1)], {"CACHE-02"}),
        ([REOPEN, put("e", "1"), load_cache(E1)], {"CACHE-06"}),
        ([put("e", "1"), REOPEN, put("e", "2"), get("e", E2)], {"CACHE-02"}),
        ([unsure_put("e", "1"), REOPEN, get("e", E1)], {"CACHE-07"}),
        ([put("e", "1"), REOPEN, unsure_put("e", "1"), get("e", E1)], {"CACHE-07"}),
        ([refused_put("e", "1"), put("e", "2"), get("e", E2)], {"CACHE-02"}),
        ([put("e", "1"), REOPEN, unsure_put("e", "2"), get("e", E1)], {"CACHE-07"}),
        ([put("e", "1"), REOPEN, load_cache(E1), get("e", E1)], {"CACHE-08"}),
        ([put("e", "1"), REOPEN, load_cache(E1), put("f", "1"), get("e", E1)],
         {"CACHE-02", "CACHE-08"}),
        ([put("e", "1"), REOPEN, load_cache(E1), refused_put("f", "1"), get("e", E1)],
         {"CACHE-02", "CACHE-08"}),
        ([put("e", "1"), REOPEN, get("e", E1), get("e", E1)], {"CACHE-02", "CACHE-08"}),
        ([put("e", "1"), REOPEN, get("e", E1), REOPEN, get("e", E1)], {"CACHE-08"}),
        ([without_answer(get("e", None)), without_answer(LOST)], set()),
        ([put("e", "1"), without_answer(LOST, REFUSED, "busy"), load_cache(E1)], {"CACHE-06"}),
    ],
)  # fmt: skip
def test_a_right_cache_proves_what_was_put_to_the_test_and_no_more(
    asked: list[Asked], expected: set[str]
) -> None:
    findings = driven(judge_of(), asked)

    assert broken(findings) == {}
    assert proven(findings) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([get("e", E1)], {"CACHE-01": 1}),
        ([put("e", "1"), get("e", F1)], {"CACHE-01": 2}),
        ([put("e", "1"), get("f", E1)], {"CACHE-01": 2}),
        ([unsure_put("e", "1"), get("e", F1)], {"CACHE-01": 2}),
        ([put("e", "1"), REOPEN, get("e", F1)], {"CACHE-01": 3}),
        ([put("e", "1"), get("e", None)], {"CACHE-02": 2}),
        ([put("e", "1"), get("e", E2)], {"CACHE-02": 2}),
        ([put("e", "1"), put("e", "2"), get("e", E1)], {"CACHE-02": 3}),
        ([put("e", "1"), load_cache(E1, E1)], {"CACHE-03": 2}),
        ([put("e", "1"), put("f", "1"), load_cache(E1, F1, F1)], {"CACHE-03": 3}),
        ([load_cache(E1)], {"CACHE-06": 1}),
        ([load_cache(E1, E1)], {"CACHE-03": 1}),
        ([get("e", None), load_cache(E1)], {"CACHE-06": 2}),
        ([put("e", "1"), load_cache(E1), LOST], {"CACHE-06": 3}),
        ([put("e", "1"), load_cache(E1), get("e", None)], {"CACHE-02": 3}),
        ([refused_put("e", "1"), get("e", E2)], {"CACHE-07": 2}),
        ([put("e", "1"), unsure_put("e", "2"), get("e", None)], {"CACHE-07": 3}),
        ([put("e", "1"), unsure_put("e", "2"), load_cache(E3)], {"CACHE-07": 3}),
        ([put("e", "1"), unsure_put("e", "2"), get("e", E2), get("e", E1)], {"CACHE-02": 4}),
        ([put("e", "1"), unsure_put("e", "2"), load_cache(E2), get("e", E1)], {"CACHE-02": 4}),
        ([put("e", "1"), REOPEN, get("e", None)], {"CACHE-08": 3}),
        ([put("e", "1"), REOPEN, LOST], {"CACHE-08": 3}),
        ([REOPEN, get("e", E1)], {"CACHE-08": 2}),
        ([REOPEN, load_cache(E1)], {"CACHE-08": 2}),
        ([put("e", "1"), put("f", "1"), REOPEN, put("f", "2"), load_cache(F2)], {"CACHE-08": 5}),
        # What was put after the cache was opened again is not lost by that.
        ([put("e", "1"), REOPEN, put("e", "2"), get("e", E1)], {"CACHE-02": 4}),
        ([put("e", "1"), REOPEN, get("e", E1), get("e", None)], {"CACHE-02": 4}),
        ([put("e", "1"), REOPEN, put("e", "2"), load_cache(E1)], {"CACHE-06": 4}),
        ([put("e", "1"), REOPEN, load_cache(E1), LOST], {"CACHE-06": 4}),
        # What it showed as a whole it may still not find, until something is put.
        ([put("e", "1"), REOPEN, load_cache(E1), get("e", None)], {"CACHE-08": 4}),
        (
            [put("e", "1"), REOPEN, load_cache(E1), put("f", "1"), get("e", None)],
            {"CACHE-03": 5},
        ),
        # Where nothing but a put that failed came in between, it is that.
        ([*LOADED, refused_put("e", "2"), load_cache(E2)], {"CACHE-07": 5}),
        ([*LOADED, refused_put("e", "2"), get("e", E2), load_cache(E1, F1)], {"CACHE-07": 6}),
        ([*LOADED, unsure_put("g", "1"), load_cache(E1, F2)], {"CACHE-07": 5}),
        ([put("e", "1"), refused_put("e", "1"), get("e", None)], {"CACHE-07": 3}),
        ([put("e", "1"), refused_put("e", "1"), LOST], {"CACHE-07": 3}),
        ([put("e", "1"), refused_put("e", "1"), get("e", E1), get("e", None)], {"CACHE-02": 4}),
        # To be looked up changes no place.
        ([put("e", "1"), put("f", "1"), get("e", E1), load_cache(F1, E1)], {"CACHE-04": 4}),
        ([*LOADED, refused_put("e", "2"), load_cache(E1, F1), LOST], {"CACHE-06": 6}),
        ([put("e", "1"), load_cache(E1, E1), get("e", E1), LOST], {"CACHE-03": 2, "CACHE-06": 4}),
        ([put("e", "1"), put("f", "1"), load_cache(F1, E1)], {"CACHE-04": 3}),
        ([put("e", "1"), put("f", "1"), put("e", "2"), load_cache(E2, F1)], {"CACHE-04": 4}),
        ([put("e", "1"), put("f", "1"), load_cache(E1, F1), load_cache(F1, E1)], {"CACHE-04": 4}),
        ([refused_put("e", "1", "")], {"WAL-09": 1}),
    ],
)
def test_a_broken_cache_is_blamed_for_one_thing_at_its_first_line(
    asked: list[Asked], expected: dict[str, int]
) -> None:
    assert broken(driven(judge_of(), asked)) == expected


@pytest.mark.parametrize(
    "asked",
    [
        [put("e", "1"), get("e", None), get("e", E2)],
        [put("e", "1"), get("e", None), load_cache(), load_cache()],
        [put("e", "1"), get("e", F1), get("e", E2)],
    ],
)
def test_after_a_wrong_answer_what_comes_next_is_taken_as_it_is(asked: list[Asked]) -> None:
    assert set(broken(driven(judge_of(), asked)).values()) == {2}


@pytest.mark.requirement("CACHE-04")
@pytest.mark.parametrize("last", [refused_put("e", "2"), unsure_put("e", "2")])
@pytest.mark.parametrize("looks", [[], [get("e", E1)]])
def test_the_order_is_not_known_after_a_put_that_may_not_have_been(
    last: Asked, looks: list[Asked]
) -> None:
    for loaded in ((E1, F1), (F1, E1)):
        asked = [put("e", "1"), put("f", "1"), last, *looks, load_cache(*loaded)]
        assert "CACHE-04" not in driven(judge_of(), asked).checks


@pytest.mark.requirement("CACHE-04")
@pytest.mark.parametrize(
    "asked",
    [
        # An entry that was not kept is not in its place either.
        [*LOADED, put("e", "2"), load_cache(E1, F1)],
        [*LOADED, get("e", E2), load_cache(F1, E1)],
        [*LOADED, load_cache(F1, E1, E1)],
    ],
)
def test_the_order_of_what_is_wrong_is_not_judged(asked: list[Asked]) -> None:
    assert "CACHE-04" not in broken(driven(judge_of(), asked))


@pytest.mark.requirement("CACHE-04")
def test_a_put_that_is_acknowledged_in_the_end_settles_the_place() -> None:
    asked = [*LOADED, unsure_put("e", "2"), put("e", "3"), load_cache(E3, F1)]

    assert broken(driven(judge_of(), asked)) == {"CACHE-04": 6}


@pytest.mark.parametrize(
    ("asked", "expected", "broken_there"),
    [
        ([get("e", E1), get("e", E1)], {"CACHE-02"}, {}),
        ([get("e", E1), get("e", None)], set(), {"CACHE-02": 2}),
        ([get("e", None), get("e", E1)], set(), {"CACHE-01": 2}),
        ([get("e", None), load_cache(E1)], set(), {"CACHE-06": 2}),
        ([get("e", F1)], set(), {"CACHE-01": 1}),
        ([get("e", F1), get("e", E1)], set(), {"CACHE-01": 1}),
        ([load_cache()], set(), {}),
        ([load_cache(E1), load_cache(E1)], {"CACHE-06"}, {}),
        ([load_cache(E1), load_cache()], set(), {"CACHE-06": 2}),
        ([load_cache(E1), get("f", F1)], set(), {"CACHE-01": 2}),
        ([put("e", "1"), put("f", "1"), load_cache(F1, E1)], {"CACHE-03", "CACHE-06"}, {}),
        ([load_cache(E1), put("f", "1"), load_cache(E1)], set(), {"CACHE-06": 3}),
        ([unsure_put("e", "1"), get("e", E2)], set(), {}),
        ([put("e", "1"), load_cache(F1, E1)], {"CACHE-06"}, {}),
        ([put("e", "1"), put("e", "2"), load_cache(F1, E2)], {"CACHE-03", "CACHE-06"}, {}),
        ([load_cache(F1, E1), load_cache(E1, F1)], {"CACHE-06"}, {"CACHE-04": 2}),
        # An id that was stored twice before is as it was until it is put (CACHE-05).
        ([load_cache(E1, E2), load_cache(E1, E2), get("e", E1)], set(), {}),
        ([load_cache(E1, E2), put("e", "3"), load_cache(E3)], {"CACHE-03", "CACHE-06"}, {}),
        ([load_cache(E1, E2), put("e", "3"), load_cache(E3, E2)], set(), {"CACHE-03": 3}),
        ([load_cache(E1, E2), put("f", "1"), load_cache(E1, E2, F1)], {"CACHE-03", "CACHE-06"}, {}),
    ],
)  # fmt: skip
def test_a_cache_that_held_something_is_known_by_what_it_shows(
    asked: list[Asked], expected: set[str], broken_there: dict[str, int]
) -> None:
    findings = driven(judge_of(begins_empty=False), asked)

    assert broken(findings) == broken_there
    assert proven(findings) == expected


def test_without_a_promise_nothing_is_known_after_a_restart() -> None:
    asked = [*LOADED, REOPEN, get("e", E2), load_cache(F2, E2), put("e", "1"), get("e", E1)]
    findings = driven(judge_of(reopens=False), asked)

    assert broken(findings) == {}
    assert proven(findings) == {"CACHE-02", "CACHE-03", "CACHE-04", "CACHE-06"}
    assert findings.checks["CACHE-03"] == findings.checks["CACHE-04"] == 1


@pytest.mark.parametrize("before", [[put("e", "1")], LOADED[:2]])
def test_what_was_stored_before_such_a_restart_is_beside_nothing(before: list[Asked]) -> None:
    asked = [*before, REOPEN, put("f", "1"), load_cache(F1)]

    assert proven(driven(judge_of(reopens=False), asked)) == {"CACHE-06"}


@pytest.mark.parametrize("answer", [UNKNOWN, FAULT])
def test_only_a_declared_refusal_has_a_text(answer: str) -> None:
    asked = without_answer(put("e", "1"), answer, "")

    assert "WAL-09" not in driven(judge_of(), [asked]).checks


@pytest.mark.parametrize(("count", "is_known"), [(63, True), (64, False)])
def test_past_so_many_puts_without_an_answer_nothing_is_known(count: int, is_known: bool) -> None:
    asked = [unsure_put("e", str(number)) for number in range(count)]
    findings = driven(judge_of(), [*asked, get("e", cached("e", "never"))])

    assert broken(findings) == ({"CACHE-07": count + 1} if is_known else {})


@pytest.mark.parametrize(
    ("asked", "requirement_id", "expected", "actual"),
    [
        ([get("e", E1)], "CACHE-01", "nothing", 'evidence "e" = blocked of "1"."o"'),
        (
            [put("e", "1"), unsure_put("e", "2"), get("e", None)],
            "CACHE-07",
            'evidence "e" = blocked of "1"."o" or evidence "e" = blocked of "2"."o"',
            "nothing",
        ),
        (
            [unsure_put("e", "2"), load_cache(E1)],
            "CACHE-07",
            'nothing or [evidence "e" = blocked of "2"."o"]',
            '[evidence "e" = blocked of "1"."o"] (1 entry instead of 0)',
        ),
        (
            [put("e", "1"), put("f", "1"), unsure_put("e", "2"), load_cache(F1)],
            "CACHE-07",
            '[evidence "e" = blocked of "1"."o"; evidence "f" = blocked of "1"."o"] or '
            '[evidence "f" = blocked of "1"."o"; evidence "e" = blocked of "2"."o"]',
            '[evidence "f" = blocked of "1"."o"] (1 entry instead of 2; entry 0 is missing)',
        ),
        (
            [*LOADED, refused_put("f", "1"), refused_put("e", "2"), LOST],
            "CACHE-07",
            '[evidence "e" = blocked of "1"."o"; evidence "f" = blocked of "1"."o"] or '
            '[evidence "f" = blocked of "1"."o"; evidence "e" = blocked of "2"."o"]',
            "nothing (0 entries instead of 2)",
        ),
        # Of what was found wrong nobody knows what it should be.
        (
            [*LOADED, get("e", None), load_cache(E2, F2)],
            "CACHE-06",
            '[evidence "e" = blocked of "2"."o"; evidence "f" = blocked of "1"."o"]',
            '[evidence "e" = blocked of "2"."o"; evidence "f" = blocked of "2"."o"] '
            '(entry 1 differs: interface_name is "2", expected "1")',
        ),
        (
            [unsure_put("e", "1"), unsure_put("e", "2"), load_cache(F1)],
            "CACHE-07",
            "nothing or one of 2 other caches",
            '[evidence "f" = blocked of "1"."o"] (1 entry instead of 0)',
        ),
        (
            [put("e", "1"), LOST],
            "CACHE-06",
            '[evidence "e" = blocked of "1"."o"]',
            "nothing (0 entries instead of 1)",
        ),
        (
            [put("e", "1"), load_cache(E2)],
            "CACHE-06",
            '[evidence "e" = blocked of "1"."o"]',
            '[evidence "e" = blocked of "2"."o"] '
            '(entry 0 differs: interface_name is "2", expected "1")',
        ),
        (
            [put("e", "1"), load_cache(E1, E1)],
            "CACHE-03",
            '[evidence "e" = blocked of "1"."o"]',
            '[evidence "e" = blocked of "1"."o"; evidence "e" = blocked of "1"."o"] '
            "(2 entries instead of 1; entry 1 is too much)",
        ),
        (
            [put("e", "1"), put("f", "1"), load_cache(F1, E1)],
            "CACHE-04",
            '[evidence "e" = blocked of "1"."o"; evidence "f" = blocked of "1"."o"]',
            '[evidence "f" = blocked of "1"."o"; evidence "e" = blocked of "1"."o"] '
            '(entry 0 differs: evidence_id is "f", expected "e")',
        ),
    ],
)
def test_a_difference_is_told_in_words(
    asked: list[Asked], requirement_id: str, expected: str, actual: str
) -> None:
    found = driven(judge_of(), asked).differences[requirement_id]

    assert (found.expected, found.actual) == (expected, actual)


def test_an_entry_of_another_id_is_wrong_whatever_the_cache_held() -> None:
    found = driven(judge_of(begins_empty=False), [get("e", F1)]).differences["CACHE-01"]

    assert found.text == 'get evidence "e"'
    assert found.expected == "nothing, or an entry of that id"


def test_what_nobody_knows_is_expected_as_it_is_shown() -> None:
    asked = [load_cache(E1, E2), put("f", "1"), load_cache(E1, E2)]
    found = driven(judge_of(begins_empty=False), asked).differences["CACHE-06"]

    stored = 'evidence "e" = blocked of "2"."o"'
    assert found.expected == f'[{stored}; evidence "f" = blocked of "1"."o"]'


@pytest.mark.requirement("CACHE-01")
@pytest.mark.parametrize("takes", [True, False])
@pytest.mark.parametrize("message", ["full", None])
def test_the_empty_id_may_be_refused_for_other_reasons_than_itself(
    takes: bool, message: str | None
) -> None:
    asked_of: list[str] = []

    def takes_the_id(evidence_id: str) -> bool:
        asked_of.append(evidence_id)
        return takes

    judge = CacheJudge(Findings(), begins_empty=True, reopens=True, takes_the_id=takes_the_id)
    findings = driven(judge, [put("", "1"), refused_put("e", "1"), refused_put("", "2", message)])

    assert asked_of == [""]
    assert broken(findings) == ({} if takes else {"CACHE-01": 3})
    if not takes:
        difference = findings.differences["CACHE-01"]
        assert difference.expected == "accepted: the empty id is a legal one"
        assert difference.actual == f"refused: {message or ''}"


def test_what_a_cache_begins_with_is_known() -> None:
    judge = judge_of(begins_empty=False)
    judge.begin_with((E1, F1))

    assert judge.entries == (E1, F1)
    asked = [load_cache(F1, E1), put("f", "2"), load_cache(F2), get("e", None)]
    assert broken(driven(judge, asked)) == {"CACHE-04": 1, "CACHE-03": 3}
