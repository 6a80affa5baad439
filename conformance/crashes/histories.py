"""The histories that are crashed: short, of all kinds of operations, and the same for every seed.

The fixed ones come first. Further ones are made from a seed, of the same pieces in another order.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from conformance.crashes.conduct import Component
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
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectFailure, EffectOutcome, ReleaseResponse

__all__ = [
    "ESCALATED",
    "FURTHER_ENTRY",
    "FURTHER_OUTCOME",
    "LONG_FROM_THE_FIRST",
    "NOT_TRIED_AGAIN",
    "STORED_AFTER",
    "cache_histories",
    "log_histories",
]

# Longer than three sectors, so that one write of it can be torn inside, and have a hole.
_LONG_TEXT: Final = "long-" * 330
# As long as the other, for who writes in place what has the same length.
_LONG_TEXT_TOO: Final = "gnol-" * 330

FURTHER_ENTRY: Final = VisibilityGateCrossing(
    "after the crash", "coroutine", AgreementLevel.FINALIZED, 99
)
"""What is appended to a log that was opened after a crash; no log may refuse it."""


def _outcome(evidence_id: str, operation_name: str, *, success: bool) -> EvidenceOutcomeCacheEntry:
    outcome = EffectOutcome.success(ReleaseResponse()) if success else EffectOutcome.blocked()
    return _entry(evidence_id, operation_name, outcome)


def _entry(
    evidence_id: str, operation_name: str, outcome: EffectOutcome
) -> EvidenceOutcomeCacheEntry:
    # What replaces another entry differs in each field, so that no mixture is either of them.
    interface_name = f"interface {operation_name[:12]}"
    return EvidenceOutcomeCacheEntry(evidence_id, interface_name, operation_name, outcome)


FURTHER_OUTCOME: Final = _outcome("after the crash", "further", success=True)
"""What is put into a cache that was opened after a crash."""


def _escalation(operation_id: str, before: str, after: str, tick: int) -> Escalation:
    return Escalation(
        operation_id, AgreementLevel(before), AgreementLevel(after), f"evidence-{tick}", tick
    )


def _evidence(operation_id: str, tick: int) -> EvidenceProduced:
    evidence = AgreementEvidence(
        f"evidence-{tick}",
        operation_id,
        None,
        None,
        AgreementLevel.SOFT_SAFE,
        AgreementEvidenceKind.WITNESS,
        "reference",
        authoritative=True,
    )
    return EvidenceProduced(evidence, tick)


def _finalization(operation_id: str, tick: int) -> Finalization:
    return Finalization(operation_id, FinalizationOutcome.FINALIZED, "proof", None, tick)


_GATE: Final = VisibilityGateCrossing("a", "coroutine", AgreementLevel.SOFT_SAFE, 4)
_REFUSED: Final = _escalation("a", "provisional", "none", 9)
_ENTRIES: Final[tuple[AgreementWalEntry, ...]] = (
    _evidence("a", 1),
    _escalation("a", "none", "provisional", 2),
    _escalation("a", "provisional", "soft_safe", 3),
    _GATE,
    _evidence(_LONG_TEXT, 5),
    _escalation("b", "none", "finalized", 6),
    _finalization("a", 7),
    _evidence(_LONG_TEXT_TOO, 8),
    # Equal to the one before it, and another entry all the same.
    _GATE,
    _GATE,
    # Behind two openings, for who writes down levels at the end of one.
    _escalation("a", "soft_safe", "finalized", 10),
)
ESCALATED: Final = ("a", "b")
"""The operations that are raised in the histories of a log."""

_OUTCOMES: Final = (
    _outcome("a", "first", success=False),
    _outcome("b", "first", success=True),
    _outcome("a", "second", success=True),
    _outcome("", "empty", success=True),
    _outcome("c", _LONG_TEXT, success=True),
    _outcome("b", "second", success=False),
    _entry("d", "failed", EffectOutcome.failed(EffectFailure.unavailable("gone"))),
    _outcome("c", _LONG_TEXT_TOO, success=True),
)


# A long one too, so that what is done at the end of a file is seen whatever its length.
_AFTER: Final = (_evidence("b", 11), _evidence(_LONG_TEXT, 12))
STORED_AFTER: Final[dict[Component, tuple[Operation, ...]]] = {
    Component.LOG: tuple([Append(entry) for entry in _AFTER]),
    Component.CACHE: (
        PutOutcome(_outcome("d", "third", success=True)),
        PutOutcome(_outcome("a", _LONG_TEXT, success=False)),
    ),
}
"""What is stored by an opening after a crash that is crashed itself."""


LONG_FROM_THE_FIRST: Final[dict[Component, tuple[Operation, ...]]] = {
    Component.LOG: tuple([Append(_evidence(_LONG_TEXT, tick)) for tick in range(1, 5)]),
    Component.CACHE: tuple(
        [PutOutcome(_outcome(each, _LONG_TEXT, success=True)) for each in "abcd"]
    ),
}
"""Stores that all are long: a storage that keeps several images has none that a sector holds."""


_SHORTER_BEHIND: Final = (0, 4, 2)
_REPLACED: Final = (0, 1, 2, 6, 5, 3)
NOT_TRIED_AGAIN: Final[dict[Component, tuple[tuple[tuple[Operation, ...], int], ...]]] = {
    Component.LOG: ((tuple([Append(each) for each in (_ENTRIES[0], _ENTRIES[4], _GATE)]), 1),),
    Component.CACHE: (
        (tuple([PutOutcome(_OUTCOMES[index]) for index in _SHORTER_BEHIND]), 1),
        (tuple([PutOutcome(_OUTCOMES[index]) for index in _REPLACED]), 2),
    ),
}
"""Operations, and the number from 0 on of the one that fails and is not tried again.

