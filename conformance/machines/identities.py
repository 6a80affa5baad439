"""The law of identities: every entry has the specification's text (ENT-02)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Final

from hypothesis import strategies as st

from conformance.engine.session import History, Returned
from conformance.engine.suite import Law, LawSuite, TableLaw
from conformance.machines.confusable_texts import NUMBERS, all_texts, text_groups
from conformance.rules.narration import ascii_safe, entry_text
from strategies.alphabets import COLLIDING, FULL_RANGE
from strategies.values import wal_entries
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

__all__ = ["IDENTITY_SUITE"]

# The names that the specification prints (DOM-05), written out beside those of the records.
_DEBUG_NAMES: Final = {
    "none": "None",
    "provisional": "Provisional",
    "soft_safe": "SoftSafe",
    "finalized": "Finalized",
    "aborted": "Aborted",
    "rejected": "Rejected",
    "timed_out": "TimedOut",
}
_VARIANTS: Final = ("Escalation", "EvidenceProduced", "Finalization", "VisibilityGateCrossing")
_SITUATIONS: Final = {f"identity of {name}": ("ENT-02",) for name in _VARIANTS}


def _plain_identity(entry: AgreementWalEntry) -> str:
    """Return the identity by the letter of ENT-02."""
    match entry:
        case Escalation():
            parts = [
                "escalation",
                entry.operation_id,
                _DEBUG_NAMES[entry.previous_level.value],
                _DEBUG_NAMES[entry.new_level.value],
                _or_dash(entry.evidence_id),
            ]
        case EvidenceProduced():
            evidence = entry.evidence
            level = _DEBUG_NAMES[evidence.level.value]
            parts = ["evidence", evidence.operation_id, evidence.evidence_id, level]
        case Finalization():
            parts = [
                "finalization",
                entry.operation_id,
                _DEBUG_NAMES[entry.outcome.value],
                _or_dash(entry.materialization_proof_id),
                _or_dash(entry.canonical_handle_id),
            ]
        case VisibilityGateCrossing():
            level = _DEBUG_NAMES[entry.gate_level.value]
            parts = ["gate", entry.operation_id, entry.downstream_coroutine_id, level]
        case _:
            raise TypeError(f"no identity of a {type(entry).__name__}")
    return ":".join([*parts, str(entry.tick)])


def _or_dash(text: str | None) -> str:
    return "-" if text is None else text


def _judge(history: History, entry: AgreementWalEntry) -> None:
    """Compare one identity with the plain one."""
    identity = history.session.backend.identity
    if identity is None:
        raise RuntimeError("this suite does not apply to a backend without identities")
    history.reach(f"identity of {type(entry).__name__}")
    answer = history.call(
        f"work out the identity of {entry_text(entry)}",
        lambda: identity(entry),
        operation=entry,
        undeclared="ENT-02",
    )
    expected = _plain_identity(entry)
    actual = answer.value if isinstance(answer, Returned) else f"refused: {answer.message}"
    history.check(
        "ENT-02",
        isinstance(answer, Returned) and actual == expected,
        lambda: ascii_safe(expected),
        lambda: ascii_safe(actual) if isinstance(actual, str) else repr(actual),
    )


def _entries(_histories: int) -> Iterator[AgreementWalEntry]:
    """Yield entries of every kind with every level, optional text, odd text and odd tick."""
    level, witness = AgreementLevel.SOFT_SAFE, AgreementEvidenceKind.WITNESS
    plain = AgreementEvidence("e", "a", None, None, level, witness, "r", True)
    gate = VisibilityGateCrossing("a", "c", level, 5)
    end = Finalization("a", FinalizationOutcome.FINALIZED, None, None, 5)
    rise = Escalation("a", AgreementLevel.NONE, level, None, 5)
    # In every combination, as one that is told apart may be told apart in one of them only.
    yield from (replace(gate, gate_level=each) for each in AgreementLevel)
    for before, after, known in product(AgreementLevel, AgreementLevel, (None, "", "e")):
        yield replace(rise, previous_level=before, new_level=after, evidence_id=known)
    for kind, at, session, owner, certain in product(
        AgreementEvidenceKind, AgreementLevel, (None, 1), (None, "w"), (True, False)
    ):
        changed = replace(plain, kind=kind, level=at, session=session, owner_id=owner)
        yield EvidenceProduced(replace(changed, authoritative=certain), 5)
    optional = (None, "", "-", "p", "p:-")
    for outcome, proof, handle in product(FinalizationOutcome, optional, optional):
        ended = replace(end, outcome=outcome, materialization_proof_id=proof)
        yield replace(ended, canonical_handle_id=handle)
    for tick in NUMBERS:
        yield from (replace(each, tick=tick) for each in (gate, end, rise))
        yield EvidenceProduced(plain, tick)
    for text in (*all_texts(), *text_groups()["long texts"]):
        yield replace(gate, operation_id=text, downstream_coroutine_id=text)
        yield replace(end, operation_id=text, materialization_proof_id=text)
        yield replace(end, canonical_handle_id=text)
        yield replace(rise, operation_id=text, evidence_id=text)
        yield EvidenceProduced(replace(plain, evidence_id=text, operation_id=text), 5)


IDENTITY_SUITE: Final = LawSuite(
    name="identities",
    laws=(
        TableLaw("identities of odd texts and numbers", _entries, _judge),
        Law(
            "identity",
            st.one_of(wal_entries(alphabet=COLLIDING), wal_entries(alphabet=FULL_RANGE)),
            _judge,
        ),
    ),
    requirement_ids=("ENT-02",),
    situations=_SITUATIONS,
    present=lambda backend: backend.identity is not None,
)
