"""Which two calls meet: the one that is held, the one that runs meanwhile, and what came before.

What goes wrong most often comes first: two writers, then a writer and a reader, then the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    LoadCache,
    LoadLog,
    Operation,
    PutOutcome,
    ReadSince,
    Reopen,
)
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import AcquireResponse, EffectOutcome
from telltale_spec.wire.values import StrValue

__all__ = ["CACHE_KILLINGS", "CACHE_PAIRS", "LOG_KILLINGS", "LOG_PAIRS", "Pair"]


@dataclass(frozen=True)
class Pair:
    """Two calls that meet, and those that were made before, one after the other.

    ``then`` is what the other one does next, while the first one is still held, and ``after`` what
    a new handle does when it has looked at what came of it.
    """

    before: tuple[Operation, ...]
    held: Operation
    other: Operation
    after: tuple[Operation, ...] = ()
    then: tuple[Operation, ...] = ()

    @property
    def all(self) -> tuple[Operation, ...]:
        """Every call, the held one before the other one."""
        return (*self.before, self.held, self.other, *self.then, *self.after)

    @property
    def looks(self) -> tuple[Operation, ...]:
        """What shows the contents in the end, in every way there is; a load comes last.

        A load may set right what a narrower look would still have shown.
        """
        if not any(isinstance(each, PutOutcome | GetOutcome | LoadCache) for each in self.all):
            return (ReadSince(0), LoadLog())
        puts = (each.entry.evidence_id for each in self.all if isinstance(each, PutOutcome))
        return (*map(GetOutcome, dict.fromkeys(puts)), LoadCache())


def _gate(operation_id: str, name: str, tick: int) -> Operation:
    return Append(VisibilityGateCrossing(operation_id, name, AgreementLevel.NONE, tick))


def _escalation(after: AgreementLevel, tick: int) -> Operation:
    return Append(Escalation("o", AgreementLevel.NONE, after, None, tick))


def _evidence(name: str, tick: int) -> Operation:
    level, kind = AgreementLevel.SOFT_SAFE, AgreementEvidenceKind.WITNESS
    return Append(
        EvidenceProduced(
            AgreementEvidence(name, "o", None, None, level, kind, "reference", authoritative=True),
            tick,
        )
    )


def _finalization(proof: str, tick: int) -> Operation:
    return Append(Finalization("o", FinalizationOutcome.FINALIZED, proof, None, tick))


_FIRST: Final = _gate("o", "first", 1)
_ONE: Final = _gate("o", "one", 2)
_OTHER: Final = _gate("o", "other", 3)
_LOW: Final = _escalation(AgreementLevel.PROVISIONAL, 2)
_HIGH: Final = _escalation(AgreementLevel.FINALIZED, 3)
_AFTER_ONE: Final = (_FIRST,)

_KINDS: Final = (
    (_ONE, _OTHER),
    (_evidence("e1", 2), _evidence("e2", 3)),
    (_LOW, _HIGH),
    (_finalization("p1", 2), _finalization("p2", 3)),
)


def _mixed_kinds() -> Sequence[Pair]:
    """Return a pair of appends for each two kinds of entries, in both directions."""
    return [
        Pair(_AFTER_ONE, held, other)
        for place, (held, _) in enumerate(_KINDS)
        for another, (_, other) in enumerate(_KINDS)
        if place != another
    ]


# What one door shows, the next has to show as well, also while an append is half done.
_BOTH_DOORS: Final = (ReadSince(0), LoadLog(), ReadSince(0))

# Whoever reads in several looks has entries of which an earlier one is missing, in any order.
_WRITES: Final = (_OTHER, _gate("o", "third", 4))

LOG_PAIRS: Final[Sequence[Pair]] = (
    Pair(_AFTER_ONE, _ONE, _OTHER, then=(LoadLog(),)),
    Pair(_AFTER_ONE, _ONE, LoadLog(), then=_BOTH_DOORS),
    Pair(_AFTER_ONE, _LOW, _HIGH),
    Pair(_AFTER_ONE, _HIGH, _LOW),
    Pair(_AFTER_ONE, LoadLog(), _ONE, then=_WRITES),
    Pair((), _ONE, _OTHER),
    Pair(_AFTER_ONE, _ONE, ReadSince(1)),
    Pair(_AFTER_ONE, ReadSince(0), _ONE, then=_WRITES),
    Pair(_AFTER_ONE, Reopen(), _ONE),
    Pair(_AFTER_ONE, _ONE, Reopen()),
    Pair(_AFTER_ONE, _ONE, _ONE),
    *(Pair(_AFTER_ONE, held, other) for held, other in _KINDS if (held, other) != (_ONE, _OTHER)),
    *_mixed_kinds(),
)
"""What meets on a log; the least likely to show anything comes last."""


_LAST: Final = (_gate("o", "last", 4),)

LOG_KILLINGS: Final[Sequence[Pair]] = (
    Pair(_AFTER_ONE, _ONE, _OTHER, _LAST),
    Pair(_AFTER_ONE, _LOW, _HIGH, _LAST),
    Pair((), _ONE, _OTHER, _LAST),
    Pair(_AFTER_ONE, _HIGH, _LOW, _LAST),
    Pair(_AFTER_ONE, _evidence("e1", 2), Reopen(), _LAST),
)
"""Who is killed inside of a call, and what a living handle does then."""


def _put(key: str, name: str) -> Operation:
    # Whatever was put before under its id differs in each field, so that no mixture is either.
    outcome = EffectOutcome.success(AcquireResponse(StrValue(name)))
    return PutOutcome(EvidenceOutcomeCacheEntry(key, f"interface {name}", name, outcome))


_KEPT: Final = (_put("k", "first"), _put("m", "first"))
_GET: Final = GetOutcome("k")

_READS: Final = (LoadCache(), GetOutcome("k"), LoadCache(), GetOutcome("k"))

CACHE_PAIRS: Final[Sequence[Pair]] = (
    Pair(_KEPT, _put("k", "one"), _put("l", "other"), then=(LoadCache(),)),
    Pair(_KEPT, _put("k", "one"), GetOutcome("k"), then=_READS),
    Pair(_KEPT, _put("k", "one"), _put("k", "other"), then=(GetOutcome("k"), LoadCache())),
    Pair((), _put("k", "one"), _put("l", "other")),
    Pair((), _put("k", "one"), _put("k", "other")),
    Pair(_KEPT, _put("k", "one"), LoadCache()),
    Pair(_KEPT, _GET, _put("k", "other")),
    Pair(_KEPT, LoadCache(), _put("k", "other")),
    Pair(_KEPT, LoadCache(), _put("l", "other")),
    Pair(_KEPT, Reopen(), _put("k", "other")),
    Pair(_KEPT, _put("k", "one"), Reopen()),
    Pair(_KEPT, _put("l", "one"), _put("k", "other")),
    Pair(_KEPT, _put("l", "one"), _GET),
    Pair((), _put("k", "one"), _GET),
    Pair((), _put("k", "one"), LoadCache()),
)
"""What meets on a cache."""

_REPLACED: Final = (_put("m", "last"),)

CACHE_KILLINGS: Final[Sequence[Pair]] = (
    Pair(_KEPT, _put("k", "one"), _put("l", "other"), _REPLACED),
    Pair(_KEPT, _put("k", "one"), _put("k", "other"), _REPLACED),
    Pair((), _put("k", "one"), _put("l", "other"), _REPLACED),
    Pair(_KEPT, _put("l", "one"), Reopen(), _REPLACED),
)
"""Who is killed inside of a call on a cache, and what a living handle does then."""
