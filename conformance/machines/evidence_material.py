"""Outcomes and requests for the directed cases of an evidence handler: one of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from telltale_spec.wire.agreement import AgreementLevel, WalSyncRequest
from telltale_spec.wire.effects import (
    AcquireResponse,
    BlockedStatus,
    ChooseResponse,
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    EffectResponse,
    FailureStatus,
    InvokeStepResponse,
    OutputConditionHintResponse,
    ReceiveResponse,
    ReleaseResponse,
    SendDecisionResponse,
    SuccessStatus,
    TopologyEventsResponse,
    WalSyncResponse,
)
from telltale_spec.wire.requests import (
    EFFECT_REQUEST_BODY,
    AcquireBody,
    ChooseBody,
    EffectAdmissibility,
    EffectAuthorityClass,
    EffectHandlerDomain,
    EffectInterfaceMetadata,
    EffectRequest,
    EffectRequestBody,
    EffectSemanticClass,
    EffectTotality,
    InvokeStepBody,
    NoTimeout,
    OutputConditionHintBody,
    ReceiveBody,
    ReleaseBody,
    SendDecisionBody,
    TopologyEventsBody,
    WalSyncBody,
)
from telltale_spec.wire.shapes import U64_MAX
from telltale_spec.wire.values import (
    BoolValue,
    Crash,
    Defer,
    Deliver,
    Drop,
    Duration,
    Endpoint,
    EndpointValue,
    NatValue,
    OutputConditionHint,
    ProdValue,
    StrValue,
    Timeout,
    UnitValue,
    Value,
)

__all__ = ["every_outcome", "every_request", "outcome_number"]

_VALUES: Final[tuple[Value, ...]] = (
    UnitValue(),
    NatValue(0),
    NatValue(U64_MAX),
    BoolValue(False),
    StrValue(""),
    StrValue("\x00e\u0301\U0001f600"),
    EndpointValue(Endpoint(U64_MAX, "r")),
    ProdValue(NatValue(1), ProdValue(BoolValue(True), UnitValue())),
)
_RESPONSES: Final[tuple[EffectResponse, ...]] = (
    *map(AcquireResponse, _VALUES),
    InvokeStepResponse(()),
    InvokeStepResponse(_VALUES),
    ReceiveResponse(()),
    ReceiveResponse(_VALUES[::-1]),
    ChooseResponse(""),
    ChooseResponse("l"),
    *(SendDecisionResponse(each) for each in (Drop(), Defer(), Deliver(UnitValue()))),
    TopologyEventsResponse(()),
    TopologyEventsResponse((Crash("s"), Timeout("s", Duration(U64_MAX, 999_999_999)))),
    OutputConditionHintResponse(None),
    OutputConditionHintResponse(OutputConditionHint("p", "")),
    ReleaseResponse(),
    WalSyncResponse(),
)
_MESSAGES: Final = ("", "timeout", "try again", "caf\u00e9\n")
_NUMBERS: Final = (None, 0, 1, U64_MAX)
_TEXTS: Final = ("", "-", "a", "o", "caf\u00e9", "\x00")


def outcome_number(number: int) -> EffectOutcome:
    """Return an outcome that no other number has."""
    return EffectOutcome.success(AcquireResponse(NatValue(number)))


def every_outcome() -> Iterator[EffectOutcome]:
    """Yield outcomes of every status, response and kind of failure, consistent or not (DEC-25)."""
    yield EffectOutcome.blocked()
    yield EffectOutcome(SuccessStatus(), None)
    yield from map(EffectOutcome.success, _RESPONSES)
    for number, kind in enumerate(EffectFailureKind):
        message = _MESSAGES[number % len(_MESSAGES)]
        yield EffectOutcome.failed(EffectFailure(kind, message))
    # What the handler itself says of its cache is an outcome like any other.
    for text in ("load evidence outcome cache `e`: x", "persist evidence outcome `e`: x"):
        yield EffectOutcome.failed(EffectFailure.unavailable(text))
    failed = FailureStatus(EffectFailure(EffectFailureKind.CANCELLED, "c"))
    for response in (ReleaseResponse(), WalSyncResponse(), AcquireResponse(UnitValue())):
        yield EffectOutcome(BlockedStatus(), response)
        yield EffectOutcome(failed, response)


def every_request() -> Iterator[EffectRequest]:
    """Yield requests of every body, with every field of the envelope, legal or not (EVID-02)."""
    whole = EffectRequest.of(InvokeStepBody("t", (UnitValue(),)), session=1)
    yield from (replace(whole, effect_id=each) for each in _NUMBERS)
    yield from (replace(whole, session=each) for each in _NUMBERS)
    yield from (replace(whole, tick=each) for each in _NUMBERS if each is not None)
    yield from (replace(whole, operation_id=each) for each in (None, *_TEXTS))
    for body in _bodies():
        yield EffectRequest(
            7, 2, 3, "a", EffectInterfaceMetadata.for_effect_kind(body.effect_kind), body
        )
    for metadata in _metadata():
        yield replace(whole, metadata=metadata)


def _bodies() -> Iterator[EffectRequestBody]:
    state = (NatValue(1), UnitValue())
    yield from (InvokeStepBody("", ()), InvokeStepBody("t", state))
    yield AcquireBody("t", "l", state)
    yield ReleaseBody("t", "l", UnitValue(), state)
    yield TopologyEventsBody(U64_MAX)
    yield OutputConditionHintBody("t", state)
    yield from (SendDecisionBody("t", "u", "l", state, each) for each in (None, UnitValue()))
    yield ReceiveBody("t", "u", "l", state, StrValue("payload"))
    yield ChooseBody("t", "u", ("l", "r"), state)
    yield WalSyncBody(WalSyncRequest("a", "c", AgreementLevel.NONE, None, (), 1))


def _metadata() -> Iterator[EffectInterfaceMetadata]:
    own = EffectInterfaceMetadata.for_effect_kind(InvokeStepBody.effect_kind)
    for body in EFFECT_REQUEST_BODY.variants:
        yield EffectInterfaceMetadata.for_effect_kind(body.effect_kind)
    for text in _TEXTS:
        yield replace(own, interface_name=text)
        yield replace(own, operation_name=text)
    yield replace(own, interface_name=own.operation_name, operation_name=own.interface_name)
    # What the effect algebra forbids is not the handler's affair (EVID-03).
    yield replace(
        own,
        authority_class=EffectAuthorityClass.AUTHORITATIVE,
        semantic_class=EffectSemanticClass.BEST_EFFORT,
    )
    yield replace(own, totality=EffectTotality.MAY_BLOCK, timeout_policy=NoTimeout())
    yield replace(
        own,
        admissibility=EffectAdmissibility.INTERNAL_ONLY,
        handler_domain=EffectHandlerDomain.EXTERNAL,
    )
