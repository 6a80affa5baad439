"""Plain transcriptions of the order of escalations and of a recovery, to judge against.

Nothing here is clever or fast. Each function follows the requirements word by
word and shares no code with the reference implementation, so that a mistake
would have to be made twice to go unseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.recovery import DurableRecoveryAction

__all__ = [
    "PlainDecision",
    "PlainPlan",
    "plain_action",
    "plain_decision",
    "plain_order_error",
    "plain_recovery",
]

_RANKS: Final = {
    AgreementLevel.NONE: 0,
    AgreementLevel.PROVISIONAL: 1,
    AgreementLevel.SOFT_SAFE: 2,
    AgreementLevel.FINALIZED: 3,
}
_DEBUG_NAMES: Final = {
    AgreementLevel.NONE: "None",
    AgreementLevel.PROVISIONAL: "Provisional",
    AgreementLevel.SOFT_SAFE: "SoftSafe",
    AgreementLevel.FINALIZED: "Finalized",
}


@dataclass(frozen=True)
class PlainDecision:
    """What must be decided on one operation (RECOV-04..06)."""

    operation_id: str
    level: AgreementLevel
    finalization: FinalizationOutcome | None
    action: DurableRecoveryAction
    cached_evidence_ids: tuple[str, ...]
    gate_crossed: bool


@dataclass(frozen=True)
class PlainPlan:
    """What a plan must say (RECOV-02..08)."""

    wal_suffix: tuple[AgreementWalEntry, ...]
    first_tick: int | None
    last_tick: int | None
    decisions: tuple[PlainDecision, ...]
    resumed_operation_ids: tuple[str, ...]
    terminal_operation_ids: tuple[str, ...]
    cached_evidence_ids: tuple[str, ...]


def plain_order_error(entries: Sequence[AgreementWalEntry]) -> str | None:
    """Return the text of the first escalation out of order (ART-WAL-02..05), or ``None``."""
    for index, entry in enumerate(entries):
        if not isinstance(entry, Escalation):
            continue
        previous, new = entry.previous_level, entry.new_level
        arrow = (_DEBUG_NAMES[previous], _DEBUG_NAMES[new])
        if _RANKS[new] < _RANKS[previous]:
            return "agreement WAL regression for `{}`: {} -> {}".format(entry.operation_id, *arrow)
        earlier = [
            other
            for other in entries[:index]
            if isinstance(other, Escalation) and other.operation_id == entry.operation_id
        ]
        if not earlier:
            continue
        last = earlier[-1].new_level
        if _RANKS[previous] < _RANKS[last] or _RANKS[new] < _RANKS[last]:
            return ("agreement WAL reordered or regressed for `{}`: last={}, entry={}->{}").format(
                entry.operation_id, _DEBUG_NAMES[last], *arrow
            )
    return None


def plain_recovery(
    checkpoint_tick: int,
    wal: Sequence[AgreementWalEntry],
    cache: Sequence[EvidenceOutcomeCacheEntry],
) -> PlainPlan | str:
    """Return what recovery must say, or the text of its error (RECOV-01..08)."""
    error = plain_order_error(wal)
    if error is not None:
        return error
    suffix = tuple(entry for entry in wal if entry.tick > checkpoint_tick)
    cached = tuple(entry.evidence_id for entry in cache)
    operation_ids = sorted({_operation_id(entry) for entry in suffix})
    decisions = tuple(plain_decision(each, suffix, cached) for each in operation_ids)
    terminal = (DurableRecoveryAction.REUSE_FINALIZED, DurableRecoveryAction.PRESERVE_TERMINAL)
    return PlainPlan(
        wal_suffix=suffix,
        first_tick=suffix[0].tick if suffix else None,
        last_tick=suffix[-1].tick if suffix else None,
        decisions=decisions,
        resumed_operation_ids=tuple(
            each.operation_id for each in decisions if each.action not in terminal
        ),
        terminal_operation_ids=tuple(
            each.operation_id for each in decisions if each.action in terminal
        ),
        cached_evidence_ids=cached,
    )


def plain_decision(
    operation_id: str, suffix: Sequence[AgreementWalEntry], cached_evidence_ids: Sequence[str] = ()
) -> PlainDecision:
    """Return the decision on one operation of a suffix (RECOV-04..06)."""
    own = [entry for entry in suffix if _operation_id(entry) == operation_id]
    outcomes = [entry.outcome for entry in own if isinstance(entry, Finalization)]
    produced = [entry.evidence for entry in own if isinstance(entry, EvidenceProduced)]
    # The level only ever rises, so the order of the entries does not matter.
    levels = [AgreementLevel.NONE]
    levels += [entry.new_level for entry in own if isinstance(entry, Escalation)]
    levels += [evidence.level for evidence in produced]
    if FinalizationOutcome.FINALIZED in outcomes:
        levels.append(AgreementLevel.FINALIZED)
    level = max(levels, key=lambda each: _RANKS[each])
    finalization = outcomes[-1] if outcomes else None
    produced_ids = [evidence.evidence_id for evidence in produced]
    return PlainDecision(
        operation_id,
        level,
        finalization,
        plain_action(level, finalization),
        tuple(each for each in cached_evidence_ids if each in produced_ids),
        any(isinstance(entry, VisibilityGateCrossing) for entry in own),
    )


def plain_action(
    level: AgreementLevel, finalization: FinalizationOutcome | None
) -> DurableRecoveryAction:
    """Return the action of a level and an outcome (RECOV-05)."""
    if finalization is FinalizationOutcome.FINALIZED:
        return DurableRecoveryAction.REUSE_FINALIZED
    if finalization is not None:
        return DurableRecoveryAction.PRESERVE_TERMINAL
    if _RANKS[level] >= _RANKS[AgreementLevel.SOFT_SAFE]:
        return DurableRecoveryAction.RESUME_FROM_EVIDENCE_BOUNDARY
    return DurableRecoveryAction.REEXECUTE_FROM_SCRATCH


def _operation_id(entry: AgreementWalEntry) -> str:
    if isinstance(entry, EvidenceProduced):
        return entry.evidence.operation_id
    return entry.operation_id
