"""The plain transcriptions of the rules of recovery, held against the specification by hand."""

from __future__ import annotations

import pytest

from conformance.rules.oracles import (
    PlainDecision,
    PlainPlan,
    plain_action,
    plain_decision,
    plain_order_error,
    plain_recovery,
)
from conformance.tests.rules_drivers import (
    FINALIZED,
    NONE,
    PROVISIONAL,
    SOFT_SAFE,
    cached,
    gate,
    rise,
)
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalEntry,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
)
from telltale_spec.wire.recovery import DurableRecoveryAction

DONE, ABORTED, REJECTED, TIMED_OUT = FinalizationOutcome
AGAIN, RESUME, REUSE, PRESERVE = DurableRecoveryAction


def shown(
    level: AgreementLevel, evidence_id: str = "e", tick: int = 9, operation_id: str = "a"
) -> AgreementWalEntry:
    kind = AgreementEvidenceKind.WITNESS
    evidence = AgreementEvidence(
        evidence_id, operation_id, None, None, level, kind, "r", authoritative=False
    )
    return EvidenceProduced(evidence, tick)


def end(outcome: FinalizationOutcome, tick: int = 9, operation_id: str = "a") -> AgreementWalEntry:
    return Finalization(operation_id, outcome, None, None, tick)


@pytest.mark.requirement("ART-WAL-02", "ART-WAL-03", "ART-WAL-04", "ART-WAL-05")
@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], None),
        ([gate(1), shown(FINALIZED), end(DONE)], None),
        ([rise(NONE, NONE), rise(NONE, FINALIZED), rise(FINALIZED, FINALIZED)], None),
        ([rise(SOFT_SAFE, FINALIZED)], None),
        ([rise(NONE, PROVISIONAL), rise(FINALIZED, FINALIZED)], None),
        ([rise(NONE, FINALIZED), rise(NONE, PROVISIONAL, operation_id="b")], None),
        ([shown(FINALIZED), rise(NONE, PROVISIONAL)], None),
        ([rise(PROVISIONAL, NONE)], "regression for `a`: Provisional -> None"),
        ([rise(FINALIZED, SOFT_SAFE)], "regression for `a`: Finalized -> SoftSafe"),
        (
            [rise(NONE, SOFT_SAFE), gate(1), rise(PROVISIONAL, FINALIZED)],
            "reordered or regressed for `a`: last=SoftSafe, entry=Provisional->Finalized",
        ),
        (
            [rise(NONE, FINALIZED), rise(NONE, SOFT_SAFE)],
            "reordered or regressed for `a`: last=Finalized, entry=None->SoftSafe",
        ),
        # The last level before counts, not the first; the first offending entry speaks.
        (
            [rise(NONE, NONE), rise(NONE, SOFT_SAFE), rise(PROVISIONAL, PROVISIONAL), rise(
                FINALIZED, NONE)],
            "reordered or regressed for `a`: last=SoftSafe, entry=Provisional->Provisional",
        ),
        (
            [rise(NONE, PROVISIONAL), rise(FINALIZED, FINALIZED), rise(SOFT_SAFE, PROVISIONAL)],
            "regression for `a`: SoftSafe -> Provisional",
        ),
        (
            [gate(1), rise(NONE, FINALIZED, operation_id="b"), rise(FINALIZED, NONE)],
            "regression for `a`: Finalized -> None",
        ),
    ],
)  # fmt: skip
def test_the_first_escalation_out_of_order_is_named(
    entries: list[AgreementWalEntry], expected: str | None
) -> None:
    text = None if expected is None else f"agreement WAL {expected}"

    assert plain_order_error(entries) == text
    assert (plain_recovery(0, entries, []) == text) == (text is not None)


