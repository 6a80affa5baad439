"""Phase histories: how the agreement state of one operation develops.

Uniformly drawn states rarely make a long valid run, because a level that fell
once makes every later escalation invalid. A phase history follows an operation
through its phases instead: levels never fall and a terminal phase is the last
(C3).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from strategies._arguments import require_bounds
from strategies._lists import sparse_lists
from strategies.alphabets import COLLIDING, Alphabet
from strategies.values import agreement_evidence, agreement_levels
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementLevel,
    AgreementState,
    FinalizationOutcome,
    WalSyncRequest,
)

__all__ = [
    "PHASE_STATES",
    "OperationPhase",
    "phase_histories",
    "phase_sync_requests",
]


class OperationPhase(enum.Enum):
    """Name a phase of an operation."""

    PENDING = "pending"
    BLOCKED = "blocked"
    HANDED_OFF = "handed_off"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"


PHASE_STATES: Final = {
    OperationPhase.PENDING: (AgreementLevel.PROVISIONAL, None),
    OperationPhase.BLOCKED: (AgreementLevel.PROVISIONAL, None),
    OperationPhase.HANDED_OFF: (AgreementLevel.SOFT_SAFE, None),
    OperationPhase.SUCCEEDED: (AgreementLevel.FINALIZED, FinalizationOutcome.FINALIZED),
    OperationPhase.FAILED: (AgreementLevel.PROVISIONAL, FinalizationOutcome.REJECTED),
    OperationPhase.CANCELLED: (AgreementLevel.PROVISIONAL, FinalizationOutcome.ABORTED),
    OperationPhase.TIMED_OUT: (AgreementLevel.PROVISIONAL, FinalizationOutcome.TIMED_OUT),
}
"""Lowest level and outcome of each phase; the level is higher if it was higher before."""

_LIVE_PHASES: Final = (OperationPhase.PENDING, OperationPhase.BLOCKED, OperationPhase.HANDED_OFF)
_TERMINAL_PHASES: Final = tuple(phase for phase in OperationPhase if phase not in _LIVE_PHASES)


@dataclass(frozen=True, slots=True)
class _Step:
    """One phase, the evidence it adds and how many ticks pass before its sync."""

    phase: OperationPhase
    new_evidence: tuple[AgreementEvidence, ...]
    gate_level: AgreementLevel
    ticks_passed: int


def phase_histories(
    *, alphabet: Alphabet = COLLIDING, max_size: int = 5
) -> SearchStrategy[tuple[AgreementState, ...]]:
    """Describe the successive agreement states of one operation, at least one.

    Levels never fall, evidence ids are only added, and nothing follows a
    terminal phase. ``max_size`` bounds the number of states, from 1. Raises
    :class:`~telltale_spec.errors.DomainError` for other bounds. Source: C3,
    SYNC-06.
    """
    return phase_sync_requests(alphabet=alphabet, max_size=max_size).map(_states)


def phase_sync_requests(
    *, alphabet: Alphabet = COLLIDING, max_size: int = 5
) -> SearchStrategy[tuple[WalSyncRequest, ...]]:
    """Describe the successive sync requests of one operation, at least one.

    Each request carries the state and all evidence of its phase. Its tick is
    that of the request before it or a later one, so that ticks are used again
    (F4). Raises :class:`~telltale_spec.errors.DomainError` for a ``max_size``
    below 1. Source: C3, SYNC-04.
    """

    def definition() -> SearchStrategy[tuple[WalSyncRequest, ...]]:
        require_bounds("phase_sync_requests", "size", 1, max_size)
        live_steps = sparse_lists(_steps(alphabet, _LIVE_PHASES), max_size=max_size - 1)
        last_steps = _steps(alphabet, (*_LIVE_PHASES, *_TERMINAL_PHASES))
        return st.builds(
            _sync_requests,
            operation_id=alphabet.operation_ids,
            coroutine_id=alphabet.coroutine_ids,
            first_tick=st.integers(1, 5),
            steps=st.builds(_followed_by, live_steps, last_steps),
            contract_name=alphabet.texts,
        )

    return st.deferred(definition)


def _states(requests: tuple[WalSyncRequest, ...]) -> tuple[AgreementState, ...]:
    return tuple([request.agreement_state for request in requests if request.agreement_state])


def _steps(alphabet: Alphabet, phases: tuple[OperationPhase, ...]) -> SearchStrategy[_Step]:
    evidence = st.lists(agreement_evidence(alphabet=alphabet), max_size=2).map(tuple)
    return st.builds(
        _Step,
        phase=st.sampled_from(phases),
        new_evidence=evidence,
        gate_level=agreement_levels(),
        ticks_passed=st.integers(0, 2),
    )


def _followed_by(steps: list[_Step], last_step: _Step) -> list[_Step]:
    return [*steps, last_step]


def _sync_requests(
    operation_id: str,
    coroutine_id: str,
    first_tick: int,
    steps: list[_Step],
    contract_name: str,
) -> tuple[WalSyncRequest, ...]:
    level, tick = AgreementLevel.NONE, first_tick
    evidence: tuple[AgreementEvidence, ...] = ()
    requests: list[WalSyncRequest] = []
    for step in steps:
        lowest_level, outcome = PHASE_STATES[step.phase]
        level = level if level.at_least(lowest_level) else lowest_level
        evidence += tuple(replace(piece, operation_id=operation_id) for piece in step.new_evidence)
        state = AgreementState(
            operation_id=operation_id,
            session=None,
            owner_id=None,
            contract_name=contract_name,
            level=level,
            finalization=outcome,
            evidence_ids=tuple(piece.evidence_id for piece in evidence),
            last_updated_tick=tick,
            reason=step.phase.value,
        )
        request = WalSyncRequest(operation_id, coroutine_id, step.gate_level, state, evidence, tick)
        requests.append(request)
        tick += step.ticks_passed
    return tuple(requests)
