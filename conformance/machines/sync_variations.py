"""Syncs in which one thing is odd that has no say: a field, or the envelope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any, Final

from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementState,
    FinalizationOutcome,
    WalSyncRequest,
)
from telltale_spec.wire.requests import (
    EFFECT_REQUEST_BODY,
    EffectInterfaceMetadata,
    EffectRequest,
    WalSyncBody,
)
from telltale_spec.wire.shapes import U64_MAX

__all__ = ["odd_effects", "odd_requests"]

_TICK: Final = 5
_SESSIONS: Final = (None, 0, 1, 2, U64_MAX)
_NUMBERS: Final = (None, 0, _TICK - 1, _TICK, _TICK + 1, U64_MAX)
_EMPTY_OF_REQUEST: Final[tuple[dict[str, Any], ...]] = (
    {"tick": 0},
    {"tick": 1},
    {"downstream_coroutine_id": ""},
    {"gate_level": AgreementLevel.NONE},
    {"gate_level": AgreementLevel.NONE, "tick": 0},
    {"operation_id": ""},
)
_EMPTY_IDS: Final = (("",), ("e", ""), ("", "e"), ("e", "proof", "e"))
_WORDS: Final = ("", "-", "other", "abort", "blocked", "stale", "\0")


def _request(operation_id: str) -> WalSyncRequest:
    """Return a request in which everything is there."""
    level = AgreementLevel.SOFT_SAFE
    evidence = AgreementEvidence(
        "e", operation_id, 1, "w", level, AgreementEvidenceKind.WITNESS, "r", True
    )
    state = AgreementState(
        operation_id, 1, "w", "t", level, FinalizationOutcome.FINALIZED, ("e", "proof"), _TICK, None
    )
    return WalSyncRequest(operation_id, "c", level, state, (evidence,), _TICK)


def odd_requests() -> Iterator[WalSyncRequest]:
    """Yield requests of operations of their own, each with fields that a sync does not look at.

    Source: SYNC-10.
    """
    changes: list[dict[str, Any]] = [
        *({"session": each} for each in _SESSIONS),
        *({"owner_id": each} for each in (None, *_WORDS)),
        *({"contract_name": each} for each in _WORDS),
        *({"reason": each} for each in _WORDS),
        *({"last_updated_tick": each} for each in _NUMBERS),
        *({"operation_id": each} for each in (*_WORDS, "o", "O0")),
    ]
    of_evidence: list[dict[str, Any]] = [
        *({"session": each} for each in _SESSIONS),
        *({"owner_id": each} for each in (None, *_WORDS)),
        *({"reference": each} for each in _WORDS),
        *({"kind": each} for each in AgreementEvidenceKind),
        *({"authoritative": each} for each in (True, False)),
    ]
    pairs: list[tuple[dict[str, Any], dict[str, Any]]] = [
        *((change, {}) for change in changes),
        *(({}, change) for change in of_evidence),
        *(({"session": one}, {"session": other}) for one, other in product(_SESSIONS, repeat=2)),
        *(
            ({"level": one}, {"level": other, "authoritative": two})
            for one, other, two in product(AgreementLevel, AgreementLevel, (True, False))
        ),
    ]
    for number, (of_state, of_piece) in enumerate(pairs):
        request = _request(f"o{number}")
        state, (piece,) = request.agreement_state, request.agreement_evidence
        assert state is not None  # noqa: S101 - it was made above
        yield replace(
            request,
            agreement_state=replace(state, **of_state),
            agreement_evidence=(replace(piece, **of_piece),),
        )
        yield replace(
            request,
            operation_id=f"p{number}",
            agreement_state=None,
            agreement_evidence=(replace(piece, operation_id=f"p{number}", **of_piece),),
        )
    yield from _empty_requests()


def _empty_requests() -> Iterator[WalSyncRequest]:
    """Yield requests in which one thing is empty that has a say, and all others are there.

    What is empty is no gap that another field could fill: not the tick by the one of the state, nor
    an id by that of somebody else.
    """
    for number, of_request in enumerate(_EMPTY_OF_REQUEST):
        yield replace(_request(f"q{number}"), **of_request)
        yield replace(_request(f"r{number}"), agreement_state=None, **of_request)
    for number, evidence_ids in enumerate(_EMPTY_IDS):
        request = _request(f"s{number}")
        state, (piece,) = request.agreement_state, request.agreement_evidence
        assert state is not None  # noqa: S101 - it was made above
        yield replace(request, agreement_state=replace(state, evidence_ids=evidence_ids))
        yield replace(
            request,
            operation_id=f"t{number}",
            agreement_evidence=(replace(piece, evidence_id=evidence_ids[-1]),),
        )


def odd_effects() -> Iterator[EffectRequest]:
    """Yield syncs with envelopes that say other things than they do, and foreign metadata.

    Source: SYNC-10, SYNC-12.
    """
    own = EffectInterfaceMetadata.for_effect_kind(WalSyncBody.effect_kind)
    kinds = [body.effect_kind for body in EFFECT_REQUEST_BODY.variants]
    metadata = [
        *map(EffectInterfaceMetadata.for_effect_kind, kinds),
        *(replace(own, interface_name=each, operation_name=each) for each in _WORDS),
    ]
    envelopes = [
        *((None, tick, None, None, own) for tick in _NUMBERS if tick is not None),
        *((each, 0, None, None, own) for each in _NUMBERS),
        *((None, 0, each, None, own) for each in _SESSIONS),
        *((None, 0, None, each, own) for each in (None, *_WORDS)),
        *((None, 0, None, None, each) for each in metadata),
    ]
    for number, envelope in enumerate(envelopes):
        yield EffectRequest(*envelope, WalSyncBody(_request(f"o{number}")))
