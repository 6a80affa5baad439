"""The relations between plans: what each compares, and by which requirement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from conformance.rules.soundness import Answer, Comparison, RecoveryCase, compare_decisions
from conformance.tests.rules_drivers import FINALIZED, NONE, PROVISIONAL, SOFT_SAFE, gate
from conformance.tests.rules_recoveries import (
    BLINDED,
    CASE,
    DOUBLED,
    END,
    ESCALATIONS_ONLY,
    GATE,
    LATER,
    LEFT_OUT,
    ONE_BY_ONE,
    ONE_MORE,
    REFUSED,
    REGROUPED,
    RENAMED,
    SHIFTED,
    SUFFIX_ONLY,
    UP,
    Relation,
    case_of,
    decided,
    end,
    rise,
    told_by,
)
from telltale_spec.wire.agreement import (
    AgreementWalEntry,
)
from telltale_spec.wire.recovery import DurableRecoveryDecision

PLAN = decided(CASE)
OTHER = decided(case_of(rise(FINALIZED, 4), gate(4, "b"), tick=0))


def rows(law: str, wanted: Any, found: Any) -> list[Comparison]:
    """Return the comparisons of two plans, as the requirements word them."""
    return [
        Comparison("RECOV-01", f"{law}log refused", False, False),
        *decision_rows(law, wanted.decisions, found.decisions),
    ]


def decision_rows(
    law: str,
    wanted: Sequence[DurableRecoveryDecision],
    found: Sequence[DurableRecoveryDecision],
) -> list[Comparison]:
    def row(requirement_id: str, what: str, of: Callable[[Any], Any]) -> Comparison:
        return Comparison(requirement_id, f"{law}{what}", [*map(of, wanted)], [*map(of, found)])

    return [
        row("RECOV-03", "operations", lambda each: each.operation_id),
        row(
            "RECOV-04",
            "level, outcome and gate",
            lambda each: (each.level, each.finalization, each.gate_crossed),
        ),
        row("RECOV-05", "action", lambda each: each.action),
        row("RECOV-06", "cached evidence", lambda each: each.cached_evidence_ids),
    ]


def validity(law: str, expected: bool, actual: bool) -> list[Comparison]:
    return [Comparison("RECOV-01", f"{law}log refused", expected, actual)]


@pytest.mark.requirement("RECOV-03", "RECOV-04", "RECOV-05", "RECOV-06")
def test_decisions_are_compared_field_by_field() -> None:
    assert list(compare_decisions(PLAN.decisions, OTHER.decisions)) == decision_rows(
        "", PLAN.decisions, OTHER.decisions
    )


@pytest.mark.requirement("RECOV-01", "RECOV-09")
@pytest.mark.parametrize(
    ("relation", "law"), [(REGROUPED, "M-02: "), (SUFFIX_ONLY, "M-04: "), (BLINDED, "M-10: ")]
)
def test_equal_cases_have_equal_decisions(relation: Relation, law: str) -> None:
    assert told_by(relation, CASE, PLAN, OTHER) == rows(law, PLAN, OTHER)
    assert told_by(relation, CASE, PLAN, REFUSED) == validity(law, False, True)


@pytest.mark.requirement("RECOV-01")
@pytest.mark.parametrize(
    ("relation", "law"),
    [
        (REGROUPED, "M-02: "),
        (LATER, "M-08: "),
        (SHIFTED, "M-09: "),
        (BLINDED, "M-10: "),
        (RENAMED, "M-11: "),
        (ESCALATIONS_ONLY, "M-13: "),
    ],
)
def test_a_log_is_refused_in_both_cases_or_in_none(relation: Relation, law: str) -> None:
    assert told_by(relation, CASE, REFUSED, OTHER) == validity(law, True, False)
    assert told_by(relation, CASE, REFUSED, REFUSED) == validity(law, True, True)
    assert told_by(relation, CASE, PLAN, REFUSED) == validity(law, False, True)


@pytest.mark.requirement("RECOV-01", "RECOV-03")
def test_operations_alone_give_the_decisions_of_the_whole() -> None:
    single = decided(case_of(GATE))
    twice = Answers({case_of(UP, GATE): single, case_of(END): single, CASE: PLAN})

    assert list(ONE_BY_ONE(twice, CASE, 0)) == [
        *validity("M-13: ", False, False),
        *decision_rows("M-03: ", [*single.decisions, *single.decisions], PLAN.decisions),
    ]
    for refused in (case_of(UP, GATE), case_of(END)):
        answers = Answers({**twice.answers, refused: REFUSED})
        assert list(ONE_BY_ONE(answers, CASE, 0)) == validity("M-13: ", True, False)
    whole = Answers({**twice.answers, CASE: REFUSED})
    assert list(ONE_BY_ONE(whole, CASE, 0)) == validity("M-13: ", False, True)


class Answers:
    """A recovery that answers by a table."""

    def __init__(self, answers: dict[RecoveryCase, Answer]) -> None:
        self.answers = answers

    def __call__(self, case: RecoveryCase) -> Answer:
        return self.answers[case]


@pytest.mark.requirement("RECOV-01", "ART-WAL-05")
def test_leaving_entries_out_or_adding_one_that_does_not_escalate_stays_valid() -> None:
    assert told_by(LEFT_OUT, CASE, PLAN, REFUSED) == validity("M-05: ", False, True)
    assert told_by(LEFT_OUT, CASE, PLAN, OTHER) == validity("M-05: ", False, False)
    assert told_by(ONE_MORE, CASE, PLAN, REFUSED) == validity("M-07: ", False, True)


@pytest.mark.requirement("ART-WAL-04", "RECOV-01")
def test_an_escalation_that_rises_is_refused_the_second_time() -> None:
    flat = case_of(rise(NONE, 4))

    assert told_by(DOUBLED, CASE, PLAN, OTHER) == validity("M-06: ", True, False)
    assert told_by(DOUBLED, CASE, PLAN, REFUSED) == validity("M-06: ", True, True)
    assert told_by(DOUBLED, CASE, PLAN, OTHER, 1) == rows("M-06: ", PLAN, OTHER)
    assert told_by(DOUBLED, flat, PLAN, OTHER) == rows("M-06: ", PLAN, OTHER)


LOWERED = "operations that lost level, gate or outcome"


def grown(law: str, lost: list[str], lowered: list[str]) -> list[Comparison]:
    return [
        *validity(law, False, False),
        Comparison("RECOV-03", f"{law}lost operations", [], lost),
        Comparison("RECOV-04", f"{law}{LOWERED}", [], lowered),
    ]


@pytest.mark.requirement("RECOV-03", "RECOV-04")
@pytest.mark.parametrize(
    ("fewer", "more", "lost", "lowered"),
    [
        ([gate(4)], [gate(4)], [], []),
        ([gate(4)], [gate(4), gate(4, "b")], [], []),
        ([gate(4), gate(4, "b"), gate(4, "c")], [gate(4, "b")], ["a", "c"], []),
        ([rise(PROVISIONAL, 4)], [rise(SOFT_SAFE, 4)], [], []),
        ([rise(SOFT_SAFE, 4)], [rise(PROVISIONAL, 4)], [], ["a"]),
        ([gate(4)], [end(4)], [], ["a"]),
        ([end(4)], [gate(4)], [], ["a"]),
        ([end(4)], [end(4), gate(4)], [], []),
        ([gate(4), end(4, "b")], [end(4), gate(4, "b")], [], ["a", "b"]),
    ],
)
def test_more_of_a_suffix_loses_nothing(
    fewer: list[AgreementWalEntry],
    more: list[AgreementWalEntry],
    lost: list[str],
    lowered: list[str],
) -> None:
    small, large = decided(case_of(*fewer, tick=0)), decided(case_of(*more, tick=0))

    assert told_by(ONE_MORE, CASE, small, large) == grown("M-07: ", lost, lowered)
    assert told_by(LATER, CASE, large, small) == grown("M-08: ", lost, lowered)


@pytest.mark.requirement("RECOV-02", "RECOV-09")
@pytest.mark.parametrize(
    ("before", "after", "ticks"),
    [
        (PLAN, OTHER, [(6, 4), (7, 4)]),
        (decided(case_of()), OTHER, [(None, 4), (None, 4)]),
        (PLAN, decided(case_of()), [(6, None), (7, None)]),
    ],
)
def test_a_shifted_log_has_shifted_ticks(
    before: Any, after: Any, ticks: list[tuple[int | None, int | None]]
) -> None:
    (first, actual_first), (last, actual_last) = ticks

    assert told_by(SHIFTED, CASE, before, after, 1) == [
        *rows("M-09: ", before, after),
        Comparison("RECOV-02", "M-09: wal_tail_start_tick", first, actual_first),
        Comparison("RECOV-02", "M-09: highest_recovered_tick", last, actual_last),
    ]


@pytest.mark.requirement("RECOV-03")
@pytest.mark.parametrize("number", [0, 1])
def test_renamed_operations_are_decided_under_their_new_names_in_order(number: int) -> None:
    names = ["n1", "n0"] if number else ["n0", "n1"]
    both = decided(case_of(UP, END, GATE, tick=0))
    renamed = [
        replace(each, operation_id=name) for each, name in zip(both.decisions, names, strict=True)
    ]
    renamed.sort(key=lambda each: each.operation_id)

    assert told_by(RENAMED, CASE, both, OTHER, number) == [
        *validity("M-11: ", False, False),
        *decision_rows("M-11: ", renamed, OTHER.decisions),
    ]


@pytest.mark.requirement("RECOV-01", "ART-WAL-02")
def test_only_escalations_decide_whether_a_log_is_refused() -> None:
    assert told_by(ESCALATIONS_ONLY, CASE, PLAN, OTHER) == validity("M-13: ", False, False)
