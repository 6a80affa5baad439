"""The judge of a log: what each history proves, and what each broken one is blamed for."""

from __future__ import annotations

import pytest

from conformance.rules import worlds
from conformance.rules.events import FAULT, REFUSED, UNKNOWN
from conformance.rules.findings import Findings
from conformance.rules.wal import LogJudge
from conformance.tests.rules_drivers import (
    FINALIZED,
    NONE,
    PROVISIONAL,
    REOPEN,
    SOFT_SAFE,
    Asked,
    append,
    broken,
    driven,
    gate,
    load,
    proven,
    read_since,
    refused,
    rise,
    unsure,
    without_answer,
)
from telltale_spec.model.machine import RejectionMode

CLEAN = RejectionMode.CLEAN_REJECT
ONE, TWO, THREE = gate(1), gate(2), gate(3)
UP, DOWN = rise(NONE, FINALIZED), rise(PROVISIONAL, NONE)
ERROR = "agreement WAL regression for `a`: Provisional -> None"
KEPT = {"WAL-01", "WAL-02", "WAL-13", "WAL-13.accept"}


def judge_of(
    mode: RejectionMode = CLEAN, *, begins_empty: bool = True, reopens: bool = True
) -> LogJudge:
    return LogJudge(Findings(), mode, begins_empty=begins_empty, reopens=reopens)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], set()),
        ([load()], {"WAL-07"}),
        ([load(), load()], {"WAL-07", "WAL-06"}),
        ([append(ONE)], set()),
        ([append(ONE), load(ONE)], KEPT),
        ([append(ONE), load(ONE), load(ONE)], {*KEPT, "WAL-06"}),
        # A lawful append that is accepted says nothing of the unlawful ones.
        ([append(UP), load(UP)], KEPT),
        ([refused(DOWN), load()], {"WAL-03", "WAL-04"}),
        ([refused(DOWN, ERROR), load()], {"WAL-03", "WAL-03.text", "WAL-04", "WAL-09"}),
        # Whether the log is the same as before is not told where it may have grown.
        ([unsure(ONE), load(ONE)], set()),
        ([unsure(ONE), load(ONE), load(ONE)], {"WAL-06"}),
        ([append(ONE), read_since(0, ONE)], {"WAL-05"}),
        ([append(ONE), read_since(1)], {"WAL-05"}),
        ([read_since(0)], {"WAL-05"}),
        # Opening an empty log again loses nothing.
        ([REOPEN, load()], set()),
        ([REOPEN, append(ONE), load(ONE)], KEPT),
        ([unsure(ONE), REOPEN, load()], set()),
        ([unsure(ONE), REOPEN, load(ONE)], set()),
        ([append(ONE), REOPEN, load(ONE)], {*KEPT, "WAL-08"}),
        ([append(ONE), load(ONE), REOPEN, load(ONE)], {*KEPT, "WAL-08"}),
        ([append(ONE), REOPEN, append(TWO), REOPEN, load(ONE, TWO)], {*KEPT, "WAL-08"}),
        ([append(ONE), REOPEN, load(ONE), load(ONE)], {*KEPT, "WAL-08", "WAL-06"}),
        ([without_answer(load())], set()),
        ([without_answer(read_since(0))], set()),
        ([append(ONE), without_answer(load(), REFUSED, "busy"), load(ONE)], KEPT),
    ],
)
def test_a_right_log_proves_what_was_put_to_the_test_and_no_more(
    asked: list[Asked], expected: set[str]
) -> None:
    findings = driven(judge_of(), asked)

    assert broken(findings) == {}
    assert proven(findings) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([load(ONE)], {"WAL-07": 1}),
        ([without_answer(load(), REFUSED, "gone")], {"WAL-07": 1}),
        ([append(DOWN)], {"WAL-03": 1}),
        ([append(DOWN), load(DOWN)], {"WAL-03": 1}),
        ([append(DOWN), load()], {"WAL-03": 1}),
        ([append(UP), append(rise(NONE, SOFT_SAFE))], {"WAL-03": 2}),
        ([append(ONE), load()], {"WAL-01": 2}),
        ([append(ONE), load(TWO)], {"WAL-01": 2}),
        ([append(ONE), load(ONE, ONE)], {"WAL-01": 2}),
        ([append(ONE), append(ONE), load(ONE)], {"WAL-02": 3}),
        ([append(ONE), load(ONE), append(TWO), load(TWO)], {"WAL-02": 4}),
        ([append(ONE), load(ONE), append(TWO), load(ONE)], {"WAL-01": 4}),
        # What a load had shown was not kept, though another append may have failed.
        ([append(ONE), append(TWO), load(ONE, TWO), unsure(THREE), load(ONE)], {"WAL-02": 5}),
        ([append(ONE), load(ONE), load()], {"WAL-06": 3}),
        ([append(ONE), load(ONE), load(ONE, TWO)], {"WAL-06": 3}),
        ([unsure(ONE), load(TWO)], {"WAL-01": 2}),
        ([append(ONE), read_since(1, ONE)], {"WAL-05": 2}),
        ([read_since(0, ONE)], {"WAL-05": 1}),
        ([append(ONE), read_since(0)], {"WAL-01": 2}),
        ([append(ONE), load(ONE), append(TWO), read_since(0, TWO)], {"WAL-02": 4}),
        ([append(ONE), load(ONE), append(TWO), read_since(1)], {"WAL-01": 4}),
        ([append(ONE), load(ONE), read_since(0)], {"WAL-05": 3}),
        ([append(ONE), load(ONE), REOPEN, read_since(0)], {"WAL-08": 4}),
        ([append(ONE), REOPEN, load()], {"WAL-08": 3}),
        ([REOPEN, load(ONE)], {"WAL-08": 2}),
        ([append(ONE), REOPEN, append(TWO), load(TWO)], {"WAL-08": 4}),
        # What is lost was stored after the log was opened again, and not lost by that.
        ([REOPEN, append(ONE), load()], {"WAL-01": 3}),
        ([append(ONE), REOPEN, append(TWO), load(ONE)], {"WAL-01": 4}),
        ([append(ONE), REOPEN, append(TWO), load(ONE, TWO, TWO)], {"WAL-01": 4}),
        ([append(ONE), REOPEN, append(TWO), read_since(1)], {"WAL-01": 4}),
        ([append(ONE), REOPEN, append(TWO), read_since(0, TWO)], {"WAL-08": 4}),
        ([append(ONE), REOPEN, unsure(TWO), load(ONE, THREE)], {"WAL-01": 4}),
        ([refused(DOWN), load(DOWN)], {"WAL-04": 2}),
        ([append(ONE), refused(DOWN), load(ONE, DOWN)], {"WAL-04": 3}),
        ([append(ONE), load(ONE), refused(DOWN), load()], {"WAL-04": 4}),
        ([refused(DOWN, "no")], {"WAL-03.text": 1}),
        ([refused(DOWN, "")], {"WAL-09": 1}),
        ([refused(ONE, "full")], {"WAL-13.accept": 1}),
        ([refused(ONE), refused(TWO), load()], {"WAL-13.accept": 1}),
        ([refused(ONE), load(ONE)], {"WAL-13": 2}),
        # That one was stored all the same is no excuse for the refusal of the other.
        ([refused(ONE), refused(TWO), load(ONE)], {"WAL-13": 3, "WAL-13.accept": 2}),
        ([refused(ONE), append(TWO), load(ONE, TWO)], {"WAL-13": 3}),
        ([refused(DOWN, ERROR), refused(ONE, ERROR)], {"WAL-04": 2}),
        ([refused(DOWN, ERROR), refused(ONE, "full")], {"WAL-13.accept": 2}),
        # From a wrong load on, the log is judged by what it showed.
        ([append(ONE), load(), append(TWO), load(TWO)], {"WAL-01": 2}),
        ([append(ONE), load(), load(ONE)], {"WAL-01": 2, "WAL-06": 3}),
        ([append(UP), load(), append(rise(NONE, PROVISIONAL))], {"WAL-01": 2}),
    ],
)
def test_a_broken_log_is_blamed_for_one_thing_at_its_first_line(
    asked: list[Asked], expected: dict[str, int]
) -> None:
    assert broken(driven(judge_of(), asked)) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([load(ONE)], {}),
        ([REOPEN, load(ONE)], {}),
        ([append(ONE), load(TWO, ONE), load(TWO)], {"WAL-06": 3}),
        ([without_answer(load(), REFUSED, "gone")], {}),
        ([read_since(5, ONE)], {}),
        ([append(DOWN), load(DOWN)], {}),
        ([refused(ONE), load(ONE)], {}),
        ([load(UP), append(rise(NONE, SOFT_SAFE))], {"WAL-03": 2}),
        ([append(ONE), load(TWO), append(ONE), load(TWO)], {"WAL-01": 4}),
    ],
)
def test_a_log_that_held_something_is_known_by_its_first_load(
    asked: list[Asked], expected: dict[str, int]
) -> None:
    assert broken(driven(judge_of(begins_empty=False), asked)) == expected


