"""The relations between plans: what each asks of a recovery, and what it compares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from conformance.rules.soundness import (
    RELATIONS,
    Answer,
    Comparison,
    Recover,
    RecoveryCase,
    compare_decisions,
)
from conformance.tests.rules_drivers import FINALIZED, NONE, PROVISIONAL, SOFT_SAFE, cached, gate
from telltale_spec.errors import EscalationOrderError
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.recovery import DurableRecoveryDecision
from telltale_spec.wire.shapes import U64_MAX

(
    REGROUPED,
    ONE_BY_ONE,
    SUFFIX_ONLY,
    LEFT_OUT,
    DOUBLED,
    ONE_MORE,
    LATER,
    SHIFTED,
    BLINDED,
    RENAMED,
    ESCALATIONS_ONLY,
) = RELATIONS

Relation = Callable[[Recover, RecoveryCase, int], Iterator[Comparison]]
Entries = tuple[AgreementWalEntry, ...]


def recovered(case: RecoveryCase) -> Answer:
    """Answer as the reference does."""
    wal, cache = AgreementWalArtifact(case.entries), EvidenceOutcomeCacheArtifact(case.cache)
    try:
        return DurableRecoveryPlan.from_checkpoint(case.checkpoint_tick, None, wal, cache)
    except EscalationOrderError as error:
        return error.message


def rise(new: AgreementLevel, tick: int, operation_id: str = "a") -> AgreementWalEntry:
    return Escalation(operation_id, NONE, new, None, tick)


def end(tick: int, operation_id: str = "a") -> AgreementWalEntry:
    return Finalization(operation_id, FinalizationOutcome.ABORTED, None, None, tick)


def asked_by(relation: Relation, case: RecoveryCase, number: int = 0) -> list[RecoveryCase]:
    """Return what a relation recovers besides the case itself; the reference keeps it."""
    asked: list[RecoveryCase] = []

    def recover(each: RecoveryCase) -> Answer:
        asked.append(each)
        return recovered(each)

    for comparison in relation(recover, case, number):
        assert comparison.expected == comparison.actual
    return [each for each in asked if each is not case]


def told_by(
    relation: Relation, case: RecoveryCase, before: Answer, after: Answer, number: int = 0
) -> list[Comparison]:
    """Return the comparisons where the case itself gives one answer, and all else another."""
    return list(relation(lambda each: before if each is case else after, case, number))


UP, END, GATE = rise(SOFT_SAFE, 3), end(4, "b"), gate(5)
CACHE = (cached("e", "1"),)
CASE = RecoveryCase(3, (UP, END, GATE), CACHE)
REFUSED = "out of order"


def case_of(*entries: AgreementWalEntry, tick: int = 3) -> RecoveryCase:
    return RecoveryCase(tick, entries, CACHE)


@pytest.mark.parametrize(
    ("relation", "number", "case", "expected"),
    [
        (REGROUPED, 0, CASE, [case_of(UP, GATE, END)]),
        (REGROUPED, 1, CASE, [case_of(END, UP, GATE)]),
        (REGROUPED, 2, CASE, [case_of(UP, GATE, END)]),
        (ONE_BY_ONE, 0, CASE, [case_of(UP, GATE), case_of(END)]),
        (ONE_BY_ONE, 0, case_of(), []),
        (SUFFIX_ONLY, 0, CASE, [case_of(END, GATE)]),
        (SUFFIX_ONLY, 0, case_of(Escalation("a", SOFT_SAFE, NONE, None, 1)), []),
        (LEFT_OUT, 0, CASE, [case_of()]),
        (LEFT_OUT, 5, CASE, [case_of(UP, GATE)]),
        (LEFT_OUT, 7, CASE, [case_of(UP, END, GATE)]),
        (LEFT_OUT, 7, case_of(Escalation("a", SOFT_SAFE, NONE, None, 1)), []),
        (DOUBLED, 0, CASE, [case_of(UP, UP, END, GATE)]),
        (DOUBLED, 4, CASE, [case_of(UP, END, END, GATE)]),
        (DOUBLED, 2, CASE, [case_of(UP, END, GATE, GATE)]),
        (DOUBLED, 0, case_of(), []),
        (DOUBLED, 0, case_of(Escalation("a", SOFT_SAFE, NONE, None, 1)), []),
        (DOUBLED, 0, case_of(rise(NONE, 1)), [case_of(rise(NONE, 1), rise(NONE, 1))]),
        (ONE_MORE, 0, CASE, [case_of(UP, END, GATE, END)]),
        (ONE_MORE, 3, CASE, [case_of(UP, END, GATE, GATE)]),
        (ONE_MORE, 0, case_of(UP), []),
        (ONE_MORE, 0, case_of(GATE, Escalation("a", SOFT_SAFE, NONE, None, 1)), []),
        (LATER, 0, CASE, [case_of(*CASE.entries, tick=3)]),
        (LATER, 6, CASE, [case_of(*CASE.entries, tick=4)]),
        (LATER, 3, CASE, [case_of(*CASE.entries, tick=5)]),
        (LATER, 1, case_of(gate(1)), [case_of(gate(1), tick=3)]),
        (SHIFTED, 0, case_of(GATE), [case_of(gate(6), tick=4)]),
        (SHIFTED, 6, case_of(gate(1), END), [case_of(gate(8), end(11, "b"), tick=10)]),
        (SHIFTED, 6, case_of(gate(U64_MAX - 2)), [case_of(gate(U64_MAX), tick=5)]),
        (SHIFTED, 6, case_of(tick=U64_MAX - 1), [case_of(tick=U64_MAX)]),
        (RENAMED, 0, CASE, [case_of(rise(SOFT_SAFE, 3, "n0"), end(4, "n1"), gate(5, "n0"))]),
        (RENAMED, 3, CASE, [case_of(rise(SOFT_SAFE, 3, "n1"), end(4, "n0"), gate(5, "n1"))]),
        (ESCALATIONS_ONLY, 8, CASE, [case_of(rise(SOFT_SAFE, 8))]),
    ],
)  # fmt: skip
def test_a_relation_recovers_what_its_law_speaks_of(
    relation: Relation, number: int, case: RecoveryCase, expected: list[RecoveryCase]
) -> None:
    assert asked_by(relation, case, number) == expected


EVIDENCE = AgreementEvidence(
    "e", "a", 7, None, SOFT_SAFE, AgreementEvidenceKind.WITNESS, "x", authoritative=True
)


@pytest.mark.requirement("RECOV-04")
@pytest.mark.parametrize(
    ("entry", "blind"),
    [
        (UP, replace(UP, evidence_id="e")),
        (replace(UP, evidence_id="x"), UP),
        (END, Finalization("b", FinalizationOutcome.ABORTED, "p", "h", 4)),
        (GATE, VisibilityGateCrossing("a", "d", FINALIZED, 5)),
        (
            EvidenceProduced(EVIDENCE, 4),
            EvidenceProduced(
                AgreementEvidence(
                    "e",
                    "a",
                    9,
                    "w",
                    SOFT_SAFE,
                    AgreementEvidenceKind.PUBLICATION,
                    "r",
                    authoritative=False,
                ),
                4,
            ),
        ),
    ],
)
def test_what_decides_nothing_is_changed_and_nothing_else(
    entry: AgreementWalEntry, blind: AgreementWalEntry
) -> None:
    assert asked_by(BLINDED, case_of(entry)) == [case_of(blind)]


def test_evidence_is_renamed_within_its_record() -> None:
    renamed = replace(EVIDENCE, operation_id="n0")

    assert asked_by(RENAMED, case_of(EvidenceProduced(EVIDENCE, 4))) == [
        case_of(EvidenceProduced(renamed, 4))
    ]


def decided(case: RecoveryCase) -> DurableRecoveryPlan[None]:
    answer = recovered(case)
    assert not isinstance(answer, str)
    return answer


PLAN = decided(CASE)
OTHER = decided(case_of(rise(FINALIZED, 4), gate(4, "b"), tick=0))
LEVEL_ROWS = {"RECOV-04": "level, outcome and gate", "RECOV-05": "action"}


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


FLAT = decided(case_of(gate(4), gate(4, "b"), gate(4, "c"), tick=0))
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
