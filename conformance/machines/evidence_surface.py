"""Laws of an evidence handler's other methods, and of its lock.

The waits below are one-sided. Where a second call must *not* get through, the
wait is short and a right handler passes however slow the machine is; where it
must, the wait is long. No thread is left running by a right handler.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable
from typing import Any, Final

from hypothesis import strategies as st

from conformance.engine.session import History, Returned
from conformance.engine.suite import Law, LawSuite, TableLaw
from conformance.machines.evidence_probes import (
    Resolver,
    TracedHandler,
    answer_text,
    make_handler,
    shown_outcome,
)
from conformance.machines.evidence_values import inner_outcomes
from conformance.machines.probes import ProbeCache
from strategies.faults import BackendCall, CallFault
from telltale_spec.backends.contract import SendDecisionInput
from telltale_spec.wire.agreement import AgreementLevel, WalSyncRequest
from telltale_spec.wire.effects import (
    Blocked,
    EffectFailure,
    EffectOutcome,
    Failure,
    InvokeStepResponse,
    Success,
)
from telltale_spec.wire.requests import EffectRequest, InvokeStepBody
from telltale_spec.wire.values import BoolValue, NatValue, StrValue, UnitValue

__all__ = ["EVIDENCE_HANDLER_SURFACE_SUITE"]

HELPER: Final = "helper method answered by the inner handler"
DEFAULT: Final = "method that is not forwarded called"
LOCKED: Final = "second call made while the cache was at work"
UNLOCKED: Final = "second call made while the inner handler was at work"
TOGETHER: Final = "equal requests handled at the same time"
ESCAPED: Final = "undeclared exception let through"

# Long enough for any answer that comes at all, short of the limit on one call.
_ANSWER_SECONDS_MAX: Final = 5.0
# A right handler waits this long in vain each time, so it is short.
_OVERLAP_SECONDS: Final = 0.3
_TOGETHER_COUNT: Final = 3

_REQUEST: Final = EffectRequest.of(InvokeStepBody("t", ()), session=1)
_OUTCOME: Final = EffectOutcome.success(InvokeStepResponse(()))
_SYNC: Final = WalSyncRequest("a", "c", AgreementLevel.NONE, None, (), 1)
_STATE: Final = (NatValue(1), UnitValue())
_DECISION: Final = SendDecisionInput(1, "t", "u", "l", _STATE, StrValue("payload"))

# Arguments of each method; the state that a method may change comes as a list.
_HELPERS: Final[dict[str, tuple[Any, ...]]] = {
    "handle_send": ("t", "u", "l", _STATE),
    "send_decision": (_DECISION,),
    "handle_recv": ("t", "u", "l", _STATE, StrValue("payload")),
    "handle_choose": ("t", "u", ("l", "r"), _STATE),
    "step": ("t", _STATE),
}
_CHANGING: Final = ("handle_recv", "step")

_NO_SYNC: Final = "wal_sync requires an AgreementWalHandler wrapper"
_DEFAULTS: Final[dict[str, tuple[tuple[Any, ...], Any]]] = {
    "handle_acquire": ((1, "t", "g", _STATE), Success(UnitValue())),
    "handle_release": ((1, "t", "g", UnitValue(), _STATE), Success(None)),
    "supports_wal_sync": ((), False),
    "wal_sync": ((_SYNC,), Failure(EffectFailure.contract_violation(_NO_SYNC))),
    "topology_events": ((1,), Success(())),
    "output_condition_hint": ((1, "t", _STATE), None),
}


class _Subject:
    """One handler under test with everything around it."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.trace: list[str] = []
        # Not the backend's own cache, which need not bear several threads.
        self.cache = ProbeCache()
        self.inner = TracedHandler(self.trace)
        self.inner.script("handle_effect", _OUTCOME)
        self.resolver = Resolver(self.trace, "e")
        self.handler = make_handler(history, self.inner, self.cache, self.resolver)

    def call(self, text: str, function: Callable[[], Any]) -> Any:
        return self.history.call(text, function)


def _judged(judge: Callable[[_Subject, Any], None]) -> Callable[[History, Any], None]:
    """Return a law's judgement that makes a handler of its own."""

    @functools.wraps(judge)
    def judged(history: History, value: Any) -> None:
        judge(_Subject(history), value)

    return judged


def _answers(drawn: tuple[str, str]) -> Any:
    """Return what the inner handler is scripted to answer, or ``None`` for its own answer."""
    return {"blocked": Blocked(), "failed": Failure(EffectFailure.unavailable("t"))}.get(drawn[1])


