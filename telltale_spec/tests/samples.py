"""Short constructors for the records that the tests talk about."""

from __future__ import annotations

from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementState,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome, WalSyncResponse

NONE = AgreementLevel.NONE
PROVISIONAL = AgreementLevel.PROVISIONAL
SOFT_SAFE = AgreementLevel.SOFT_SAFE
FINALIZED = AgreementLevel.FINALIZED

TICK_MAX = 2**64 - 1


def log(*entries: AgreementWalEntry) -> AgreementWalArtifact:
    return AgreementWalArtifact(entries)


def escalation(
    operation_id: str = "o",
    previous_level: AgreementLevel = NONE,
    new_level: AgreementLevel = PROVISIONAL,
    *,
    evidence_id: str | None = None,
    tick: int = 1,
) -> Escalation:
    return Escalation(operation_id, previous_level, new_level, evidence_id, tick)


def evidence(
    evidence_id: str = "e",
    operation_id: str = "o",
    *,
    level: AgreementLevel = PROVISIONAL,
    session: int | None = None,
    authoritative: bool = True,
) -> AgreementEvidence:
    return AgreementEvidence(
        evidence_id,
        operation_id,
        session,
        None,
        level,
        AgreementEvidenceKind.WITNESS,
        "reference",
        authoritative,
    )


def produced(
    evidence_id: str = "e",
    operation_id: str = "o",
    *,
    level: AgreementLevel = PROVISIONAL,
    session: int | None = None,
    authoritative: bool = True,
    tick: int = 1,
) -> EvidenceProduced:
    return EvidenceProduced(
        evidence(
            evidence_id, operation_id, level=level, session=session, authoritative=authoritative
        ),
        tick,
    )


def finalization(
    operation_id: str = "o",
    outcome: FinalizationOutcome = FinalizationOutcome.FINALIZED,
    *,
    proof_id: str | None = None,
    handle_id: str | None = None,
    tick: int = 1,
) -> Finalization:
    return Finalization(operation_id, outcome, proof_id, handle_id, tick)


def gate(
    operation_id: str = "o",
    coroutine_id: str = "coro:0",
    gate_level: AgreementLevel = NONE,
    *,
    tick: int = 1,
) -> VisibilityGateCrossing:
    return VisibilityGateCrossing(operation_id, coroutine_id, gate_level, tick)


def state(
    level: AgreementLevel = SOFT_SAFE,
    outcome: FinalizationOutcome | None = None,
    *,
    operation_id: str = "o",
    evidence_ids: tuple[str, ...] = (),
) -> AgreementState:
    return AgreementState(
        operation_id, None, None, "contract", level, outcome, evidence_ids, None, None
    )


def sync_request(
    agreement_state: AgreementState | None = None,
    *agreement_evidence: AgreementEvidence,
    operation_id: str = "o",
    coroutine_id: str = "coro:0",
    gate_level: AgreementLevel = NONE,
    tick: int = 5,
) -> WalSyncRequest:
    return WalSyncRequest(
        operation_id, coroutine_id, gate_level, agreement_state, agreement_evidence, tick
    )


def cached(
    evidence_id: str = "e", outcome: EffectOutcome | None = None, *, operation_name: str = "sync"
) -> EvidenceOutcomeCacheEntry:
    return EvidenceOutcomeCacheEntry(
        evidence_id, "Wal", operation_name, outcome or EffectOutcome.success(WalSyncResponse())
    )


def cache(*evidence_ids: str) -> EvidenceOutcomeCacheArtifact:
    return EvidenceOutcomeCacheArtifact(tuple([cached(text) for text in evidence_ids]))
