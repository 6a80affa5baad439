"""Requests fit or misfit as asked, phases develop, and near requests collide."""

from __future__ import annotations

import itertools

import hypothesis
import pytest

import strategies
from strategies.tests.sampling import SETTINGS, examples
from telltale_spec.errors import DomainError
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementState,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.requests import EffectInterfaceMetadata
from telltale_spec.wire.shapes import wire_fields


@pytest.mark.requirement("SYNC-12")
def test_metadata_fits_as_asked() -> None:
    for_kind = EffectInterfaceMetadata.for_effect_kind
    fits = strategies.MetadataFit
    for request in examples(strategies.effect_requests(metadata_fit=fits.RIGHT), count=20):
        assert for_kind(request.body.effect_kind) == request.metadata
    for request in examples(strategies.effect_requests(metadata_fit=fits.OTHER_KIND), count=20):
        assert for_kind(request.body.effect_kind) != request.metadata
        assert request.metadata.validate() is None
    for request in examples(strategies.effect_requests(metadata_fit=fits.ILLEGAL), count=20):
        assert request.metadata.validate() is not None


@pytest.mark.requirement("SYNC-12")
@pytest.mark.parametrize("legal", [True, False])
def test_metadata_is_as_legal_as_asked(legal: bool) -> None:
    for metadata in examples(strategies.effect_interface_metadata(legal=legal)):
        assert legal == metadata.architecturally_legal


@pytest.mark.requirement("SYNC-06")
@hypothesis.settings(SETTINGS)
@hypothesis.given(strategies.phase_histories())
def test_phase_levels_never_fall_and_terminal_phases_are_last(
    states: tuple[AgreementState, ...],
) -> None:
    assert 1 <= len(states) <= 5
    for earlier, later in itertools.pairwise(states):
        assert later.level.at_least(earlier.level)
        assert earlier.finalization is None
        assert later.evidence_ids[: len(earlier.evidence_ids)] == earlier.evidence_ids


def test_every_phase_is_reached_and_ticks_are_used_again() -> None:
    histories = examples(strategies.phase_sync_requests(), count=150)
    ticks = [[request.tick for request in requests] for requests in histories]

    assert {phase.value for phase in strategies.OperationPhase} == {
        request.agreement_state.reason
        for requests in histories
        for request in requests
        if request.agreement_state
    }
    assert any(len(set(run)) < len(run) for run in ticks)
    assert any(len(set(run)) > 1 for run in ticks)


@pytest.mark.requirement("SYNC-06", "ART-WAL-02")
@hypothesis.settings(SETTINGS)
@hypothesis.given(strategies.phase_sync_requests())
def test_phases_make_valid_logs(requests: tuple[WalSyncRequest, ...]) -> None:
    log: list[AgreementWalEntry] = []
    for request in requests:
        log.extend(build_entries(log, request))

    AgreementWalArtifact(tuple(log)).validate_monotonic_escalations()


@pytest.mark.requirement("F2", "ENT-02")
@pytest.mark.parametrize("alphabet", [strategies.COLLIDING, strategies.FULL_RANGE])
def test_colliding_pairs_collide(alphabet: strategies.Alphabet) -> None:
    pairs = examples(strategies.colliding_pairs(alphabet=alphabet))

    for pair in pairs:
        assert pair.stored.stable_identity() == pair.twin.stable_identity()
        assert pair.stored != pair.twin
    if alphabet is strategies.COLLIDING:
        assert len({type(pair.stored) for pair in pairs}) == 4


@pytest.mark.requirement("F2", "SYNC-05")
@hypothesis.settings(SETTINGS)
@hypothesis.given(strategies.colliding_pairs(), hypothesis.strategies.data())
def test_near_requests_lose_the_entry_they_ask_for(
    pair: strategies.CollidingPair, data: hypothesis.strategies.DataObject
) -> None:
    entries = (pair.stored,)
    hypothesis.assume(strategies.syncable_twins(entries))
    request = data.draw(strategies.wal_sync_requests_near(entries))
    identity = pair.stored.stable_identity()
    asked = build_entries((), request)
    added = build_entries(entries, request)

    assert any(entry.stable_identity() == identity and entry != pair.stored for entry in asked)
    assert identity not in {entry.stable_identity() for entry in added}


EVIDENCE_FIELDS = [field.attribute for field in wire_fields(AgreementEvidence)]
EVIDENCE = AgreementEvidence(
    "e:f", "a", None, None, AgreementLevel.NONE, AgreementEvidenceKind.WITNESS, "t", False
)


@pytest.mark.requirement("F2")
def test_twins_of_evidence_change_each_field_outside_the_identity() -> None:
    twins = strategies.identity_twins(EvidenceProduced(EVIDENCE, 1))
    changed = [
        {
            name
            for name in EVIDENCE_FIELDS
            if getattr(twin.evidence, name) != getattr(EVIDENCE, name)
        }
        for twin in twins
        if isinstance(twin, EvidenceProduced)
    ]

    assert changed == [
        {"authoritative"},
        {"session"},
        {"owner_id"},
        {"kind"},
        {"reference"},
        {"evidence_id", "operation_id"},
    ]


@pytest.mark.requirement("F2")
def test_twins_of_a_gate_move_the_colon() -> None:
    gate = VisibilityGateCrossing("a", "b:coro:0", AgreementLevel.NONE, 1)

    assert strategies.identity_twins(gate) == (
        VisibilityGateCrossing("a:b", "coro:0", AgreementLevel.NONE, 1),
        VisibilityGateCrossing("a:b:coro", "0", AgreementLevel.NONE, 1),
    )


def test_near_requests_need_an_entry_that_can_collide() -> None:
    lonely = Escalation("a", AgreementLevel.NONE, AgreementLevel.NONE, "e", 1)

    with pytest.raises(DomainError, match=r"^wal_sync_requests_near\.entries: expected entries"):
        examples(strategies.wal_sync_requests_near((lonely,)))
    with pytest.raises(DomainError, match=r"got \(\)$"):
        examples(strategies.wal_sync_requests_near(()))
