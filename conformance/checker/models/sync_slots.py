"""One operation of the model ``write-ahead``: its machine, its log, what a sync does to both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from conformance.checker.models.decisions import (
    FINALIZED,
    NONE,
    PROVISIONAL,
    SOFT_SAFE,
    Decision,
)

__all__ = [
    "ADVANCES",
    "PHASES",
    "Operation",
    "Request",
    "Tick",
    "decision",
    "hardened_decision",
    "hardened_sync",
    "new_entries",
    "own_request",
    "recovered_phase",
    "sync",
]

PHASES: Final = {
    "new": (NONE, None),
    "provisional": (PROVISIONAL, None),
    "soft_safe": (SOFT_SAFE, None),
    "finalized": (FINALIZED, "finalized"),
    "aborted": (PROVISIONAL, "aborted"),
    "fallen back": (NONE, "aborted"),
}
"""Where a machine is, with the level and outcome of the state that it syncs."""

ADVANCES: Final = {
    "new": "provisional",
    "provisional": "soft_safe",
    "soft_safe": "finalized",
}


@dataclass(frozen=True, slots=True)
class Tick:
    """What all operations share: whether the checkpoint covers this tick already."""

    is_covered: bool = False


class Operation(NamedTuple):
    """One operation.

    ``phase`` is the machine's, ``checkpoint_phase`` that of the checkpointed
    machine. The log is folded as in the model ``recovery``. What ends in
    ``now`` is about this tick: how many copies of the evidence, whether outcome
    and gate are stored, whether a sync was acknowledged, whether its request was another's.
    """

    phase: str = "new"
    checkpoint_phase: str = "new"
    escalated_level: int = NONE
    checkpoint_level: int = NONE
    is_touched: bool = False
    level: int = NONE
    outcome: str | None = None
    gate_level: int | None = None
    last_outcome: str | None = None
    is_conflicting: bool = False
    evidence_now: int = 0
    outcome_now: bool = False
    gate_now: bool = False
    acknowledged_now: bool = False
    repeated_now: bool = False
    strange_now: str | None = None

    @property
    def is_fresh(self) -> bool:
        """Nothing was stored or acknowledged at this tick."""
        return not (self.evidence_now or self.outcome_now or self.gate_now or self.acknowledged_now)


@dataclass(frozen=True, slots=True)
class Request:
    """What a sync asks for; ``level`` is ``None`` for a request without a state.

    ``strange`` says what it is that no machine asks for: ``stateless`` or ``foreign``.
    """

    level: int | None
    outcome: str | None
    gate_level: int
    evidence_copies: int
    strange: str | None = None


def own_request(slot: Operation, copies: int = 1) -> Request:
    """Return what the machine asks for where it is, with so many copies of its evidence."""
    level, outcome = PHASES[slot.phase]
    return Request(level, outcome, level, copies if level > NONE else 0)


def new_entries(slot: Operation, request: Request) -> tuple[str, ...]:
    """Return the kinds of entries that a sync appends, in order (SYNC-04..08)."""
    level = NONE if request.level is None else request.level
    return (
        *(("evidence",) * request.evidence_copies if not slot.evidence_now else ()),
        *(("escalation",) if level > slot.escalated_level else ()),
        *(("finalization",) if request.outcome is not None and not slot.outcome_now else ()),
        *(("gate",) if not slot.gate_now else ()),
    )


def _append(tick: Tick, slot: Operation, kind: str, request: Request) -> Operation:
    """Return the slot with one entry more in its log."""
    level = NONE if request.level is None else request.level
    if kind == "evidence":
        slot = slot._replace(evidence_now=slot.evidence_now + 1)
    elif kind == "escalation":
        slot = slot._replace(escalated_level=level)
    elif kind == "finalization":
        known = slot.last_outcome
        slot = slot._replace(
            outcome_now=True,
            last_outcome=request.outcome,
            repeated_now=slot.repeated_now or known == request.outcome,
            is_conflicting=slot.is_conflicting or known not in (None, request.outcome),
        )
        level = FINALIZED if request.outcome == "finalized" else NONE
    else:
        slot = slot._replace(gate_now=True)
        level = NONE
    if tick.is_covered:
        return slot._replace(checkpoint_level=max(slot.checkpoint_level, level))
    slot = slot._replace(is_touched=True, level=max(slot.level, level))
    if kind == "finalization":
        return slot._replace(outcome=request.outcome)
    if kind == "gate":
        return slot._replace(gate_level=max(slot.gate_level or NONE, request.gate_level))
    return slot


def sync(
    tick: Tick, slot: Operation, request: Request, stored_max: int | None
) -> tuple[Tick, Operation]:
    """Return what a sync leaves; ``stored_max`` entries are stored by one that fails."""
    entries = new_entries(slot, request)
    for kind in entries if stored_max is None else entries[:stored_max]:
        slot = _append(tick, slot, kind, request)
    if stored_max is not None:
        return tick, slot
    return tick, slot._replace(acknowledged_now=True, strange_now=request.strange)


def decision(slot: Operation) -> Decision:
    """Return what recovery decides from the entries behind the checkpoint (RECOV-04)."""
    return Decision(slot.level, slot.outcome, slot.gate_level is not None)


def hardened_decision(slot: Operation) -> Decision:
    """Return what the whole log says."""
    return Decision(
        max(slot.level, slot.checkpoint_level), slot.last_outcome, slot.gate_level is not None
    )


def recovered_phase(slot: Operation, decision: Decision) -> str:
    """Return where the machine is after a restart that follows the decision (RECOV-05)."""
    if not slot.is_touched:
        return slot.checkpoint_phase
    if decision.outcome is not None:
        return "finalized" if decision.outcome == "finalized" else "aborted"
    return "soft_safe" if decision.level >= SOFT_SAFE else "new"


def _is_settled(slot: Operation) -> bool:
    return PHASES[slot.phase][1] is not None and slot.last_outcome == PHASES[slot.phase][1]


def _fits(slot: Operation, request: Request) -> bool:
    """Say whether a hardened sync takes a request (F5, F7, F15, F36)."""
    level = max(slot.level, slot.checkpoint_level)
    if request.level is None or request.strange is not None:
        return False
    return (
        # The level that recovery goes by may not fall, and decides whether a gate may be crossed.
        (request.level >= level or request.outcome is not None)
        and slot.last_outcome in (None, request.outcome)
        # An operation that is over is not run again, at whatever level its gate was crossed.
        and (max(request.level, level) >= SOFT_SAFE or request.outcome is not None)
        and not (request.outcome == "aborted" and request.level < slot.escalated_level)
        and (request.level < FINALIZED or request.outcome == "finalized")
    )


def hardened_sync(tick: Tick, slot: Operation, request: Request) -> tuple[Tick, Operation]:
    """Store a whole sync, or refuse it, or find everything in the log."""
    if not _fits(slot, request) or _is_settled(slot):
        # A refused or settled sync stores nothing; the latter has its gate in the log.
        return tick, slot
    return sync(tick, slot, request, None)
