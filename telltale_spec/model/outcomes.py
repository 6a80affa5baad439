"""Conversions from a recorded effect outcome back to what a helper method returns.

Where Rust returns an outer ``Result``, these functions raise
:class:`OutcomeKindError`: the outcome says success, but not of the effect that
was asked for. A blocked or failed outcome is an ordinary result.
Source: OUT-01 (core_types.rs 1032-1175).
"""

from __future__ import annotations

from telltale_spec.errors import TelltaleError
from telltale_spec.wire.debug_form import debug_value
from telltale_spec.wire.effects import (
    AcquireResponse,
    Blocked,
    BlockedStatus,
    ChooseResponse,
    EffectFailure,
    EffectOutcome,
    EffectResponse,
    EffectResult,
    Failure,
    FailureStatus,
    InvokeStepResponse,
    OutputConditionHintResponse,
    ReceiveResponse,
    ReleaseResponse,
    SendDecisionResponse,
    Success,
    TopologyEventsResponse,
    WalSyncResponse,
)
from telltale_spec.wire.values import (
    OutputConditionHint,
    SendDecision,
    TopologyPerturbation,
    Value,
)

__all__ = [
    "OutcomeKindError",
    "into_label",
    "into_output_condition_hint",
    "into_send_decision",
    "into_topology",
    "into_unit",
    "into_value",
]


class OutcomeKindError(TelltaleError):
    """Report an outcome that cannot be the answer to the effect asked for.

    ``failure`` is the failure that a handler returns in its place. Source: OUT-01.
    """

    def __init__(self, failure: EffectFailure) -> None:
        self.failure = failure
        super().__init__(failure)


def into_send_decision(outcome: EffectOutcome) -> EffectResult[SendDecision]:
    """Return the result of ``send_decision``; raises ``OutcomeKindError`` (OUT-01)."""
    response = _response(outcome)
    if isinstance(response, Blocked | Failure):
        return response
    if isinstance(response, SendDecisionResponse):
        return Success(response.decision)
    raise _kind_mismatch("send_decision", response)


def into_unit(outcome: EffectOutcome, expected_kind: str) -> EffectResult[None]:
    """Return the result of an effect without a value; raises ``OutcomeKindError`` (OUT-01).

    The response of a receive or a release is accepted for any
    ``expected_kind``, those of ``invoke_step`` and ``wal_sync`` for their own
    only; so a release passes for a sync (F31).
    """
    response = _response(outcome)
    if isinstance(response, Blocked | Failure):
        return response
    accepted = (
        isinstance(response, ReceiveResponse | ReleaseResponse)
        or (expected_kind == "invoke_step" and isinstance(response, InvokeStepResponse))
        or (expected_kind == "wal_sync" and isinstance(response, WalSyncResponse))
    )
    if accepted:
        return Success(None)
    raise _kind_mismatch(expected_kind, response)


def into_label(outcome: EffectOutcome) -> EffectResult[str]:
    """Return the result of ``handle_choose``; raises ``OutcomeKindError`` (OUT-01)."""
    response = _response(outcome)
    if isinstance(response, Blocked | Failure):
        return response
    if isinstance(response, ChooseResponse):
        return Success(response.label)
    raise _kind_mismatch("choose label", response)


def into_value(outcome: EffectOutcome, expected_kind: str) -> EffectResult[Value]:
    """Return the result of ``handle_acquire``; raises ``OutcomeKindError`` (OUT-01).

    Only the kind ``acquire`` has a value; any other ``expected_kind`` is a
    mismatch whatever the response.
    """
    response = _response(outcome)
    if isinstance(response, Blocked | Failure):
        return response
    if expected_kind == "acquire" and isinstance(response, AcquireResponse):
        return Success(response.evidence)
    raise _kind_mismatch(expected_kind, response)


def into_topology(outcome: EffectOutcome) -> EffectResult[tuple[TopologyPerturbation, ...]]:
    """Return the result of ``topology_events``; raises ``OutcomeKindError`` (OUT-01)."""
    response = _response(outcome)
    if isinstance(response, Blocked | Failure):
        return response
    if isinstance(response, TopologyEventsResponse):
        return Success(response.events)
    raise _kind_mismatch("topology events", response)


def into_output_condition_hint(outcome: EffectOutcome) -> OutputConditionHint | None:
    """Return the hint of ``output_condition_hint``, which may neither block nor fail.

    Raises ``OutcomeKindError`` for a blocked outcome, for a failed one with
    the failure it carries, and for another response. Source: OUT-01.
    """
    response = _response(outcome)
    if isinstance(response, Blocked):
        raise _contract_violation("output_condition_hint may not block")
    if isinstance(response, Failure):
        raise OutcomeKindError(response.failure)
    if isinstance(response, OutputConditionHintResponse):
        return response.hint
    raise _kind_mismatch("output_condition_hint", response)


def _response(outcome: EffectOutcome) -> EffectResponse | Blocked | Failure:
    """Return the response of a success, or the result that takes its place.

    The response that a blocked or failed outcome may carry is ignored (DEC-25).
    """
    status = outcome.status
    if isinstance(status, BlockedStatus):
        return Blocked()
    if isinstance(status, FailureStatus):
        return Failure(status.failure)
    if outcome.response is None:
        raise _contract_violation("successful effect outcome is missing response")
    return outcome.response


def _kind_mismatch(expected: str, response: EffectResponse) -> OutcomeKindError:
    return _contract_violation(
        f"effect outcome kind mismatch: expected {expected}, got {debug_value(response)}"
    )


def _contract_violation(message: str) -> OutcomeKindError:
    return OutcomeKindError(EffectFailure.contract_violation(message))
