"""Naive strategies: records built from whatever their fields may be."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from telltale_spec.wire import agreement, effects, persisted, requests, values
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.recovery import DurableRecoveryMetadata

texts: Final = st.text()
numbers: Final = st.integers(0, 2**64 - 1)
optional_texts: Final = st.none() | texts
optional_numbers: Final = st.none() | numbers
levels: Final = st.sampled_from(agreement.AgreementLevel)
outcomes_of_operations: Final = st.sampled_from(agreement.FinalizationOutcome)

evidence: Final = st.builds(
    agreement.AgreementEvidence,
    evidence_id=texts,
    operation_id=texts,
    session=optional_numbers,
    owner_id=optional_texts,
    level=levels,
    kind=st.sampled_from(agreement.AgreementEvidenceKind),
    reference=texts,
    authoritative=st.booleans(),
)
entries: Final = st.one_of(
    st.builds(
        agreement.Escalation,
        operation_id=texts,
        previous_level=levels,
        new_level=levels,
        evidence_id=optional_texts,
        tick=numbers,
    ),
    st.builds(agreement.EvidenceProduced, evidence=evidence, tick=numbers),
    st.builds(
        agreement.Finalization,
        operation_id=texts,
        outcome=outcomes_of_operations,
        materialization_proof_id=optional_texts,
        canonical_handle_id=optional_texts,
        tick=numbers,
    ),
    st.builds(
        agreement.VisibilityGateCrossing,
        operation_id=texts,
        downstream_coroutine_id=texts,
        gate_level=levels,
        tick=numbers,
    ),
)

endpoints: Final = st.builds(values.Endpoint, sid=numbers, role=texts)
runtime_values: Final = st.recursive(
    st.one_of(
        st.builds(values.UnitValue),
        st.builds(values.NatValue, value=numbers),
        st.builds(values.BoolValue, value=st.booleans()),
        st.builds(values.StrValue, value=texts),
        st.builds(values.EndpointValue, endpoint=endpoints),
    ),
    lambda inner: st.builds(values.ProdValue, left=inner, right=inner),
    max_leaves=4,
)
registers: Final = st.lists(runtime_values, max_size=3).map(tuple)
durations: Final = st.builds(values.Duration, secs=numbers, nanos=st.integers(0, 999_999_999))
events: Final = st.one_of(
    st.builds(values.Crash, site=texts),
    st.builds(values.Partition, from_=texts, to=texts),
    st.builds(values.Heal, from_=texts, to=texts),
    st.builds(
        values.Corrupt,
        from_=texts,
        to=texts,
        corruption=st.sampled_from(values.CorruptionType),
    ),
    st.builds(values.Timeout, site=texts, duration=durations),
)
hints: Final = st.builds(
    values.OutputConditionHint, predicate_ref=texts, witness_ref=optional_texts
)
decisions: Final = st.one_of(
    st.builds(values.Drop),
    st.builds(values.Defer),
    st.builds(values.Deliver, payload=runtime_values),
)
responses: Final = st.one_of(
    st.builds(effects.SendDecisionResponse, decision=decisions),
    st.builds(effects.ReceiveResponse, state=registers),
    st.builds(effects.ChooseResponse, label=texts),
    st.builds(effects.InvokeStepResponse, state=registers),
    st.builds(effects.AcquireResponse, evidence=runtime_values),
    st.builds(effects.ReleaseResponse),
    st.builds(effects.TopologyEventsResponse, events=st.lists(events, max_size=3).map(tuple)),
    st.builds(effects.WalSyncResponse),
    st.builds(effects.OutputConditionHintResponse, hint=st.none() | hints),
)
failures: Final = st.builds(
    effects.EffectFailure, kind=st.sampled_from(effects.EffectFailureKind), message=texts
)
statuses: Final = st.one_of(
    st.builds(effects.SuccessStatus),
    st.builds(effects.BlockedStatus),
    st.builds(effects.FailureStatus, failure=failures),
)
outcomes: Final = st.builds(effects.EffectOutcome, status=statuses, response=st.none() | responses)
cache_entries: Final = st.builds(
    EvidenceOutcomeCacheEntry,
    evidence_id=texts,
    interface_name=texts,
    operation_name=texts,
    outcome=outcomes,
)

logs: Final = st.lists(entries, max_size=10).map(tuple)
caches: Final = st.lists(cache_entries, max_size=5).map(tuple)
ids: Final = st.lists(texts, max_size=4).map(tuple)
artifacts: Final = st.one_of(
    logs.map(agreement.AgreementWalArtifact).map(
        persisted.PersistedDurabilityArtifact.agreement_wal
    ),
    caches.map(EvidenceOutcomeCacheArtifact).map(
        persisted.PersistedDurabilityArtifact.evidence_outcome_cache
    ),
    st.builds(
        DurableRecoveryMetadata,
        checkpoint_tick=numbers,
        wal_tail_start_tick=optional_numbers,
        highest_recovered_tick=optional_numbers,
        resumed_operation_ids=ids,
        terminal_operation_ids=ids,
        cached_evidence_ids=ids,
    ).map(persisted.PersistedDurabilityArtifact.recovery_metadata),
)

states: Final = st.builds(
    agreement.AgreementState,
    operation_id=texts,
    session=optional_numbers,
    owner_id=optional_texts,
    contract_name=texts,
    level=levels,
    finalization=st.none() | outcomes_of_operations,
    evidence_ids=ids,
    last_updated_tick=optional_numbers,
    reason=optional_texts,
)
syncs: Final = st.builds(
    agreement.WalSyncRequest,
    operation_id=texts,
    downstream_coroutine_id=texts,
    gate_level=levels,
    agreement_state=st.none() | states,
    agreement_evidence=st.lists(evidence, max_size=3).map(tuple),
    tick=numbers,
)
bodies: Final = st.one_of(
    st.builds(requests.InvokeStepBody, role=texts, state=registers),
    st.builds(requests.WalSyncBody, sync=syncs),
    st.builds(requests.AcquireBody, role=texts, layer=texts, state=registers),
    st.builds(
        requests.ReleaseBody, role=texts, layer=texts, evidence=runtime_values, state=registers
    ),
    st.builds(requests.TopologyEventsBody, tick=numbers),
    st.builds(requests.OutputConditionHintBody, role=texts, state=registers),
    st.builds(
        requests.SendDecisionBody,
        role=texts,
        partner=texts,
        label=texts,
        state=registers,
        payload=st.none() | runtime_values,
    ),
    st.builds(
        requests.ReceiveBody,
        role=texts,
        partner=texts,
        label=texts,
        state=registers,
        payload=runtime_values,
    ),
    st.builds(
        requests.ChooseBody,
        role=texts,
        partner=texts,
        labels=st.lists(texts, min_size=1, max_size=3).map(tuple),
        state=registers,
    ),
)
timeouts: Final = st.one_of(
    st.builds(requests.NoTimeout),
    st.builds(requests.InheritOperationBudget),
    st.builds(requests.RequiredTimeout, budget_ticks=optional_numbers),
)
retries: Final = st.one_of(
    st.builds(requests.ForbiddenRetry),
    st.builds(requests.BoundedRetry, max_retries=numbers),
    st.builds(requests.UntilTimeoutRetry),
)
metadata: Final = st.builds(
    requests.EffectInterfaceMetadata,
    interface_name=texts,
    operation_name=texts,
    authority_class=st.sampled_from(requests.EffectAuthorityClass),
    semantic_class=st.sampled_from(requests.EffectSemanticClass),
    agreement_use=st.sampled_from(requests.EffectAgreementUse),
    region_scope=st.sampled_from(requests.EffectRegionScope),
    admissibility=st.sampled_from(requests.EffectAdmissibility),
    totality=st.sampled_from(requests.EffectTotality),
    timeout_policy=timeouts,
    retry_shape=retries,
    reentrancy_policy=st.sampled_from(requests.EffectReentrancyPolicy),
    handler_domain=st.sampled_from(requests.EffectHandlerDomain),
)
effect_requests: Final = st.one_of(
    # With the metadata that belongs to the body, or with any.
    st.builds(
        requests.EffectRequest.of,
        bodies,
        tick=numbers,
        session=optional_numbers,
        operation_id=optional_texts,
    ),
    st.builds(
        requests.EffectRequest,
        effect_id=optional_numbers,
        tick=numbers,
        session=optional_numbers,
        operation_id=optional_texts,
        metadata=metadata,
        body=bodies,
    ),
)
