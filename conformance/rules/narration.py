"""Operations, entries and answers in plain words."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from conformance.rules.differences import difference_note, escaped, field_differences
from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    Kill,
    LoadCache,
    LoadLog,
    Operation,
    PutOutcome,
    ReadSince,
    Reopen,
    SyncWal,
)
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementState,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome, FailureStatus
from telltale_spec.wire.shapes import U64_MAX

__all__ = [
    "difference_text",
    "entries_text",
    "entry_text",
    "found_instead_text",
    "found_text",
    "operation_text",
    "outcome_text",
    "quoted",
    "request_text",
    "tick_text",
]

_TEXT_CHARACTERS_MAX = 40
# As many equal entries are shown one by one.
_REPEATED_MAX = 2


def quoted(text: str) -> str:
    """Return a text in quotes, control characters escaped, shortened if long."""
    if len(text) > _TEXT_CHARACTERS_MAX:
        return f"{ascii_safe(text[:16])}...({len(text)} characters)"
    return ascii_safe(text)


def ascii_safe(text: str) -> str:
    """Return a text in double quotes with everything escaped that cannot be seen."""
    return f'"{escaped(text)}"'


def tick_text(tick: int) -> str:
    """Return a tick; the largest one by name."""
    return "2^64-1" if tick == U64_MAX else str(tick)


def operation_text(operation: Operation) -> str:
    """Return one operation as an imperative phrase."""
    match operation:
        case Append(entry):
            return f"append {entry_text(entry)}"
        case ReadSince(tick):
            return f"read the entries after tick {tick_text(tick)}"
        case LoadLog():
            return "load the log"
        case Reopen():
            return "reopen"
        case Kill():
            return "kill the process, start it again and open the storage"
        case PutOutcome(entry):
            return f"put {cache_entry_text(entry)}"
        case GetOutcome(evidence_id):
            return f"get evidence {quoted(evidence_id)}"
        case LoadCache():
            return "load the cache"
        case SyncWal(request):
            return f"sync {request_text(request)}"
        case _:
            return repr(operation)


def entry_text(entry: AgreementWalEntry) -> str:
    """Return one log entry as a noun phrase."""
    at = f"at tick {tick_text(entry.tick)}"
    match entry:
        case Escalation():
            by = "" if entry.evidence_id is None else f" by evidence {quoted(entry.evidence_id)}"
            return (
                f"escalation of {quoted(entry.operation_id)} "
                f"{entry.previous_level.value} -> {entry.new_level.value}{by} {at}"
            )
        case EvidenceProduced():
            return f"{evidence_text(entry.evidence)} {at}"
        case Finalization():
            proof = _named(" proof", entry.materialization_proof_id)
            handle = _named(" handle", entry.canonical_handle_id)
            return (
                f"finalization of {quoted(entry.operation_id)} "
                f"{entry.outcome.value}{proof}{handle} {at}"
            )
        case VisibilityGateCrossing():
            return (
                f"gate {entry.gate_level.value} of {quoted(entry.operation_id)} "
                f"for {quoted(entry.downstream_coroutine_id)} {at}"
            )
        case _:
            return repr(entry)


def evidence_text(evidence: AgreementEvidence) -> str:
    """Return one evidence as a noun phrase."""
    authority = "" if evidence.authoritative else " (not authoritative)"
    return (
        f"evidence {quoted(evidence.evidence_id)} of {quoted(evidence.operation_id)} "
        f"{evidence.level.value} {evidence.kind.value}{authority}"
    )


def entries_text(entries: Sequence[Any]) -> str:
    """Return a sequence of entries in brackets; equal ones in a row are told once."""
    shown: list[str] = []
    for text, run in itertools.groupby(map(_any_text, entries)):
        count = len(list(run))
        shown += [f"{count} times: {text}"] if count > _REPEATED_MAX else [text] * count
    return f"[{'; '.join(shown)}]" if shown else "nothing"


def _any_text(entry: Any) -> str:
    if isinstance(entry, AgreementWalEntry):
        return entry_text(entry)
    if isinstance(entry, EvidenceOutcomeCacheEntry):
        return cache_entry_text(entry)
    return repr(entry)


def difference_text(actual: Sequence[Any], expected: Sequence[Any]) -> str:
    """Return what ``actual`` holds, with the place and the fields in which it differs."""
    return f"{entries_text(actual)} ({difference_note(actual, expected)})"


def cache_entry_text(entry: EvidenceOutcomeCacheEntry) -> str:
    """Return one cache entry as a noun phrase."""
    return (
        f"evidence {quoted(entry.evidence_id)} = {outcome_text(entry.outcome)} "
        f"of {quoted(entry.interface_name)}.{quoted(entry.operation_name)}"
    )


def found_text(found: EvidenceOutcomeCacheEntry | None) -> str:
    """Return what a lookup found."""
    return "nothing" if found is None else cache_entry_text(found)


def found_instead_text(
    found: EvidenceOutcomeCacheEntry | None, expected: Sequence[EvidenceOutcomeCacheEntry | None]
) -> str:
    """Return what a lookup found, with what differs where it reads like what was expected."""
    shown = found_text(found)
    alike = [each for each in expected if each != found and found_text(each) == shown]
    return f"{shown} ({'; '.join(field_differences(found, alike[0]))})" if alike else shown


def outcome_text(outcome: EffectOutcome) -> str:
    """Return one effect outcome in a few words."""
    status = outcome.status
    text = type(status).variant_name
    if isinstance(status, FailureStatus):
        text = f"failure ({status.failure})"
    if outcome.response is None:
        return text
    return f"{text} with {type(outcome.response).variant_name}"


def request_text(request: WalSyncRequest) -> str:
    """Return one sync request in a few words."""
    parts = [
        f"{quoted(request.operation_id)} for {quoted(request.downstream_coroutine_id)}",
        f"gate {request.gate_level.value}",
        f"tick {tick_text(request.tick)}",
        _state_text(request.agreement_state),
    ]
    if request.agreement_evidence:
        shown = ", ".join(evidence_text(evidence) for evidence in request.agreement_evidence)
        parts.append(f"with {shown}")
    return ", ".join(parts)


def _state_text(state: AgreementState | None) -> str:
    if state is None:
        return "no state"
    outcome = "" if state.finalization is None else f" {state.finalization.value}"
    ids = f" evidence [{', '.join(map(quoted, state.evidence_ids))}]" if state.evidence_ids else ""
    return f"state of {quoted(state.operation_id)} {state.level.value}{outcome}{ids}"


def _named(label: str, text: str | None) -> str:
    return "" if text is None else f"{label} {quoted(text)}"