def test_what_an_unknown_log_shows_first_proves_nothing() -> None:
    judge = judge_of(begins_empty=False)

    assert proven(driven(judge, [append(ONE), load(TWO, ONE), load(TWO, ONE)])) == {"WAL-06"}


def test_a_refusal_is_blamed_though_a_restart_hides_what_it_left() -> None:
    asked = [refused(ONE), REOPEN, load()]

    assert broken(driven(judge_of(reopens=False), asked)) == {"WAL-13.accept": 1}


def test_without_a_promise_nothing_is_known_after_a_restart() -> None:
    asked = [append(ONE), load(ONE), REOPEN, read_since(0, TWO), load(), load()]
    findings = driven(judge_of(reopens=False), asked)

    assert broken(findings) == {}
    assert proven(findings) == {*KEPT, "WAL-06"}


@pytest.mark.requirement("WAL-13")
def test_a_lawful_entry_that_is_refused_proves_that_it_is_not_stored() -> None:
    findings = driven(judge_of(), [refused(ONE, "full"), load()])

    assert findings.checks == {"WAL-09": 1, "WAL-13": 1, "WAL-13.accept": 1}
    assert broken(findings) == {"WAL-13.accept": 1}


@pytest.mark.parametrize("answer", [UNKNOWN, FAULT])
def test_a_load_without_an_answer_says_nothing_of_a_fresh_log(answer: str) -> None:
    assert broken(driven(judge_of(), [without_answer(load(), answer), load()])) == {}


