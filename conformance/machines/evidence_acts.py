"""The acts on one evidence handler, and how each is judged by what the probe answered."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence
from typing import Any, Final

from conformance.backend import Backend, Capability
from conformance.engine.acts import act
from conformance.engine.session import History, Raised, Returned
from conformance.machines.evidence_expectation import (
    OBJECT,
    PLAIN,
    READ_FAULT,
    RESTARTED,
    Expectation,
    expectation,
    situations,
)
from conformance.machines.evidence_helpers import helper_arguments
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
from conformance.machines.probes import ProbeCache
from conformance.rules.narration import cache_entry_text, quoted
from strategies.faults import CallFault
from telltale_spec.backends.contract import EvidenceOutcomeCache
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome
from telltale_spec.wire.requests import EffectRequest

__all__ = ["EVIDENCE_IDS", "EvidenceActs"]


class EvidenceActs:
    """One handler under test, around an inner handler and a cache that note every call.

    What carries the acts out, a machine or a script, gives the history and the backend.
    """

    plain = False
    resolver_worked = False
    known_before_restart: frozenset[str] = frozenset()
    # What is cached as far as the probe knows; a history that ended at once has nothing.
    stored: dict[str, EvidenceOutcomeCacheEntry]
    history: History
    backend: Backend

    def prepare(self) -> None:
        """Make a handler on an empty cache."""
        self.trace: list[str] = []
        self.directory = self.history.directory()
        self.mended = memory_of(self.backend.mends)
        self.cache = ProbeCache(self._new_cache())
        self.cache.before_call = self.trace.append
        self._make(plain=False)

    def _new_cache(self) -> EvidenceOutcomeCache | None:
        """Make the backend's own cache, or return ``None`` for the plain one of the probe."""
        return make_cache(self.history, self.directory)

    def _make(self, *, plain: bool, identity: str = "scripted") -> None:
        self.inner = TracedHandler(self.trace, identity)
        self.resolver = resolver = Resolver(self.trace)
        self.plain, self.resolver_worked = plain, False
        given = resolver.evidence_id_for_request if plain else resolver
        self.handler = make_handler(self.history, self.inner, self.cache, given)

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
        # A copy of its own, so that nothing that is done to it reaches what it is judged by.
        given = copy.deepcopy(request)
        answer = self._call(
            handled_text(request, evidence_id, outcome, fault),
            lambda: self.handler.handle_effect(given),
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
        # What is stored is seen by itself, so that nothing that is known to be wrong hides more.
        if self._handles_rightly(expected, request, evidence_id, answer):
            self.history.check("WAL-09", True, "", "")
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
            goes_on=True,
        )
        self.history.check("EVID-10", True, "", "")
        self.resolver_worked = True
        self.history.reach(PLAIN if self.plain else OBJECT)

    def _handles_rightly(
        self,
        expected: Expectation,
        request: EffectRequest,
        evidence_id: str | None,
        answer: Returned | Raised,
    ) -> bool:
        """Check the calls, what they were given, what was put and what was answered, in turn."""
        requirement_id = expected.requirement_id
        asked_for = [call.argument for call in self.cache.calls_of("get")]
        forwarded = [call.arguments for call in self.inner.calls_of("handle_effect")]
        check = functools.partial(self.history.check, goes_on=True)
        return (
            check(
                requirement_id,
                _without_repeated_lookups(self.trace) == expected.trace,
                trace_text(expected.trace),
                lambda: trace_text(self.trace),
            )
            and check(
                requirement_id,
                all(each == evidence_id for each in asked_for),
                lambda: f"the cache asked for {quoted(evidence_id or '')}",
                lambda: f"the cache asked for {', '.join(map(repr, asked_for))}",
            )
            and check(
                requirement_id,
                all(each == (request,) for each in forwarded),
                "the inner handler given the request as it came",
                "the inner handler given another request",
            )
            and (expected.entry is None or self._stores_rightly(expected.entry))
            and check(
                requirement_id,
                isinstance(answer, Returned) and answer.value == expected.outcome,
                lambda: shown_outcome(expected.outcome),
                lambda: answer_text(answer),
            )
        )

    def _stores_rightly(self, entry: EvidenceOutcomeCacheEntry) -> bool:
        (put,) = self.cache.calls_of("put")
        return self.history.check(
            "EVID-05",
            put.argument == entry,
            lambda: f"put {cache_entry_text(entry)}",
            lambda: f"put {put_text(put.argument)}",
            goes_on=True,
        )

    def _remember(self, fault: CallFault | None) -> None:
        for put in self.cache.calls_of("put"):
            if put.error is None or (fault is not None and fault.stored):
                self.stored[put.argument.evidence_id] = put.argument

    @act("cached_outcome")
    def _look_up(self, evidence_id: str, fault: CallFault | None = None) -> None:
        answer = self._read(
            f"look up the cached outcome of {quoted(evidence_id)}",
            "cached_outcome",
            lambda: self.handler.cached_outcome(evidence_id),
            fault,
        )
        self._check_read(answer, "get", evidence_id, outcome_of)

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
        check = functools.partial(self.history.check, "EVID-07", goes_on=True)
        # Whoever asks the same again is held to the first answer.
        is_asked = check(
            {(call.name, call.argument) for call in self.cache.calls} == {(method, argument)},
            f"one {method} of the cache and no other call",
            lambda: trace_text(self.trace),
        )
        if is_asked:
            call = self.cache.calls[0]
            wanted = Returned(view(call.answer)) if call.error is None else Raised(str(call.error))
            check(answer == wanted, lambda: answer_text(wanted), lambda: answer_text(answer))

    @act("call_helper")
    def _call_helper(self, method: str) -> None:
        """Call a method that is forwarded, which has no say in what is cached (EVID-09)."""
        self._begin(None)
        arguments = helper_arguments(method)
        self.history.call(
            f"call {method}",
            lambda: getattr(self.handler, method)(*arguments),
            operation={"operation": method},
        )

    @act("put_foreign")
    def _put_foreign(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Put an entry behind the handler's back."""
        self.history.start("a put without the handler", lambda: self.cache.inner.put(entry))
        self.history.note(f"put {cache_entry_text(entry)} without the handler", "ok", entry)
        self.stored[entry.evidence_id] = entry
        if self.mended is not None and not self.mended.notes_foreign(entry):
            # Whether such a handler answers with it is its own affair.
            self.history.ended = True

    @act("restart")
    def _restart(self, *, plain: bool, identity: str = "scripted") -> None:
        self._begin(None)
        kind = "a plain callable" if plain else "an object"
        self.history.note(f"make a new handler, its resolver {kind}", "ok")
        if Capability.REOPEN in self.backend.capabilities:
            self.history.release(self.cache.inner)
            reopened = self._new_cache()
            self.cache.inner = self.cache.inner if reopened is None else reopened
        self._make(plain=plain, identity=identity)
        self.known_before_restart = frozenset(self.stored)
        self._check_identity()

    def _check_identity(self) -> None:
        own = self.inner.identity
        # The inner handler says who it is whenever it is asked, and not when it was wrapped.
        for identity in (own, f"{own} renamed", own):
            self.inner.identity = identity
            self._check_name(f"evidence_persistence<{identity}>")

    def _check_name(self, expected: str) -> None:
        answer = self.history.call(
            "ask for the handler's name", lambda: self.handler.handler_identity(), quiet=True
        )
        self.history.check(
            "EVID-01",
            answer == Returned(expected),
            expected,
            lambda: answer_text(answer),
            goes_on=True,
        )

    def release_cache(self) -> None:
        """Close the cache, if it was made."""
        self.history.release(getattr(getattr(self, "cache", None), "inner", None))


EVIDENCE_IDS: Final = (
    "EVID-01",
    "EVID-02",
    "EVID-03",
    "EVID-04",
    "EVID-05",
    "EVID-06",
    "EVID-07",
    "EVID-10",
    "WAL-09",
)
"""What the acts of an evidence handler put to the test."""


def _without_repeated_lookups(trace: Sequence[str]) -> tuple[str, ...]:
    """Return who was asked in order, a lookup right behind another one left out.

    Whoever lets one of several equal requests through looks again once it is let in, and whoever
    looks twice has asked for nothing that could happen twice.
    """
    found: list[str] = []
    for name in trace:
        if name != "get" or found[-1:] != ["get"]:
            found.append(name)
    return tuple(found)
