"""The default behaviour of an effect handler.

A handler that overrides the helper methods only gets ``handle_effect`` from
here: it validates the metadata, then calls the helper that belongs to the
*body* of the request, whatever the metadata names (SYNC-12).
Source: handler_trait.rs.
"""

# The defaults ignore most of what they are asked, but the names are the interface.

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, MutableSequence, Sequence
from typing import Final, TypeVar

from telltale_spec.backends.contract import EffectHandler, SendDecisionInput
from telltale_spec.wire.agreement import WalSyncRequest
from telltale_spec.wire.effects import (
    AcquireResponse,
    Blocked,
    ChooseResponse,
    EffectFailure,
    EffectOutcome,
    EffectResponse,
    EffectResult,
    Failure,
    InvokeStepResponse,
    OutputConditionHintResponse,
    ReceiveResponse,
    ReleaseResponse,
    SendDecisionResponse,
    Success,
    TopologyEventsResponse,
    WalSyncResponse,
)
from telltale_spec.wire.requests import (
    AcquireBody,
    ChooseBody,
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
from telltale_spec.wire.values import (
    Deliver,
    OutputConditionHint,
    SendDecision,
    TopologyPerturbation,
    UnitValue,
    Value,
)

__all__ = ["DEFAULT_HANDLER_ID", "BaseEffectHandler", "ForwardingEffectHandler"]

DEFAULT_HANDLER_ID: Final = "default_handler"
"""Identity of a handler that does not name itself."""

ResultType = TypeVar("ResultType")


class BaseEffectHandler(ABC):
    """Everything that the specification gives an effect handler by default.

    A subclass implements the four helpers that have no default:
    ``handle_send``, ``handle_recv``, ``handle_choose`` and ``step``. A wrapper
    that does not forward a method falls back to the default, which grants
    every acquire and knows no sync (F13).
    """

    def handler_identity(self) -> str:
        """Return the stable name of this handler."""
        return DEFAULT_HANDLER_ID

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        """Carry out one request with the helper method that belongs to its body.

        Returns a ``contract_violation`` failure if the metadata is not legal
        or if a session is needed and missing. Source: SYNC-12.
        """
        failure = request.metadata.validate()
        if failure is not None:
            return EffectOutcome.failed(failure)
        return _dispatch(self, request, request.body)

    @abstractmethod
    def handle_send(
        self, role: str, partner: str, label: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        """Work out the payload of a message."""

    def send_decision(self, decision_input: SendDecisionInput) -> EffectResult[SendDecision]:
        """Deliver the payload that is given, or else the one of ``handle_send``."""
        if decision_input.payload is not None:
            return Success(Deliver(decision_input.payload))
        result = self.handle_send(
            decision_input.role,
            decision_input.partner,
            decision_input.label,
            decision_input.state,
        )
        return Success(Deliver(result.value)) if isinstance(result, Success) else result

    @abstractmethod
    def handle_recv(
        self, role: str, partner: str, label: str, state: MutableSequence[Value], payload: Value
    ) -> EffectResult[None]:
        """Take in a received value; may change ``state``."""

    @abstractmethod
    def handle_choose(
        self, role: str, partner: str, labels: Sequence[str], state: Sequence[Value]
    ) -> EffectResult[str]:
        """Choose one of ``labels``."""

    @abstractmethod
    def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
        """Run one integration step; may change ``state``."""

    def handle_acquire(
        self, sid: int, role: str, layer: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        """Grant the guard layer, with no value as evidence."""
        return Success(UnitValue())

    def handle_release(
        self, sid: int, role: str, layer: str, evidence: Value, state: Sequence[Value]
    ) -> EffectResult[None]:
        """Release the guard layer."""
        return Success(None)

    def supports_wal_sync(self) -> bool:
        """Say that this handler does not serve ``wal_sync``."""
        return False

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        """Refuse: only the wrapper around a log can sync one."""
        return Failure(
            EffectFailure.contract_violation("wal_sync requires an AgreementWalHandler wrapper")
        )

    def topology_events(self, tick: int) -> EffectResult[Sequence[TopologyPerturbation]]:
        """Return no changes of the network."""
        return Success(())

    def output_condition_hint(
        self, sid: int, role: str, state: Sequence[Value]
    ) -> OutputConditionHint | None:
        """Return no hint."""
        return None


class ForwardingEffectHandler(BaseEffectHandler):
    """Forward five helper methods to an inner handler, and nothing else.

    Acquire, release, topology, hint and sync stay the defaults of
    :class:`BaseEffectHandler`, so the inner handler's own are never asked: this
    is the specification's behaviour, and a danger (F13). Source: SYNC-13,
    EVID-09 (L572-616, L806-850).
    """

    def __init__(self, inner: EffectHandler) -> None:
        self._inner = inner

    def handle_send(
        self, role: str, partner: str, label: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        """Forward to the inner handler."""
        return self._inner.handle_send(role, partner, label, state)

    def send_decision(self, decision_input: SendDecisionInput) -> EffectResult[SendDecision]:
        """Forward to the inner handler."""
        return self._inner.send_decision(decision_input)

    def handle_recv(
        self, role: str, partner: str, label: str, state: MutableSequence[Value], payload: Value
    ) -> EffectResult[None]:
        """Forward to the inner handler."""
        return self._inner.handle_recv(role, partner, label, state, payload)

    def handle_choose(
        self, role: str, partner: str, labels: Sequence[str], state: Sequence[Value]
    ) -> EffectResult[str]:
        """Forward to the inner handler."""
        return self._inner.handle_choose(role, partner, labels, state)

    def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
        """Forward to the inner handler."""
        return self._inner.step(role, state)


def _dispatch(
    handler: BaseEffectHandler, request: EffectRequest, body: EffectRequestBody
) -> EffectOutcome:
    match body:
        case ReceiveBody():
            registers = list(body.state)
            received = handler.handle_recv(
                body.role, body.partner, body.label, registers, body.payload
            )
            return _outcome(received, lambda _: ReceiveResponse(tuple(registers)))
        case ChooseBody():
            chosen = handler.handle_choose(body.role, body.partner, body.labels, body.state)
            return _outcome(chosen, ChooseResponse)
        case InvokeStepBody():
            registers = list(body.state)
            stepped = handler.step(body.role, registers)
            return _outcome(stepped, lambda _: InvokeStepResponse(tuple(registers)))
        case TopologyEventsBody():
            events = handler.topology_events(body.tick)
            return _outcome(events, lambda changes: TopologyEventsResponse(tuple(changes)))
        case WalSyncBody():
            return _outcome(handler.wal_sync(body.sync), lambda _: WalSyncResponse())
        case _:
            if request.session is None:
                return EffectOutcome.failed(
                    EffectFailure.contract_violation(
                        f"{body.variant_name} request is missing session"
                    )
                )
            return _dispatch_in_session(handler, request.session, body)


def _dispatch_in_session(
    handler: BaseEffectHandler, session: int, body: EffectRequestBody
) -> EffectOutcome:
    match body:
        case SendDecisionBody():
            decision_input = SendDecisionInput(
                session, body.role, body.partner, body.label, body.state, body.payload
            )
            return _outcome(handler.send_decision(decision_input), SendDecisionResponse)
        case AcquireBody():
            granted = handler.handle_acquire(session, body.role, body.layer, body.state)
            return _outcome(granted, AcquireResponse)
        case ReleaseBody():
            released = handler.handle_release(
                session, body.role, body.layer, body.evidence, body.state
            )
            return _outcome(released, lambda _: ReleaseResponse())
        case OutputConditionHintBody():
            hint = handler.output_condition_hint(session, body.role, body.state)
            return EffectOutcome.success(OutputConditionHintResponse(hint))
        case _:
            # The union is closed, so this is a variant added without its dispatch.
            raise NotImplementedError(f"no dispatch for {type(body).__name__}")


def _outcome(
    result: EffectResult[ResultType], response_of: Callable[[ResultType], EffectResponse]
) -> EffectOutcome:
    if isinstance(result, Success):
        return EffectOutcome.success(response_of(result.value))
    if isinstance(result, Blocked):
        return EffectOutcome.blocked()
    return EffectOutcome.failed(result.failure)
