"""Logs and caches that keep what they acknowledge, where all of that is one requirement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from conformance.engine.session import History
from conformance.machines.asking import event_of
from conformance.machines.live_findings import OneRequirement
from conformance.machines.overlapping import call_of
from conformance.rules.cache import CacheJudge
from conformance.rules.events import OK, Event
from conformance.rules.narration import operation_text
from conformance.rules.wal import LogJudge
from telltale_spec.model.operations import GetOutcome, Operation, ReadSince
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = ["asked", "cache_judge", "log_judge", "shown"]

# Whether and in which words something is refused, and in which order a cache is: judged elsewhere.
_OTHERS: Final = frozenset({"CACHE-04", "WAL-03.text", "WAL-04", "WAL-09", "WAL-13.accept"})


def log_judge(history: History, requirement_id: str) -> LogJudge:
    """Return the judge of an empty log that keeps what it acknowledges."""
    findings = OneRequirement(history, requirement_id, _OTHERS)
    mode = history.session.backend.rejection_mode
    judge = LogJudge(findings, mode, begins_empty=False, reopens=True)
    judge.begin_with(())
    return judge


def cache_judge(history: History, requirement_id: str) -> CacheJudge:
    """Return the judge of an empty cache that keeps what it acknowledges."""
    findings = OneRequirement(history, requirement_id, _OTHERS)
    judge = CacheJudge(findings, begins_empty=False, reopens=True)
    judge.begin_with(())
    return judge


def asked(
    history: History,
    requirement_id: str,
    operation: Operation,
    handle: Any,
    number: int | None = None,
    *,
    tries: int = 1,
) -> Event:
    """Ask a handle, by its number where there are several, until it does not refuse."""
    text = operation_text(operation)
    through = "" if number is None else f"through handle {number}: "
    for _ in range(tries):
        answer = history.call(
            f"{through}{text}",
            call_of(handle, operation),
            operation=operation if number is None else None,
            undeclared=requirement_id,
        )
        event = event_of(operation, answer)
        if event.answer == OK:
            break
    return event


def shown(
    history: History,
    requirement_id: str,
    operation: Operation,
    handle: Any,
    number: int | None = None,
    *,
    tries: int = 1,
) -> Event:
    """Ask a handle for what is there; an answer that does not tell breaks the requirement."""
    event = asked(history, requirement_id, operation, handle, number, tries=tries)
    found = event.result
    if isinstance(operation, GetOutcome):
        is_answer = event.answer == OK and isinstance(found, EvidenceOutcomeCacheEntry | None)
    else:
        found = found if isinstance(operation, ReadSince) else getattr(found, "entries", None)
        # Which kind of sequence it is, is nowhere promised.
        if isinstance(found, Sequence) and not isinstance(found, str):
            found = tuple(found)
        is_answer = isinstance(found, tuple)
    history.check(
        requirement_id,
        is_answer,
        "what was acknowledged",
        lambda: f"refused: {event.message}" if event.message else f"a {type(found).__name__}",
    )
    return replace(event, result=found)
