"""The law of identities: every entry has the specification's text (ENT-02)."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from conformance.engine.session import History, Returned
from conformance.engine.suite import Law, LawSuite
from conformance.rules.narration import ascii_safe, entry_text
from strategies.alphabets import COLLIDING, FULL_RANGE
from strategies.values import wal_entries
from telltale_spec.wire.agreement import (
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
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


IDENTITY_SUITE: Final = LawSuite(
    name="identities",
    laws=(
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
