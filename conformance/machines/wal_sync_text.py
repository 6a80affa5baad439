"""Syncs and what a handler answers, in plain words."""

from __future__ import annotations

from typing import Any

from conformance.rules.narration import entry_text, operation_text, outcome_text, quoted
from strategies.faults import CallFault
from telltale_spec.model.operations import SyncWal
from telltale_spec.wire.agreement import AgreementWalEntry, WalSyncRequest
from telltale_spec.wire.effects import (
    Blocked,
    EffectOutcome,
    EffectResult,
    Failure,
    Success,
    WalSyncResponse,
)
from telltale_spec.wire.requests import EffectRequest

__all__ = ["effect_text", "fault_text", "outcome_of", "result_text"]


def result_text(value: Any) -> str:
    """Return what a handler answered in a few words."""
    match value:
        case Success(None):
            return "success"
        case Success(inner):
            return f"success with {inner!r}"
        case Blocked():
            return "blocked"
        case Failure(failure):
            return f"failure ({failure})"
        case EffectOutcome():
            return outcome_text(value)
        case AgreementWalEntry():
            return entry_text(value)
        case _:
            return str(value) if isinstance(value, (str, bool)) else repr(value)


def outcome_of(result: EffectResult[None]) -> EffectOutcome:
    """Return what ``handle_effect`` makes of a sync's result (SYNC-12)."""
    match result:
        case Success():
            return EffectOutcome.success(WalSyncResponse())
        case Blocked():
            return EffectOutcome.blocked()
        case Failure(failure):
            return EffectOutcome.failed(failure)


def effect_text(effect: EffectRequest, request: WalSyncRequest) -> str:
    """Return a sync through ``handle_effect`` as an imperative phrase."""
    metadata = effect.metadata
    named = f"{metadata.interface_name}.{metadata.operation_name}"
    return f"{operation_text(SyncWal(request))}, through handle_effect as {quoted(named)}"


def fault_text(fault: CallFault | None) -> str:
    """Return the fault of a sync as the end of a phrase."""
    if fault is None:
        return ""
    effect = " after it stored" if fault.stored else ""
    return f", {fault.call.value} {fault.call_index + 1} fails{effect} with {quoted(fault.message)}"
