"""The surface of a WAL handler: what it forwards, what it answers itself, and its lock.

What a handler forwards is compared with the reference handler around an equal
inner one, for every method and for every request body (SYNC-13, I-32).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

from conformance.engine.session import History, Returned
from conformance.engine.suite import Law, LawSuite, TableLaw
from conformance.machines.forwarding import (
    CALLS_IN_A_ROW,
    FORWARDED_METHODS,
    judge_calls_in_a_row,
)
from conformance.machines.made_beside import MODES_BESIDE, SYNCS_BESIDE, judge_syncs
from conformance.machines.probes import HandlerCall, ProbeWal, ScriptedHandler
from conformance.machines.wal_sync_lock import (
    ESCAPED,
    ESCAPES,
    SECOND_SYNC,
    judge_escape,
    judge_serial,
    judge_snapshot,
    new_handler,
    request_of,
)
from conformance.machines.wal_sync_text import result_text
from strategies.requests import MetadataFit, effect_requests
from telltale_spec.backends.contract import EffectHandler, SendDecisionInput
from telltale_spec.handlers.agreement_wal import (
    AgreementWalHandler,
    BlockedSync,
    FailureSync,
    ImmediateSync,
    WalSyncMode,
)
from telltale_spec.wire.effects import Blocked, EffectFailure, EffectResult, Failure, Success
from telltale_spec.wire.requests import (
    AcquireBody,
    ChooseBody,
    EffectRequest,
    InvokeStepBody,
    OutputConditionHintBody,
    ReceiveBody,
    ReleaseBody,
    SendDecisionBody,
    TopologyEventsBody,
    WalSyncBody,
)
from telltale_spec.wire.values import StrValue, Value

__all__ = ["WAL_HANDLER_SURFACE_SUITE"]

FORWARDED: Final = "method that is forwarded"
DEFAULTED: Final = "method that is answered by default"
INNER_FAILS: Final = "forwarded method that the inner handler fails or blocks"
OWN_SYNC: Final = "sync around an inner handler that has one too"
THROUGH_EFFECT: Final = "method called through handle_effect"

_QUESTIONS: Final = ("handler_identity", "supports_wal_sync")
_DEFAULTED: Final = (AcquireBody, ReleaseBody, TopologyEventsBody, OutputConditionHintBody)


@dataclass(frozen=True)
class _Drawn:
    """Two requests, the mode, and how the inner handler answers everything it is asked."""

    forwarded: EffectRequest
    defaulted: EffectRequest
    mode: WalSyncMode
    outcome: Blocked | Failure | None
    registers: tuple[Value, ...] | None

    def inner(self) -> ScriptedHandler:
        """Return an inner handler that answers so."""
        inner = ScriptedHandler()
        inner.registers = self.registers
        if self.outcome is not None:
            for method in FORWARDED_METHODS:
                inner.script(method, self.outcome)
        return inner


@dataclass(frozen=True)
class _OwnSync:
    """The mode, and how an inner handler answers that keeps a log of its own."""

    mode: WalSyncMode
    answer: EffectResult[None]

    def inner(self) -> ScriptedHandler:
        """Return an inner handler that can be asked for a sync."""
        inner = ScriptedHandler()
        inner.script("supports_wal_sync", True)
        inner.script("wal_sync", self.answer)
        return inner


_MODES: Final = (ImmediateSync(), BlockedSync(), FailureSync("closed"))
_OWN_SYNCS: Final = tuple(
    [
        _OwnSync(mode, answer)
        for mode in _MODES
        for answer in (Success(None), Blocked(), Failure(EffectFailure.unavailable("inner")))
    ]
)


# What it forwards


def _judge_own_sync(history: History, number: int) -> None:
    """Ask for a sync around an inner handler that offers one, of which nothing is asked."""
    value = _OWN_SYNCS[number]
    sync = request_of("o", 1)
    history.reach(OWN_SYNC)
    _compare(history, "sync", lambda handler: handler.wal_sync(sync), value)
    request = EffectRequest.of(WalSyncBody(sync))
    _compare(history, "handle a sync request", lambda each: each.handle_effect(request), value)


def _judge_in_a_row(history: History, method: str) -> None:
    """Call one method of one handler again and again."""

    def made(inner: ScriptedHandler) -> EffectHandler:
        return new_handler(history, inner, ProbeWal(), ImmediateSync())

    judge_calls_in_a_row(history, "SYNC-13", method, made)


def _judge_requests(history: History, value: _Drawn) -> None:
    """Ask for a forwarded method and for a default one, directly and through ``handle_effect``."""
    for request in (value.forwarded, value.defaulted):
        history.reach(FORWARDED if request is value.forwarded else DEFAULTED)
        _judge_request(history, request, value)
    if value.outcome is not None:
        history.reach(INNER_FAILS)


def _judge_request(history: History, request: EffectRequest, value: _Drawn) -> None:
    kind = request.body.variant_name
    text = f"call the method of {kind}"
    _compare(history, text, lambda handler: _call_method(handler, request), value)
    history.reach(THROUGH_EFFECT)
    text = f"handle a {kind} request"
    _compare(history, text, lambda handler: handler.handle_effect(request), value)


def _compare(
    history: History, text: str, call: Callable[[EffectHandler], Any], value: _Drawn | _OwnSync
) -> None:
    """Make one call on the handler and on the reference; inner calls and answers must agree."""
    inner, reference_inner = value.inner(), value.inner()
    handler = new_handler(history, inner, ProbeWal(), value.mode)
    # Mended, whatever is no sync is the inner handler's, by its method or as a request (F13).
    is_mended = "F13" in history.session.backend.mends and isinstance(value, _Drawn)
    expected = call(
        reference_inner
        if is_mended
        else AgreementWalHandler(reference_inner, ProbeWal(), value.mode)
    )
    answer = history.call(text, lambda: call(handler), undeclared="SYNC-13")
    found = answer.value if isinstance(answer, Returned) else answer
    history.answer(result_text(found))
    calls, expected_calls = _effects(inner), _effects(reference_inner)
    if is_mended:
        calls, expected_calls = _by_method(calls), _by_method(expected_calls)
    history.check(
        "SYNC-13",
        calls == expected_calls,
        lambda: f"calls of the inner handler: {_calls_text(expected_calls)}",
        lambda: f"calls of the inner handler: {_calls_text(calls)}",
    )
    history.check(
        "SYNC-13", found == expected, lambda: result_text(expected), lambda: result_text(found)
    )


def _call_method(handler: EffectHandler, request: EffectRequest) -> Any:
    """Call the helper method of a body directly; return its answer and the registers after it."""
    session = request.session or 0
    match request.body:
        case SendDecisionBody(role, partner, label, state, payload):
            sent = handler.handle_send(role, partner, label, state)
            asked = SendDecisionInput(session, role, partner, label, state, payload)
            return sent, handler.send_decision(asked)
        case ReceiveBody(role, partner, label, state, payload):
            registers = list(state)
            return handler.handle_recv(role, partner, label, registers, payload), registers
        case ChooseBody(role, partner, labels, state):
            return handler.handle_choose(role, partner, labels, state)
        case InvokeStepBody(role, state):
            registers = list(state)
            return handler.step(role, registers), registers
        case AcquireBody(role, layer, state):
            return handler.handle_acquire(session, role, layer, state)
        case ReleaseBody(role, layer, evidence, state):
            return handler.handle_release(session, role, layer, evidence, state)
        case TopologyEventsBody(tick):
            events = handler.topology_events(tick)
            return Success(tuple(events.value)) if isinstance(events, Success) else events
        case OutputConditionHintBody(role, state):
            return handler.output_condition_hint(session, role, state)
        case _:
            raise NotImplementedError(f"no method for {request.body.variant_name}")


def _effects(inner: ScriptedHandler) -> tuple[HandlerCall, ...]:
    """Return what the inner handler was asked to do; it may be asked about itself at any time."""
    return tuple([call for call in inner.calls if call.name not in _QUESTIONS])


def _by_method(calls: tuple[HandlerCall, ...]) -> tuple[HandlerCall, ...]:
    """Return calls without the requests that led to them; one may come as either."""
    return tuple([call for call in calls if call.name != "handle_effect"])


def _calls_text(calls: tuple[HandlerCall, ...]) -> str:
    return ", ".join([f"{call.name}{call.arguments!r}" for call in calls]) or "none"


def _requests(*, defaulted: bool) -> st.SearchStrategy[EffectRequest]:
    """Describe legal requests of methods that are answered by default, or of the others."""
    fits = (MetadataFit.RIGHT, MetadataFit.OTHER_KIND)
    every = st.one_of([effect_requests(metadata_fit=fit) for fit in fits])
    return every.filter(
        lambda request: (
            isinstance(request.body, _DEFAULTED) is defaulted
            and not isinstance(request.body, WalSyncBody)
        )
    )


_DRAWN: Final = st.builds(
    _Drawn,
    forwarded=_requests(defaulted=False),
    defaulted=_requests(defaulted=True),
    mode=st.sampled_from(_MODES),
    outcome=st.sampled_from((None, Blocked(), Failure(EffectFailure.unavailable("inner")))),
    registers=st.sampled_from((None, (StrValue("changed"),), ())),
)

WAL_HANDLER_SURFACE_SUITE: Final = LawSuite(
    name="agreement WAL handler surface",
    laws=(
        Law("methods", _DRAWN, _judge_requests),
        TableLaw("calls in a row", lambda histories: FORWARDED_METHODS, _judge_in_a_row),
        TableLaw("own syncs", lambda histories: range(len(_OWN_SYNCS)), _judge_own_sync),
        TableLaw(
            "one after the other",
            lambda histories: (1, 6),
            judge_serial,
            needs=lambda backend: backend.concurrent_calls,
        ),
        TableLaw(
            "snapshot in the middle",
            lambda histories: (2, 6),
            judge_snapshot,
            needs=lambda backend: backend.concurrent_calls,
        ),
        TableLaw("free after an escape", lambda histories: ESCAPES, judge_escape),
        TableLaw("two wrappers", lambda histories: MODES_BESIDE, judge_syncs),
    ),
    requirement_ids=("SYNC-03", "SYNC-13"),
    further_ids=("SYNC-02", "SYNC-04", "SYNC-11"),
    situations={
        SECOND_SYNC: ("SYNC-03",),
        ESCAPED: ("SYNC-03",),
        FORWARDED: ("SYNC-13",),
        DEFAULTED: ("SYNC-13",),
        INNER_FAILS: ("SYNC-13",),
        OWN_SYNC: ("SYNC-13",),
        CALLS_IN_A_ROW: ("SYNC-13",),
        THROUGH_EFFECT: ("SYNC-13",),
        SYNCS_BESIDE: ("SYNC-13",),
    },
    present=lambda backend: backend.agreement_wal_handler is not None,
)
