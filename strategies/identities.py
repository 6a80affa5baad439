"""Entries that share a stable identity and are not equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from strategies.alphabets import COLLIDING, Alphabet
from strategies.values import evidence_produced, wal_entries
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementState,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    VisibilityGateCrossing,
    WalSyncRequest,
)

__all__ = ["CollidingPair", "colliding_pairs", "identity_twins", "request_for", "syncable_twins"]

# Machines ask for the twins of everything that is stored, again at every step.
_KEPT: Final = 1024


@dataclass(frozen=True, slots=True)
class CollidingPair:
    """Hold two different entries of one stable identity."""

    stored: AgreementWalEntry
    twin: AgreementWalEntry


@lru_cache(maxsize=_KEPT)
def identity_twins(entry: AgreementWalEntry) -> tuple[AgreementWalEntry, ...]:
    """Return entries that differ from ``entry`` and have its stable identity.

    The list is finite and in a fixed order, plainest change first; it is empty
    for a gate or an escalation without a ``:`` to move and without a ``-``.
    Source: ENT-02, F2.
    """
    if isinstance(entry, EvidenceProduced):
        twins = _evidence_twins(entry)
    elif isinstance(entry, VisibilityGateCrossing):
        twins = _gate_twins(entry)
    elif isinstance(entry, Finalization):
        twins = _finalization_twins(entry)
    elif isinstance(entry, Escalation):
        twins = _escalation_twins(entry)
    else:
        twins = iter(())
    return tuple(twins)


def colliding_pairs(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[CollidingPair]:
    """Describe two different entries of one stable identity. Source: ENT-02, F2."""

    @st.composite
    def pairs(draw: st.DrawFn) -> CollidingPair:
        stored = draw(entries)
        # Evidence always has a twin, whatever the alphabet.
        if not identity_twins(stored):
            stored = draw(evidence)
        return CollidingPair(stored, draw(st.sampled_from(identity_twins(stored))))

    entries = wal_entries(alphabet=alphabet)
    evidence = evidence_produced(alphabet=alphabet)
    return pairs()


def syncable_twins(entries: Sequence[AgreementWalEntry]) -> list[AgreementWalEntry]:
    """Return the twins of ``entries`` that some sync request asks for. Source: SYNC-04..08."""
    return [twin for entry in entries for twin in identity_twins(entry) if _can_be_synced(twin)]


def request_for(
    twin: AgreementWalEntry, *, coroutine_id: str, gate_level: AgreementLevel
) -> WalSyncRequest:
    """Return a sync request that asks for ``twin`` among other entries.

    ``coroutine_id`` and ``gate_level`` are those of the gate, unless ``twin``
    is a gate itself. See :func:`syncable_twins` for what can be asked for.
    Source: SYNC-04..08.
    """
    state: AgreementState | None = None
    evidence: tuple[AgreementEvidence, ...] = ()
    if isinstance(twin, VisibilityGateCrossing):
        coroutine_id, gate_level = twin.downstream_coroutine_id, twin.gate_level
    elif isinstance(twin, EvidenceProduced):
        evidence = (twin.evidence,)
    elif isinstance(twin, Finalization):
        proof_id = twin.materialization_proof_id
        state = AgreementState(
            operation_id=twin.operation_id,
            session=None,
            owner_id=None,
            contract_name="",
            level=AgreementLevel.NONE,
            finalization=twin.outcome,
            evidence_ids=() if proof_id is None else (proof_id,),
            last_updated_tick=None,
            reason=None,
        )
    return WalSyncRequest(twin.operation_id, coroutine_id, gate_level, state, evidence, twin.tick)


def _can_be_synced(entry: AgreementWalEntry) -> bool:
    """Say whether some sync request asks for exactly this entry (SYNC-04..08)."""
    if isinstance(entry, Finalization):
        # A sync takes no other id for a proof than one that contains "proof" (SYNC-07).
        proof_id = entry.materialization_proof_id
        return entry.canonical_handle_id is None and (proof_id is None or "proof" in proof_id)
    return isinstance(entry, (EvidenceProduced, VisibilityGateCrossing))


def _moved_boundaries(left: str, right: str) -> Iterator[tuple[str, str]]:
    """Yield every other way to read ``left:right`` as two texts around a colon."""
    joined = f"{left}:{right}"
    for position, character in enumerate(joined):
        if character == ":" and position != len(left):
            yield joined[:position], joined[position + 1 :]


def _swapped_dash(text: str | None) -> tuple[str | None, ...]:
    """Return the ids that look like ``text`` in an identity, ``text`` itself first."""
    return (text, None if text == "-" else "-") if text in (None, "-") else (text,)


def _evidence_twins(entry: EvidenceProduced) -> Iterator[AgreementWalEntry]:
    evidence = entry.evidence
    other_kind = next(kind for kind in AgreementEvidenceKind if kind is not evidence.kind)
    changed = [
        replace(evidence, authoritative=not evidence.authoritative),
        replace(evidence, session=1 if evidence.session is None else None),
        replace(evidence, owner_id="owner" if evidence.owner_id is None else None),
        replace(evidence, kind=other_kind),
        replace(evidence, reference=f"{evidence.reference}'"),
    ]
    for operation_id, evidence_id in _moved_boundaries(evidence.operation_id, evidence.evidence_id):
        changed.append(replace(evidence, operation_id=operation_id, evidence_id=evidence_id))
    for twin in changed:
        yield EvidenceProduced(twin, entry.tick)


def _gate_twins(entry: VisibilityGateCrossing) -> Iterator[AgreementWalEntry]:
    boundaries = _moved_boundaries(entry.operation_id, entry.downstream_coroutine_id)
    for operation_id, coroutine_id in boundaries:
        yield replace(entry, operation_id=operation_id, downstream_coroutine_id=coroutine_id)


def _finalization_twins(entry: Finalization) -> Iterator[AgreementWalEntry]:
    for proof_id in _swapped_dash(entry.materialization_proof_id):
        for handle_id in _swapped_dash(entry.canonical_handle_id):
            twin = replace(entry, materialization_proof_id=proof_id, canonical_handle_id=handle_id)
            if twin != entry:
                yield twin


def _escalation_twins(entry: Escalation) -> Iterator[AgreementWalEntry]:
    for evidence_id in _swapped_dash(entry.evidence_id)[1:]:
        yield replace(entry, evidence_id=evidence_id)
