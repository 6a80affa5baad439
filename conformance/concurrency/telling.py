"""Answers of concurrent calls in plain words."""

from __future__ import annotations

from conformance.concurrency.calls import ConcurrentCall
from conformance.rules.narration import cache_entry_text, entries_text
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
            if isinstance(found, EvidenceOutcomeCacheEntry):
                return cache_entry_text(found)
            return "nothing" if found is None else repr(found)
    return "ok"
