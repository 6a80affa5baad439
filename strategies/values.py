"""Valid records: log entries, runtime values, effect outcomes, cache entries, recoveries."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from strategies._arguments import require_bounds
from strategies.alphabets import COLLIDING, Alphabet
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementState,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.recovery import (
    DurableRecoveryAction,
    DurableRecoveryDecision,
    DurableRecoveryMetadata,
)
from telltale_spec.wire.values import (
    NANOSECONDS_MAX,
    VALUE_DEPTH_MAX,
    BoolValue,
    Corrupt,
    CorruptionType,
    Crash,
    Defer,
    Deliver,
    Drop,
    Duration,
    Endpoint,
    EndpointValue,
    Heal,
    NatValue,
    OutputConditionHint,
    Partition,
    ProdValue,
    SendDecision,
    StrValue,
    Timeout,
    TopologyPerturbation,
    UnitValue,
    Value,
)

__all__ = [
    "agreement_evidence",
    "agreement_evidence_kinds",
    "agreement_levels",
    "agreement_states",
    "durations",
    "endpoints",
    "escalations",
    "evidence_produced",
    "finalization_outcomes",
    "finalizations",
    "output_condition_hints",
    "recovery_decisions",
    "recovery_metadata",
    "send_decisions",
    "topology_perturbations",
    "values",
    "visibility_gate_crossings",
    "wal_entries",
]

_LIST_ITEMS_MAX = 4


def agreement_levels() -> SearchStrategy[AgreementLevel]:
    """Describe agreement levels, lowest first. Source: DOM-04."""
    return st.sampled_from(AgreementLevel)


def finalization_outcomes() -> SearchStrategy[FinalizationOutcome]:
    """Describe finalization outcomes. Source: WIRE-04."""
    return st.sampled_from(FinalizationOutcome)


def agreement_evidence_kinds() -> SearchStrategy[AgreementEvidenceKind]:
    """Describe evidence kinds. Source: WIRE-04."""
    return st.sampled_from(AgreementEvidenceKind)


def agreement_evidence(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[AgreementEvidence]:
    """Describe pieces of evidence of any operation. Source: WIRE-04."""
    return st.builds(
        AgreementEvidence,
        evidence_id=alphabet.evidence_ids,
        operation_id=alphabet.operation_ids,
        session=st.none() | alphabet.numbers,
        owner_id=st.none() | alphabet.texts,
        level=agreement_levels(),
        kind=agreement_evidence_kinds(),
        reference=alphabet.texts,
        authoritative=st.booleans(),
    )


def agreement_states(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[AgreementState]:
    """Describe agreement states whose fields need not agree with each other. Source: WIRE-11."""
    return st.builds(
        AgreementState,
        operation_id=alphabet.operation_ids,
        session=st.none() | alphabet.numbers,
        owner_id=st.none() | alphabet.texts,
        contract_name=alphabet.texts,
        level=agreement_levels(),
        finalization=st.none() | finalization_outcomes(),
        evidence_ids=_tuples_of(alphabet.evidence_ids),
        last_updated_tick=st.none() | alphabet.ticks,
        reason=st.none() | alphabet.texts,
    )


def escalations(
    *, alphabet: Alphabet = COLLIDING, allow_regression: bool = True
) -> SearchStrategy[Escalation]:
    """Describe escalations between any two levels.

    Without ``allow_regression`` the new level is never below the previous one,
    so that each escalation is valid as the first of its operation. Source:
    WIRE-03, ART-WAL-03.
    """
    pairs = [
        (previous, new)
        for previous in AgreementLevel
        for new in AgreementLevel
        if allow_regression or new.at_least(previous)
    ]
    return st.builds(
        _escalation,
        operation_id=alphabet.operation_ids,
        levels=st.sampled_from(pairs),
        evidence_id=st.none() | alphabet.evidence_ids,
        tick=alphabet.ticks,
    )


def evidence_produced(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[EvidenceProduced]:
    """Describe log entries of produced evidence. Source: WIRE-03."""
    evidence = agreement_evidence(alphabet=alphabet)
    return st.builds(EvidenceProduced, evidence=evidence, tick=alphabet.ticks)


def finalizations(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[Finalization]:
    """Describe log entries of outcomes. Source: WIRE-03."""
    return st.builds(
        Finalization,
        operation_id=alphabet.operation_ids,
        outcome=finalization_outcomes(),
        materialization_proof_id=st.none() | alphabet.evidence_ids,
        canonical_handle_id=st.none() | alphabet.evidence_ids,
        tick=alphabet.ticks,
    )


def visibility_gate_crossings(
    *, alphabet: Alphabet = COLLIDING
) -> SearchStrategy[VisibilityGateCrossing]:
    """Describe log entries of crossed gates. Source: WIRE-03."""
    return st.builds(
        VisibilityGateCrossing,
        operation_id=alphabet.operation_ids,
        downstream_coroutine_id=alphabet.coroutine_ids,
        gate_level=agreement_levels(),
        tick=alphabet.ticks,
    )


def wal_entries(
    *, alphabet: Alphabet = COLLIDING, allow_regression: bool = True
) -> SearchStrategy[AgreementWalEntry]:
    """Describe log entries of all four variants; see :func:`escalations`. Source: WIRE-03."""
    return st.one_of(
        visibility_gate_crossings(alphabet=alphabet),
        escalations(alphabet=alphabet, allow_regression=allow_regression),
        finalizations(alphabet=alphabet),
        evidence_produced(alphabet=alphabet),
    )


def endpoints(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[Endpoint]:
    """Describe endpoints of sessions. Source: WIRE-08."""
    return st.builds(Endpoint, sid=alphabet.numbers, role=alphabet.texts)


def values(
    *, alphabet: Alphabet = COLLIDING, min_depth: int = 0, max_depth: int = 3
) -> SearchStrategy[Value]:
    """Describe runtime values with products nested ``min_depth`` to ``max_depth`` deep.

    Up to a depth of 123 every value can be read back from a cached response,
    from 125 on none can (DEC-28, F23); 256 is the largest that can be built.
    Raises :class:`~telltale_spec.errors.DomainError` for other bounds. Source:
    WIRE-08.
    """

    def definition() -> SearchStrategy[Value]:
        require_bounds("values", "depth", min_depth, max_depth, limit=VALUE_DEPTH_MAX)
        leaves = _flat_values(alphabet)
        # Each layer puts one more product around the value: its other half, on which side.
        layers = st.tuples(leaves | st.builds(ProdValue, left=leaves, right=leaves), st.booleans())
        return st.builds(_nested, leaves, st.lists(layers, min_size=min_depth, max_size=max_depth))

    return st.deferred(definition)


def send_decisions(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[SendDecision]:
    """Describe what becomes of a message. Source: WIRE-08."""
    return st.one_of(
        st.just(Drop()), st.just(Defer()), st.builds(Deliver, payload=values(alphabet=alphabet))
    )


def durations(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[Duration]:
    """Describe durations. Source: DOM-06."""
    return st.builds(Duration, secs=alphabet.numbers, nanos=st.integers(0, NANOSECONDS_MAX))


def topology_perturbations(
    *, alphabet: Alphabet = COLLIDING
) -> SearchStrategy[TopologyPerturbation]:
    """Describe changes of the network of all five variants. Source: WIRE-08."""
    sites = alphabet.texts
    return st.one_of(
        st.builds(Crash, site=sites),
        st.builds(Partition, from_=sites, to=sites),
        st.builds(Heal, from_=sites, to=sites),
        st.builds(Corrupt, from_=sites, to=sites, corruption=st.sampled_from(CorruptionType)),
        st.builds(Timeout, site=sites, duration=durations(alphabet=alphabet)),
    )


def output_condition_hints(
    *, alphabet: Alphabet = COLLIDING
) -> SearchStrategy[OutputConditionHint]:
    """Describe metadata that gates an output. Source: WIRE-09."""
    return st.builds(
        OutputConditionHint, predicate_ref=alphabet.texts, witness_ref=st.none() | alphabet.texts
    )


def recovery_metadata(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[DurableRecoveryMetadata]:
    """Describe recovery metadata whose fields need not agree with each other. Source: WIRE-10."""
    return st.builds(
        DurableRecoveryMetadata,
        checkpoint_tick=alphabet.ticks,
        wal_tail_start_tick=st.none() | alphabet.ticks,
        highest_recovered_tick=st.none() | alphabet.ticks,
        resumed_operation_ids=_tuples_of(alphabet.operation_ids),
        terminal_operation_ids=_tuples_of(alphabet.operation_ids),
        cached_evidence_ids=_tuples_of(alphabet.evidence_ids),
    )


def recovery_decisions(
    *, alphabet: Alphabet = COLLIDING
) -> SearchStrategy[DurableRecoveryDecision]:
    """Describe recovery decisions whose fields need not agree with each other. Source: WIRE-11."""
    return st.builds(
        DurableRecoveryDecision,
        operation_id=alphabet.operation_ids,
        level=agreement_levels(),
        finalization=st.none() | finalization_outcomes(),
        action=st.sampled_from(DurableRecoveryAction),
        cached_evidence_ids=_tuples_of(alphabet.evidence_ids),
        gate_crossed=st.booleans(),
    )


def _tuples_of(texts: SearchStrategy[str]) -> SearchStrategy[tuple[str, ...]]:
    return st.lists(texts, max_size=_LIST_ITEMS_MAX).map(tuple)


def _escalation(
    operation_id: str,
    levels: tuple[AgreementLevel, AgreementLevel],
    evidence_id: str | None,
    tick: int,
) -> Escalation:
    previous, new = levels
    return Escalation(operation_id, previous, new, evidence_id, tick)


def _flat_values(alphabet: Alphabet) -> SearchStrategy[Value]:
    return st.one_of(
        st.just(UnitValue()),
        st.builds(NatValue, value=alphabet.numbers),
        st.builds(BoolValue, value=st.booleans()),
        st.builds(StrValue, value=alphabet.texts),
        st.builds(EndpointValue, endpoint=endpoints(alphabet=alphabet)),
    )


def _nested(innermost: Value, layers: list[tuple[Value, bool]]) -> Value:
    value = innermost
    for layer, on_the_left in layers:
        other = layer
        if isinstance(layer, ProdValue) and value.depth == 0:
            # A pair beside a flat value would nest deeper than the layers say.
            other = layer.left
        value = ProdValue(value, other) if on_the_left else ProdValue(other, value)
    return value
