"""Identities that are wrong on purpose, each in one way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from telltale_spec.wire.agreement import AgreementWalEntry, EvidenceProduced

__all__ = ["BROKEN_IDENTITIES"]


def _escaped(entry: AgreementWalEntry) -> str:
    """Escape the colons inside of ids, as a careful author would."""
    identity = entry.stable_identity()
    return identity.replace(entry.operation_id, entry.operation_id.replace(":", "\\:"), 1)


def _wire_names(entry: AgreementWalEntry) -> str:
    """Write levels as on the wire."""
    return entry.stable_identity().replace("SoftSafe", "soft_safe")


def _absent_as_empty(entry: AgreementWalEntry) -> str:
    """Write an absent id as nothing."""
    return entry.stable_identity().replace(":-:", "::")


def _with_authority(entry: AgreementWalEntry) -> str:
    """Tell evidence of different authority apart."""
    identity = entry.stable_identity()
    if isinstance(entry, EvidenceProduced) and not entry.evidence.authoritative:
        return f"{identity}:weak"
    return identity


def _without_tick(entry: AgreementWalEntry) -> str:
    """Leave the tick out."""
    return entry.stable_identity().rpartition(":")[0]


BROKEN_IDENTITIES: Final[tuple[tuple[str, Callable[[AgreementWalEntry], str]], ...]] = (
    ("colons are escaped", _escaped),
    ("levels as on the wire", _wire_names),
    ("absent ids as nothing", _absent_as_empty),
    ("evidence tells its authority", _with_authority),
    ("without the tick", _without_tick),
)
"""Name and identity; each breaks ENT-02."""
