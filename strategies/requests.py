"""Effect requests and sync requests, with colliding identities where they are asked for."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from strategies.alphabets import COLLIDING, Alphabet
from strategies.identities import request_for, syncable_twins
from strategies.metadata import effect_interface_metadata
from strategies.outcomes import register_states
from strategies.values import agreement_evidence, agreement_levels, agreement_states, values
from telltale_spec.errors import DomainError
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementLevel,
    AgreementState,
    AgreementWalEntry,
    WalSyncRequest,
)
from telltale_spec.wire.requests import (
    EFFECT_REQUEST_BODY,
    AcquireBody,
    ChooseBody,
    EffectInterfaceMetadata,
    EffectRequest,
    EffectRequestBody,
    InvokeStepBody,
    OutputConditionHintBody,
    ReceiveBody,
    ReleaseBody,
    SendDecisionBody,
    TopologyEventsBody,
    WalSyncBody,
)

__all__ = [
    "MetadataFit",
    "effect_request_bodies",
    "effect_requests",
    "wal_sync_requests",
    "wal_sync_requests_near",
]

_EFFECT_KINDS: Final = tuple(body.effect_kind for body in EFFECT_REQUEST_BODY.variants)


class MetadataFit(enum.Enum):
    """Say how the metadata of an effect request relates to its body (SYNC-12)."""

    RIGHT = "right"
    OTHER_KIND = "other_kind"
    ILLEGAL = "illegal"


def effect_request_bodies(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[EffectRequestBody]:
    """Describe request bodies of all nine variants. Source: WIRE-11."""
    texts, states = alphabet.texts, register_states(alphabet=alphabet)
    payloads = values(alphabet=alphabet)
    labels = st.lists(texts, min_size=1, max_size=3)
    return st.one_of(
        st.builds(InvokeStepBody, role=texts, state=states),
        st.builds(WalSyncBody, sync=wal_sync_requests(alphabet=alphabet)),
        st.builds(AcquireBody, role=texts, layer=texts, state=states),
        st.builds(ReleaseBody, role=texts, layer=texts, evidence=payloads, state=states),
        st.builds(TopologyEventsBody, tick=alphabet.ticks),
        st.builds(OutputConditionHintBody, role=texts, state=states),
        st.builds(
            SendDecisionBody,
            role=texts,
            partner=texts,
            label=texts,
            state=states,
            payload=st.none() | payloads,
        ),
        st.builds(
            ReceiveBody, role=texts, partner=texts, label=texts, state=states, payload=payloads
        ),
        st.builds(ChooseBody, role=texts, partner=texts, labels=labels, state=states),
    )


def effect_requests(
    *, alphabet: Alphabet = COLLIDING, metadata_fit: MetadataFit = MetadataFit.RIGHT
) -> SearchStrategy[EffectRequest]:
    """Describe effect requests, by default with the metadata that belongs to the body.

    ``metadata_fit`` asks instead for the legal metadata of another effect kind,
    or for metadata that the effect algebra forbids. The operation and tick of
    the envelope need not agree with the body (F30). Source: WIRE-11, SYNC-12.
    """

    @st.composite
    def requests(draw: st.DrawFn) -> EffectRequest:
        body = draw(bodies)
        return EffectRequest(
            effect_id=draw(st.none() | alphabet.numbers),
            tick=draw(alphabet.ticks),
            session=draw(st.none() | alphabet.numbers),
            operation_id=draw(st.none() | alphabet.operation_ids),
            metadata=draw(_metadata(body, metadata_fit, illegal)),
            body=body,
        )

    bodies = effect_request_bodies(alphabet=alphabet)
    illegal = effect_interface_metadata(alphabet=alphabet, legal=False)
    return requests()


def wal_sync_requests(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[WalSyncRequest]:
    """Describe sync requests whose state and evidence may name other operations.

    See :func:`~strategies.phases.phase_sync_requests` for requests as a
    protocol machine makes them. Source: WIRE-11, F15.
    """
    evidence = st.tuples(agreement_evidence(alphabet=alphabet), st.booleans())
    return st.builds(
        _wal_sync_request,
        operation_id=alphabet.operation_ids,
        coroutine_id=alphabet.coroutine_ids,
        gate_level=agreement_levels(),
        state=st.none() | agreement_states(alphabet=alphabet),
        evidence=st.lists(evidence, max_size=3),
        tick=alphabet.ticks,
    )


def wal_sync_requests_near(
    entries: Sequence[AgreementWalEntry], *, alphabet: Alphabet = COLLIDING
) -> SearchStrategy[WalSyncRequest]:
    """Describe sync requests that collide with a stored entry which they do not repeat.

    One of the entries that the request asks for has the stable identity of an
    entry in ``entries`` and differs from it: the ``:`` between operation id and
    coroutine or evidence id has moved, an evidence field outside the identity
    has changed, or an absent id stands for ``-``. ``entries`` must hold an
    entry that has such a twin (see
    :func:`~strategies.identities.identity_twins`), otherwise
    :class:`~telltale_spec.errors.DomainError` is raised. Source: C3, F2,
    SYNC-05.
    """

    def definition() -> SearchStrategy[WalSyncRequest]:
        twins = syncable_twins(entries)
        expected = "entries of which one shares its identity with another entry"
        if not twins:
            raise DomainError("wal_sync_requests_near", "entries", entries, expected)
        return st.builds(
            request_for,
            st.sampled_from(twins),
            coroutine_id=alphabet.coroutine_ids,
            gate_level=agreement_levels(),
        )

    return st.deferred(definition)


def _metadata(
    body: EffectRequestBody,
    metadata_fit: MetadataFit,
    illegal: SearchStrategy[EffectInterfaceMetadata],
) -> SearchStrategy[EffectInterfaceMetadata]:
    if metadata_fit is MetadataFit.ILLEGAL:
        return illegal
    for_kind = EffectInterfaceMetadata.for_effect_kind
    if metadata_fit is MetadataFit.RIGHT:
        return st.just(for_kind(body.effect_kind))
    others = [for_kind(kind) for kind in _EFFECT_KINDS if kind != body.effect_kind]
    return st.sampled_from(others)


def _wal_sync_request(
    operation_id: str,
    coroutine_id: str,
    gate_level: AgreementLevel,
    state: AgreementState | None,
    evidence: list[tuple[AgreementEvidence, bool]],
    tick: int,
) -> WalSyncRequest:
    """Return a request; evidence that is not marked foreign becomes the operation's own."""
    pieces = tuple(
        piece if foreign else replace(piece, operation_id=operation_id)
        for piece, foreign in evidence
    )
    return WalSyncRequest(operation_id, coroutine_id, gate_level, state, pieces, tick)
