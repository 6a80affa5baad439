"""Which requirement a sync puts to the test, and which one a wrong sync breaks.

A handler that writes the wrong entries may do so for many reasons that one
answer does not tell apart. So the same request is put to a second handler in
a simpler situation: on an empty log, or without the fields that have no say.
Where that goes well, what was taken away is what the handler stumbled over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from conformance.rules.blame import SYNC_REQUIREMENTS
from strategies.faults import CallFault
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementState,
    AgreementWalEntry,
    Escalation,
    WalSyncRequest,
)
from telltale_spec.wire.requests import EffectRequest

__all__ = [
    "Entries",
    "Made",
    "SyncCase",
    "blame_for_entries",
    "put_to_the_test",
    "requirement_of_undeclared",
    "settles",
]

Entries: TypeAlias = tuple[AgreementWalEntry, ...]


@dataclass(frozen=True)
class Made:
    """One request that was made, and whether it succeeded."""

    request: WalSyncRequest
    succeeded: bool


@dataclass(frozen=True)
class SyncCase:
    """One request on one log; ``repeated`` says whether it was made before."""

    existing: Entries
    request: WalSyncRequest
    repeated: bool = False

    @cached_property
    def expected(self) -> Entries:
        """The entries that the sync appends."""
        return build_entries(self.existing, self.request)

    @cached_property
    def left_out(self) -> Entries:
        """The proposed entries whose identities the log has already."""
        # Nothing but the operation's own escalations has a say in what is proposed.
        stored = {entry.stable_identity() for entry in self.existing}
        proposed = build_entries(self._own_escalations(), self.request)
        return tuple([entry for entry in proposed if entry.stable_identity() in stored])

    @property
    def collides(self) -> bool:
        """Whether an entry is left out that the log does not hold, only its identity (F2)."""
        return any(entry not in self.existing for entry in self.left_out)

    @property
    def has_duplicates(self) -> bool:
        """Whether two of the entries to append share an identity (F3)."""
        identities = [entry.stable_identity() for entry in self.expected]
        return len(set(identities)) < len(identities)

    @property
    def own_level(self) -> int:
        """The highest rank that the operation escalated to."""
        ranks = [entry.new_level.rank for entry in self._own_escalations()]
        return max(ranks, default=0)

    def plain(self) -> WalSyncRequest:
        """Return the request with everything made unremarkable that has no say (SYNC-10)."""
        request = self.request
        state = request.agreement_state
        if state is not None:
            state = _plain_state(state, request.operation_id)
        return replace(
            request,
            agreement_state=state,
            gate_level=request.gate_level if state is None else state.level,
            agreement_evidence=tuple(map(_plain_evidence, request.agreement_evidence)),
        )

    def with_stored_ticks_changed(self) -> SyncCase:
        """Return the case with the operation's escalations stored at the request's tick."""
        own = self._own_escalations()
        existing = [
            replace(entry, tick=self.request.tick)
            if isinstance(entry, Escalation) and entry in own
            else entry
            for entry in self.existing
        ]
        return replace(self, existing=tuple(existing))

    def _own_escalations(self) -> tuple[Escalation, ...]:
        return tuple(
            [
                entry
                for entry in self.existing
                if isinstance(entry, Escalation) and entry.operation_id == self.request.operation_id
            ]
        )


def settles(request: WalSyncRequest) -> bool:
    """Say whether a request brings the outcome of its operation."""
    state = request.agreement_state
    return state is not None and state.finalization is not None


def put_to_the_test(case: SyncCase) -> tuple[str, ...]:
    """Return the requirements that the entries of a sync put to the test."""
    state = case.request.agreement_state
    found = ["SYNC-04", "SYNC-05", "SYNC-08"]
    if state is not None:
        found.append("SYNC-06")
        if state.finalization is not None:
            found.append("SYNC-07")
    if case.plain() != case.request:
        found.append("SYNC-10")
    if case.repeated:
        found.append("SYNC-15")
    return tuple(found)


def requirement_of_undeclared(fault: CallFault | None, effect: EffectRequest | None) -> str:
    """Return the requirement that an exception breaks that the handler raises by itself."""
    if effect is not None:
        return "SYNC-12"
    return "SYNC-04" if fault is None else "SYNC-09"


def blame_for_entries(
    case: SyncCase, appended: Entries, goes_well: Callable[[SyncCase], bool]
) -> str:
    """Return the requirement that the appended entries break, which are not the right ones.

    ``goes_well`` puts another case to a second handler and says whether it
    appends what it should.
    """
    expected = case.expected
    extra, missing = _without(appended, expected), _without(expected, appended)
    again = [entry for entry in extra if entry in case.left_out]
    if again:
        return "SYNC-15" if case.repeated and again[0] in case.existing else "SYNC-05"
    first = (*missing, *extra, *expected)[0]
    if case.existing and missing and goes_well(replace(case, existing=())):
        # What is stored misled the handler.
        if not isinstance(first, Escalation):
            return "SYNC-05"
        return "SYNC-10" if goes_well(case.with_stored_ticks_changed()) else "SYNC-06"
    plain = case.plain()
    if plain != case.request and goes_well(replace(case, request=plain)):
        return "SYNC-10"
    if not missing and not extra:
        return "SYNC-04"
    identities = {entry.stable_identity() for entry in appended}
    if not extra and all(entry.stable_identity() in identities for entry in missing):
        return "SYNC-05"
    return SYNC_REQUIREMENTS.get(type(first), "SYNC-04")


def _without(entries: Sequence[AgreementWalEntry], others: Sequence[AgreementWalEntry]) -> Entries:
    """Return the entries left when each of ``others`` has taken one equal to itself away."""
    left = list(entries)
    for other in others:
        if other in left:
            left.remove(other)
    return tuple(left)


def _plain_state(state: AgreementState, operation_id: str) -> AgreementState:
    return replace(
        state,
        operation_id=operation_id,
        session=None,
        owner_id=None,
        contract_name="",
        last_updated_tick=None,
        reason=None,
    )


def _plain_evidence(evidence: AgreementEvidence) -> AgreementEvidence:
    return replace(
        evidence,
        session=None,
        owner_id=None,
        kind=AgreementEvidenceKind.WITNESS,
        reference="",
        authoritative=True,
    )
