"""What the letters of the bounded handler, ``wal_sync`` and recovery are on a backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from conformance.checker.models.tour_handlers import (
    HandlerLetter,
    SyncLetter,
    handler_letters,
    sync_letters,
)
from conformance.checker.models.tour_recovery import RecoveryLetter
from conformance.engine.acts import Act, ActForm
from strategies.faults import BackendCall, CallFault
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementState,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    InvokeStepResponse,
)
from telltale_spec.wire.requests import (
    EffectInterfaceMetadata,
    EffectRequest,
    InvokeStepBody,
    WalSyncBody,
)

__all__ = ["CACHED", "CHECKPOINT", "handler_acts", "recovery_entry", "sync_acts", "sync_request"]

_LEVELS: Final = tuple(AgreementLevel)
_NONE: Final = AgreementLevel.NONE

_REQUEST: Final = EffectRequest.of(InvokeStepBody("t", ()), session=1)
_OUTCOMES: Final = {
    "": EffectOutcome.blocked(),
    "success": EffectOutcome.success(InvokeStepResponse(())),
    "blocked": EffectOutcome.blocked(),
    "failed": EffectOutcome.failed(EffectFailure(EffectFailureKind.TIMEOUT, "t")),
}
_CACHE_FAULTS: Final = {
    "": None,
    "get": CallFault(BackendCall.GET, 0),
    "put": CallFault(BackendCall.PUT, 0),
    "put, stored": CallFault(BackendCall.PUT, 0, stored=True),
    "load": CallFault(BackendCall.LOAD, 0),
}


def handler_acts(forms: Mapping[str, ActForm]) -> dict[str, Act]:
    """Return the act of each letter of the bounded handler, by its name."""

    def act(letter: HandlerLetter) -> Act:
        fault = _CACHE_FAULTS[letter.fault]
        match letter.kind:
            case "handle":
                outcome = _OUTCOMES[letter.outcome]
                return Act(forms["handle_effect"], (_REQUEST, letter.key, outcome, fault))
            case "look_up":
                return Act(forms["cached_outcome"], (letter.key, fault))
            case "snapshot":
                return Act(forms["cache_snapshot"], (fault,))
            case "restart":
                return forms["restart"].acted(plain=letter.outcome == "a plain callable")
        entry = EvidenceOutcomeCacheEntry(letter.key or "", "i", "o", _OUTCOMES[letter.outcome])
        return Act(forms["put_foreign"], (entry,))

    return {letter.name: act(letter) for letter in handler_letters()}


def _evidence(evidence_id: str, level: AgreementLevel) -> AgreementEvidence:
    kind = AgreementEvidenceKind.WITNESS
    return AgreementEvidence(evidence_id, "o", None, None, level, kind, "", authoritative=True)


def sync_request(letter: SyncLetter) -> WalSyncRequest:
    """Return the request of a letter; a whole one finalizes, with a proof and with evidence."""
    state = None
    if letter.rank is not None:
        outcome = FinalizationOutcome.FINALIZED if letter.is_whole else None
        ids = ("e", "e-proof") if letter.is_whole else ("e",)
        state = AgreementState("o", None, None, "", _LEVELS[letter.rank], outcome, ids, None, None)
    evidence = (_evidence("e", AgreementLevel.PROVISIONAL),) if letter.is_whole else ()
    return WalSyncRequest("o", "c", _NONE, state, evidence, letter.tick)


def sync_acts(forms: Mapping[str, ActForm]) -> dict[str, Act]:
    """Return the act of each letter of the bounded ``wal_sync``, by its name."""
    load_fault = CallFault(BackendCall.LOAD, 0)

    def act(letter: SyncLetter) -> Act:
        request = sync_request(letter)
        match letter.kind:
            case "snapshot":
                return forms["snapshot"].acted(blocked=False)
            case "failing snapshot":
                return Act(forms["snapshot_failing"], (load_fault,))
            case "sync while blocked,":
                return Act(forms["sync_blocked"], (request,))
            case "sync while failing,":
                return Act(forms["sync_failing"], (request, "closed"))
            case "sync while the load fails,":
                return Act(forms["sync"], (request, load_fault))
            case "sync through handle_effect,":
                metadata = EffectInterfaceMetadata.for_effect_kind(WalSyncBody.effect_kind)
                body = WalSyncBody(request)
                effect = EffectRequest(None, request.tick, None, None, metadata, body)
                return forms["sync_through_effect"].acted(effect=effect, blocked=False)
        if letter.fault is None:
            return Act(forms["sync"], (request,))
        fault = CallFault(BackendCall.APPEND, letter.fault, letter.stores)
        return Act(forms["sync"], (request, fault))

    return {letter.name: act(letter) for letter in sync_letters()}


CHECKPOINT: Final = 1
"""The tick of the checkpoint that the bounded log is recovered from."""

CACHED: Final = (EvidenceOutcomeCacheEntry("e", "i", "o", EffectOutcome.blocked()),)
"""The cache beside the bounded log."""


def recovery_entry(letter: RecoveryLetter, order: int) -> AgreementWalEntry:
    """Return the entry of a letter behind a log whose last escalation reached ``order``."""
    tick = CHECKPOINT if letter.side == "before" else CHECKPOINT + 1
    level = _LEVELS[letter.rank]
    match letter.kind:
        case "escalation":
            return Escalation("o", _LEVELS[order], level, None, tick)
        case "regression":
            return Escalation("o", _LEVELS[-1], _NONE, None, tick)
        case "outcome":
            return Finalization("o", FinalizationOutcome(letter.outcome), None, None, tick)
        case "gate":
            return VisibilityGateCrossing("o", "c", _NONE, tick)
    return EvidenceProduced(_evidence("e" if letter.kind == "cached" else "f", level), tick)
