"""All small logs for recovery, in order of size, so that what is found is as small as it can be."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, Final, TypeAlias

from conformance.rules.soundness import RecoveryCase
from telltale_spec.wire import agreement
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome
from telltale_spec.wire.shapes import U64_MAX

__all__ = ["small_cases"]

Entries: TypeAlias = tuple[AgreementWalEntry, ...]


def _evidence(operation_id: str, evidence_id: str, level: AgreementLevel) -> Any:
    kind = agreement.AgreementEvidenceKind.WITNESS
    return agreement.AgreementEvidence(
        evidence_id, operation_id, None, None, level, kind, "", authoritative=False
    )


def _letters(operation_id: str, tick: int) -> Entries:
    """Return the alphabet of small logs: every variant, level and outcome."""
    none, provisional, soft_safe, finalized = AgreementLevel
    return (
        VisibilityGateCrossing(operation_id, "c", none, tick),
        Escalation(operation_id, none, provisional, "x", tick),
        Escalation(operation_id, none, soft_safe, None, tick),
        Escalation(operation_id, soft_safe, finalized, None, tick),
        Escalation(operation_id, provisional, none, None, tick),
        EvidenceProduced(_evidence(operation_id, "e", provisional), tick),
        EvidenceProduced(_evidence(operation_id, "f", soft_safe), tick),
        EvidenceProduced(_evidence(operation_id, "e", finalized), tick),
        *(Finalization(operation_id, each, None, None, tick) for each in FinalizationOutcome),
    )


_CACHE: Final = tuple(
    EvidenceOutcomeCacheEntry(evidence_id, "i", "o", EffectOutcome.blocked())
    for evidence_id in ("x", "e", "g", "e")
)
_HISTORIES_OF_CI: Final = 200
_HISTORIES_OF_DEEP: Final = 3_000


def _small_cases(length_max: int) -> Iterator[RecoveryCase]:
    """Yield every small recovery, the smallest first."""
    yield from (RecoveryCase(checkpoint, ()) for checkpoint in (0, U64_MAX))
    ends = (1, 2, 0, U64_MAX)
    for cache, tick, checkpoint in product(((), _CACHE), ends, sorted(ends)):
        yield from (RecoveryCase(checkpoint, (entry,), cache) for entry in _letters("a", tick))
    firsts = [entry for tick in (1, 2) for entry in _letters("b", tick)]
    seconds = [*firsts, *(entry for tick in (1, 2) for entry in _letters("a", tick))]
    for first, second, checkpoint in product(firsts, seconds, (0, 1, 2)):
        yield RecoveryCase(checkpoint, (first, second))
    for length in range(3, length_max + 1):
        logs = product(*(_letters("a", tick) for tick in range(1, length + 1)))
        for entries, checkpoint in product(logs, range(length)):
            yield RecoveryCase(checkpoint, entries)


def small_cases(histories: int) -> Iterator[RecoveryCase]:
    """Yield what a budget of so many histories has time for."""
    return _small_cases(2 + (histories >= _HISTORIES_OF_CI) + (histories >= _HISTORIES_OF_DEEP))
