"""Hypothesis strategies for every value, operation, history and fault.

Strategies are plural nouns and describe valid values, unless their name says
otherwise. Options are keyword-only; an impossible one is refused with a
:class:`~telltale_spec.errors.DomainError` when the test runs. Everything is
drawn from an alphabet (:data:`COLLIDING` by default) and shrinks towards what
a person reads at once.

==========================  ===================================================
Module                      What it describes
==========================  ===================================================
``strategies.alphabets``    how texts and integers are drawn
``strategies.values``       log entries, runtime values, recovery records
``strategies.outcomes``     effect outcomes and cache entries
``strategies.metadata``     effect interface metadata, legal and illegal
``strategies.requests``     effect requests and sync requests
``strategies.phases``       the states of one operation, one after another
``strategies.identities``   different entries of one stable identity
``strategies.artifacts``    whole logs, caches and artifacts; checkpoints
``strategies.encodings``    bytes: canonical, not canonical, corrupt, mutated
``strategies.faults``       failing calls and crashes
``strategies.histories``    operations of one run, in order
==========================  ===================================================
"""

from strategies.alphabets import (
    COLLIDING,
    FULL_RANGE,
    Alphabet,
)
from strategies.artifacts import (
    InvalidWal,
    cache_artifacts,
    checkpoints,
    invalid_wal_artifacts,
    invalid_wals,
    persisted_artifacts,
    unknown_version_artifacts,
    valid_entries,
    wal_artifacts,
)
from strategies.encodings import (
    READABLE_VALUE_DEPTH_MAX,
    LabelledBytes,
    canonical_encodings,
    corrupt_encodings,
    mutated_encodings,
    non_canonical_encodings,
)
from strategies.faults import (
    BackendCall,
    CallFault,
    CallFaultProgram,
    CrashPoint,
    append_faults,
    cache_fault_programs,
    crash_points,
    crash_programs,
    get_faults,
    load_faults,
    put_faults,
    wal_fault_programs,
)
from strategies.histories import (
    History,
    cache_histories,
    sync_histories,
    wal_histories,
)
from strategies.identities import (
    CollidingPair,
    colliding_pairs,
    identity_twins,
    request_for,
    syncable_twins,
)
from strategies.metadata import (
    effect_interface_metadata,
    effect_retry_shapes,
    effect_timeout_policies,
)
from strategies.outcomes import (
    OutcomeConsistency,
    cache_entries,
    effect_failures,
    effect_outcome_statuses,
    effect_outcomes,
    effect_responses,
    register_states,
)
from strategies.phases import (
    PHASE_STATES,
    OperationPhase,
    phase_histories,
    phase_sync_requests,
)
from strategies.requests import (
    MetadataFit,
    effect_request_bodies,
    effect_requests,
    wal_sync_requests,
    wal_sync_requests_near,
)
from strategies.values import (
    agreement_evidence,
    agreement_evidence_kinds,
    agreement_levels,
    agreement_states,
    durations,
    endpoints,
    escalations,
    evidence_produced,
    finalization_outcomes,
    finalizations,
    output_condition_hints,
    recovery_decisions,
    recovery_metadata,
    send_decisions,
    topology_perturbations,
    values,
    visibility_gate_crossings,
    wal_entries,
)

__all__ = [
    "COLLIDING",
    "FULL_RANGE",
    "PHASE_STATES",
    "READABLE_VALUE_DEPTH_MAX",
    "Alphabet",
    "BackendCall",
    "CallFault",
    "CallFaultProgram",
    "CollidingPair",
    "CrashPoint",
    "History",
    "InvalidWal",
    "LabelledBytes",
    "MetadataFit",
    "OperationPhase",
    "OutcomeConsistency",
    "agreement_evidence",
    "agreement_evidence_kinds",
    "agreement_levels",
    "agreement_states",
    "append_faults",
    "cache_artifacts",
    "cache_entries",
    "cache_fault_programs",
    "cache_histories",
    "canonical_encodings",
    "checkpoints",
    "colliding_pairs",
    "corrupt_encodings",
    "crash_points",
    "crash_programs",
    "durations",
    "effect_failures",
    "effect_interface_metadata",
    "effect_outcome_statuses",
    "effect_outcomes",
    "effect_request_bodies",
    "effect_requests",
    "effect_responses",
    "effect_retry_shapes",
    "effect_timeout_policies",
    "endpoints",
    "escalations",
    "evidence_produced",
    "finalization_outcomes",
    "finalizations",
    "get_faults",
    "identity_twins",
    "invalid_wal_artifacts",
    "invalid_wals",
    "load_faults",
    "mutated_encodings",
    "non_canonical_encodings",
    "output_condition_hints",
    "persisted_artifacts",
    "phase_histories",
    "phase_sync_requests",
    "put_faults",
    "recovery_decisions",
    "recovery_metadata",
    "register_states",
    "request_for",
    "send_decisions",
    "sync_histories",
    "syncable_twins",
    "topology_perturbations",
    "unknown_version_artifacts",
    "valid_entries",
    "values",
    "visibility_gate_crossings",
    "wal_artifacts",
    "wal_entries",
    "wal_fault_programs",
    "wal_histories",
    "wal_sync_requests",
    "wal_sync_requests_near",
]
