"""Valid effect outcomes and the cache entries that hold them."""

from __future__ import annotations

import enum

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from strategies.alphabets import COLLIDING, Alphabet
from strategies.values import (
    output_condition_hints,
    send_decisions,
    topology_perturbations,
    values,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    AcquireResponse,
    BlockedStatus,
    ChooseResponse,
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    EffectOutcomeStatus,
    EffectResponse,
    FailureStatus,
    InvokeStepResponse,
    OutputConditionHintResponse,
    ReceiveResponse,
    ReleaseResponse,
    SendDecisionResponse,
    SuccessStatus,
    TopologyEventsResponse,
    WalSyncResponse,
)
from telltale_spec.wire.values import Value

__all__ = [
    "OutcomeConsistency",
    "cache_entries",
    "effect_failures",
    "effect_outcome_statuses",
    "effect_outcomes",
    "effect_responses",
    "register_states",
]

_REGISTERS_MAX = 3


class OutcomeConsistency(enum.Enum):
    """Say whether an outcome's status and response belong together (DEC-25).

    They do when a success has a response and anything else has none.
    """

    CONSISTENT = "consistent"
    INCONSISTENT = "inconsistent"
    ANY = "any"


def effect_failures(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[EffectFailure]:
    """Describe failures of all eleven kinds. Source: WIRE-06."""
    kinds = st.sampled_from(EffectFailureKind)
    return st.builds(EffectFailure, kind=kinds, message=alphabet.texts)


def effect_outcome_statuses(
    *, alphabet: Alphabet = COLLIDING
) -> SearchStrategy[EffectOutcomeStatus]:
    """Describe statuses of all three variants. Source: WIRE-06."""
    return st.one_of(st.just(SuccessStatus()), _unsuccessful_statuses(alphabet))


def register_states(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[tuple[Value, ...]]:
    """Describe the registers of a coroutine: a few values. Source: WIRE-07."""
    return st.lists(values(alphabet=alphabet), max_size=_REGISTERS_MAX).map(tuple)


def effect_responses(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[EffectResponse]:
    """Describe responses of all nine variants. Source: WIRE-07."""
    states = register_states(alphabet=alphabet)
    events = st.lists(topology_perturbations(alphabet=alphabet), max_size=_REGISTERS_MAX)
    hints = st.none() | output_condition_hints(alphabet=alphabet)
    return st.one_of(
        st.just(WalSyncResponse()),
        st.just(ReleaseResponse()),
        st.builds(ChooseResponse, label=alphabet.texts),
        st.builds(InvokeStepResponse, state=states),
        st.builds(ReceiveResponse, state=states),
        st.builds(SendDecisionResponse, decision=send_decisions(alphabet=alphabet)),
        st.builds(AcquireResponse, evidence=values(alphabet=alphabet)),
        st.builds(TopologyEventsResponse, events=events),
        st.builds(OutputConditionHintResponse, hint=hints),
    )


def effect_outcomes(
    *,
    alphabet: Alphabet = COLLIDING,
    consistency: OutcomeConsistency = OutcomeConsistency.CONSISTENT,
) -> SearchStrategy[EffectOutcome]:
    """Describe effect outcomes, by default those a correct handler returns.

    ``consistency`` asks for outcomes whose status and response contradict each
    other, or for both. All of them are legal on the wire. Source: WIRE-05,
    DEC-25, OUT-01.
    """
    responses = effect_responses(alphabet=alphabet)
    successes = st.just(SuccessStatus())
    unsuccessful = _unsuccessful_statuses(alphabet)
    consistent = st.one_of(
        st.builds(EffectOutcome, status=successes, response=responses),
        st.builds(EffectOutcome, status=unsuccessful, response=st.none()),
    )
    inconsistent = st.one_of(
        st.builds(EffectOutcome, status=successes, response=st.none()),
        st.builds(EffectOutcome, status=unsuccessful, response=responses),
    )
    if consistency is OutcomeConsistency.CONSISTENT:
        return consistent
    if consistency is OutcomeConsistency.INCONSISTENT:
        return inconsistent
    return consistent | inconsistent


def cache_entries(
    *,
    alphabet: Alphabet = COLLIDING,
    consistency: OutcomeConsistency = OutcomeConsistency.CONSISTENT,
) -> SearchStrategy[EvidenceOutcomeCacheEntry]:
    """Describe cache entries; see :func:`effect_outcomes`. Source: WIRE-05."""
    return st.builds(
        EvidenceOutcomeCacheEntry,
        evidence_id=alphabet.evidence_ids,
        interface_name=alphabet.texts,
        operation_name=alphabet.texts,
        outcome=effect_outcomes(alphabet=alphabet, consistency=consistency),
    )


def _unsuccessful_statuses(alphabet: Alphabet) -> SearchStrategy[EffectOutcomeStatus]:
    failed = st.builds(FailureStatus, failure=effect_failures(alphabet=alphabet))
    return st.one_of(st.just(BlockedStatus()), failed)
