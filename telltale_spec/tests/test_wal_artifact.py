"""Entries and the log as a value: accessors, reading a suffix, escalation order."""

from __future__ import annotations

import dataclasses

import pytest

from telltale_spec.errors import DomainError, EscalationOrderError
from telltale_spec.tests.samples import (
    FINALIZED,
    NONE,
    PROVISIONAL,
    SOFT_SAFE,
    TICK_MAX,
    escalation,
    evidence,
    finalization,
    gate,
    log,
    produced,
)
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EscalationTracker,
    EvidenceProduced,
    FinalizationOutcome,
)


@pytest.mark.requirement("ENT-01")
def test_ent_01_an_evidence_entry_reports_the_operation_inside_the_evidence() -> None:
    entry = EvidenceProduced(evidence("e", "inside"), 9)
    assert (entry.operation_id, entry.tick) == ("inside", 9)
    assert (gate("g", tick=4).operation_id, gate("g", tick=4).tick) == ("g", 4)


@pytest.mark.requirement("ENT-02")
@pytest.mark.parametrize(
    ("entry", "identity"),
    [
        (escalation("o", NONE, SOFT_SAFE, tick=3), "escalation:o:None:SoftSafe:-:3"),
        (escalation("o", evidence_id="e:f"), "escalation:o:None:Provisional:e:f:1"),
        (produced("e", "o", level=FINALIZED), "evidence:o:e:Finalized:1"),
        (
            finalization("o", FinalizationOutcome.TIMED_OUT, proof_id="p"),
            "finalization:o:TimedOut:p:-:1",
        ),
        (gate("o", "coro:7", SOFT_SAFE), "gate:o:coro:7:SoftSafe:1"),
    ],
)
def test_ent_02_stable_identity(entry: AgreementWalEntry, identity: str) -> None:
    assert entry.stable_identity() == identity


@pytest.mark.requirement("ENT-02", "F2")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (finalization(proof_id=None), finalization(proof_id="-")),
        (produced("c", "a:b"), produced("b:c", "a")),
        (gate("a", "b:coro:0"), gate("a:b", "coro:0")),
        (produced(authoritative=True), produced(authoritative=False)),
        (produced(session=None), produced(session=4)),
    ],
)
def test_f2_different_entries_share_an_identity(
    one: AgreementWalEntry, other: AgreementWalEntry
) -> None:
    assert one != other
    assert one.stable_identity() == other.stable_identity()


@pytest.mark.requirement("ENT-03")
def test_ent_03_equality_looks_at_every_field() -> None:
    entry = escalation(evidence_id="e")
    assert entry == escalation(evidence_id="e")
    for change in (
        {"operation_id": "p"},
        {"previous_level": PROVISIONAL},
        {"new_level": FINALIZED},
        {"evidence_id": None},
        {"tick": 2},
    ):
        assert dataclasses.replace(entry, **change) != entry
    assert len({gate(), finalization(), produced(), entry}) == 4


@pytest.mark.requirement("ART-WAL-01")
def test_art_wal_01_read_since_keeps_stored_order_and_copies() -> None:
    artifact = log(gate("a", tick=9), gate("b", tick=3), gate("c", tick=4), gate("a", tick=9))
    assert artifact.read_since(3) == (gate("a", tick=9), gate("c", tick=4), gate("a", tick=9))
    assert artifact.read_since(9) == ()
    assert log(gate(tick=TICK_MAX)).read_since(TICK_MAX - 1) == (gate(tick=TICK_MAX),)


@pytest.mark.requirement("ART-WAL-01", "F8")
def test_f8_tick_zero_is_returned_for_no_tick() -> None:
    assert log(gate(tick=0)).read_since(0) == ()


@pytest.mark.parametrize("tick", [-1, True, 2**64, "1"])
def test_read_since_refuses_what_is_no_tick(tick: int) -> None:
    with pytest.raises(DomainError, match=r"read_since\.tick"):
        log().read_since(tick)


@pytest.mark.requirement("ART-WAL-02", "ART-WAL-05", "F16")
@pytest.mark.parametrize(
    "artifact",
    [
        log(),
        log(escalation(previous_level=NONE, new_level=NONE)),
        log(escalation(previous_level=FINALIZED, new_level=FINALIZED)),
        log(escalation(), escalation(previous_level=SOFT_SAFE, new_level=FINALIZED)),
        log(escalation("a", NONE, FINALIZED), escalation("b", NONE, PROVISIONAL)),
        log(escalation(tick=9), escalation(previous_level=PROVISIONAL, tick=1)),
        log(
            escalation(new_level=SOFT_SAFE),
            produced(level=NONE),
            finalization(outcome=FinalizationOutcome.ABORTED),
            gate(gate_level=NONE),
        ),
    ],
)
def test_art_wal_02_what_is_valid(artifact: AgreementWalArtifact) -> None:
    artifact.validate_monotonic_escalations()


@pytest.mark.requirement("ART-WAL-03")
def test_art_wal_03_an_own_regression_is_tested_first() -> None:
    artifact = log(escalation("o", NONE, FINALIZED), escalation("o", SOFT_SAFE, PROVISIONAL))
    with pytest.raises(EscalationOrderError) as caught:
        artifact.validate_monotonic_escalations()
    assert str(caught.value) == "agreement WAL regression for `o`: SoftSafe -> Provisional"
    assert (caught.value.last_level, caught.value.entry_index) == (None, 1)


@pytest.mark.requirement("ART-WAL-04")
@pytest.mark.parametrize(
    ("previous_level", "new_level"),
    [(NONE, FINALIZED), (NONE, PROVISIONAL), (PROVISIONAL, SOFT_SAFE)],
)
def test_art_wal_04_an_entry_below_the_last_level(
    previous_level: AgreementLevel, new_level: AgreementLevel
) -> None:
    artifact = log(escalation(new_level=SOFT_SAFE), escalation("o", previous_level, new_level))
    with pytest.raises(EscalationOrderError) as caught:
        artifact.validate_monotonic_escalations()
    assert str(caught.value) == (
        "agreement WAL reordered or regressed for `o`: last=SoftSafe, "
        f"entry={previous_level.debug_name}->{new_level.debug_name}"
    )
    assert caught.value.last_level == "SoftSafe"


@pytest.mark.requirement("ART-WAL-05")
def test_art_wal_05_the_first_offender_decides() -> None:
    artifact = log(gate(), escalation("b", FINALIZED, NONE), escalation("a", SOFT_SAFE, NONE))
    with pytest.raises(EscalationOrderError) as caught:
        artifact.validate_monotonic_escalations()
    assert (caught.value.operation_id, caught.value.entry_index) == ("b", 1)


@pytest.mark.requirement("ART-WAL-06")
def test_art_wal_06_construction_does_not_validate() -> None:
    regressing = log(escalation("o", FINALIZED, NONE))
    assert AgreementWalArtifact.from_dict(regressing.to_dict()) == regressing
    assert AgreementWalArtifact() == log()


def test_the_tracker_previews_without_taking() -> None:
    tracker = EscalationTracker()
    bad = Escalation("o", FINALIZED, NONE, None, 1)
    for _ in range(2):
        error = tracker.preview(bad)
        assert error is not None
        assert error.entry_index == 0
    assert tracker.preview(gate()) is None
    assert tracker.observe(escalation()) is None
    assert tracker.observe(bad) is not None
    # An entry out of order leaves the last level as it was.
    assert tracker.observe(escalation(previous_level=PROVISIONAL)) is None
    assert tracker.entries_count == 3
