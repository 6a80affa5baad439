"""One evidence handler under test, with a cache, an inner handler and a resolver of ours."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

from conformance.engine.session import History
from conformance.machines.evidence_probes import Resolver, TracedHandler, make_handler
from conformance.machines.probes import ProbeCache
from telltale_spec.wire.effects import EffectOutcome, InvokeStepResponse
from telltale_spec.wire.requests import EffectRequest, InvokeStepBody

__all__ = ["OUTCOME", "REQUEST", "HandlerSubject", "judged_alone"]

REQUEST: Final = EffectRequest.of(InvokeStepBody("t", ()), session=1)
OUTCOME: Final = EffectOutcome.success(InvokeStepResponse(()))


class HandlerSubject:
    """One handler under test with everything around it."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.trace: list[str] = []
        # Not the backend's own cache, which need not bear several threads.
        self.cache = ProbeCache()
        self.inner = TracedHandler(self.trace)
        self.inner.script("handle_effect", OUTCOME)
        self.resolver = Resolver(self.trace, "e")
        self.handler = make_handler(history, self.inner, self.cache, self.resolver)

    def call(self, text: str, function: Callable[[], Any]) -> Any:
        """Make one call, told by a text, and return its answer."""
        return self.history.call(text, function)


def judged_alone(judge: Callable[[HandlerSubject, Any], None]) -> Callable[[History, Any], None]:
    """Return a law's judgement that makes a handler of its own."""

    @functools.wraps(judge)
    def judged(history: History, value: Any) -> None:
        judge(HandlerSubject(history), value)

    return judged
