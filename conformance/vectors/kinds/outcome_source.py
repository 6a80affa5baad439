"""Effect outcomes and the values in them, for vectors of our own making."""

from __future__ import annotations

from typing import Final

from conformance.vectors.kinds.draws import Draws
from telltale_spec.wire.effects import (
    AcquireResponse,
    BlockedStatus,
    ChooseResponse,
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    EffectOutcomeStatus,
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
from telltale_spec.wire.values import (
    BoolValue,
    Corrupt,
    CorruptionType,
    Crash,
    Defer,
    Deliver,
    Drop,
    Duration,
    Endpoint,
    EndpointValue,
    Heal,
    NatValue,
    OutputConditionHint,
    Partition,
    ProdValue,
    SendDecision,
    StrValue,
    Timeout,
    TopologyPerturbation,
    UnitValue,
    Value,
)

__all__ = ["draw_outcome"]

_PRODUCT_DEPTH_MAX: Final = 2
_NANOSECONDS: Final = (0, 1, 23, 500_000_000, 999_999_999)


def draw_outcome(source: Draws) -> EffectOutcome:
    """Return an outcome whose status and response need not fit each other (DEC-25)."""
    status = _status(source)
    has_response = source.chance(85 if status.is_success else 15)
    return EffectOutcome(status, _response(source) if has_response else None)


def _status(source: Draws) -> EffectOutcomeStatus:
    match source.below(4):
        case 0:
            return BlockedStatus()
        case 1:
            kind = source.pick(tuple(EffectFailureKind))
            return FailureStatus(EffectFailure(kind, source.text()))
        case _:
            return SuccessStatus()


def _response(source: Draws) -> EffectResponse:
    match source.below(9):
        case 0:
            return SendDecisionResponse(_send_decision(source))
        case 1:
            return ReceiveResponse(source.some(lambda: _value(source), 2))
        case 2:
            return ChooseResponse(source.text())
        case 3:
            return InvokeStepResponse(source.some(lambda: _value(source), 2))
        case 4:
            return AcquireResponse(_value(source))
        case 5:
            return ReleaseResponse()
        case 6:
            return TopologyEventsResponse(source.some(lambda: _perturbation(source), 2))
        case 7:
            return WalSyncResponse()
        case _:
            hint = source.optional(
                lambda: OutputConditionHint(source.text(), source.optional(source.text))
            )
            return OutputConditionHintResponse(hint)


def _value(source: Draws, depth: int = 0) -> Value:
    match source.below(5 if depth == _PRODUCT_DEPTH_MAX else 6):
        case 0:
            return UnitValue()
        case 1:
            return NatValue(source.tick())
        case 2:
            return BoolValue(source.chance(50))
        case 3:
            return StrValue(source.text())
        case 4:
            return EndpointValue(Endpoint(source.tick(), source.text()))
        case _:
            return ProdValue(_value(source, depth + 1), _value(source, depth + 1))


def _send_decision(source: Draws) -> SendDecision:
    match source.below(3):
        case 0:
            return Deliver(_value(source))
        case 1:
            return Drop()
        case _:
            return Defer()


def _perturbation(source: Draws) -> TopologyPerturbation:
    match source.below(5):
        case 0:
            return Crash(source.text())
        case 1:
            return Partition(source.text(), source.text())
        case 2:
            return Heal(source.text(), source.text())
        case 3:
            return Corrupt(source.text(), source.text(), source.pick(tuple(CorruptionType)))
        case _:
            return Timeout(source.text(), Duration(source.tick(), source.pick(_NANOSECONDS)))
