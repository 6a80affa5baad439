"""Laws of an evidence handler's lock.

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

from conformance.engine.session import Returned
from conformance.engine.suite import Law, TableLaw
from conformance.errors import BackendFault
from conformance.machines.evidence_probes import answer_text, shown_outcome
from conformance.machines.evidence_subject import OUTCOME, REQUEST, HandlerSubject, judged_alone
from conformance.machines.evidence_values import inner_outcomes
from conformance.rules.narration import entries_text, quoted
from strategies.faults import BackendCall, CallFault
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import AcquireResponse, EffectOutcome
from telltale_spec.wire.requests import AcquireBody, EffectRequest
from telltale_spec.wire.values import UnitValue

__all__ = ["LOCK_LAWS", "LOCK_SITUATIONS"]

LOCKED: Final = "second call made while the cache was at work"
UNLOCKED: Final = "second call made while the inner handler was at work"
TOGETHER: Final = "equal requests handled at the same time"
EQUAL: Final = "equal request made while the inner handler was at work on the first"
ESCAPED: Final = "undeclared exception let through"

# Long enough for any answer that comes at all, short of the limit on one call.
_ANSWER_SECONDS_MAX: Final = 5.0
# A right handler waits this long in vain each time, so it is short.
_OVERLAP_SECONDS: Final = 0.3
_TOGETHER_COUNT: Final = 3

_OTHER_REQUEST: Final = EffectRequest.of(AcquireBody("t", "layer", ()), session=1)
_OTHER_OUTCOME: Final = EffectOutcome.success(AcquireResponse(UnitValue()))
_WAYS: Final = st.sampled_from(("cached_outcome", "cache_snapshot", "handle_effect"))
_PLACES: Final = ("inner", "get", "put", "load", "lookup")


def _one_call_of_the_cache_at_a_time(subject: HandlerSubject, method: str) -> None:
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
        lambda: subject.handler.handle_effect(REQUEST),
    )
    subject.history.reach(LOCKED)
    subject.history.check(
        "EVID-08",
        overlaps == [False],
        f"the lookup waits for the {method}",
        "the lookup reached the cache before that" if overlaps else f"the cache got no {method}",
    )
    _check_ended(subject, threads, "EVID-08")


def _the_inner_handler_runs_unlocked(subject: HandlerSubject, way: str) -> None:
    """Use the handler from another thread while the inner handler is at work."""
    begun = threading.Event()
    answered: list[bool] = []
    ended: list[bool] = []
    threads: list[threading.Thread] = []
    plain_handle = subject.inner.handle_effect

    def other() -> None:
        subject.resolver.evidence_id = "other"
        if way == "handle_effect":
            subject.handler.handle_effect(REQUEST)
        else:
            getattr(subject.handler, way)(*(("other",) if way == "cached_outcome" else ()))
        # Who gives up waiting has waited, and raises what the cache did not.
        answered.append(True)

    def handle(request: EffectRequest) -> EffectOutcome:
        if not begun.is_set():
            begun.set()
            threads.append(_started(other))
            threads[0].join(_ANSWER_SECONDS_MAX)
            ended.append(bool(answered))
        return plain_handle(request)

    subject.inner.handle_effect = handle  # type: ignore[method-assign]
    subject.call(
        f"handle a request whose inner handler waits for {way} in another thread",
        lambda: subject.handler.handle_effect(REQUEST),
    )
    subject.history.reach(UNLOCKED)
    subject.history.check(
        "EVID-08",
        ended == [True],
        f"{way} for another id answers while the inner handler is at work",
        "it waits for the inner handler, or gives no answer"
        if ended
        else "the inner handler was not called",
    )
    _check_ended(subject, threads, "EVID-08")


def _equal_requests_together_run_at_least_once(
    subject: HandlerSubject, outcome: EffectOutcome
) -> None:
    subject.inner.script("handle_effect", outcome)
    answers: list[EffectOutcome] = []
    barrier = threading.Barrier(_TOGETHER_COUNT)

    def handle() -> None:
        barrier.wait(_ANSWER_SECONDS_MAX)
        answers.append(subject.handler.handle_effect(REQUEST))

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


def _an_equal_request_meanwhile_is_answered_alike(subject: HandlerSubject, _: int) -> None:
    """Hand in an equal request from another thread while the inner handler is at work on it."""
    begun = threading.Event()
    answers: list[EffectOutcome] = []
    threads: list[threading.Thread] = []
    plain_handle = subject.inner.handle_effect

    def other() -> None:
        answers.append(subject.handler.handle_effect(REQUEST))

    def handle(request: EffectRequest) -> EffectOutcome:
        if not begun.is_set():
            begun.set()
            threads.append(_started(other))
            # It may wait for what is under way, which is more than is asked for (F12).
            threads[0].join(_OVERLAP_SECONDS)
        return plain_handle(request)

    subject.inner.handle_effect = handle  # type: ignore[method-assign]
    first = subject.call(
        "handle a request, and an equal one while the inner handler is at work on it",
        lambda: subject.handler.handle_effect(REQUEST),
    )
    subject.history.reach(EQUAL)
    _check_ended(subject, threads, "EVID-08")
    # Who keeps a note of what is under way may find it in doubt, where it declares that.
    may_doubt = "F29" in subject.history.session.backend.mends and len(answers) == 1
    subject.history.check(
        "EVID-08",
        first == Returned(OUTCOME) and (answers == [OUTCOME] or may_doubt),
        lambda: f"twice {shown_outcome(OUTCOME)}",
        lambda: f"{answer_text(first)}; meanwhile {[shown_outcome(each) for each in answers]}",
    )


def _a_request_inside_of_another_is_stored_by_itself(
    subject: HandlerSubject, ids: tuple[str, str]
) -> None:
    """Hand in a request of another id where the inner handler is at work on the first."""
    asked: list[EffectRequest] = []

    def handle(request: EffectRequest) -> EffectOutcome:
        asked.append(request)
        if len(asked) > 1:
            return _OTHER_OUTCOME
        subject.resolver.evidence_id = ids[1]
        subject.handler.handle_effect(_OTHER_REQUEST)
        subject.resolver.evidence_id = ids[0]
        return OUTCOME

    subject.resolver.evidence_id = ids[0]
    subject.inner.handle_effect = handle  # type: ignore[method-assign]
    answers: list[EffectOutcome] = []
    thread = _started(lambda: answers.append(subject.handler.handle_effect(REQUEST)))
    subject.history.note(
        f"handle a request of {quoted(ids[0])}, in which the inner handler hands in another one "
        f"of {quoted(ids[1])}",
        "",
    )
    _check_ended(subject, [thread], "EVID-08")
    subject.history.answer(shown_outcome(answers[0]) if answers else "an exception")
    wanted = (
        _entry(ids[1], _OTHER_REQUEST, _OTHER_OUTCOME),
        _entry(ids[0], REQUEST, OUTCOME),
    )
    stored = subject.cache.inner.load().entries
    subject.history.check(
        "EVID-05",
        sorted(stored, key=lambda entry: entry.evidence_id)
        == sorted(wanted, key=lambda entry: entry.evidence_id)
        and answers == [OUTCOME],
        lambda: f"stored and answered, each for itself: {entries_text(wanted)}",
        lambda: entries_text(stored),
    )


def _entry(
    evidence_id: str, request: EffectRequest, outcome: EffectOutcome
) -> EvidenceOutcomeCacheEntry:
    names = (request.metadata.interface_name, request.metadata.operation_name)
    return EvidenceOutcomeCacheEntry(evidence_id, *names, outcome)


class _Escape(Exception):  # noqa: N818 - it stands for any exception that is not declared
    pass


def _an_escaping_exception_frees_the_lock(subject: HandlerSubject, place: str) -> None:
    handler = subject.handler
    acts: dict[str, Callable[[], Any]] = {
        "load": lambda: handler.cache_snapshot(),
        "lookup": lambda: handler.cached_outcome("e"),
    }
    act = acts.get(place, lambda: handler.handle_effect(REQUEST))
    if place == "inner":
        subject.inner.script("handle_effect", _Escape())
    else:
        fault = CallFault(BackendCall("get" if place == "lookup" else place), 0)
        subject.cache.inject(fault, error=_Escape())
    where = "the inner handler" if place == "inner" else f"the cache's {place}"
    subject.call(f"call the handler while {where} raises an undeclared exception", _tamed(act))
    subject.history.reach(ESCAPED)
    subject.inner.script("handle_effect", OUTCOME)
    # Whoever finds the lock held must not get through by giving up either.
    for what, next_act in (
        ("look another id up", lambda: handler.cached_outcome("other")),
        ("ask for a snapshot", lambda: handler.cache_snapshot()),
        ("handle a request", lambda: handler.handle_effect(REQUEST)),
    ):
        answers: list[Any] = []
        answer = functools.partial(lambda answers, act: answers.append(act()), answers, next_act)
        subject.history.note(what, "")
        _check_ended(subject, [_started(answer)], "WAL-09")
        subject.history.answer("it answered" if answers else "an exception")
        check = subject.history.check
        check("WAL-09", bool(answers), "an answer, as the lock is free again", "an exception")
    if subject.history.session.backend.mends:
        # Whether the effect has happened is a doubt that such a handler may keep.
        return
    # By who was there when it escaped, too.
    again = subject.call("handle the request again", lambda: handler.handle_effect(REQUEST))
    subject.history.check(
        "WAL-09",
        again == Returned(OUTCOME),
        lambda: shown_outcome(OUTCOME),
        lambda: answer_text(again),
    )


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
        with contextlib.suppress(Exception, BackendFault):
            act()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _check_ended(
    subject: HandlerSubject, threads: list[threading.Thread], requirement_id: str
) -> None:
    for thread in threads:
        thread.join(_ANSWER_SECONDS_MAX)
    subject.history.check(
        requirement_id,
        not any(thread.is_alive() for thread in threads),
        "an answer to every call",
        "a call that waits for a lock for ever",
    )


def _threaded(
    name: str, values: st.SearchStrategy[Any], judge: Callable[[HandlerSubject, Any], None]
) -> Law:
    """Return a law that makes calls while another one is under way."""
    return Law(name, values, judged_alone(judge), needs=lambda backend: backend.concurrent_calls)


LOCK_LAWS: Final = (
    _threaded("lock", st.sampled_from(("get", "put")), _one_call_of_the_cache_at_a_time),
    _threaded("no lock", _WAYS, _the_inner_handler_runs_unlocked),
    _threaded("together", inner_outcomes(), _equal_requests_together_run_at_least_once),
    TableLaw(
        "meanwhile",
        lambda histories: (0,),
        judged_alone(_an_equal_request_meanwhile_is_answered_alike),
        needs=lambda backend: backend.concurrent_calls,
    ),
    TableLaw(
        "inside",
        lambda histories: (("e", "f"),),
        judged_alone(_a_request_inside_of_another_is_stored_by_itself),
        # A handler that lets one caller at a time through is not asked twice at once.
        needs=lambda backend: backend.concurrent_calls and not backend.mends,
    ),
    TableLaw(
        "escape", lambda histories: _PLACES, judged_alone(_an_escaping_exception_frees_the_lock)
    ),
)
LOCK_SITUATIONS: Final = {
    LOCKED: ("EVID-08",),
    UNLOCKED: ("EVID-08",),
    TOGETHER: ("EVID-08",),
    EQUAL: ("EVID-08",),
    ESCAPED: ("WAL-09",),
}
