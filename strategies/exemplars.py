"""One artifact of each payload in which every kind of position occurs, and the boundary values.

A rewrite that finds no place in a drawn artifact finds one in these.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    ChooseResponse,
    EffectFailure,
    EffectOutcome,
    EffectResponse,
    InvokeStepResponse,
    OutputConditionHintResponse,
    ReceiveResponse,
    ReleaseResponse,
    SendDecisionResponse,
    TopologyEventsResponse,
    WalSyncResponse,
)
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.recovery import DurableRecoveryMetadata
from telltale_spec.wire.shapes import U64_MAX
from telltale_spec.wire.values import (
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
    StrValue,
    Timeout,
    UnitValue,
)

__all__ = ["BOUNDARIES", "EXEMPLARS", "small_exemplars"]

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

_FULL_RESPONSES: Final[tuple[EffectResponse, ...]] = (
    SendDecisionResponse(Deliver(StrValue("t"))),
    SendDecisionResponse(Defer()),
    ChooseResponse("t"),
    InvokeStepResponse((StrValue("t"), UnitValue())),
    TopologyEventsResponse((Crash("t"), Partition("t", "t"), Heal("t", "t"))),
    WalSyncResponse(),
    OutputConditionHintResponse(OutputConditionHint("t", "t")),
    OutputConditionHintResponse(None),
)

_FULL_EXEMPLARS: Final = (
    PersistedDurabilityArtifact.agreement_wal(
        AgreementWalArtifact(
            (
                EvidenceProduced(
                    AgreementEvidence(
                        evidence_id="e",
                        operation_id="a",
                        session=7,
                        owner_id="w",
                        level=AgreementLevel.NONE,
                        kind=AgreementEvidenceKind.COMMIT_FACT,
                        reference="t",
                        authoritative=False,
                    ),
                    1,
                ),
                Escalation("a", AgreementLevel.NONE, AgreementLevel.FINALIZED, "e", 1),
                Finalization("a", FinalizationOutcome.TIMED_OUT, "p", "h", 1),
            )
        )
    ),
    PersistedDurabilityArtifact.evidence_outcome_cache(
        EvidenceOutcomeCacheArtifact(
            tuple(
                EvidenceOutcomeCacheEntry(f"e{index}", "t", "t", EffectOutcome.success(response))
                for index, response in enumerate(_FULL_RESPONSES)
            )
        )
    ),
    PersistedDurabilityArtifact.recovery_metadata(
        DurableRecoveryMetadata(1, 2, 3, ("b", "a"), ("t",), ("e", "e"))
    ),
)
"""What the other exemplars leave out: optional fields that are there, and further variants."""

_ENTRY_DEPTH: Final = 4


def small_exemplars() -> Iterator[tuple[PersistedDurabilityArtifact, int]]:
    """Yield an artifact for each entry of the exemplars, and how deep its new positions are."""
    for artifact in (*EXEMPLARS, *_FULL_EXEMPLARS):
        wal, cache = artifact.agreement_wal_artifact(), artifact.evidence_outcome_cache_artifact()
        if wal is None and cache is None:
            yield artifact, 0
        # What is around the entries is the same each time.
        first_depth = 0 if artifact in EXEMPLARS else _ENTRY_DEPTH
        for number, entry in enumerate(wal.entries if wal is not None else ()):
            one = PersistedDurabilityArtifact.agreement_wal(AgreementWalArtifact((entry,)))
            yield one, _ENTRY_DEPTH if number else first_depth
        for number, held in enumerate(cache.entries if cache is not None else ()):
            kept = EvidenceOutcomeCacheArtifact((held,))
            one = PersistedDurabilityArtifact.evidence_outcome_cache(kept)
            yield one, _ENTRY_DEPTH if number else first_depth


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
