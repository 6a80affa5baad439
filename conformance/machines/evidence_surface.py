"""Laws of an evidence handler's other methods: which are forwarded, which answer with defaults."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from conformance.backend import EvidencePersistenceHandlerLike
from conformance.engine.session import History, Returned
from conformance.engine.suite import Law, LawSuite, TableLaw
from conformance.machines.evidence_helpers import CHANGING, HELPERS, STATE, helper_arguments
from conformance.machines.evidence_lock import LOCK_LAWS, LOCK_SITUATIONS
from conformance.machines.evidence_probes import (
    Resolver,
    TracedHandler,
    answer_text,
    make_handler,
)
from conformance.machines.evidence_subject import HandlerSubject, judged_alone
from conformance.machines.forwarding import (
    CALLS_IN_A_ROW,
    FORWARDED_METHODS,
    judge_calls_in_a_row,
)
from conformance.machines.made_beside import EFFECTS_BESIDE, judge_effects
from conformance.machines.probes import ProbeCache, ScriptedHandler
from telltale_spec.wire.agreement import AgreementLevel, WalSyncRequest
from telltale_spec.wire.effects import Blocked, EffectFailure, Failure, Success
from telltale_spec.wire.values import BoolValue, UnitValue

__all__ = ["EVIDENCE_HANDLER_SURFACE_SUITE"]

HELPER: Final = "helper method answered by the inner handler"
DEFAULT: Final = "method that is not forwarded called"

_SYNC: Final = WalSyncRequest("a", "c", AgreementLevel.NONE, None, (), 1)
_NO_SYNC: Final = "wal_sync requires an AgreementWalHandler wrapper"
_DEFAULTS: Final[dict[str, tuple[tuple[Any, ...], Any]]] = {
    "handle_acquire": ((1, "t", "g", STATE), Success(UnitValue())),
    "handle_release": ((1, "t", "g", UnitValue(), STATE), Success(None)),
    "supports_wal_sync": ((), False),
    "wal_sync": ((_SYNC,), Failure(EffectFailure.contract_violation(_NO_SYNC))),
    "topology_events": ((1,), Success(())),
    "output_condition_hint": ((1, "t", STATE), None),
}


def _answers(drawn: tuple[str, str]) -> Any:
    """Return what the inner handler is scripted to answer, or ``None`` for its own answer."""
    return {"blocked": Blocked(), "failed": Failure(EffectFailure.unavailable("t"))}.get(drawn[1])


def _helpers_go_past_the_cache(subject: HandlerSubject, drawn: tuple[str, str]) -> None:
    method, _ = drawn
    answer = _answers(drawn)
    if answer is not None:
        subject.inner.script(method, answer)
    subject.inner.registers = (BoolValue(True),)
    arguments = HELPERS[method]
    state = list(STATE)
    given = helper_arguments(method, state)
    called = subject.call(f"call {method}", lambda: getattr(subject.handler, method)(*given))
    names, noted = subject.inner.call_names, [call.arguments for call in subject.inner.calls]
    wanted = getattr(_twin(answer, method), method)(*helper_arguments(method))
    check = subject.history.check
    subject.history.reach(HELPER)
    check("EVID-09", names == (method,), f"{method} of the inner handler", lambda: repr(names))
    check("EVID-09", noted == [arguments], lambda: repr(arguments), lambda: repr(noted))
    check("EVID-09", called == Returned(wanted), lambda: repr(wanted), lambda: answer_text(called))
    changed = tuple(state) == subject.inner.registers
    check(
        "EVID-09",
        changed or method not in CHANGING,
        "the state as the inner handler left it",
        lambda: repr(state),
    )
    _check_untouched(subject)


def _twin(answer: Any, method: str) -> TracedHandler:
    """Return another inner handler with the same script, to ask what it answers."""
    twin = TracedHandler([])
    if answer is not None:
        twin.script(method, answer)
    return twin


def _the_rest_answers_with_defaults(subject: HandlerSubject, method: str) -> None:
    arguments, wanted = _DEFAULTS[method]
    is_mended = "F13" in subject.history.session.backend.mends
    if is_mended:
        wanted = getattr(TracedHandler([]), method)(*arguments)
    called = subject.call(f"call {method}", lambda: getattr(subject.handler, method)(*arguments))
    found = called
    if isinstance(called, Returned) and isinstance(called.value, Success):
        value = called.value.value
        found = Returned(Success(tuple(value) if isinstance(value, list) else value))
    check = subject.history.check
    subject.history.reach(DEFAULT)
    check("EVID-09", found == Returned(wanted), lambda: repr(wanted), lambda: answer_text(called))
    names = subject.inner.call_names
    asked = (method,) if is_mended else ()
    check("EVID-09", names == asked, f"calls of the inner handler: {asked}", lambda: repr(names))
    _check_untouched(subject)


def _helpers_are_asked_again(history: History, method: str) -> None:
    cache, resolver = ProbeCache(), Resolver([], "e")

    def made(inner: ScriptedHandler) -> EvidencePersistenceHandlerLike:
        return make_handler(history, inner, cache, resolver)

    judge_calls_in_a_row(history, "EVID-09", method, made)
    history.check(
        "EVID-09",
        cache.calls == [] and resolver.requests == [],
        "neither the resolver nor the cache asked",
        lambda: f"asked: {resolver.requests}, {cache.call_names}",
    )


def _check_untouched(subject: HandlerSubject) -> None:
    subject.history.check(
        "EVID-09",
        subject.cache.calls == [] and "resolver" not in subject.trace,
        "neither the resolver nor the cache asked",
        lambda: f"asked: {subject.trace}, {subject.cache.call_names}",
    )


_HELPER_CALLS: Final = st.tuples(
    st.sampled_from(tuple(HELPERS)), st.sampled_from(("own", "blocked", "failed"))
)

EVIDENCE_HANDLER_SURFACE_SUITE: Final = LawSuite(
    name="evidence handler surface",
    laws=(
        Law("helpers", _HELPER_CALLS, judged_alone(_helpers_go_past_the_cache)),
        Law(
            "defaults",
            st.sampled_from(tuple(_DEFAULTS)),
            judged_alone(_the_rest_answers_with_defaults),
        ),
        TableLaw("calls in a row", lambda histories: FORWARDED_METHODS, _helpers_are_asked_again),
        TableLaw("two wrappers", lambda histories: (0,), judge_effects),
        *LOCK_LAWS,
    ),
    requirement_ids=("EVID-08", "EVID-09", "WAL-09"),
    further_ids=("EVID-02", "EVID-05"),
    situations={
        HELPER: ("EVID-09",),
        DEFAULT: ("EVID-09",),
        CALLS_IN_A_ROW: ("EVID-09",),
        EFFECTS_BESIDE: ("EVID-09",),
        **LOCK_SITUATIONS,
    },
    present=lambda backend: backend.evidence_handler is not None,
)
