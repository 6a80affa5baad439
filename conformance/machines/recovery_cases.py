"""Directed cases of recovery: what counts for a decision, and what only looks as if it did.

Every case is in every run, whatever the seed. The smallest come first, as a case is shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any, Final

from conformance.machines.confusable_texts import NUMBERS, few_texts, text_groups
from conformance.machines.entry_material import entries_one_place_apart
from conformance.machines.evidence_material import every_outcome
from conformance.rules.soundness import RecoveryCase
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
from telltale_spec.wire.effects import EffectOutcome
from telltale_spec.wire.shapes import U64_MAX

__all__ = ["DIRECTED", "directed_cases", "runs_of_entries", "twin_cases"]

DIRECTED: Final = "evidence, levels and ticks that are easily taken for others"

_NONE, _PROVISIONAL, _SOFT_SAFE, _FINALIZED = AgreementLevel
_WITNESS: Final = AgreementEvidenceKind.WITNESS
_MANY: Final = 300
_VERY_MANY: Final = 1_040
_LONG_SUFFIX: Final = 520


def directed_cases(_histories: int) -> Iterator[RecoveryCase]:
    """Yield logs and caches, each directed at one thing that a recovery may mistake."""
    yield from _evidence_of_every_kind()
    yield from _ids_that_are_not_produced()
    yield from _cached_outcomes()
    yield from _orders_of_ids()
    yield from _out_of_order()
    yield from _levels_apart()
    yield from _ids()
    yield from _ticks()
    yield from _one_place_apart()
    yield _many()
    yield from _decided_late()
    # More than a thousand: what asks a store for its operations may get a page of them.
    gates = [VisibilityGateCrossing(f"o{number}", "c", _NONE, 1) for number in range(_VERY_MANY)]
    yield RecoveryCase(0, tuple(gates))
    produced = tuple([_produced(f"e{number}") for number in range(_MANY)])
    yield RecoveryCase(0, produced, _cached(*(f"e{number}" for number in reversed(range(_MANY)))))


def _evidence(evidence_id: str, operation_id: str = "a", **fields: Any) -> AgreementEvidence:
    evidence = AgreementEvidence(
        evidence_id, operation_id, None, None, _PROVISIONAL, _WITNESS, "", False
    )
    return replace(evidence, **fields)


def _produced(
    evidence_id: str, operation_id: str = "a", tick: int = 1, **fields: Any
) -> AgreementWalEntry:
    return EvidenceProduced(_evidence(evidence_id, operation_id, **fields), tick)


def _cached(
    *ids: str, outcome: EffectOutcome | None = None
) -> tuple[EvidenceOutcomeCacheEntry, ...]:
    kept = EffectOutcome.blocked() if outcome is None else outcome
    return tuple([EvidenceOutcomeCacheEntry(each, "i", "o", kept) for each in ids])


def _rise(operation_id: str, old: AgreementLevel, new: AgreementLevel, tick: int = 1) -> Escalation:
    return Escalation(operation_id, old, new, None, tick)


def _evidence_of_every_kind() -> Iterator[RecoveryCase]:
    """Yield evidence that counts whatever its other fields say (RECOV-04, RECOV-06)."""
    fields: list[dict[str, Any]] = [
        *({"authoritative": each} for each in (True, False)),
        *({"kind": each} for each in AgreementEvidenceKind),
        *({"session": each} for each in (None, 0, 1, U64_MAX)),
        *({"owner_id": each} for each in (None, "", "a", "w")),
        *({"reference": each} for each in ("", "e", "stale")),
    ]
    for each, level in product(fields, AgreementLevel):
        yield RecoveryCase(0, (_produced("e", level=level, **each),), _cached("e"))


def _ids_that_are_not_produced() -> Iterator[RecoveryCase]:
    """Yield cached ids that the log names, and that no evidence after the checkpoint has."""
    finalized = FinalizationOutcome.FINALIZED
    cache = _cached("x", "e", "a")
    for entry in (
        Escalation("a", _NONE, _SOFT_SAFE, "x", 2),
        Finalization("a", finalized, "x", None, 2),
        Finalization("a", finalized, None, "x", 2),
        VisibilityGateCrossing("a", "x", _NONE, 2),
        VisibilityGateCrossing("x", "c", _NONE, 2),
        _produced("e", "a", 2, reference="x"),
        _produced("e", "a", 2, owner_id="x"),
        _produced("e", "x", 2),
        _produced("x", "b", 2),
        _produced("x", "a", 1),
        _produced("x", "a", 0),
    ):
        gate = VisibilityGateCrossing("a", "c", _NONE, 2)
        yield RecoveryCase(1, (entry,), cache)
        yield RecoveryCase(1, (entry, gate), cache)
        yield RecoveryCase(1, (gate, entry, _produced("e", "a", 3)), cache)
        # Before the checkpoint and after it again.
        yield RecoveryCase(1, (_produced("x", "a", 1), entry, _produced("e", "b", 3)), cache)


def _cached_outcomes() -> Iterator[RecoveryCase]:
    """Yield cache entries of every outcome and of odd names: their ids count alike (RECOV-07)."""
    log = (_produced("e"), _produced("f", "b"))
    for outcome in every_outcome():
        yield RecoveryCase(0, log, (*_cached("e", outcome=outcome), *_cached("f", "e")))
    for interface_name, operation_name in (("", ""), ("e", "f"), ("caf\u00e9", "\x00")):
        entry = EvidenceOutcomeCacheEntry(
            "e", interface_name, operation_name, EffectOutcome.blocked()
        )
        yield RecoveryCase(0, log, (entry, *_cached("f", "e")))


def _orders_of_ids() -> Iterator[RecoveryCase]:
    """Yield caches in other orders than their logs, with ids twice, and of several operations."""
    logs = (
        (_produced("e"), _produced("f")),
        (_produced("f"), _produced("e"), _produced("f")),
        (_produced("e"), _produced("f", "b")),
        (_produced("f", "b"), _produced("e"), _produced("g", "c")),
        (_produced("e"), _produced("e", "b"), _produced("f", "b")),
    )
    caches = (("e", "f"), ("f", "e"), ("f", "e", "f", "e"), ("g", "f", "x", "e"), ("e", "e"))
    for log, ids in product(logs, caches):
        yield RecoveryCase(0, log, _cached(*ids))


def _at(tick: int, entry: AgreementWalEntry) -> AgreementWalEntry:
    return replace(entry, tick=tick)  # type: ignore[call-arg] # every kind has one


def _out_of_order() -> Iterator[RecoveryCase]:
    """Yield logs that are refused, with the offence on either side of the checkpoint (RECOV-01)."""
    risen = _rise("a", _NONE, _FINALIZED)
    offences: tuple[tuple[AgreementWalEntry, ...], ...] = (
        (_rise("a", _FINALIZED, _NONE),),
        (_rise("a", _SOFT_SAFE, _PROVISIONAL),),
        (risen, _rise("a", _PROVISIONAL, _SOFT_SAFE)),
        (risen, _rise("a", _NONE, _FINALIZED)),
        (risen, _rise("a", _FINALIZED, _SOFT_SAFE)),
        (risen, Finalization("a", FinalizationOutcome.ABORTED, None, None, 1), risen),
        (risen, VisibilityGateCrossing("a", "c", _NONE, 1), _rise("a", _NONE, _NONE)),
    )
    other = (_rise("b", _PROVISIONAL, _NONE, 3), VisibilityGateCrossing("b", "c", _NONE, 3))
    for offence, checkpoint in product(offences, (0, 1, 2, U64_MAX)):
        yield RecoveryCase(checkpoint, offence)
        yield RecoveryCase(checkpoint, (*offence, *other))
        yield RecoveryCase(checkpoint, (*other, *offence))
        yield RecoveryCase(checkpoint, (*offence[:1], *other, *offence[1:]))
        yield RecoveryCase(checkpoint, (*offence, _rise("a", _SOFT_SAFE, _NONE)))
        # The offence has the latest tick and comes first, or the other way round.
        moved = tuple([_at(9 - place, entry) for place, entry in enumerate(offence)])
        yield RecoveryCase(checkpoint, moved)
    # The text of the error has the name as it is.
    for name in few_texts():
        yield RecoveryCase(0, (_rise(name, _FINALIZED, _NONE),))
        yield RecoveryCase(0, (_rise(name, _NONE, _FINALIZED), _rise(name, _NONE, _PROVISIONAL)))


def _levels_apart() -> Iterator[RecoveryCase]:
    """Yield operations of confusable names, of which each may be lower than the one before."""
    for group in text_groups().values():
        for texts in (group, group[::-1]):
            highest, *others = texts
            lower = tuple([_rise(each, _NONE, _PROVISIONAL) for each in others if each != highest])
            yield RecoveryCase(0, (_rise(highest, _NONE, _FINALIZED), *lower))
            gates = [VisibilityGateCrossing(each, "c", _NONE, 1) for each in others]
            yield RecoveryCase(0, (_rise(highest, _NONE, _FINALIZED), *gates))


def _ids() -> Iterator[RecoveryCase]:
    """Yield confusable ids in a cache, of which one is produced, or every other one."""
    for group in text_groups().values():
        cache = _cached(*group)
        for text in group:
            yield RecoveryCase(0, (_produced(text),), cache)
        for apart in (1, 2, 4, 8):
            names = ["a" if place & apart else "b" for place in range(len(group))]
            log = [_produced(text, name) for text, name in zip(group, names, strict=True)]
            yield RecoveryCase(0, tuple(log), cache)


def _one_place_apart() -> Iterator[RecoveryCase]:
    """Yield logs of one entry that differ in one field, for who keeps the plans that it made."""
    cache = _cached("e")
    for entry in entries_one_place_apart():
        yield RecoveryCase(0, (entry,), cache)


def _decided_late() -> Iterator[RecoveryCase]:
    """Yield long logs of one operation in which the first or the last entry decides (RECOV-04)."""
    ends = (
        _produced("e", level=_FINALIZED),
        _rise("a", _NONE, _SOFT_SAFE),
        Finalization("a", FinalizationOutcome.ABORTED, None, None, 1),
    )
    between = (
        _produced("f"),
        _rise("a", _NONE, _NONE),
        Finalization("a", FinalizationOutcome.TIMED_OUT, None, None, 1),
        VisibilityGateCrossing("a", "c", _NONE, 1),
    )
    for end, each, count in product(ends, between, (65, _LONG_SUFFIX)):
        yield RecoveryCase(0, (*[each] * count, end))
        if not isinstance(end, Escalation):
            yield RecoveryCase(0, (end, *[each] * count))


def _ticks() -> Iterator[RecoveryCase]:
    """Yield entries and checkpoints around the ends of what machines keep (RECOV-02)."""
    log = tuple([VisibilityGateCrossing(f"o{tick}", "c", _NONE, tick) for tick in NUMBERS])
    for checkpoint in NUMBERS:
        near = (max(checkpoint - 1, 0), checkpoint, min(checkpoint + 1, U64_MAX))
        for tick in near:
            yield RecoveryCase(checkpoint, (_produced("e", "a", tick),), _cached("e"))
        yield RecoveryCase(checkpoint, tuple([_rise(f"o{t}", _NONE, _NONE, t) for t in near]))
    for checkpoint, entries in product(NUMBERS, (log, log[::-1])):
        yield RecoveryCase(checkpoint, entries)


def _many() -> RecoveryCase:
    """Return a long log of many operations and a large cache, with ids that come again."""
    outcomes = (None, *FinalizationOutcome)
    entries: list[AgreementWalEntry] = []
    for number in range(_MANY):
        # A stride that shares no factor with the count visits every number once.
        name = f"o{number * 7 % _MANY}"
        entries.append(_produced(f"e{number}", name, number + 1, level=_SOFT_SAFE))
        outcome = outcomes[number % len(outcomes)]
        if outcome is not None:
            entries.append(Finalization(name, outcome, None, None, number + 1))
        entries.append(VisibilityGateCrossing(name, "c", _NONE, number + 1))
    ids = [f"e{number * 11 % _MANY}" for number in range(_MANY)]
    return RecoveryCase(2, tuple(entries), _cached(*ids, *ids[:40]))


def runs_of_entries(_histories: int) -> Iterator[RecoveryCase]:
    """Yield every run of entries of one operation that differ in what they do to it.

    They are runs of two of all entries, and of three of those that matter most.
    """
    every = (
        *(VisibilityGateCrossing("a", "c", each, 1) for each in AgreementLevel),
        *(_rise("a", old, new) for old, new in product(AgreementLevel, repeat=2)),
        *(Escalation("a", _NONE, each, "e", 1) for each in AgreementLevel),
        *(_produced("e", level=each) for each in AgreementLevel),
        *(Finalization("a", each, None, None, 1) for each in FinalizationOutcome),
        Finalization("a", FinalizationOutcome.FINALIZED, "e", "e", 1),
    )
    yield from (RecoveryCase(0, entries) for entries in product(every, repeat=2))
    letters = (
        VisibilityGateCrossing("a", "c", _FINALIZED, 1),
        *(_rise("a", each, each) for each in (_PROVISIONAL, _SOFT_SAFE, _FINALIZED)),
        *(_produced("e", level=each) for each in (_PROVISIONAL, _FINALIZED)),
        *(Finalization("a", each, None, None, 1) for each in FinalizationOutcome),
    )
    yield from (RecoveryCase(0, entries) for entries in product(letters, repeat=3))


def twin_cases(_histories: int) -> Iterator[tuple[RecoveryCase, RecoveryCase]]:
    """Yield pairs with different plans that agree in what somebody could remember them by.

    They have the same identities, as nothing in those is escaped (F2), the same length and last
    tick, the same names, the same ids in the cache, or all but the checkpoint in common.
    """
    gate, rise, done = VisibilityGateCrossing, _rise, FinalizationOutcome.FINALIZED
    entries: list[tuple[AgreementWalEntry, AgreementWalEntry]] = [
        (gate("a", "b:c", _NONE, 1), gate("a:b", "c", _NONE, 1)),
        (_produced("b:e", "a"), _produced("e", "a:b")),
        (_produced("e"), _produced("e", authoritative=False, reference="other")),
        (Finalization("a", done, None, None, 1), Finalization("a", done, "-", None, 1)),
        (Finalization("a", done, "b", "c:-", 1), Finalization("a", done, "b:c", "-", 1)),
        (rise("a", _NONE, _PROVISIONAL), rise("a", _NONE, _SOFT_SAFE)),
        (rise("a", _NONE, _SOFT_SAFE), rise("b", _NONE, _SOFT_SAFE)),
        (gate("a", "c", _NONE, 1), _produced("e")),
    ]
    pairs = [(RecoveryCase(0, (one,)), RecoveryCase(0, (other,))) for one, other in entries]
    two = (_produced("e", "a", 1), _produced("f", "b", 2))
    pairs += [
        (RecoveryCase(0, two), RecoveryCase(0, two[::-1])),
        (RecoveryCase(0, two), RecoveryCase(1, two)),
        (RecoveryCase(0, two, _cached("e")), RecoveryCase(0, two, _cached("f"))),
        (RecoveryCase(0, two, _cached("e", "f")), RecoveryCase(0, two, _cached("f", "e"))),
        (RecoveryCase(0, two, _cached("e")), RecoveryCase(0, two)),
    ]
    for one, other in pairs:
        yield one, other
        yield other, one
