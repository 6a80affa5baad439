"""Records that the demonstrations share, with the fields that do not matter filled in."""

from __future__ import annotations

from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementState,
    AgreementWalArtifact,
    AgreementWalEntry,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

__all__ = ["cached", "evidence", "gate", "kinds", "plan", "request", "state"]


def gate(tick: int = 1, operation_id: str = "o") -> VisibilityGateCrossing:
    """Return a gate at provisional."""
    return VisibilityGateCrossing(operation_id, "coro:0", AgreementLevel.PROVISIONAL, tick)


def evidence(evidence_id: str = "e", operation_id: str = "o") -> AgreementEvidence:
    """Return evidence at provisional."""
    return AgreementEvidence(
        evidence_id,
        operation_id,
        None,
        None,
        AgreementLevel.PROVISIONAL,
        AgreementEvidenceKind.WITNESS,
        "",
        True,
    )


def state(
    level: AgreementLevel,
    outcome: FinalizationOutcome | None = None,
    evidence_ids: tuple[str, ...] = (),
) -> AgreementState:
    """Return a state of the operation `o`."""
    return AgreementState("o", None, None, "", level, outcome, evidence_ids, None, None)


def request(agreement_state: AgreementState | None, tick: int = 1) -> WalSyncRequest:
    """Return a sync of the operation `o` without evidence."""
    level = AgreementLevel.NONE if agreement_state is None else agreement_state.level
    return WalSyncRequest("o", "coro:0", level, agreement_state, (), tick)


def cached(evidence_id: str, outcome: EffectOutcome) -> EvidenceOutcomeCacheEntry:
    """Return an entry of the cache."""
    return EvidenceOutcomeCacheEntry(evidence_id, "Interface", "operation", outcome)


def plan(
    checkpoint_tick: int,
    entries: tuple[AgreementWalEntry, ...],
    cache: tuple[EvidenceOutcomeCacheEntry, ...] = (),
) -> DurableRecoveryPlan[None]:
    """Return the reference's plan."""
    return DurableRecoveryPlan.from_checkpoint(
        checkpoint_tick, None, AgreementWalArtifact(entries), EvidenceOutcomeCacheArtifact(cache)
    )


def kinds(entries: tuple[AgreementWalEntry, ...]) -> str:
    """Return what kinds of entries these are, in order."""
    return ", ".join(type(entry).__name__ for entry in entries) or "nothing"
