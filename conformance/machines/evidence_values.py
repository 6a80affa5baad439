"""Requests and outcomes for evidence handlers, which look at neither.

A handler treats both as opaque, so a few of each kind find what thousands
would, and cost a hundredth to draw.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from telltale_spec.wire.agreement import AgreementLevel, WalSyncRequest
from telltale_spec.wire.effects import (
    AcquireResponse,
    BlockedStatus,
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    InvokeStepResponse,
    ReleaseResponse,
    SuccessStatus,
    WalSyncResponse,
)
from telltale_spec.wire.requests import (
    AcquireBody,
    EffectAdmissibility,
    EffectAuthorityClass,
    EffectHandlerDomain,
    EffectRequest,
    EffectSemanticClass,
    EffectTotality,
    InvokeStepBody,
    NoTimeout,
    TopologyEventsBody,
    WalSyncBody,
)
from telltale_spec.wire.values import NatValue, StrValue, UnitValue

__all__ = ["illegal_requests", "inner_outcomes", "requests"]

_BODIES: Final = (
    InvokeStepBody("t", ()),
    AcquireBody("t", "", (UnitValue(),)),
    TopologyEventsBody(1),
    WalSyncBody(WalSyncRequest("a", "c", AgreementLevel.NONE, None, (), 1)),
)

_OUTCOMES: Final = (
    EffectOutcome.success(InvokeStepResponse(())),
    EffectOutcome.success(AcquireResponse(NatValue(2**64 - 1))),
    EffectOutcome.success(InvokeStepResponse((StrValue("caf\u00e9"), UnitValue()))),
    EffectOutcome.success(WalSyncResponse()),
    EffectOutcome.blocked(),
    EffectOutcome.failed(EffectFailure(EffectFailureKind.TIMEOUT, "t")),
    EffectOutcome.failed(EffectFailure.unavailable("")),
    # Status and response that contradict each other are legal all the same (DEC-25).
    EffectOutcome(SuccessStatus(), None),
    EffectOutcome(BlockedStatus(), ReleaseResponse()),
)

_NAMES: Final = (None, ("t", "u"), ("", ""), ("caf\u00e9", "\x00"))


def requests() -> SearchStrategy[EffectRequest]:
    """Describe requests of a few bodies under built-in and other names."""
    return st.builds(
        _request,
        st.sampled_from(_BODIES),
        st.sampled_from(_NAMES),
        st.sampled_from((0, 1)),
        st.sampled_from((None, "a", "")),
    )


def illegal_requests() -> SearchStrategy[EffectRequest]:
    """Describe requests whose metadata the effect algebra forbids. Source: SYNC-12."""
    return st.builds(_with_broken_rule, requests(), st.integers(0, 2))


def inner_outcomes() -> SearchStrategy[EffectOutcome]:
    """Describe outcomes of every status, consistent or not."""
    return st.sampled_from(_OUTCOMES) | st.just(EffectOutcome.blocked())


def _request(
    body: InvokeStepBody | AcquireBody | TopologyEventsBody | WalSyncBody,
    names: tuple[str, str] | None,
    tick: int,
    operation_id: str | None,
) -> EffectRequest:
    request = EffectRequest.of(body, tick=tick, session=1, operation_id=operation_id)
    if names is None:
        return request
    metadata = replace(request.metadata, interface_name=names[0], operation_name=names[1])
    return replace(request, metadata=metadata)


def _with_broken_rule(request: EffectRequest, rule_index: int) -> EffectRequest:
    metadata = request.metadata
    if rule_index == 0:
        metadata = replace(
            metadata,
            authority_class=EffectAuthorityClass.AUTHORITATIVE,
            semantic_class=EffectSemanticClass.BEST_EFFORT,
        )
    elif rule_index == 1:
        metadata = replace(metadata, totality=EffectTotality.MAY_BLOCK, timeout_policy=NoTimeout())
    else:
        metadata = replace(
            metadata,
            admissibility=EffectAdmissibility.INTERNAL_ONLY,
            handler_domain=EffectHandlerDomain.EXTERNAL,
        )
    return replace(request, metadata=metadata)
