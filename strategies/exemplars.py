"""One artifact of each payload in which every kind of position occurs, and the boundary values.

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
from telltale_spec.wire.shapes import U64_MAX
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
    StrValue,
    Timeout,
    UnitValue,
)

__all__ = ["BOUNDARIES", "EXEMPLARS"]

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

# Both sides of every length of a head, and of the signed ranges that storages use.
_INTEGERS: Final = (
    *(0, 23, 24, 2**8 - 1, 2**8, 2**16 - 1, 2**16, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63),
    U64_MAX,
)
_TEXTS: Final = ("", "\x00", "\u00e9", "\U0001f600", "a" * 23, "a" * 24, "a" * 255, "a" * 256)

BOUNDARIES: Final = (
    PersistedDurabilityArtifact.agreement_wal(
        AgreementWalArtifact(
            (
                *(VisibilityGateCrossing("a", "c", AgreementLevel.NONE, i) for i in _INTEGERS),
                *(VisibilityGateCrossing(text, "c", AgreementLevel.NONE, 1) for text in _TEXTS),
            )
        )
    ),
    PersistedDurabilityArtifact.evidence_outcome_cache(
        EvidenceOutcomeCacheArtifact(
            tuple(
                EvidenceOutcomeCacheEntry(
                    f"e{index}", "t", "t", EffectOutcome.success(AcquireResponse(value))
                )
                for index, value in enumerate((*map(NatValue, _INTEGERS), *map(StrValue, _TEXTS)))
            )
        )
    ),
    *(
        PersistedDurabilityArtifact.recovery_metadata(
            DurableRecoveryMetadata(integer, integer, integer, _TEXTS, _TEXTS, _TEXTS)
        )
        for integer in _INTEGERS
    ),
)
"""Artifacts of integers and texts at every boundary of their encoding (WIRE-01, DOM-01)."""
