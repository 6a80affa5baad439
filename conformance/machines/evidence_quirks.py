"""Known quirks of caching by evidence id, each in a short fixed history.

What is shown is the specification's own behaviour, so nobody is failed by it
(F11, F12, F13, F21, F22, F29). A hardened handler shows fewer of them.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable
from typing import Final

from conformance.backend import Backend
from conformance.engine.quirks import Quirk
from conformance.engine.session import History, Raised, Returned
from conformance.machines.evidence_probes import (
    Resolver,
    TracedHandler,
    answer_text,
    handled_text,
    make_handler,
)
from conformance.machines.probes import ProbeCache
from strategies.faults import BackendCall, CallFault
from telltale_spec.wire.agreement import AgreementLevel, WalSyncRequest
from telltale_spec.wire.effects import (
    AcquireResponse,
    EffectOutcome,
    InvokeStepResponse,
    Success,
    WalSyncResponse,
)
from telltale_spec.wire.requests import AcquireBody, EffectRequest, InvokeStepBody
from telltale_spec.wire.values import NatValue, UnitValue

__all__ = ["EVIDENCE_QUIRKS"]

_SECONDS_MAX: Final = 5.0
_PUT_FAULT: Final = CallFault(BackendCall.PUT, 0)

_STEP: Final = EffectRequest.of(InvokeStepBody("t", ()), operation_id="a")
_ACQUIRE: Final = EffectRequest.of(AcquireBody("t", "g", ()), session=1, operation_id="a")
_STEPPED: Final = EffectOutcome.success(InvokeStepResponse(()))
_ACQUIRED: Final = EffectOutcome.success(AcquireResponse(NatValue(1)))
_SYNCED: Final = EffectOutcome.success(WalSyncResponse())
_BLOCKED: Final = EffectOutcome.blocked()


class _Scene:
    """A handler under test whose resolver names one id for everything."""

    def __init__(self, history: History) -> None:
        self.history = history
        trace: list[str] = []
        self.cache = ProbeCache()
        self.inner = TracedHandler(trace)
        self.handler = make_handler(history, self.inner, self.cache, Resolver(trace, "e"))

    @property
    def inner_count(self) -> int:
        """How often the inner handler was asked."""
        return len(self.inner.calls_of("handle_effect"))

    def handle(
        self, request: EffectRequest, outcome: EffectOutcome, fault: CallFault | None = None
    ) -> EffectOutcome | None:
        """Handle a request; return the answer, if it is one."""
        if fault is not None:
            self.cache.inject(fault)
        self.inner.script("handle_effect", outcome)
        answer = self.history.call(
            handled_text(request, "e", outcome, fault), lambda: self.handler.handle_effect(request)
        )
        self.history.answer(answer_text(answer))
        if isinstance(answer, Raised) or not isinstance(answer.value, EffectOutcome):
            return None
        return answer.value


def _keeps_a_blocked_outcome(history: History) -> bool:
    scene = _Scene(history)
    scene.handle(_STEP, _BLOCKED)
    return scene.handle(_STEP, _STEPPED) == _BLOCKED and scene.inner_count == 1


def _runs_twice_at_once(history: History) -> bool:
    scene = _Scene(history)
    # Each waits for the other inside the inner handler; one that comes alone gives up.
    barrier = threading.Barrier(2)
    numbers = itertools.count()
    turns: list[int] = []
    answers: list[EffectOutcome] = []

    def handle_effect(request: EffectRequest) -> EffectOutcome:
        number = next(numbers)
        turns.append(number)
        try:
            barrier.wait(_SECONDS_MAX)
        except threading.BrokenBarrierError:
            return _BLOCKED
        return EffectOutcome.success(AcquireResponse(NatValue(number)))

    def ask() -> None:
        # A handler that raises gives no answer; what it raises is judged elsewhere.
        with contextlib.suppress(Exception):
            answers.append(scene.handler.handle_effect(_ACQUIRE))

    scene.inner.handle_effect = handle_effect  # type: ignore[method-assign]
    threads = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * _SECONDS_MAX)
    differ = len(answers) == 2 and answers[0] != answers[1]
    history.note(
        "handle one request in two threads, the inner handler answering each time anew",
        f"the inner handler ran {len(turns)} times, the answers "
        f"{'differ' if differ else 'are the same'}",
    )
    return differ and len(turns) == 2


def _grants_what_the_inner_handler_denies(history: History) -> bool:
    scene = _Scene(history)
    scene.inner.script("supports_wal_sync", True)
    granted = history.call(
        "acquire a guard that the inner handler denies",
        lambda: scene.handler.handle_acquire(1, "t", "g", ()),
    )
    history.answer(answer_text(granted))
    syncs = history.call(
        "ask for sync support that the inner handler has",
        lambda: scene.handler.supports_wal_sync(),
    )
    history.answer(answer_text(syncs))
    return granted == Returned(Success(UnitValue())) and syncs == Returned(False)


def _answers_with_the_outcome_of_another_effect(history: History) -> bool:
    scene = _Scene(history)
    scene.handle(_STEP, _STEPPED)
    return scene.handle(_ACQUIRE, _ACQUIRED) == _STEPPED


def _swallows_a_sync(history: History) -> bool:
    scene = _Scene(history)
    answer: EffectOutcome | None = None
    for tick in (1, 2):
        sync = WalSyncRequest("a", "c", AgreementLevel.NONE, None, (), tick)
        answer = scene.handle(EffectRequest.wal_sync(tick, "a", sync), _SYNCED)
    return answer == _SYNCED and scene.inner_count == 1


def _runs_again_after_a_failed_put(history: History) -> bool:
    scene = _Scene(history)
    scene.handle(_STEP, _STEPPED, _PUT_FAULT)
    return scene.handle(_STEP, _STEPPED) == _STEPPED and scene.inner_count == 2


def _applies(backend: Backend) -> bool:
    return backend.evidence_handler is not None


def _quirk(
    finding_id: str,
    sentence: str,
    shows: Callable[[History], bool],
    applies: Callable[[Backend], bool] = _applies,
) -> Quirk:
    return Quirk(finding_id, sentence, applies, shows)


EVIDENCE_QUIRKS: Final[tuple[Quirk, ...]] = (
    _quirk(
        "F11",
        "A blocked outcome is cached like any other, so a later request that would have "
        "succeeded is answered blocked for ever.",
        _keeps_a_blocked_outcome,
    ),
    _quirk(
        "F12",
        "Two equal requests at the same time both run the effect and give their callers "
        "different answers, of which the cache keeps one.",
        _runs_twice_at_once,
        lambda backend: _applies(backend) and backend.concurrent_calls,
    ),
    _quirk(
        "F13",
        "The wrapper does not forward guards and syncs: it grants what the inner handler "
        "denies, and hides that the inner handler can sync.",
        _grants_what_the_inner_handler_denies,
    ),
    _quirk(
        "F21",
        "The id is all that is compared, so an effect of one kind is answered with the cached "
        "outcome of another kind that was given the same id.",
        _answers_with_the_outcome_of_another_effect,
    ),
    _quirk(
        "F22",
        "Where the resolver names an id for a sync, the second sync is answered from the cache "
        "as a success and writes nothing.",
        _swallows_a_sync,
    ),
    _quirk(
        "F29",
        "When storing the outcome fails, the caller is told of a failure although the effect "
        "took place, and the retry runs it a second time.",
        _runs_again_after_a_failed_put,
    ),
)
