"""Artifacts that a codec easily writes or reads wrong: odd texts, long lists, depth, repeats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from typing import Final

from conformance.machines.confusable_texts import COLLIDING_PAIRS, NUMBERS, all_texts
from conformance.machines.entry_material import entries_of_every_variant, entries_one_place_apart
from conformance.machines.evidence_material import every_outcome
from conformance.machines.outcome_material import numeric_outcomes, outcomes_of_every_kind
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import AcquireResponse, EffectOutcome, InvokeStepResponse
from telltale_spec.wire.limits import PERSISTED_DURABILITY_SCHEMA_VERSION
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.recovery import DurableRecoveryMetadata
from telltale_spec.wire.values import NatValue, ProdValue, StrValue, UnitValue, Value

__all__ = ["deep_artifacts", "near_versions", "odd_artifacts"]

# Both sides of every length of a head that a list of some size can have.
_LENGTHS: Final = (23, 24, 255, 256, 257)
# More than who guards against attacks takes for a list that is honest.
_MANY: Final = (1_030, 4_100)
_LONG: Final = 65_536
_HISTORIES_OF_CI: Final = 150
# How deep a reader follows beyond this is a recommendation (DEC-28).
_DEPTHS: Final = (2, 4, 8)
_FURTHER_DEPTHS: Final = (12, 16, 24, 33, 60)
_LEVEL: Final = AgreementLevel.SOFT_SAFE


def odd_artifacts(histories: int) -> Iterator[PersistedDurabilityArtifact]:
    """Yield artifacts of every payload, the longest where there is time (WIRE-01, ARTIFACT-06)."""
    texts = all_texts()
    yield _log(*(VisibilityGateCrossing(text, text, _LEVEL, 5) for text in texts))
    yield _log(*(Escalation(text, _LEVEL, _LEVEL, text, 5) for text in texts))
    yield _log(*(EvidenceProduced(_evidence(text), 5) for text in texts))
    yield _log(*(Finalization(text, FinalizationOutcome.ABORTED, text, text, 5) for text in texts))
    yield _cache(*map(StrValue, texts))
    yield _metadata(texts)
    yield _log(*(VisibilityGateCrossing("a", "c", _LEVEL, number) for number in NUMBERS))
    yield _cache(*map(NatValue, NUMBERS))
    for length in _LENGTHS:
        yield _log(*(VisibilityGateCrossing("a", "", _LEVEL, 1) for _ in range(length)))
        yield _cache(*map(NatValue, range(length)))
        yield _metadata(("",) * length)
        state = InvokeStepResponse(tuple(map(NatValue, range(length))))
        yield _held(EffectOutcome.success(state))
    for length in _MANY:
        yield _log(*(VisibilityGateCrossing("a", "", _LEVEL, 1) for _ in range(length)))
    yield _cache(*map(NatValue, range(_MANY[0])))
    if histories >= _HISTORIES_OF_CI:
        yield _metadata(("",) * _LONG)
        yield _log(*(VisibilityGateCrossing("a", "", _LEVEL, 1) for _ in range(_LONG)))
    yield from map(_held, every_outcome())
    yield _log(*entries_of_every_variant())
    yield _log(*entries_one_place_apart())
    yield _outcomes(*outcomes_of_every_kind())
    yield _outcomes(*numeric_outcomes())
    # Their encodings are as long as each other, and have one checksum.
    for pair in COLLIDING_PAIRS:
        yield from (_log(VisibilityGateCrossing("o", text, _LEVEL, 5)) for text in pair)
    # What comes again comes again, and in its order.
    ids = ("b", "a", "", "b", "a", "B")
    yield _metadata(ids)
    yield _log(*(EvidenceProduced(_evidence(each), 5) for each in ids))
    yield _cache(*map(StrValue, ids), ids=ids)
    low, high = AgreementLevel.NONE, AgreementLevel.FINALIZED
    yield _log(Escalation("a", low, high, None, 2), Escalation("a", high, low, None, 1))
    yield from map(_nested, _DEPTHS)


def deep_artifacts() -> Iterator[PersistedDurabilityArtifact]:
    """Yield artifacts that have to be written as deep as they are, whoever reads them."""
    yield from map(_nested, _FURTHER_DEPTHS)


def near_versions() -> tuple[PersistedDurabilityArtifact, ...]:
    """Return artifacts of versions that are nearly the one that is read (DEC-31)."""
    own = PERSISTED_DURABILITY_SCHEMA_VERSION
    name = own.removesuffix("v1")
    versions = (
        *(own + end for end in ("0", ".0", ".1", " ", "\n", "\0", "-beta", "+x", "/", "\u200b")),
        *(start + own for start in (" ", "\ufeff", "x", "/")),
        *(name + end for end in ("v01", "v", "V1", "1", "v2", "v\uff11", "v\u00b9", "v1v1", "")),
        *(own.upper(), own.title(), own.replace(".", "-"), own.replace(".", "_")),
        *(own[:-1], own[1:], own.replace("durability", "Durability"), own.replace(".", "..")),
        *("", "1", "v1", "null", "telltale"),
    )
    gate = _log(VisibilityGateCrossing("a", "c", _LEVEL, 1))
    empty = PersistedDurabilityArtifact.recovery_metadata(DurableRecoveryMetadata())
    return tuple([replace(each, schema_version=v) for v in versions for each in (gate, empty)])


def _evidence(text: str) -> AgreementEvidence:
    kind = AgreementEvidenceKind.WITNESS
    return AgreementEvidence(text, text, None, text, _LEVEL, kind, text, True)


def _log(*entries: AgreementWalEntry) -> PersistedDurabilityArtifact:
    return PersistedDurabilityArtifact.agreement_wal(AgreementWalArtifact(entries))


def _held(outcome: EffectOutcome) -> PersistedDurabilityArtifact:
    entry = EvidenceOutcomeCacheEntry("e", "i", "o", outcome)
    return PersistedDurabilityArtifact.evidence_outcome_cache(
        EvidenceOutcomeCacheArtifact((entry,))
    )


def _outcomes(*outcomes: EffectOutcome) -> PersistedDurabilityArtifact:
    entries = [
        EvidenceOutcomeCacheEntry(f"e{number}", "i", "o", outcome)
        for number, outcome in enumerate(outcomes)
    ]
    artifact = EvidenceOutcomeCacheArtifact(tuple(entries))
    return PersistedDurabilityArtifact.evidence_outcome_cache(artifact)


def _cache(*values: Value, ids: tuple[str, ...] = ()) -> PersistedDurabilityArtifact:
    names = ids or tuple(f"e{number}" for number in range(len(values)))
    entries = [
        EvidenceOutcomeCacheEntry(name, name, name, EffectOutcome.success(AcquireResponse(value)))
        for name, value in zip(names, values, strict=True)
    ]
    artifact = EvidenceOutcomeCacheArtifact(tuple(entries))
    return PersistedDurabilityArtifact.evidence_outcome_cache(artifact)


def _metadata(texts: tuple[str, ...]) -> PersistedDurabilityArtifact:
    metadata = DurableRecoveryMetadata(1, 2, 3, texts, texts[::-1], texts[:3])
    return PersistedDurabilityArtifact.recovery_metadata(metadata)


def _nested(depth: int) -> PersistedDurabilityArtifact:
    return _held(EffectOutcome.success(AcquireResponse(_deep(depth))))


def _deep(depth: int) -> Value:
    innermost: Value = UnitValue()
    return reduce(lambda inner, _: ProdValue(NatValue(1), inner), range(depth), innermost)
