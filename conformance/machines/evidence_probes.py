"""What stands around an evidence handler under test, and how its calls read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.backend import EvidencePersistenceHandlerLike
from conformance.engine.session import History, Raised, Returned
from conformance.machines.probes import ProbeCache, ScriptedHandler
from conformance.rules.narration import cache_entry_text, outcome_text, quoted
from strategies.faults import CallFault
from telltale_spec.backends.contract import EvidenceIdResolverLike, EvidenceOutcomeCache
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectFailure, EffectOutcome, FailureStatus
from telltale_spec.wire.requests import EffectRequest

__all__ = [
    "Resolver",
    "TracedHandler",
    "answer_text",
    "handled_text",
    "make_cache",
    "make_handler",
    "outcome_of",
    "put_text",
    "shown_outcome",
    "trace_text",
    "unavailable",
]


class TracedHandler(ScriptedHandler):
    """An inner handler that writes itself into a trace shared with others."""

    def __init__(self, trace: list[str], identity: str = "scripted") -> None:
        super().__init__(identity)
        self.trace = trace

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        """Answer from the script, in view of the trace."""
        self.trace.append("inner")
        return super().handle_effect(request)


class Resolver:
    """A resolver that names the id it is told to, and notes the requests that it saw."""

    def __init__(self, trace: list[str], evidence_id: str | None = None) -> None:
        self.trace = trace
        self.evidence_id = evidence_id
        self.requests: list[EffectRequest] = []

    def evidence_id_for_request(self, request: EffectRequest) -> str | None:
        """Return the id that is set now."""
        self.trace.append("resolver")
        self.requests.append(request)
        return self.evidence_id


def make_cache(history: History, directory: Path) -> EvidenceOutcomeCache | None:
    """Return the backend's own cache in a directory, or ``None`` where it has none."""
    factory = history.session.backend.evidence_cache
    if factory is None:
        return None
    return history.start("the evidence cache", lambda: factory(directory))


def make_handler(
    history: History,
    inner: ScriptedHandler,
    cache: ProbeCache,
    resolver: EvidenceIdResolverLike,
) -> EvidencePersistenceHandlerLike:
    """Return the handler under test."""
    factory = history.session.backend.evidence_handler
    if factory is None:
        raise RuntimeError("this suite does not apply to a backend without an evidence handler")
    return history.start("the evidence handler", lambda: factory(inner, cache, resolver))


def unavailable(message: str) -> EffectOutcome:
    """Return the outcome that takes the place of another when the cache fails."""
    return EffectOutcome.failed(EffectFailure.unavailable(message))


def handled_text(
    request: EffectRequest,
    evidence_id: str | None,
    outcome: EffectOutcome,
    fault: CallFault | None,
) -> str:
    """Return one request with all that decides how it is handled."""
    metadata = request.metadata
    named = (
        "without an evidence id" if evidence_id is None else f"as evidence {quoted(evidence_id)}"
    )
    text = (
        f"handle {type(request.body).variant_name} of {quoted(metadata.interface_name)}."
        f"{quoted(metadata.operation_name)} {named}, inner outcome {outcome_text(outcome)}"
    )
    if fault is None:
        return text
    effect = " after it has stored" if fault.stored else ""
    return f"{text}, the cache's {fault.call.value} failing{effect}"


def outcome_of(entry: EvidenceOutcomeCacheEntry | None) -> EffectOutcome | None:
    """Return the outcome of a cached entry."""
    return None if entry is None else entry.outcome


def put_text(value: object) -> str:
    """Return what was put into a cache, whatever it is."""
    return cache_entry_text(value) if isinstance(value, EvidenceOutcomeCacheEntry) else repr(value)


def trace_text(trace: Sequence[str]) -> str:
    """Return who was asked, in order."""
    return f"asked in order: {', '.join(trace) or 'nobody'}"


def shown_outcome(outcome: object) -> str:
    """Return an outcome so that two that differ rarely read the same; a handler may give others."""
    if not isinstance(outcome, EffectOutcome):
        return f"{outcome!r}, which is no outcome"
    status = outcome.status
    if isinstance(status, FailureStatus):
        return f"failure ({status.failure.kind.value}: {status.failure.message})"
    if outcome.response is None:
        return outcome_text(outcome)
    return f"{outcome_text(outcome)}: {outcome.response!r}"


def answer_text(answer: Returned | Raised) -> str:
    """Return what a handler answered, whatever it is."""
    if isinstance(answer, Raised):
        return f"refused: {answer.message}"
    value = answer.value
    return shown_outcome(value) if isinstance(value, EffectOutcome) else repr(value)
