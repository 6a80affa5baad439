"""One artifact of each payload in which every kind of position occurs.

A rewrite that finds no place in a drawn artifact finds one in these.
"""

from __future__ import annotations

from typing import Final

from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalArtifact,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    AcquireResponse,
    EffectFailure,
    EffectOutcome,
    EffectResponse,
    OutputConditionHintResponse,
    ReceiveResponse,
    ReleaseResponse,
    SendDecisionResponse,
    TopologyEventsResponse,
)
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.recovery import DurableRecoveryMetadata
from telltale_spec.wire.values import (
    BoolValue,
    Corrupt,
    CorruptionType,
    Drop,
    Duration,
    Endpoint,
    EndpointValue,
    NatValue,
    OutputConditionHint,
    ProdValue,
    Timeout,
    UnitValue,
)

__all__ = ["EXEMPLARS"]

_WAL: Final = AgreementWalArtifact(
    (
        EvidenceProduced(
            AgreementEvidence(
                evidence_id="e",
                operation_id="a",
                session=None,
                owner_id=None,
                level=AgreementLevel.SOFT_SAFE,
                kind=AgreementEvidenceKind.WITNESS,
                reference="t",
                authoritative=True,
            ),
            1,
        ),
        Escalation("a", AgreementLevel.NONE, AgreementLevel.SOFT_SAFE, None, 1),
        Finalization("a", FinalizationOutcome.FINALIZED, None, None, 1),
        VisibilityGateCrossing("a", "c", AgreementLevel.SOFT_SAFE, 1),
    )
)

_RESPONSES: Final[tuple[EffectResponse, ...]] = (
    SendDecisionResponse(Drop()),
    ReceiveResponse((ProdValue(NatValue(1), EndpointValue(Endpoint(1, "t"))), BoolValue(False))),
    AcquireResponse(UnitValue()),
    ReleaseResponse(),
    TopologyEventsResponse(
        (Timeout("t", Duration(1, 5)), Corrupt("t", "t", CorruptionType.BIT_FLIP))
    ),
    OutputConditionHintResponse(OutputConditionHint("t", None)),
)

_OUTCOMES: Final = (
    *(EffectOutcome.success(response) for response in _RESPONSES),
    EffectOutcome.blocked(),
    EffectOutcome.failed(EffectFailure.unavailable("t")),
)

_CACHE: Final = EvidenceOutcomeCacheArtifact(
    tuple(
        EvidenceOutcomeCacheEntry(f"e{index}", "t", "t", outcome)
        for index, outcome in enumerate(_OUTCOMES)
    )
)

EXEMPLARS: Final = (
    PersistedDurabilityArtifact.agreement_wal(_WAL),
    PersistedDurabilityArtifact.evidence_outcome_cache(_CACHE),
    PersistedDurabilityArtifact.recovery_metadata(DurableRecoveryMetadata()),
)
"""A log, a cache and recovery metadata with every kind of position (DEC-00)."""