@pytest.mark.requirement("RECOV-04", "RECOV-05", "RECOV-06", "RECOV-10")
@pytest.mark.parametrize(
    ("entries", "level", "outcome", "action", "evidence_ids", "is_crossed"),
    [
        ([gate(9)], NONE, None, AGAIN, (), True),
        ([rise(NONE, PROVISIONAL)], PROVISIONAL, None, AGAIN, (), False),
        ([rise(NONE, SOFT_SAFE)], SOFT_SAFE, None, RESUME, (), False),
        ([rise(NONE, FINALIZED), gate(9)], FINALIZED, None, RESUME, (), True),
        ([shown(SOFT_SAFE, "f")], SOFT_SAFE, None, RESUME, ("f", "f"), False),
        ([shown(PROVISIONAL), rise(NONE, SOFT_SAFE)], SOFT_SAFE, None, RESUME, ("e",), False),
        ([rise(NONE, SOFT_SAFE), shown(PROVISIONAL)], SOFT_SAFE, None, RESUME, ("e",), False),
        ([shown(NONE, "f"), shown(NONE, "e")], NONE, None, AGAIN, ("f", "e", "f"), False),
        ([shown(NONE, "g")], NONE, None, AGAIN, (), False),
        ([end(DONE)], FINALIZED, DONE, REUSE, (), False),
        ([end(ABORTED)], NONE, ABORTED, PRESERVE, (), False),
        ([end(REJECTED), rise(NONE, SOFT_SAFE)], SOFT_SAFE, REJECTED, PRESERVE, (), False),
        ([end(TIMED_OUT)], NONE, TIMED_OUT, PRESERVE, (), False),
        ([end(DONE), end(ABORTED)], FINALIZED, ABORTED, PRESERVE, (), False),
        ([end(ABORTED), end(DONE)], FINALIZED, DONE, REUSE, (), False),
        # Another operation has no say.
        ([gate(9), rise(NONE, FINALIZED, 9, "b"), shown(FINALIZED, "e", 9, "b"), end(DONE, 9, "b")],
         NONE, None, AGAIN, (), True),
    ],
)  # fmt: skip
def test_a_decision_is_the_fold_of_its_own_entries(
    entries: list[AgreementWalEntry],
    level: AgreementLevel,
    outcome: FinalizationOutcome | None,
    action: DurableRecoveryAction,
    evidence_ids: tuple[str, ...],
    is_crossed: bool,
) -> None:
    expected = PlainDecision("a", level, outcome, action, evidence_ids, is_crossed)

    assert plain_decision("a", entries, ("f", "e", "f")) == expected
    assert plain_decision("a", entries).cached_evidence_ids == ()


@pytest.mark.requirement("RECOV-05")
@pytest.mark.parametrize("level", AgreementLevel)
@pytest.mark.parametrize(
    ("outcome", "action"),
    [(DONE, REUSE), (ABORTED, PRESERVE), (REJECTED, PRESERVE), (TIMED_OUT, PRESERVE)],
)
def test_an_outcome_decides_whatever_the_level(
    level: AgreementLevel, outcome: FinalizationOutcome, action: DurableRecoveryAction
) -> None:
    assert plain_action(level, outcome) is action


@pytest.mark.requirement("RECOV-02", "RECOV-03", "RECOV-07", "RECOV-08")
def test_a_plan_is_made_of_what_comes_after_the_checkpoint() -> None:
    log = [
        rise(NONE, FINALIZED, 5, "z"),
        end(DONE, 9, "d"),
        gate(7, "b"),
        gate(5, "b"),
        end(ABORTED, 8, "c"),
        rise(NONE, SOFT_SAFE, 6, "a"),
        gate(0, "y"),
    ]
    cache = [cached("f", "1"), cached("e", "1"), cached("f", "2")]
    decisions = [
        PlainDecision("a", SOFT_SAFE, None, RESUME, (), False),
        PlainDecision("b", NONE, None, AGAIN, (), True),
        PlainDecision("c", NONE, ABORTED, PRESERVE, (), False),
        PlainDecision("d", FINALIZED, DONE, REUSE, (), False),
    ]

    assert plain_recovery(5, log, cache) == PlainPlan(
        wal_suffix=(log[1], log[2], log[4], log[5]),
        first_tick=9,
        last_tick=6,
        decisions=tuple(decisions),
        resumed_operation_ids=("a", "b"),
        terminal_operation_ids=("c", "d"),
        cached_evidence_ids=("f", "e", "f"),
    )


@pytest.mark.requirement("RECOV-02", "RECOV-06")
def test_a_plan_without_a_suffix_has_no_ticks_and_one_with_evidence_finds_it() -> None:
    log = [shown(NONE, "e", 3)]
    found = plain_recovery(2, log, [cached("e", "1")])

    assert plain_recovery(3, log, []) == PlainPlan((), None, None, (), (), (), ())
    assert isinstance(found, PlainPlan)
    assert found.decisions[0].cached_evidence_ids == ("e",)


@pytest.mark.requirement("RECOV-01")
def test_the_whole_log_is_validated_and_not_the_suffix() -> None:
    expected = "agreement WAL regression for `a`: Provisional -> None"

    assert plain_recovery(99, [rise(PROVISIONAL, NONE, 1)], []) == expected
