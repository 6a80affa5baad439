"""Which entries one ``wal_sync`` adds to a log: a pure function of log and request.

Every quirk of the specification is kept, because the reference is what others
are compared with: identities that collide (F2), copies inside one request
(F3), the tick as part of the identity (F4), a gate without a state (F5), a
proof id found by substring (F14) and a state of another operation (F15).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementState,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    VisibilityGateCrossing,
    WalSyncRequest,
)

__all__ = ["build_entries"]

_PROOF_MARKER = "proof"


def build_entries(
    existing: Sequence[AgreementWalEntry], request: WalSyncRequest
) -> tuple[AgreementWalEntry, ...]:
    """Return the entries that a sync appends to a log of ``existing`` entries.

    A candidate is left out if its stable identity is in the log already;
    candidates of one call are not compared with each other (SYNC-05, F3).
    Nothing but the request's own operation id, coroutine, gate level, tick,
    state level, outcome and evidence is looked at (SYNC-10). Source:
    SYNC-04..08 (L679-761).
    """
    existing_identities = {entry.stable_identity() for entry in existing}
    return tuple(
        [
            candidate
            for candidate in _candidates(existing, request)
            if candidate.stable_identity() not in existing_identities
        ]
    )


def _candidates(
    existing: Sequence[AgreementWalEntry], request: WalSyncRequest
) -> Iterator[AgreementWalEntry]:
    """Yield the candidates in their order: evidence, escalation, finalization, gate (SYNC-04)."""
    for evidence in request.agreement_evidence:
        if evidence.operation_id == request.operation_id:
            yield EvidenceProduced(evidence, request.tick)
    state = request.agreement_state
    if state is not None:
        yield from _escalations(existing, request, state)
        yield from _finalizations(request, state)
    # The gate is crossed without a state too, and whatever the level (SYNC-08, F5).
    yield VisibilityGateCrossing(
        request.operation_id, request.downstream_coroutine_id, request.gate_level, request.tick
    )


def _escalations(
    existing: Sequence[AgreementWalEntry], request: WalSyncRequest, state: AgreementState
) -> Iterator[Escalation]:
    """Yield the escalation from the highest logged level to the state's (SYNC-06, L707-731)."""
    # Evidence levels and finalizations of the log do not count towards the previous level.
    logged_levels = [
        entry.new_level
        for entry in existing
        if isinstance(entry, Escalation) and entry.operation_id == request.operation_id
    ]
    previous_level = max(logged_levels, key=lambda level: level.rank, default=AgreementLevel.NONE)
    if state.level.rank > previous_level.rank:
        last_evidence_id = state.evidence_ids[-1] if state.evidence_ids else None
        yield Escalation(
            request.operation_id, previous_level, state.level, last_evidence_id, request.tick
        )


def _finalizations(request: WalSyncRequest, state: AgreementState) -> Iterator[Finalization]:
    """Yield the finalization of a state that has an outcome (SYNC-07, L732-747)."""
    if state.finalization is None:
        return
    # A substring decides, so "waterproof-label" is taken for a proof (F14).
    proof_ids = [text for text in state.evidence_ids if _PROOF_MARKER in text]
    proof_id = proof_ids[0] if proof_ids else None
    yield Finalization(request.operation_id, state.finalization, proof_id, None, request.tick)
