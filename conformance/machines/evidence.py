"""The evidence handler machine: a handler between a scripted handler and a probed cache.

Every request leaves a trace of who was asked in which order: the resolver, the
cache, the inner handler (I-26..I-28, I-31). What is expected is worked out from
what the probe answered, so that a cache which is wrong itself is never held
against the handler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from conformance.backend import Capability
from conformance.engine.acts import act
from conformance.engine.session import Raised, Returned
from conformance.engine.suite import ConformanceMachine, MachineSuite
from conformance.machines.evidence_expectation import (
    BLOCKED,
    FAILED,
    GET_FAULT,
    HIT,
    ILLEGAL_HIT,
    MISS,
    NO_ID,
    OBJECT,
    OTHER_NAMES,
    PLAIN,
    PUT_FAULT,
    PUT_FAULT_STORED,
    READ_FAULT,
    RESTARTED,
    Expectation,
    expectation,
    situations,
)
from conformance.machines.evidence_mended import Handled, check_mended, memory_of
from conformance.machines.evidence_probes import (
    Resolver,
    TracedHandler,
    answer_text,
    handled_text,
    make_cache,
    make_handler,
    outcome_of,
    put_text,
    shown_outcome,
    trace_text,
)
from conformance.machines.evidence_values import illegal_requests, inner_outcomes, requests
from conformance.machines.probes import ProbeCache
from conformance.rules.narration import cache_entry_text, quoted
from strategies.alphabets import COLLIDING
from strategies.faults import BackendCall, CallFault, put_faults
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome
from telltale_spec.wire.requests import EffectRequest

__all__ = ["EVIDENCE_SUITE", "EvidenceHandlerMachine"]

_GET_FAULT: Final = CallFault(BackendCall.GET, 0)
_LOAD_FAULT: Final = CallFault(BackendCall.LOAD, 0)

_ids: Final = COLLIDING.evidence_ids
_outcomes: Final = inner_outcomes()
_requests: Final = requests() | illegal_requests()


class EvidenceHandlerMachine(ConformanceMachine):
    """One handler under test, around an inner handler and a cache that note every call."""

    plain = False
    resolver_worked = False
    known_before_restart: frozenset[str] = frozenset()

    def __init__(self) -> None:
        # What is cached as far as the probe knows; set before anything can end the history.
        self.stored: dict[str, EvidenceOutcomeCacheEntry] = {}
        super().__init__()

    def prepare(self) -> None:
        """Make a handler on an empty cache."""
        self.trace: list[str] = []
        self.directory = self.history.directory()
        self.mended = memory_of(self.backend.mends)
        self.cache = ProbeCache(make_cache(self.history, self.directory))
        self.cache.before_call = self.trace.append
        self._make(plain=False)

    def _make(self, *, plain: bool, identity: str = "scripted") -> None:
        self.inner = TracedHandler(self.trace, identity)
        self.resolver = resolver = Resolver(self.trace)
        self.plain, self.resolver_worked = plain, False
        given = resolver.evidence_id_for_request if plain else resolver
        self.handler = make_handler(self.history, self.inner, self.cache, given)

    # Requests

    @rule(request=_requests, evidence_id=_ids, outcome=_outcomes)
    def handle_any(self, request: EffectRequest, evidence_id: str, outcome: EffectOutcome) -> None:
        """Handle a request whose id may be cached or not."""
        self.history.run(lambda: self._handle(request, evidence_id, outcome))

    @rule(request=_requests, evidence_id=_ids, outcome=_outcomes)
    def handle_new(self, request: EffectRequest, evidence_id: str, outcome: EffectOutcome) -> None:
        """Handle a request whose id is not cached."""
        self.history.run(lambda: self._handle(request, self._unused(evidence_id), outcome))

    @precondition(lambda self: bool(self.stored))
    @rule(pick=st.integers(0, 7), request=_requests, outcome=_outcomes)
    def handle_stored(self, pick: int, request: EffectRequest, outcome: EffectOutcome) -> None:
        """Handle a request whose id is cached."""
        self.history.run(lambda: self._handle(request, self._known(pick), outcome))

    @rule(request=_requests, outcome=_outcomes)
    def handle_without_id(self, request: EffectRequest, outcome: EffectOutcome) -> None:
        """Handle a request that is not to be cached."""
        self.history.run(lambda: self._handle(request, None, outcome))

    @rule(request=_requests, evidence_id=_ids, outcome=_outcomes)
    def handle_while_get_fails(
        self, request: EffectRequest, evidence_id: str, outcome: EffectOutcome
    ) -> None:
        """Handle a request while the cache cannot be read."""
        self.history.run(lambda: self._handle(request, evidence_id, outcome, _GET_FAULT))

    @rule(request=_requests, evidence_id=_ids, outcome=_outcomes, fault=put_faults(calls_count=1))
    def handle_while_put_fails(
        self,
        request: EffectRequest,
        evidence_id: str,
        outcome: EffectOutcome,
        fault: CallFault,
    ) -> None:
        """Handle a new request while the cache cannot be written."""
        self.history.run(lambda: self._handle(request, self._unused(evidence_id), outcome, fault))

    def _known(self, pick: int) -> str:
        return tuple(self.stored)[pick % len(self.stored)]

    def _unused(self, evidence_id: str) -> str:
        while evidence_id in self.stored:
            evidence_id += "'"
        return evidence_id

    @act("handle_effect")
    def _handle(
        self,
        request: EffectRequest,
        evidence_id: str | None,
        outcome: EffectOutcome,
        fault: CallFault | None = None,
    ) -> None:
        self._begin(fault)
        self.resolver.evidence_id = evidence_id
        self.inner.script("handle_effect", outcome)
        answer = self._call(
            handled_text(request, evidence_id, outcome, fault),
            lambda: self.handler.handle_effect(request),
            {
                "operation": "handle_effect",
                "evidence_id": evidence_id,
                "request": request.to_dict(),
                "inner_outcome": outcome.to_dict(),
                "fault": None if fault is None else fault.message,
            },
        )
        self._check_resolver(request)
        if evidence_id is not None and self.mended is not None:
            inner_count = len(self.inner.calls_of("handle_effect"))
            handled = Handled(request, evidence_id, outcome, fault, inner_count, self.cache, answer)
            about = check_mended(self.history, self.mended, handled, self.stored)
            if about == "EVID-03" and evidence_id in self.known_before_restart:
                self.history.reach(RESTARTED)
            return
        expected = expectation(self.cache, self.stored, request, evidence_id, outcome)
        for situation in situations(expected, request, fault, self.stored.get(evidence_id or "")):
            self.history.reach(situation)
        if expected.requirement_id == "EVID-03" and evidence_id in self.known_before_restart:
            self.history.reach(RESTARTED)
        self._check_handling(expected, request, answer)
        self._remember(fault)

    def _begin(self, fault: CallFault | None) -> None:
        self.trace.clear()
        self.inner.forget_calls()
        self.cache.forget_calls()
        self.cache.forget_faults()
        self.resolver.requests.clear()
        if fault is not None:
            self.cache.inject(fault)

    def _call(
        self, text: str, function: Callable[[], Any], operation: dict[str, Any]
    ) -> Returned | Raised:
        # A handler that cannot use a plain callable says so at the first request.
        unproven = self.plain and not self.resolver_worked
        return self.history.call(
            text,
            function,
            operation=operation,
            undeclared="EVID-10" if unproven else "WAL-09",
        )

    def _check_resolver(self, request: EffectRequest) -> None:
        ignored = self.plain and not self.resolver_worked and "resolver" not in self.trace
        once_and_first = self.trace.count("resolver") == 1 and self.trace[0] == "resolver"
        self.history.check(
            "EVID-10" if ignored else "EVID-02",
            once_and_first and self.resolver.requests == [request],
            "the resolver asked once and first, with the whole request",
            lambda: trace_text(self.trace),
        )
        self.history.check("EVID-10", True, "", "")
        self.resolver_worked = True
        self.history.reach(PLAIN if self.plain else OBJECT)

    def _check_handling(
        self, expected: Expectation, request: EffectRequest, answer: Returned | Raised
    ) -> None:
        check, requirement_id = self.history.check, expected.requirement_id
        check(
            requirement_id,
            tuple(self.trace) == expected.trace,
            trace_text(expected.trace),
            lambda: trace_text(self.trace),
        )
        check(
            requirement_id,
            all(call.arguments == (request,) for call in self.inner.calls_of("handle_effect")),
            "the inner handler given the request as it came",
            "the inner handler given another request",
        )
        if expected.entry is not None:
            self._check_entry(expected.entry)
        check(
            requirement_id,
            isinstance(answer, Returned) and answer.value == expected.outcome,
            lambda: shown_outcome(expected.outcome),
            lambda: answer_text(answer),
        )
        check("WAL-09", True, "", "")

    def _check_entry(self, entry: EvidenceOutcomeCacheEntry) -> None:
        (put,) = self.cache.calls_of("put")
        self.history.check(
            "EVID-05",
            put.argument == entry,
            lambda: f"put {cache_entry_text(entry)}",
            lambda: f"put {put_text(put.argument)}",
        )

    def _remember(self, fault: CallFault | None) -> None:
        for put in self.cache.calls_of("put"):
            if put.error is None or (fault is not None and fault.stored):
                self.stored[put.argument.evidence_id] = put.argument

    # Reads, restarts and the name

    @rule(evidence_id=_ids, fails=st.booleans())
    def look_up(self, evidence_id: str, fails: bool) -> None:
        """Ask the handler for a cached outcome, with or without a fault."""
        self.history.run(lambda: self._look_up(evidence_id, _GET_FAULT if fails else None))

    @act("cached_outcome")
    def _look_up(self, evidence_id: str, fault: CallFault | None = None) -> None:
        answer = self._read(
            f"look up the cached outcome of {quoted(evidence_id)}",
            "cached_outcome",
            lambda: self.handler.cached_outcome(evidence_id),
            fault,
        )
        self._check_read(answer, "get", evidence_id, outcome_of)

    @rule(fails=st.booleans())
    def snapshot(self, fails: bool) -> None:
        """Ask the handler for the whole cache, with or without a fault."""
        self.history.run(lambda: self._snapshot(_LOAD_FAULT if fails else None))

    @act("cache_snapshot")
    def _snapshot(self, fault: CallFault | None = None) -> None:
        answer = self._read(
            "ask for a snapshot of the cache",
            "cache_snapshot",
            lambda: self.handler.cache_snapshot(),
            fault,
        )
        self._check_read(answer, "load", None, lambda artifact: artifact)

    def _read(
        self, text: str, method: str, function: Callable[[], Any], fault: CallFault | None
    ) -> Returned | Raised:
        self._begin(fault)
        if fault is not None:
            self.history.reach(READ_FAULT)
            text = f"{text}, the cache's {fault.call.value} failing"
        return self.history.call(text, function, operation={"operation": method})

    def _check_read(
        self,
        answer: Returned | Raised,
        method: str,
        argument: str | None,
        view: Callable[[Any], Any],
    ) -> None:
        check = self.history.check
        check(
            "EVID-07",
            [(call.name, call.argument) for call in self.cache.calls] == [(method, argument)],
            f"one {method} of the cache and no other call",
            lambda: trace_text(self.trace),
        )
        (call,) = self.cache.calls
        wanted = Returned(view(call.answer)) if call.error is None else Raised(str(call.error))
        check("EVID-07", answer == wanted, lambda: answer_text(wanted), lambda: answer_text(answer))

    @rule(plain=st.booleans(), identity=COLLIDING.texts)
    def restart(self, plain: bool, identity: str) -> None:
        """Make another handler on the cache that is there, and ask for its name."""
        self.history.run(lambda: self._restart(plain=plain, identity=identity))

    @precondition(lambda self: bool(self.stored))
    @rule(plain=st.booleans(), pick=st.integers(0, 7), request=_requests, outcome=_outcomes)
    def handle_stored_after_restart(
        self, plain: bool, pick: int, request: EffectRequest, outcome: EffectOutcome
    ) -> None:
        """Ask another handler on the same cache for something that is cached."""

        def acts() -> None:
            self._restart(plain=plain)
            self._handle(request, self._known(pick), outcome)

        self.history.run(acts)

    @act("restart")
    def _restart(self, *, plain: bool, identity: str = "scripted") -> None:
        self._begin(None)
        kind = "a plain callable" if plain else "an object"
        self.history.note(f"make a new handler, its resolver {kind}", "ok")
        if Capability.REOPEN in self.backend.capabilities:
            self.history.release(self.cache.inner)
            reopened = make_cache(self.history, self.directory)
            self.cache.inner = self.cache.inner if reopened is None else reopened
        self._make(plain=plain, identity=identity)
        self.known_before_restart = frozenset(self.stored)
        self._check_identity()

    def _check_identity(self) -> None:
        expected = f"evidence_persistence<{self.inner.identity}>"
        answer = self.history.call(
            "ask for the handler's name", lambda: self.handler.handler_identity(), quiet=True
        )
        self.history.check(
            "EVID-01", answer == Returned(expected), expected, lambda: answer_text(answer)
        )

    def teardown(self) -> None:
        """Close the cache and remove its directory."""
        self.history.release(getattr(getattr(self, "cache", None), "inner", None))
        super().teardown()


EVIDENCE_SUITE: Final = MachineSuite(
    name="evidence handler",
    machine=EvidenceHandlerMachine,
    requirement_ids=(
        "EVID-01",
        "EVID-02",
        "EVID-03",
        "EVID-04",
        "EVID-05",
        "EVID-06",
        "EVID-07",
        "EVID-10",
        "WAL-09",
    ),
    situations={
        NO_ID: ("EVID-02",),
        HIT: ("EVID-03",),
        OTHER_NAMES: ("EVID-03",),
        ILLEGAL_HIT: ("EVID-03",),
        RESTARTED: ("EVID-01", "EVID-03"),
        GET_FAULT: ("EVID-04",),
        MISS: ("EVID-05",),
        BLOCKED: ("EVID-05",),
        FAILED: ("EVID-05",),
        PUT_FAULT: ("EVID-06",),
        PUT_FAULT_STORED: ("EVID-06",),
        READ_FAULT: ("EVID-07",),
        PLAIN: ("EVID-10",),
        OBJECT: ("EVID-10",),
    },
    present=lambda backend: backend.evidence_handler is not None,
)
