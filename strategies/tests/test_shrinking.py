"""Shrinking ends at the example that a person would write down."""

from __future__ import annotations

import itertools

import pytest

import strategies
from strategies.tests.sampling import minimal
from telltale_spec.errors import DurabilityError
from telltale_spec.model.operations import Append, SyncWal
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalArtifact,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.values import NatValue, ProdValue, UnitValue

GATE = VisibilityGateCrossing("a", "c", AgreementLevel.NONE, 1)
REGRESSION = Escalation("a", AgreementLevel.PROVISIONAL, AgreementLevel.NONE, None, 1)


def _is_in_order(wal: AgreementWalArtifact) -> bool:
    try:
        wal.validate_monotonic_escalations()
    except DurabilityError:
        return False
    return True


@pytest.mark.requirement("WIRE-03")
def test_minimal_entry() -> None:
    assert minimal(strategies.wal_entries()) == GATE


@pytest.mark.requirement("ART-WAL-03")
def test_minimal_invalid_wal() -> None:
    expected = strategies.InvalidWal(AgreementWalArtifact((REGRESSION,)), 0)

    assert minimal(strategies.invalid_wals()) == expected


@pytest.mark.requirement("ART-WAL-04")
def test_minimal_reordered_wal() -> None:
    provisional, none = AgreementLevel.PROVISIONAL, AgreementLevel.NONE
    entries = (
        Escalation("a", provisional, provisional, None, 1),
        Escalation("a", none, none, None, 1),
    )

    def starts_too_low(invalid: strategies.InvalidWal) -> bool:
        offence = invalid.wal.entries[invalid.entry_index]
        assert isinstance(offence, Escalation)
        return offence.new_level.at_least(offence.previous_level)

    assert minimal(strategies.invalid_wals(), starts_too_low) == strategies.InvalidWal(
        AgreementWalArtifact(entries), 1
    )


@pytest.mark.requirement("ART-WAL-05")
def test_minimal_wal_with_a_gap_between_levels() -> None:
    def has_gap(wal: AgreementWalArtifact) -> bool:
        levels = [entry for entry in wal.entries if isinstance(entry, Escalation)]
        return any(
            later.previous_level.rank > earlier.new_level.rank
            for earlier, later in itertools.pairwise(levels)
            if earlier.operation_id == later.operation_id
        )

    none, provisional = AgreementLevel.NONE, AgreementLevel.PROVISIONAL

    assert minimal(strategies.wal_artifacts(max_size=5), has_gap).entries == (
        Escalation("a", none, none, None, 1),
        Escalation("a", provisional, provisional, None, 1),
    )


@pytest.mark.requirement("F2")
def test_minimal_colliding_gates() -> None:
    pair = minimal(
        strategies.colliding_pairs(),
        lambda pair: isinstance(pair.stored, VisibilityGateCrossing),
    )

    assert pair == strategies.CollidingPair(
        VisibilityGateCrossing("a", "b:c", AgreementLevel.NONE, 1),
        VisibilityGateCrossing("a:b", "c", AgreementLevel.NONE, 1),
    )


@pytest.mark.requirement("F2")
def test_minimal_colliding_finalizations() -> None:
    pair = minimal(strategies.colliding_pairs(), lambda pair: isinstance(pair.stored, Finalization))
    outcome = FinalizationOutcome.FINALIZED

    assert pair == strategies.CollidingPair(
        Finalization("a", outcome, None, None, 1), Finalization("a", outcome, None, "-", 1)
    )


@pytest.mark.requirement("F2")
def test_minimal_near_request() -> None:
    stored = VisibilityGateCrossing("a", "b:c", AgreementLevel.NONE, 1)

    assert minimal(strategies.wal_sync_requests_near((stored,))) == WalSyncRequest(
        "a:b", "c", AgreementLevel.NONE, None, (), 1
    )


@pytest.mark.requirement("F2")
def test_minimal_colliding_evidence() -> None:
    pair = minimal(
        strategies.colliding_pairs(), lambda pair: isinstance(pair.stored, EvidenceProduced)
    )
    none, witness = AgreementLevel.NONE, AgreementEvidenceKind.WITNESS

    assert pair == strategies.CollidingPair(
        EvidenceProduced(AgreementEvidence("e", "a", None, None, none, witness, "t", False), 1),
        EvidenceProduced(AgreementEvidence("e", "a", None, None, none, witness, "t", True), 1),
    )


@pytest.mark.requirement("WIRE-08")
def test_minimal_values() -> None:
    assert minimal(strategies.values()) == UnitValue()
    assert minimal(strategies.values(), lambda value: value.depth > 1) == ProdValue(
        UnitValue(), ProdValue(UnitValue(), UnitValue())
    )
    assert minimal(
        strategies.values(), lambda value: isinstance(value, NatValue) and value.value > 24
    ) == NatValue(255)


@pytest.mark.requirement("F28")
def test_faults_shrink_to_none_and_to_the_first_call() -> None:
    first = strategies.CallFault(strategies.BackendCall.APPEND, 0)

    assert minimal(strategies.wal_fault_programs()) == strategies.CallFaultProgram()
    assert minimal(strategies.crash_programs(operations_count=9)) == ()
    assert minimal(
        strategies.wal_fault_programs(), lambda program: program.faults
    ) == strategies.CallFaultProgram((first,))


@pytest.mark.requirement("WAL-03")
def test_minimal_rejected_append() -> None:
    def has_rejected_append(history: strategies.History) -> bool:
        entries = tuple(item.entry for item in history if isinstance(item, Append))
        return not _is_in_order(AgreementWalArtifact(entries))

    assert minimal(strategies.wal_histories(max_size=6), has_rejected_append) == (
        Append(REGRESSION),
    )


@pytest.mark.requirement("SYNC-15")
def test_minimal_repeated_sync() -> None:
    def repeats(history: strategies.History) -> bool:
        syncs = [item for item in history if isinstance(item, SyncWal)]
        stateless = all(sync.request.agreement_state is None for sync in syncs)
        return stateless and len(syncs) > len(set(syncs))

    sync = SyncWal(WalSyncRequest("a", "c", AgreementLevel.NONE, None, (), 1))

    assert minimal(strategies.sync_histories(max_size=4), repeats) == (sync, sync)


@pytest.mark.requirement("DEC-30")
def test_minimal_corrupt_and_non_canonical_encodings() -> None:
    empty_wal = PersistedDurabilityArtifact.agreement_wal(AgreementWalArtifact())

    assert minimal(strategies.corrupt_encodings(requirement="DEC-30")).data == b""
    assert minimal(strategies.non_canonical_encodings(requirement="DEC-06")).value == empty_wal
    assert minimal(strategies.non_canonical_encodings(requirement="DEC-26")).data == (
        empty_wal.to_cbor() + b"\x00"
    )
