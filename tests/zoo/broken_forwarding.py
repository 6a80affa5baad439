"""Wrappers that hand a call on as it suits them: right for one call, wrong for another."""

from __future__ import annotations

import threading
from collections.abc import MutableSequence, Sequence
from dataclasses import replace
from typing import Any, Final

from conformance.backend import EvidenceHandlerFactory, WalHandlerFactory
from telltale_spec.backends.contract import SendDecisionInput
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.base import ForwardingEffectHandler
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import Blocked, EffectOutcome, EffectResult, Success
from telltale_spec.wire.requests import EffectRequest
from telltale_spec.wire.values import Defer, Deliver, SendDecision, Value
from tests.zoo.broken_evidence_handlers import StepwiseHandler
from tests.zoo.broken_wal_handlers import OpenHandler

__all__ = [
    "BROKEN_FORWARDING_EVIDENCE_HANDLERS",
    "BROKEN_FORWARDING_WAL_HANDLERS",
    "AsksAgainWhereItFailed",
    "WaitsUntilNothingIsUnderWay",
]


class DeliversWhatIsGiven(ForwardingEffectHandler):
    def send_decision(self, decision_input: SendDecisionInput) -> EffectResult[SendDecision]:
        if decision_input.payload is not None:
            return Success(Deliver(decision_input.payload))
        return super().send_decision(decision_input)


class LosesThePayload(ForwardingEffectHandler):
    def send_decision(self, decision_input: SendDecisionInput) -> EffectResult[SendDecision]:
        return super().send_decision(replace(decision_input, payload=None))


class DefersNothing(ForwardingEffectHandler):
    def send_decision(self, decision_input: SendDecisionInput) -> EffectResult[SendDecision]:
        decided = super().send_decision(decision_input)
        if decided == Success(Defer()) and decision_input.payload is not None:
            return Success(Deliver(decision_input.payload))
        return decided


class KeepsItsFirstSession(ForwardingEffectHandler):
    session: int | None = None

    def send_decision(self, decision_input: SendDecisionInput) -> EffectResult[SendDecision]:
        if self.session is None:
            self.session = decision_input.sid
        return super().send_decision(replace(decision_input, sid=self.session))


class UndoesWhatDidNotSucceed(ForwardingEffectHandler):
    def handle_recv(
        self, role: str, partner: str, label: str, state: MutableSequence[Value], payload: Value
    ) -> EffectResult[None]:
        copy = list(state)
        received = super().handle_recv(role, partner, label, copy, payload)
        if isinstance(received, Success):
            state[:] = copy
        return received


class StepsWithoutAState(ForwardingEffectHandler):
    def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
        return super().step(role, state or [])


class StepsAgain(ForwardingEffectHandler):
    def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
        stepped = super().step(role, state)
        return super().step(role, state) if isinstance(stepped, Blocked) else stepped


class RemembersItsSends(ForwardingEffectHandler):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.sent: dict[Any, EffectResult[Value]] = {}

    def handle_send(
        self, role: str, partner: str, label: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        key = (role, partner, label, tuple(state))
        if key not in self.sent:
            self.sent[key] = super().handle_send(role, partner, label, state)
        return self.sent[key]


class ChoosesTheOnlyOne(ForwardingEffectHandler):
    def handle_choose(
        self, role: str, partner: str, labels: Sequence[str], state: Sequence[Value]
    ) -> EffectResult[str]:
        if len(labels) == 1:
            return Success(labels[0])
        return super().handle_choose(role, partner, labels, state)


_BROKEN: Final[tuple[tuple[str, type[ForwardingEffectHandler]], ...]] = (
    ("delivers the payload that it is given", DeliversWhatIsGiven),
    ("loses the payload of a decision", LosesThePayload),
    ("defers nothing that has a payload", DefersNothing),
    ("keeps the session of its first decision", KeepsItsFirstSession),
    ("undoes what a receive did that did not succeed", UndoesWhatDidNotSucceed),
    ("steps on a state of its own where it is empty", StepsWithoutAState),
    ("steps again where it was blocked", StepsAgain),
    ("remembers what it sent", RemembersItsSends),
    ("chooses the only label itself", ChoosesTheOnlyOne),
)


def _mixed(base: type, wrong: type) -> Any:
    return type(wrong.__name__, (wrong, base), {})


class AnswersBlockedMeanwhile(StepwiseHandler):
    """Answers an equal request that comes while the first one is under way by itself."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.under_way: set[str | None] = set()

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        evidence_id = self.resolve(request)
        if evidence_id in self.under_way:
            return EffectOutcome.blocked()
        self.under_way.add(evidence_id)
        try:
            return super().handle_effect(request)
        finally:
            self.under_way.discard(evidence_id)


class AsksAgainWhereItFailed(StepwiseHandler):
    """Hides a lookup that failed by another one."""

    def look_up(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        try:
            return super().look_up(evidence_id)
        except DurabilityError:
            return super().look_up(evidence_id)


class WaitsUntilNothingIsUnderWay(StepwiseHandler):
    """Gives no snapshot while an effect is under way, and gives up after a while."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.idle = threading.Event()
        self.idle.set()

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        self.idle.clear()
        try:
            return super().handle_effect(request)
        finally:
            self.idle.set()

    def cache_snapshot(self) -> EvidenceOutcomeCacheArtifact:
        if not self.idle.wait(0.5):
            raise DurabilityError("effects are under way")
        return super().cache_snapshot()


BROKEN_FORWARDING_WAL_HANDLERS: Final[tuple[tuple[str, WalHandlerFactory, str], ...]] = tuple(
    (name, _mixed(OpenHandler, wrong), "SYNC-13") for name, wrong in _BROKEN
)
"""A name, the handler and the requirement that it breaks."""

BROKEN_FORWARDING_EVIDENCE_HANDLERS: Final[tuple[tuple[str, EvidenceHandlerFactory, str], ...]] = (
    *((name, _mixed(StepwiseHandler, wrong), "EVID-09") for name, wrong in _BROKEN),
    ("answers blocked while an equal request is under way", AnswersBlockedMeanwhile, "EVID-08"),
)
"""A name, the handler and the requirement that it breaks."""
