"""Events of a history for the judges, and what a judge found, in few words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from conformance.rules.events import OK, REFUSED, UNKNOWN, Event
from conformance.rules.findings import Findings
from conformance.rules.narration import operation_text
from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    LoadCache,
    LoadLog,
    Operation,
    PutOutcome,
    ReadSince,
    Reopen,
    SyncWal,
)
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

NONE, PROVISIONAL, SOFT_SAFE, FINALIZED = AgreementLevel

Asked = tuple[Operation, str, Any, str | None]
"""One operation with its answer, its result and the text of its refusal."""


def gate(tick: int, operation_id: str = "a") -> AgreementWalEntry:
    return VisibilityGateCrossing(operation_id, "c", NONE, tick)


def rise(
    previous: AgreementLevel, new: AgreementLevel, tick: int = 9, operation_id: str = "a"
) -> AgreementWalEntry:
    return Escalation(operation_id, previous, new, None, tick)


def cached(evidence_id: str, name: str) -> EvidenceOutcomeCacheEntry:
    return EvidenceOutcomeCacheEntry(evidence_id, name, "o", EffectOutcome.blocked())


def append(entry: AgreementWalEntry) -> Asked:
    return Append(entry), OK, None, None


def refused(entry: AgreementWalEntry, message: str | None = None) -> Asked:
    return Append(entry), REFUSED, None, message


def unsure(entry: AgreementWalEntry) -> Asked:
    return Append(entry), UNKNOWN, None, None


def load(*entries: AgreementWalEntry) -> Asked:
    return LoadLog(), OK, entries, None


def read_since(tick: int, *entries: AgreementWalEntry) -> Asked:
    return ReadSince(tick), OK, entries, None


def sync(request: WalSyncRequest, result: Any) -> Asked:
    return SyncWal(request), OK, result, None


def put(evidence_id: str, name: str) -> Asked:
    return PutOutcome(cached(evidence_id, name)), OK, None, None


def unsure_put(evidence_id: str, name: str) -> Asked:
    return PutOutcome(cached(evidence_id, name)), UNKNOWN, None, None


def refused_put(evidence_id: str, name: str, message: str | None = None) -> Asked:
    return PutOutcome(cached(evidence_id, name)), REFUSED, None, message


def get(evidence_id: str, found: EvidenceOutcomeCacheEntry | None) -> Asked:
    return GetOutcome(evidence_id), OK, found, None


def load_cache(*entries: EvidenceOutcomeCacheEntry) -> Asked:
    return LoadCache(), OK, entries, None


REOPEN: Asked = (Reopen(), OK, None, None)


def without_answer(asked: Asked, answer: str = UNKNOWN, message: str | None = None) -> Asked:
    """Return the same operation, not answered with a result."""
    return asked[0], answer, None, message


def driven(judge: Any, asked: Sequence[Asked]) -> Findings:
    """Give events to a judge, which are lines 1, 2 and so on, and return what it found."""
    findings: Findings = judge.findings
    for line, (operation, answer, result, message) in enumerate(asked, 1):
        findings.at(line, partial(operation_text, operation))
        event = Event(line, operation, answer, result, message)
        match operation:
            case Append(entry):
                judge.append(event, entry)
            case ReadSince(tick):
                judge.read_since(event, tick)
            case SyncWal(request):
                judge.sync(event, request)
            case PutOutcome(cache_entry):
                judge.put(event, cache_entry)
            case GetOutcome(evidence_id):
                judge.get(event, evidence_id)
            case LoadLog() | LoadCache():
                judge.load(event)
            case Reopen():
                judge.reopen(event)
    judge.settle()
    return findings


def broken(findings: Findings) -> dict[str, int]:
    """Return each broken requirement with its first line."""
    return {each: found.line for each, found in findings.differences.items()}


def proven(findings: Findings) -> set[str]:
    """Return the requirements that were put to the test and held."""
    return {each for each, count in findings.checks.items() if count} - set(findings.differences)
