"""The inspection report: rows, texts and the JSON form."""

from __future__ import annotations

import pytest

from telltale_spec.model.inspection import (
    DurabilityInspectionReport,
    inspect_cache_entry,
    inspect_durability,
    inspect_wal_entry,
)
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.tests.samples import (
    FINALIZED,
    NONE,
    SOFT_SAFE,
    cache,
    cached,
    escalation,
    finalization,
    gate,
    log,
    produced,
)
from telltale_spec.wire.agreement import AgreementWalEntry, FinalizationOutcome
from telltale_spec.wire.effects import EffectFailure, EffectFailureKind, EffectOutcome


@pytest.mark.requirement("INSPECT-01")
@pytest.mark.parametrize(
    ("entry", "kind", "detail"),
    [
        (escalation("o", NONE, SOFT_SAFE), "escalation", "None -> SoftSafe"),
        (escalation(evidence_id=""), "escalation", "None -> Provisional evidence="),
        (
            produced(level=FINALIZED, authoritative=False),
            "evidence_produced",
            "Witness level=Finalized authoritative=false",
        ),
        (finalization(), "finalization", "Finalized proof=- handle=-"),
        (
            finalization(outcome=FinalizationOutcome.TIMED_OUT, proof_id="p", handle_id="h"),
            "finalization",
            "TimedOut proof=p handle=h",
        ),
        (
            gate(coroutine_id="c", gate_level=SOFT_SAFE),
            "visibility_gate_crossing",
            "downstream=c gate=SoftSafe",
        ),
    ],
)
def test_inspect_01_one_row_an_entry(entry: AgreementWalEntry, kind: str, detail: str) -> None:
    assert inspect_wal_entry(entry).to_dict() == {
        "tick": 1,
        "operation_id": "o",
        "kind": kind,
        "detail": detail,
    }


@pytest.mark.requirement("INSPECT-02", "F45")
@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (None, "Success"),
        (EffectOutcome.blocked(), "Blocked"),
        (
            EffectOutcome.failed(EffectFailure(EffectFailureKind.TIMEOUT, 'say "when"\n')),
            'Failure { failure: EffectFailure { kind: Timeout, message: "say \\"when\\"\\n" } }',
        ),
    ],
)
def test_inspect_02_the_status_is_a_debug_form(outcome: EffectOutcome | None, status: str) -> None:
    assert inspect_cache_entry(cached("e", outcome)).to_dict() == {
        "evidence_id": "e",
        "interface_name": "Wal",
        "operation_name": "sync",
        "outcome_status": status,
    }


@pytest.mark.requirement("INSPECT-03")
def test_inspect_03_recovery_passes_through() -> None:
    wal = log(gate())
    plan = DurableRecoveryPlan.from_checkpoint(0, object(), wal, cache("e"))
    report = inspect_durability(wal, cache("e"), plan)
    assert report.recovery is plan
    tree = report.to_dict()
    assert list(tree) == ["wal_entries", "evidence_cache_entries", "recovery"]
    assert tree["recovery"] == plan.to_dict()
    assert inspect_durability(log(), cache()).to_json() == (
        '{"wal_entries": [], "evidence_cache_entries": [], "recovery": null}'
    )


@pytest.mark.requirement("INSPECT-01", "INSPECT-02")
def test_rows_keep_order_and_copies_and_judge_nothing() -> None:
    regressing = escalation("o", FINALIZED, NONE)
    report = inspect_durability(log(regressing, gate(), regressing), cache("b", "a", "b"))
    assert [row.kind for row in report.wal_entries] == [
        "escalation",
        "visibility_gate_crossing",
        "escalation",
    ]
    assert [row.evidence_id for row in report.evidence_cache_entries] == ["b", "a", "b"]
    assert DurabilityInspectionReport.from_json(report.to_json()) == report
