"""The inputs of the benchmarks: each a formula of its index, so that every run times the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

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
from telltale_spec.wire.effects import AcquireResponse, EffectOutcome
from telltale_spec.wire.values import NatValue

ENTRIES_PER_OPERATION: Final = 10
"""Entries of one operation, from its first escalation to what is observed after its end."""

OPERATIONS_AT_A_TIME: Final = 10
"""Operations whose entries are mixed with each other."""

_LEVELS: Final = tuple(AgreementLevel)
_KINDS: Final = tuple(AgreementEvidenceKind)
_STEP_OF_ESCALATION: Final = {0: 1, 2: 2, 5: 3}


def evidence_id(operation: int, step: int) -> str:
    """Return the id of the evidence that an operation produces at one of its steps."""
    return f"evidence-{operation:06d}-{step}"


def wal_entry(index: int) -> AgreementWalEntry:
    """Return entry ``index`` of the one endless log that every log here is a beginning of.

    Operations run in groups of :data:`OPERATIONS_AT_A_TIME` that take turns entry by entry; the
    next group starts when all of one group are over. Ticks start at one and follow the index; the
    order of escalations is valid.
    """
    group, place = divmod(index, ENTRIES_PER_OPERATION * OPERATIONS_AT_A_TIME)
    step, member = divmod(place, OPERATIONS_AT_A_TIME)
    operation = group * OPERATIONS_AT_A_TIME + member
    operation_id = f"operation-{operation:06d}"
    tick = index + 1
    if step in _STEP_OF_ESCALATION:
        rank = _STEP_OF_ESCALATION[step]
        return Escalation(operation_id, _LEVELS[rank - 1], _LEVELS[rank], None, tick)
    if step == 4:
        return VisibilityGateCrossing(operation_id, f"coroutine-{operation}", _LEVELS[2], tick)
    if step == 6:
        return Finalization(operation_id, FinalizationOutcome.FINALIZED, None, None, tick)
    evidence = AgreementEvidence(
        evidence_id=evidence_id(operation, step),
        operation_id=operation_id,
        session=operation,
        owner_id=None,
        level=_LEVELS[min(step, 3)],
        kind=_KINDS[index % len(_KINDS)],
        reference=f"reference-{index}",
        authoritative=index % 2 == 0,
    )
    return EvidenceProduced(evidence, tick)


@lru_cache(maxsize=4)
def wal(entries_count: int) -> AgreementWalArtifact:
    """Return a log of so many entries."""
    return AgreementWalArtifact(tuple(wal_entry(index) for index in range(entries_count)))


def following_entries(entries_count: int) -> Iterator[AgreementWalEntry]:
    """Yield what comes behind so many entries, without end."""
    return map(wal_entry, itertools.count(entries_count))


def cache_entry(operation: int, answer: int = 0) -> EvidenceOutcomeCacheEntry:
    """Return the cached outcome of the first evidence of one operation."""
    return EvidenceOutcomeCacheEntry(
        evidence_id=evidence_id(operation, 1),
        interface_name="runtime",
        operation_name="acquire",
        outcome=EffectOutcome.success(AcquireResponse(NatValue(operation + answer))),
    )


@lru_cache(maxsize=4)
def evidence_cache(entries_count: int) -> EvidenceOutcomeCacheArtifact:
    """Return a cache of so many entries, one for each operation of a log of tenfold length."""
    return EvidenceOutcomeCacheArtifact(tuple(cache_entry(i) for i in range(entries_count)))
