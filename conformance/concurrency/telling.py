"""Answers of concurrent calls in plain words."""

from __future__ import annotations

from conformance.concurrency.calls import ConcurrentCall
from conformance.rules.narration import entries_text, found_text
from telltale_spec.model.operations import GetOutcome, LoadCache, LoadLog, ReadSince
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = ["answer_text"]


def answer_text(call: ConcurrentCall) -> str:
    """Return the answer of a call."""
    if call.answered is None:
        return "never answered"
    if call.is_refused:
        return f"refused: {call.message}"
    if not call.is_acknowledged:
        return "unknown"
    match call.operation:
        case LoadLog() | ReadSince() | LoadCache():
            return entries_text(call.result)
        case GetOutcome():
            found = call.result
            is_entry = found is None or isinstance(found, EvidenceOutcomeCacheEntry)
            return found_text(found) if is_entry else repr(found)
    return "ok"
