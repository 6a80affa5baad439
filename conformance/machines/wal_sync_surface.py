"""The surface of a WAL handler: what it forwards, what it answers itself, and its lock.

What a handler forwards is compared with the reference handler around an equal
inner one, for every method and for every request body (SYNC-13, I-32). The
lock is tested one-sidedly: a handler that holds it can never fail (SYNC-03).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

from conformance.backend import AgreementWalHandlerLike
from conformance.engine.session import History, Returned
from conformance.engine.suite import Law, LawSuite, TableLaw
from conformance.machines.probes import HandlerCall, ProbeWal, ScriptedHandler
from conformance.machines.wal_sync_text import result_text
from conformance.rules.narration import entries_text, operation_text
from strategies.faults import BackendCall, CallFault
from strategies.requests import MetadataFit, effect_requests
from telltale_spec.backends.contract import EffectHandler, SendDecisionInput
from telltale_spec.handlers.agreement_wal import (
    AgreementWalHandler,
    BlockedSync,
    FailureSync,
    ImmediateSync,
    WalSyncMode,
)
from telltale_spec.model.operations import SyncWal
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    WalSyncRequest,
)
from telltale_spec.wire.effects import Blocked, EffectFailure, Failure, Success
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
THROUGH_EFFECT: Final = "method called through handle_effect"
SECOND_SYNC: Final = "sync begun in the middle of another one"
ESCAPED: Final = "exception of the log that escaped its declared error"

# How long a second sync gets to break into the first. Only a handler that lets
# it in is told apart by it; one that does not is never failed by a slow machine.
_BREAK_IN_SECONDS: Final = 0.05
_JOIN_SECONDS: Final = 5.0
_IMMEDIATE: Final = ImmediateSync()
_FORWARDED_METHODS: Final = (
    "handle_send",
    "send_decision",
    "handle_recv",
    "handle_choose",
    "step",
)
_QUESTIONS: Final = ("handler_identity", "supports_wal_sync")
_DEFAULTED: Final = (AcquireBody, ReleaseBody, TopologyEventsBody, OutputConditionHintBody)


@dataclass(frozen=True)
class _Escape:
    """Where an exception of the log escapes: from a call of a sync, or from a snapshot."""

    fault: CallFault
    in_snapshot: bool = False


_LOAD: Final = CallFault(BackendCall.LOAD, 0)
_ESCAPES: Final = (
    _Escape(_LOAD),
    _Escape(CallFault(BackendCall.APPEND, 0)),
    _Escape(CallFault(BackendCall.APPEND, 1)),
    _Escape(_LOAD, in_snapshot=True),
)


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
            for method in _FORWARDED_METHODS:
                inner.script(method, self.outcome)
        return inner


def _make(
    history: History, inner: EffectHandler, probe: ProbeWal, mode: WalSyncMode = _IMMEDIATE
) -> AgreementWalHandlerLike:
    factory = history.session.backend.agreement_wal_handler
    if factory is None:
        raise RuntimeError("this suite does not apply to a backend without a WAL handler")
    return history.start("the agreement WAL handler", lambda: factory(inner, probe, mode))


# What it forwards


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
    history: History, text: str, call: Callable[[EffectHandler], Any], value: _Drawn
) -> None:
    """Make one call on the handler and on the reference; inner calls and answers must agree."""
    inner, reference_inner = value.inner(), value.inner()
    handler = _make(history, inner, ProbeWal(), value.mode)
    expected = call(AgreementWalHandler(reference_inner, ProbeWal(), value.mode))
    answer = history.call(text, lambda: call(handler), undeclared="SYNC-13")
    found = answer.value if isinstance(answer, Returned) else answer
    history.answer(result_text(found))
    calls, expected_calls = _effects(inner), _effects(reference_inner)
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


def _calls_text(calls: tuple[HandlerCall, ...]) -> str:
    return ", ".join([f"{call.name}{call.arguments!r}" for call in calls]) or "none"


# Its lock


def _request(operation_id: str, evidence_count: int) -> WalSyncRequest:
    """Return a request of several entries, so that there are several places to break in."""
    evidence = tuple(
        [
            AgreementEvidence(
                f"e{index}",
                operation_id,
                None,
                None,
                AgreementLevel.PROVISIONAL,
                AgreementEvidenceKind.WITNESS,
                "",
                True,
            )
            for index in range(evidence_count)
        ]
    )
    return WalSyncRequest(operation_id, "c", AgreementLevel.PROVISIONAL, None, evidence, 1)


class _SecondSync:
    """A sync in a thread of its own, begun in the middle of another one."""

    def __init__(self, handler: AgreementWalHandlerLike, probe: ProbeWal) -> None:
        self.calls: list[tuple[bool, str]] = []
        self.answer: Any = "no answer"
        self._handler = handler
        self._broke_in = threading.Event()
        self._thread = threading.Thread(target=self._run, name="second-sync", daemon=True)
        probe.before_call = self._before_call

    def _run(self) -> None:
        try:
            self.answer = self._handler.wal_sync(_request("second", 2))
        except Exception as error:
            self.answer = error

    def _before_call(self, name: str) -> None:
        second = threading.current_thread() is self._thread
        self.calls.append((second, name))
        if second:
            self._broke_in.set()
            return
        if name == "load" and not self._thread.ident:
            self._thread.start()
        # Wherever the lock is not held, the second sync gets the time to go on.
        if name == "load" or self.calls.count((False, "append")) == 1:
            self._broke_in.wait(_BREAK_IN_SECONDS)

    def finish(self) -> bool:
        """Wait for the end of the second sync; say whether there was one."""
        if self._thread.ident:
            self._thread.join(_JOIN_SECONDS)
        return not self._thread.is_alive()


def _judge_serial(history: History, evidence_count: int) -> None:
    """Begin a second sync inside the load of a first one (SYNC-03, I-24)."""
    probe = ProbeWal()
    handler = _make(history, ScriptedHandler(), probe)
    second = _SecondSync(handler, probe)
    request = _request("first", evidence_count)
    history.call(
        f'{operation_text(SyncWal(request))}, while a second thread syncs "second"',
        lambda: handler.wal_sync(request),
        undeclared="SYNC-03",
    )
    history.check(
        "SYNC-03",
        second.finish(),
        "the second sync ends once the first one has",
        f"the second sync still waits after {_JOIN_SECONDS:g} seconds",
    )
    history.reach(SECOND_SYNC)
    before_second = [is_second for is_second, _ in second.calls]
    history.check(
        "SYNC-03",
        before_second == sorted(before_second),
        "no call of the second sync between those of the first",
        lambda: f"the calls {', '.join(_named_calls(second.calls))}",
    )
    expected = build_entries((), request)
    expected = (*expected, *build_entries(expected, _request("second", 2)))
    stored = probe.inner.load().entries
    history.check(
        "SYNC-03",
        stored == expected,
        lambda: f"one sync after the other: {entries_text(expected)}",
        lambda: entries_text(stored),
    )


def _named_calls(calls: list[tuple[bool, str]]) -> list[str]:
    return [f"{name} of the {'second' if second else 'first'}" for second, name in calls]


def _judge_escape(history: History, escape: _Escape) -> None:
    """Let an undeclared exception escape from the log, then take a snapshot and sync (SYNC-03)."""
    probe = ProbeWal()
    handler = _make(history, ScriptedHandler(), probe)
    probe.inject(escape.fault, error=ValueError("a fault of the log itself"))
    acts: dict[bool, Callable[[], object]] = {
        True: handler.wal_snapshot,
        False: lambda: handler.wal_sync(_request("again", 1)),
    }
    broken = acts[escape.in_snapshot]
    history.start("a call that the log breaks", lambda: _swallowing(broken))
    probe.forget_faults()
    what = "take a snapshot" if escape.in_snapshot else "sync"
    history.note(f"{what}, and the log raises ValueError from {escape.fault.call.value}", "ended")
    history.reach(ESCAPED)
    snapshots: list[object] = []
    for text, act in (
        ("take a snapshot", lambda: snapshots.append(handler.wal_snapshot())),
        ("sync again", acts[False]),
    ):
        thread = threading.Thread(target=lambda act=act: _swallowing(act), daemon=True)
        history.note(text, "")
        thread.start()
        thread.join(_JOIN_SECONDS)
        history.answer("no answer" if thread.is_alive() else "it ended")
        ended = not thread.is_alive()
        history.check("SYNC-03", ended, "the lock is free again", "the call waits for ever")
    history.check("SYNC-03", bool(snapshots), "a snapshot, as the lock is free", "an exception")
    entries = tuple(probe.inner.load().entries)
    history.check(
        "SYNC-03",
        entries == build_entries((), _request("again", 1)),
        "the lock is free again, and the sync stores its entries",
        lambda: entries_text(entries),
    )


def _swallowing(act: Callable[[], object]) -> None:
    try:
        act()
    except Exception:
        # Whether the handler lets the exception through is its own affair.
        return


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
    mode=st.sampled_from((ImmediateSync(), BlockedSync(), FailureSync("closed"))),
    outcome=st.sampled_from((None, Blocked(), Failure(EffectFailure.unavailable("inner")))),
    registers=st.sampled_from((None, (StrValue("changed"),), ())),
)

WAL_HANDLER_SURFACE_SUITE: Final = LawSuite(
    name="agreement WAL handler surface",
    laws=(
        Law("methods", _DRAWN, _judge_requests),
        TableLaw(
            "one after the other",
            lambda histories: (1, 6),
            _judge_serial,
            needs=lambda backend: backend.concurrent_calls,
        ),
        TableLaw("free after an escape", lambda histories: _ESCAPES, _judge_escape),
    ),
    requirement_ids=("SYNC-03", "SYNC-13"),
    situations={
        SECOND_SYNC: ("SYNC-03",),
        ESCAPED: ("SYNC-03",),
        FORWARDED: ("SYNC-13",),
        DEFAULTED: ("SYNC-13",),
        INNER_FAILS: ("SYNC-13",),
        THROUGH_EFFECT: ("SYNC-13",),
    },
    present=lambda backend: backend.agreement_wal_handler is not None,
)
