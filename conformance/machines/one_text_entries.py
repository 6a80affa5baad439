"""Entries of every kind in which one text is all texts, so that nothing else keeps two apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from conformance.machines.entry_material import VARIANTS_TICK
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

__all__ = ["MAKERS", "escalation", "evidence", "finalization", "gate", "level_kept"]

_NONE: Final = AgreementLevel.NONE
_FINALIZED: Final = AgreementLevel.FINALIZED
_WITNESS: Final = AgreementEvidenceKind.WITNESS
_ABORTED: Final = FinalizationOutcome.ABORTED
_TICK: Final = VARIANTS_TICK


def gate(text: str, tick: int = _TICK) -> AgreementWalEntry:
    """Return a crossing of a gate."""
    return VisibilityGateCrossing(text, text, _FINALIZED, tick)


def escalation(text: str, tick: int = _TICK) -> AgreementWalEntry:
    """Return an escalation to the highest level."""
    return Escalation(text, _NONE, _FINALIZED, text, tick)


def level_kept(text: str, tick: int) -> AgreementWalEntry:
    """Return an escalation from the highest level to itself."""
    return Escalation(text, _FINALIZED, _FINALIZED, text, tick)


def evidence(text: str, tick: int = _TICK) -> AgreementWalEntry:
    """Return evidence that was produced."""
    produced = AgreementEvidence(text, text, 1, text, _FINALIZED, _WITNESS, text, True)
    return EvidenceProduced(produced, tick)


def finalization(text: str, tick: int = _TICK) -> AgreementWalEntry:
    """Return a finalization without success."""
    return Finalization(text, _ABORTED, text, text, tick)


# Every text of an entry is the same one, so that no other field keeps two entries apart.
MAKERS: Final[dict[str, Callable[..., AgreementWalEntry]]] = {
    "gates": gate,
    "escalations": escalation,
    "evidence": evidence,
    "finalizations": finalization,
}
