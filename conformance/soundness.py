"""Whether a recovery plan is sound, clause by clause.

The specification's proof has four clauses (``sound``); four more close gaps
that the proof leaves open (``sound+``). A decision says neither what was known
at the checkpoint nor how high a gate was crossed, so both are worked out from
the log. The reference is known to break clauses 1, 2 and 5 to 8 (F5, F6, F7,
F20); here they are evaluated, and nobody is failed by them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from conformance.oracles import plain_decision
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.recovery import DurableRecoveryAction, DurableRecoveryDecision

__all__ = ["CLAUSES", "SOUND", "SOUND_PLUS", "Clause", "ClauseViolation", "violations"]

_TERMINAL: Final = (DurableRecoveryAction.REUSE_FINALIZED, DurableRecoveryAction.PRESERVE_TERMINAL)


@dataclass(frozen=True)
class _Facts:
    """One decision, and what the log says about its operation."""

    decision: DurableRecoveryDecision
    checkpoint_level: AgreementLevel
    gate_level: AgreementLevel | None
    outcomes: tuple[FinalizationOutcome, ...]


@dataclass(frozen=True)
class Clause:
    """One clause of soundness; ``holds`` judges one decision with its facts."""

    number: int
    sentence: str
    holds: Callable[[_Facts], bool]


@dataclass(frozen=True)
class ClauseViolation:
    """An operation whose decision breaks a clause."""

    clause: int
    operation_id: str


def violations(
    wal: Sequence[AgreementWalEntry],
    checkpoint_tick: int,
    plan: DurableRecoveryPlan[Any],
    clauses: Sequence[Clause] | None = None,
) -> tuple[ClauseViolation, ...]:
    """Return each clause that a decision of the plan breaks, all clauses by default."""
    chosen = CLAUSES if clauses is None else clauses
    facts = [_facts(wal, checkpoint_tick, decision) for decision in plan.decisions]
    return tuple(
        ClauseViolation(clause.number, each.decision.operation_id)
        for each in facts
        for clause in chosen
        if not clause.holds(each)
    )


def _facts(
    wal: Sequence[AgreementWalEntry], checkpoint_tick: int, decision: DurableRecoveryDecision
) -> _Facts:
    operation_id = decision.operation_id
    before = [entry for entry in wal if entry.tick <= checkpoint_tick]
    gate_levels = [
        entry.gate_level
        for entry in wal
        if isinstance(entry, VisibilityGateCrossing)
        and entry.operation_id == operation_id
        and entry.tick > checkpoint_tick
    ]
    outcomes = [
        entry.outcome
        for entry in wal
        if isinstance(entry, Finalization) and entry.operation_id == operation_id
    ]
    return _Facts(
        decision,
        plain_decision(operation_id, before).level,
        max(gate_levels, key=_rank, default=None),
        tuple(outcomes),
    )


def _rank(level: AgreementLevel) -> int:
    return level.rank


def _keeps_the_checkpoint_level(facts: _Facts) -> bool:
    return facts.decision.level.at_least(facts.checkpoint_level)


def _reaches_the_gate(facts: _Facts) -> bool:
    return facts.gate_level is None or facts.decision.level.at_least(facts.gate_level)


def _reuses_only_what_is_final(facts: _Facts) -> bool:
    decision = facts.decision
    if decision.action is not DurableRecoveryAction.REUSE_FINALIZED:
        return True
    is_final = decision.finalization is FinalizationOutcome.FINALIZED
    return is_final and decision.level is AgreementLevel.FINALIZED


def _preserves_only_what_ended(facts: _Facts) -> bool:
    decision = facts.decision
    if decision.action is not DurableRecoveryAction.PRESERVE_TERMINAL:
        return True
    return decision.finalization not in (None, FinalizationOutcome.FINALIZED)


def _runs_nothing_behind_a_gate_again(facts: _Facts) -> bool:
    again = facts.decision.action is DurableRecoveryAction.REEXECUTE_FROM_SCRATCH
    return not (again and (facts.decision.gate_crossed or facts.gate_level is not None))


def _acts_on_every_outcome(facts: _Facts) -> bool:
    if not facts.outcomes:
        return True
    # Where outcomes conflict the last one counts; the conflict is clause 7's.
    is_final = facts.outcomes[-1] is FinalizationOutcome.FINALIZED
    return facts.decision.action is _TERMINAL[0 if is_final else 1]


def _has_one_outcome(facts: _Facts) -> bool:
    return len(set(facts.outcomes)) <= 1


def _is_final_in_both_or_neither(facts: _Facts) -> bool:
    level_is_final = facts.decision.level is AgreementLevel.FINALIZED
    outcome_is_final = facts.decision.finalization is FinalizationOutcome.FINALIZED
    return level_is_final == outcome_is_final


SOUND: Final = (
    Clause(1, "the level is not below that of the checkpoint", _keeps_the_checkpoint_level),
    Clause(2, "the level reaches that of every crossed gate", _reaches_the_gate),
    Clause(3, "what is reused has level and outcome finalized", _reuses_only_what_is_final),
    Clause(4, "what is preserved ended in another outcome", _preserves_only_what_ended),
)
"""The clauses of the specification's proof; 3 and 4 hold by construction (RECOV-10)."""

SOUND_PLUS: Final = (
    Clause(5, "nothing is run again once a gate was crossed", _runs_nothing_behind_a_gate_again),
    Clause(6, "an outcome anywhere in the log is acted upon", _acts_on_every_outcome),
    Clause(7, "an operation has at most one outcome", _has_one_outcome),
    Clause(8, "level and outcome are finalized together", _is_final_in_both_or_neither),
)
"""What the proof leaves open (F33)."""

CLAUSES: Final = (*SOUND, *SOUND_PLUS)
"""All eight, in order of their numbers."""