def _helpers_go_past_the_cache(subject: _Subject, drawn: tuple[str, str]) -> None:
    method, _ = drawn
    answer = _answers(drawn)
    if answer is not None:
        subject.inner.script(method, answer)
    subject.inner.registers = (BoolValue(True),)
    arguments = _HELPERS[method]
    state = list(_STATE)
    given = [state if value is _STATE and method in _CHANGING else value for value in arguments]
    called = subject.call(f"call {method}", lambda: getattr(subject.handler, method)(*given))
    names, noted = subject.inner.call_names, [call.arguments for call in subject.inner.calls]
    wanted = getattr(_twin(answer, method), method)(*_arguments_of(arguments, method))
    check = subject.history.check
    subject.history.reach(HELPER)
    check("EVID-09", names == (method,), f"{method} of the inner handler", lambda: repr(names))
    check("EVID-09", noted == [arguments], lambda: repr(arguments), lambda: repr(noted))
    check("EVID-09", called == Returned(wanted), lambda: repr(wanted), lambda: answer_text(called))
    changed = tuple(state) == subject.inner.registers
    check(
        "EVID-09",
        changed or method not in _CHANGING,
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


def _arguments_of(arguments: tuple[Any, ...], method: str) -> list[Any]:
    changes = method in _CHANGING
    return [list(value) if value is _STATE and changes else value for value in arguments]


def _the_rest_answers_with_defaults(subject: _Subject, method: str) -> None:
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


def _check_untouched(subject: _Subject) -> None:
    subject.history.check(
        "EVID-09",
        subject.cache.calls == [] and "resolver" not in subject.trace,
        "neither the resolver nor the cache asked",
        lambda: f"asked: {subject.trace}, {subject.cache.call_names}",
    )


# The lock


def _one_call_of_the_cache_at_a_time(subject: _Subject, method: str) -> None:
    """Look an id up from another thread in the middle of a call of the cache."""
    begun, entered = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []
    overlaps: list[bool] = []

    def interfere(called: str) -> None:
        if begun.is_set():
            entered.set()
        elif called == method:
            begun.set()
            threads.append(_started(lambda: subject.handler.cached_outcome("other")))
            overlaps.append(entered.wait(_OVERLAP_SECONDS))

    subject.cache.before_call = interfere
    subject.call(
        f"handle a request, and look another id up while the cache's {method} is under way",
        lambda: subject.handler.handle_effect(_REQUEST),
    )
    subject.history.reach(LOCKED)
    subject.history.check(
        "EVID-08",
        overlaps == [False],
        f"the lookup waits for the {method}",
        "the lookup reached the cache before that" if overlaps else f"the cache got no {method}",
    )
    _check_ended(subject, threads, "EVID-08")


def _the_inner_handler_runs_unlocked(subject: _Subject, way: str) -> None:
    """Use the handler from another thread while the inner handler is at work."""
    begun = threading.Event()
    ended: list[bool] = []
    threads: list[threading.Thread] = []
    plain_handle = subject.inner.handle_effect

    def other() -> None:
        subject.resolver.evidence_id = "other"
        if way == "handle_effect":
            subject.handler.handle_effect(_REQUEST)
        else:
            getattr(subject.handler, way)(*(("other",) if way == "cached_outcome" else ()))

    def handle(request: EffectRequest) -> EffectOutcome:
        if not begun.is_set():
            begun.set()
            threads.append(_started(other))
            threads[0].join(_ANSWER_SECONDS_MAX)
            ended.append(not threads[0].is_alive())
        return plain_handle(request)

    subject.inner.handle_effect = handle  # type: ignore[method-assign]
    subject.call(
        f"handle a request whose inner handler waits for {way} in another thread",
        lambda: subject.handler.handle_effect(_REQUEST),
    )
    subject.history.reach(UNLOCKED)
    subject.history.check(
        "EVID-08",
        ended == [True],
        f"{way} for another id answers while the inner handler is at work",
        "it waits for the inner handler" if ended else "the inner handler was not called",
    )
    _check_ended(subject, threads, "EVID-08")


def _equal_requests_together_run_at_least_once(subject: _Subject, outcome: EffectOutcome) -> None:
    subject.inner.script("handle_effect", outcome)
    answers: list[EffectOutcome] = []
    barrier = threading.Barrier(_TOGETHER_COUNT)

    def handle() -> None:
        barrier.wait(_ANSWER_SECONDS_MAX)
        answers.append(subject.handler.handle_effect(_REQUEST))

    threads = [_started(handle) for _ in range(_TOGETHER_COUNT)]
    for thread in threads:
        thread.join(_ANSWER_SECONDS_MAX)
    subject.history.note(f"handle one request in {_TOGETHER_COUNT} threads at once", "ok")
    subject.history.reach(TOGETHER)
    _check_ended(subject, threads, "EVID-08")
    mends = subject.history.session.backend.mends
    # What is no success is asked again where F11 is mended, or found in doubt where F29 is.
    is_success = outcome.status.is_success
    once = "F12" in mends and (is_success or "F11" not in mends)
    asked = subject.trace.count("inner")
    alike = answers == [outcome] * _TOGETHER_COUNT
    if "F29" in mends and not is_success:
        alike = len(answers) == _TOGETHER_COUNT and outcome in answers
    subject.history.check(
        "EVID-08",
        alike and (asked == 1 if once else asked >= 1),
        lambda: (
            f"{_TOGETHER_COUNT} times {shown_outcome(outcome)}, the inner handler asked"
            + (" once" if once else "")
        ),
        lambda: f"{[shown_outcome(answer) for answer in answers]}, asked: {subject.trace}",
    )


class _Escape(Exception):  # noqa: N818 - it stands for any exception that is not declared
    pass


def _an_escaping_exception_frees_the_lock(subject: _Subject, place: str) -> None:
    handler = subject.handler
    acts: dict[str, Callable[[], Any]] = {
        "load": lambda: handler.cache_snapshot(),
        "lookup": lambda: handler.cached_outcome("e"),
    }
    act = acts.get(place, lambda: handler.handle_effect(_REQUEST))
    if place == "inner":
        subject.inner.script("handle_effect", _Escape())
    else:
        fault = CallFault(BackendCall("get" if place == "lookup" else place), 0)
        subject.cache.inject(fault, error=_Escape())
    where = "the inner handler" if place == "inner" else f"the cache's {place}"
    subject.call(f"call the handler while {where} raises an undeclared exception", _tamed(act))
    subject.history.reach(ESCAPED)
    subject.inner.script("handle_effect", _OUTCOME)
    # Whoever finds the lock held must not get through by giving up either.
    for what, next_act in (
        ("look another id up", lambda: handler.cached_outcome("other")),
        ("ask for a snapshot", lambda: handler.cache_snapshot()),
        ("handle a request", lambda: handler.handle_effect(_REQUEST)),
    ):
        answers: list[Any] = []
        answer = functools.partial(lambda answers, act: answers.append(act()), answers, next_act)
        subject.history.note(what, "")
        _check_ended(subject, [_started(answer)], "WAL-09")
        subject.history.answer("it answered" if answers else "an exception")
        check = subject.history.check
        check("WAL-09", bool(answers), "an answer, as the lock is free again", "an exception")


def _tamed(act: Callable[[], Any]) -> Callable[[], Any]:
    """Return an act that lets our own exception through without harm to the history."""

    def tamed() -> Any:
        try:
            return act()
        except _Escape:
            return None

    return tamed


def _started(act: Callable[[], Any]) -> threading.Thread:
    """Start an act in a thread that cannot keep the process alive."""

    def run() -> None:
        # Whoever started the thread sees that it got no answer from it.
        with contextlib.suppress(Exception):
            act()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _check_ended(subject: _Subject, threads: list[threading.Thread], requirement_id: str) -> None:
    for thread in threads:
        thread.join(_ANSWER_SECONDS_MAX)
    subject.history.check(
        requirement_id,
        not any(thread.is_alive() for thread in threads),
        "an answer to every call",
        "a call that waits for a lock for ever",
    )


_HELPER_CALLS: Final = st.tuples(
    st.sampled_from(tuple(_HELPERS)), st.sampled_from(("own", "blocked", "failed"))
)
_WAYS: Final = st.sampled_from(("cached_outcome", "cache_snapshot", "handle_effect"))
_PLACES: Final = ("inner", "get", "put", "load", "lookup")


def _threaded(
    name: str, values: st.SearchStrategy[Any], judge: Callable[[_Subject, Any], None]
) -> Law:
    """Return a law that makes calls while another one is under way."""
    return Law(name, values, _judged(judge), needs=lambda backend: backend.concurrent_calls)


EVIDENCE_HANDLER_SURFACE_SUITE: Final = LawSuite(
    name="evidence handler surface",
    laws=(
        Law("helpers", _HELPER_CALLS, _judged(_helpers_go_past_the_cache)),
        Law(
            "defaults", st.sampled_from(tuple(_DEFAULTS)), _judged(_the_rest_answers_with_defaults)
        ),
        _threaded("lock", st.sampled_from(("get", "put")), _one_call_of_the_cache_at_a_time),
        _threaded("no lock", _WAYS, _the_inner_handler_runs_unlocked),
        _threaded("together", inner_outcomes(), _equal_requests_together_run_at_least_once),
        TableLaw(
            "escape", lambda histories: _PLACES, _judged(_an_escaping_exception_frees_the_lock)
        ),
    ),
    requirement_ids=("EVID-08", "EVID-09", "WAL-09"),
    situations={
        HELPER: ("EVID-09",),
        DEFAULT: ("EVID-09",),
        LOCKED: ("EVID-08",),
        UNLOCKED: ("EVID-08",),
        TOGETHER: ("EVID-08",),
        ESCAPED: ("WAL-09",),
    },
    present=lambda backend: backend.evidence_handler is not None,
)
