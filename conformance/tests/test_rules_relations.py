"""The relations between plans: what each asks of a recovery."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.rules.soundness import RecoveryCase
from conformance.tests.rules_drivers import FINALIZED, NONE, SOFT_SAFE, gate
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
    REGROUPED,
    RENAMED,
    SHIFTED,
    SUFFIX_ONLY,
    UP,
    Relation,
    asked_by,
    case_of,
    end,
    rise,
)
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.shapes import U64_MAX


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
        (RENAMED, 2, CASE, [case_of(rise(SOFT_SAFE, 3, "n0"), end(4, "n1"), gate(5, "n0"))]),
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