@pytest.mark.parametrize("first", [append(ONE), refused(ONE), unsure(ONE), REOPEN])
def test_a_log_that_was_touched_is_not_fresh(first: Asked) -> None:
    findings = driven(judge_of(), [first, without_answer(load(), REFUSED, "gone")])

    assert "WAL-07" not in findings.checks


def test_what_is_written_once_more_does_not_count_from_before_the_load() -> None:
    once = [append(ONE), refused(DOWN), REOPEN, load(ONE)]
    findings = driven(judge_of(), [*once, load(ONE)])

    assert findings.checks == {
        **dict.fromkeys(("WAL-01", "WAL-02", "WAL-13", "WAL-13.accept", "WAL-08"), 1),
        **dict.fromkeys(("WAL-03", "WAL-04", "WAL-06"), 1),
    }


def test_too_many_logs_are_a_doubt_and_the_first_one_is_kept() -> None:
    judge = judge_of()
    unknown = [unsure(gate(tick)) for tick in range(14)]
    findings = driven(judge, [*unknown, load(TWO), append(ONE), load(TWO, ONE)])

    assert broken(findings) == {}
    assert judge.doubt == (
        f"at line 7 more than {worlds.WORLDS_MAX} logs were possible, or several for more than "
        f"{worlds.TAIL_MAX} entries"
    )
    assert judge_of().doubt == ""
    assert proven(findings) == KEPT


WORDS = [
    ([append(DOWN)], "WAL-03", f"refused: {ERROR}", "the append was accepted"),
    ([refused(DOWN, "no")], "WAL-03.text", f"refused: {ERROR}", "refused: no"),
    ([refused(ONE, "full")], "WAL-13.accept", "accepted", "refused: full"),
    ([refused(ONE)], "WAL-13.accept", "accepted", "refused: "),
    ([without_answer(load(), REFUSED, "gone")], "WAL-07", "an empty log", "refused: gone"),
    ([without_answer(load(), REFUSED)], "WAL-07", "an empty log", "refused: "),
    (
        [append(ONE), load()],
        "WAL-01",
        '[gate none of "a" for "c" at tick 1]',
        "nothing (0 entries instead of 1)",
    ),
    (
        [unsure(ONE), unsure(TWO), load(THREE)],
        "WAL-01",
        "nothing or one of 3 other logs",
        '[gate none of "a" for "c" at tick 3] (1 entry instead of 0)',
    ),
    (
        [append(ONE), read_since(1, ONE)],
        "WAL-05",
        "nothing",
        '[gate none of "a" for "c" at tick 1] (1 entry instead of 0)',
    ),
]


@pytest.mark.parametrize(("asked", "requirement_id", "expected", "actual"), WORDS)
def test_a_difference_is_told_in_words(
    asked: list[Asked], requirement_id: str, expected: str, actual: str
) -> None:
    found = driven(judge_of(), asked).differences[requirement_id]

    assert (found.expected, found.actual) == (expected, actual)
