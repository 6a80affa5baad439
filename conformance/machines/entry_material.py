"""Entries that a log easily takes for each other or changes: every variant, and one place apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import product
from typing import Any, Final

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
from telltale_spec.wire.shapes import U64_MAX

__all__ = [
    "VARIANTS_TICK",
    "entries_of_every_variant",
    "entries_one_place_apart",
    "ticks_in_steps",
]

VARIANTS_TICK: Final = 5
"""The tick of every entry here, so that nothing but what is meant tells two apart."""

_LEVELS: Final = tuple(AgreementLevel)
_NONE: Final = AgreementLevel.NONE
_WITNESS: Final = AgreementEvidenceKind.WITNESS
_ABORTED: Final = FinalizationOutcome.ABORTED
_OPTIONAL: Final = (
    *(None, "", "-", " ", "null", "None", "0", "NULL", "nil", "undefined", "\\N", "NaN", "N/A"),
)
_BASE: Final = 2**40
# The ends of what is left for a number in one to eight bytes, with a bit for each that follows,
# with a sign, or without either.
_STEP_BITS: Final = (6, 7, 8, 13, 14, 15, 16, 20, 21, 23, 24, 27, 28, 30, 31, 32, 34, 35, 39)


def entries_of_every_variant() -> Iterator[AgreementWalEntry]:
    """Yield every level, kind, outcome and absent field; some entries come again in the end."""
    first = Escalation("00", _NONE, _NONE, None, VARIANTS_TICK)
    for before in _LEVELS:
        for after in _LEVELS[before.rank :]:
            yield Escalation(f"{before.value}{after.value}", before, after, None, VARIANTS_TICK)
    yield from (VisibilityGateCrossing("o", "c", level, VARIANTS_TICK) for level in _LEVELS)
    for index, kind in enumerate(AgreementEvidenceKind):
        yield from (_evidence(level=level, kind=kind, is_sure=index % 2 == 0) for level in _LEVELS)
    yield from (Finalization("o", each, None, None, VARIANTS_TICK) for each in FinalizationOutcome)
    yield from (_evidence(is_sure=each) for each in (True, False))
    last: list[AgreementWalEntry] = []
    for text in _OPTIONAL:
        last = [
            Escalation("optional", _NONE, _NONE, text, VARIANTS_TICK),
            _evidence(owner=text),
            Finalization("o", _ABORTED, text, None, VARIANTS_TICK),
            Finalization("o", _ABORTED, None, text, VARIANTS_TICK),
        ]
        yield from last
    yield from _combined()
    # The same entry again is another entry.
    yield from (first, *last[-3:])


def _combined() -> Iterator[AgreementWalEntry]:
    """Yield combinations of what two or three fields of an entry have in them.

    A text is absent, empty, that of the operation, or another one.
    """
    texts = (None, "", "o", "t")
    for number, (before, text) in enumerate(product(_LEVELS, texts)):
        for after in _LEVELS[before.rank :]:
            # Of an operation of its own, so that it may begin at any level.
            operation_id = f"o{number} {after.value}"
            own = operation_id if text == "o" else text
            yield Escalation(operation_id, before, after, own, VARIANTS_TICK)
    for outcome, proof, handle in product(FinalizationOutcome, texts, texts):
        yield Finalization("o", outcome, proof, handle, VARIANTS_TICK)
    for level, text in product(_LEVELS, ("", "o", "t")):
        yield VisibilityGateCrossing("o", text, level, VARIANTS_TICK)
    for evidence_id, session, owner, reference in product(
        ("", "o", "t"), (None, 0, VARIANTS_TICK), texts, ("", "o", "t")
    ):
        evidence = AgreementEvidence(
            evidence_id, "o", session, owner, _NONE, _WITNESS, reference, True
        )
        yield EvidenceProduced(evidence, VARIANTS_TICK)
    for level, kind, is_sure in product(_LEVELS, AgreementEvidenceKind, (True, False)):
        yield _evidence(level=level, kind=kind, is_sure=is_sure)


def _evidence(
    level: AgreementLevel = _NONE,
    kind: AgreementEvidenceKind = _WITNESS,
    owner: str | None = None,
    *,
    is_sure: bool = True,
) -> AgreementWalEntry:
    evidence = AgreementEvidence("e", "o", None, owner, level, kind, "r", is_sure)
    return EvidenceProduced(evidence, VARIANTS_TICK)


def entries_one_place_apart() -> Iterator[AgreementWalEntry]:
    """Yield an entry of each kind, one that differs in one field, the first again, and so on.

    A store that keeps some fields as a row of their own, or asks whether it has an entry, may look
    at all fields but one.
    """
    evidence = AgreementEvidence("e", "o", 1, "w", _NONE, _WITNESS, "r", True)
    same = AgreementEvidence("o", "o", 1, "o", _NONE, _WITNESS, "o", True)
    for each in (evidence, same):
        for other in _apart(each):
            yield EvidenceProduced(each, VARIANTS_TICK)
            yield EvidenceProduced(other, VARIANTS_TICK)
    wholes: tuple[AgreementWalEntry, ...] = (
        EvidenceProduced(evidence, VARIANTS_TICK),
        Escalation("o", _NONE, _NONE, "e", VARIANTS_TICK),
        Finalization("o", _ABORTED, "p", "h", VARIANTS_TICK),
        VisibilityGateCrossing("o", "c", _NONE, VARIANTS_TICK),
    )
    for whole in wholes:
        for other in _apart(whole):
            yield whole
            yield other


def _apart(record: Any) -> Iterator[Any]:
    """Yield what differs from a record in one of its fields, for each field that may.

    The levels of an escalation stay: each has to go on from the one before.
    """
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(record, Escalation) and isinstance(value, AgreementLevel):
            continue
        yield from (replace(record, **{field.name: other}) for other in _others(value))


def _others(value: object) -> tuple[object, ...]:
    match value:
        case bool():
            return (not value,)
        case int():
            return (value + 1,)
        case str():
            return (f"{value}'",)
        case AgreementLevel() | AgreementEvidenceKind() | FinalizationOutcome():
            return tuple(each for each in type(value) if each is not value)
        case _:
            return ()


def ticks_in_steps() -> Iterator[int]:
    """Yield ticks that go up and down by steps around powers of two, for stores that keep steps."""
    for bits in _STEP_BITS:
        for step in (2**bits - 1, 2**bits, 2**bits + 1):
            yield from (_BASE, _BASE + step)
    # And down as far as there is, and up again.
    yield from (_BASE, 0, U64_MAX, 0, U64_MAX, _BASE)