It is a long entry with a shorter one behind it, which does not cover what is left of the first; or
an outcome that replaces another one, and behind it come puts under other ids.
"""


def log_histories(seed: int, seeded_count: int) -> Iterator[tuple[Operation, ...]]:
    """Yield histories of a log: a fixed one, and as many seeded ones as are wanted."""
    first, *others = (Append(entry) for entry in _ENTRIES)
    yield (
        first,
        *others[:2],
        Append(_REFUSED),
        LoadLog(),
        others[2],
        Reopen(),
        # Behind an even number of entries, and below behind an odd one: some write in turns.
        LoadLog(),
        others[3],
        ReadSince(3),
        # Behind the first refusal something is asked, which is refused as well: some take turns.
        Append(_REFUSED),
        *others[4:6],
        Reopen(),
        *others[6:],
    )
    for index in range(seeded_count):
        chance = random.Random(f"log {seed} {index}")  # noqa: S311 - a sample, not a secret
        pieces: list[Operation] = [first, *others, Append(_REFUSED), Reopen(), LoadLog()]
        yield tuple(chance.choices(pieces, k=chance.randint(4, 12)))


def cache_histories(seed: int, seeded_count: int) -> Iterator[tuple[Operation, ...]]:
    """Yield histories of a cache: a fixed one, and as many seeded ones as are wanted."""
    puts = [PutOutcome(entry) for entry in _OUTCOMES]
    again = [puts[index] for index in (0, 2, 1, 5, 0, 4, 2, 7, 6, 1)]
    # Long enough for a cache that gathers up what was replaced; the last put changes something.
    yield (
        *puts[:3],
        GetOutcome("a"),
        Reopen(),
        LoadCache(),
        *puts[3:5],
        puts[7],
        LoadCache(),
        puts[5],
        puts[6],
        *again[:5],
        Reopen(),
        *again[5:],
    )
    for index in range(seeded_count):
        chance = random.Random(f"cache {seed} {index}")  # noqa: S311 - a sample, not a secret
        pieces: list[Operation] = [*puts, Reopen(), LoadCache(), GetOutcome("b")]
        yield tuple(chance.choices(pieces, k=chance.randint(4, 12)))
