"""Vectors of single entries and of the order of a log: identities and validation."""

from __future__ import annotations

from typing import Any, Final

from conformance.vectors.kinds.line import JsonObject, Line, LineOutcome, VectorKind, compare
from conformance.vectors.kinds.value_source import ValueSource
from telltale_spec.errors import EscalationOrderError
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry

__all__ = ["IDENTITY", "VALIDATE", "entry_trees", "log_from_trees"]

_ENTRIES_MAX: Final = 6


def log_from_trees(trees: list[Any]) -> AgreementWalArtifact:
    """Return the log of a list of entries in JSON form; raises ``DomainError``."""
    return AgreementWalArtifact(tuple([AgreementWalEntry.from_dict(tree) for tree in trees]))


def entry_trees(log: AgreementWalArtifact) -> list[Any]:
    """Return the entries of a log in JSON form."""
    return [entry.to_dict() for entry in log.entries]


def _check_identity(line: Line) -> LineOutcome:
    entry = AgreementWalEntry.from_dict(line.anything("entry"))
    return LineOutcome(
        compare("the stable identity", line.text("identity"), entry.stable_identity())
    )


def _make_identity(source: ValueSource) -> JsonObject:
    entry = source.entry()
    return {"entry": entry.to_dict(), "identity": entry.stable_identity()}


def _order_error(log: AgreementWalArtifact) -> str | None:
    try:
        log.validate_monotonic_escalations()
    except EscalationOrderError as error:
        return str(error)
    return None


def _check_validate(line: Line) -> LineOutcome:
    log = log_from_trees(line.items("entries"))
    expected = line.optional_text("error")
    return LineOutcome(compare("the order error", expected, _order_error(log)))


def _make_validate(source: ValueSource) -> JsonObject:
    entries = [
        source.escalation(source.level() if source.chance(70) else None)
        if source.chance(50)
        else source.entry()
        for _ in range(source.below(_ENTRIES_MAX))
    ]
    log = AgreementWalArtifact(tuple(entries))
    return {"entries": entry_trees(log), "error": _order_error(log)}


IDENTITY: Final = VectorKind("identity", _check_identity, _make_identity)
VALIDATE: Final = VectorKind("validate", _check_validate, _make_validate)
