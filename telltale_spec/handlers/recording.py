"""The handler wrapper that records every exchange, for replay and for monitors."""

from __future__ import annotations

import threading
from collections.abc import Callable, MutableSequence, Sequence
from dataclasses import replace
from typing import TypeVar

from telltale_spec.backends.contract import EffectHandler, SendDecisionInput
from telltale_spec.handlers.base import BaseEffectHandler
from telltale_spec.model.outcomes import (
    OutcomeKindError,
    into_label,
    into_output_condition_hint,
    into_send_decision,
    into_topology,
    into_unit,
    into_value,
)
from telltale_spec.wire.agreement import WalSyncRequest
from telltale_spec.wire.effects import (
    EffectOutcome,
    EffectResult,
    Failure,
    InvokeStepResponse,
    ReceiveResponse,
    Success,
)
from telltale_spec.wire.requests import (
    AcquireBody,
    ChooseBody,
    EffectExchangeRecord,
    EffectRequest,
    InvokeStepBody,
    OutputConditionHintBody,
    ReceiveBody,
    ReleaseBody,
    SendDecisionBody,
    TopologyEventsBody,
)
from telltale_spec.wire.values import (
    OutputConditionHint,
    SendDecision,
    TopologyPerturbation,
    Value,
)

__all__ = ["EffectExchangeTape", "RecordingEffectHandler"]

ResultType = TypeVar("ResultType")


class EffectExchangeTape:
    """A growing list of exchanges, numbered from zero; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._exchanges: list[EffectExchangeRecord] = []

    def record(self, request: EffectRequest, outcome: EffectOutcome, handler_identity: str) -> None:
        """Add one exchange; its number becomes the request's effect id and the ordering key."""
        with self._lock:
            effect_id = len(self._exchanges)
            self._exchanges.append(
                EffectExchangeRecord(
                    effect_id,
                    handler_identity,
                    effect_id,
                    replace(request, effect_id=effect_id),
                    outcome,
                )
            )

    def exchanges(self) -> tuple[EffectExchangeRecord, ...]:
        """Return the exchanges recorded so far."""
        with self._lock:
            return tuple(self._exchanges)


class RecordingEffectHandler(BaseEffectHandler):
    """Record every request with its outcome, around an inner handler.

    Unlike the durability wrappers this one forwards everything: each helper
    method becomes a request to the inner ``handle_effect``, except
    ``handle_send``, which goes straight through and is not recorded. The
    identity is the inner handler's own. Source: recording_impl.rs.
    """

    def __init__(self, inner: EffectHandler) -> None:
        self._inner = inner
        self._tape = EffectExchangeTape()

    def effect_exchanges(self) -> tuple[EffectExchangeRecord, ...]:
        """Return the exchanges recorded so far, in order."""
        return self._tape.exchanges()

    def handler_identity(self) -> str:
        """Return the inner handler's name."""
        return self._inner.handler_identity()

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        """Forward one request and record it with its outcome."""
        outcome = self._inner.handle_effect(request)
        self._tape.record(request, outcome, self._inner.handler_identity())
        return outcome

    def handle_send(
        self, role: str, partner: str, label: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        """Forward to the inner handler without a record."""
        return self._inner.handle_send(role, partner, label, state)

    def send_decision(self, decision_input: SendDecisionInput) -> EffectResult[SendDecision]:
        """Forward as a recorded request."""
        body = SendDecisionBody(
            decision_input.role,
            decision_input.partner,
            decision_input.label,
            tuple(decision_input.state),
            decision_input.payload,
        )
        outcome = self.handle_effect(EffectRequest.of(body, session=decision_input.sid))
        return _result(lambda: into_send_decision(outcome))

    def handle_recv(
        self, role: str, partner: str, label: str, state: MutableSequence[Value], payload: Value
    ) -> EffectResult[None]:
        """Forward as a recorded request; a success with new registers changes ``state``."""
        body = ReceiveBody(role, partner, label, tuple(state), payload)
        outcome = self.handle_effect(EffectRequest.of(body))
        result = _result(lambda: into_unit(outcome, "handle_recv"))
        if isinstance(result, Success) and isinstance(outcome.response, ReceiveResponse):
            state[:] = outcome.response.state
        return result

    def handle_choose(
        self, role: str, partner: str, labels: Sequence[str], state: Sequence[Value]
    ) -> EffectResult[str]:
        """Forward as a recorded request."""
        body = ChooseBody(role, partner, tuple(labels), tuple(state))
        outcome = self.handle_effect(EffectRequest.of(body))
        return _result(lambda: into_label(outcome))

    def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
        """Forward as a recorded request; a success with new registers changes ``state``."""
        outcome = self.handle_effect(EffectRequest.of(InvokeStepBody(role, tuple(state))))
        result = _result(lambda: into_unit(outcome, "invoke_step"))
        if isinstance(result, Success) and isinstance(outcome.response, InvokeStepResponse):
            state[:] = outcome.response.state
        return result

    def handle_acquire(
        self, sid: int, role: str, layer: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        """Forward as a recorded request."""
        body = AcquireBody(role, layer, tuple(state))
        outcome = self.handle_effect(EffectRequest.of(body, session=sid))
        return _result(lambda: into_value(outcome, "acquire"))

    def handle_release(
        self, sid: int, role: str, layer: str, evidence: Value, state: Sequence[Value]
    ) -> EffectResult[None]:
        """Forward as a recorded request."""
        body = ReleaseBody(role, layer, evidence, tuple(state))
        outcome = self.handle_effect(EffectRequest.of(body, session=sid))
        return _result(lambda: into_unit(outcome, "handle_release"))

    def supports_wal_sync(self) -> bool:
        """Ask the inner handler."""
        return self._inner.supports_wal_sync()

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        """Forward as a recorded request of the sync's own tick and operation."""
        outcome = self.handle_effect(EffectRequest.wal_sync(sync.tick, sync.operation_id, sync))
        return _result(lambda: into_unit(outcome, "wal_sync"))

    def topology_events(self, tick: int) -> EffectResult[Sequence[TopologyPerturbation]]:
        """Forward as a recorded request."""
        outcome = self.handle_effect(EffectRequest.of(TopologyEventsBody(tick), tick=tick))
        return _result(lambda: into_topology(outcome))

    def output_condition_hint(
        self, sid: int, role: str, state: Sequence[Value]
    ) -> OutputConditionHint | None:
        """Forward as a recorded request; anything but a hint counts as none."""
        body = OutputConditionHintBody(role, tuple(state))
        outcome = self.handle_effect(EffectRequest.of(body, session=sid))
        try:
            return into_output_condition_hint(outcome)
        except OutcomeKindError:
            # The method cannot say that it failed, so the specification drops the reason.
            return None


def _result(convert: Callable[[], EffectResult[ResultType]]) -> EffectResult[ResultType]:
    """Return what ``convert`` returns, or the failure in place of a wrong kind of outcome."""
    try:
        return convert()
    except OutcomeKindError as error:
        return Failure(error.failure)
