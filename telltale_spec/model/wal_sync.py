"""Which entries one ``wal_sync`` adds to a log: a pure function of log and request.

Every quirk of the specification is kept, because the reference is what others
are compared with: identities that collide (F2), copies inside one request
(F3), the tick as part of the identity (F4), a gate without a state (F5), a
proof id found by substring (F14) and a state of another operation (F15).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementState,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    VisibilityGateCrossing,
    WalSyncRequest,
)

__all__ = ["SyncIndex", "build_entries"]

_PROOF_MARKER = "proof"


def build_entries(
    existing: Sequence[AgreementWalEntry], request: WalSyncRequest
) -> tuple[AgreementWalEntry, ...]:
    """Return the entries that a sync appends to a log of ``existing`` entries.

    A candidate is left out if its stable identity is in the log already;
    candidates of one call are not compared with each other (SYNC-05, F3).
    Nothing but the request's own operation id, coroutine, gate level, tick,
    state level, outcome and evidence is looked at (SYNC-10). Source:
    SYNC-04..08 (L679-761).
    """
    existing_identities = {entry.stable_identity() for entry in existing}
    # Evidence levels and finalizations of the log do not count towards the previous level.
    logged_levels = [
        entry.new_level
        for entry in existing
        if isinstance(entry, Escalation) and entry.operation_id == request.operation_id
    ]
    previous_level = max(logged_levels, key=lambda level: level.rank, default=AgreementLevel.NONE)
    return _new_entries(existing_identities, previous_level, request)


class SyncIndex:
    """What syncs ask of a log, worked out once an entry instead of once a sync.

    :meth:`build_entries` gives what the function of that name gives for the
    same log and request, which is the rule. A log that holds the entries of
    the call before and some more costs only those; one that changed in any
    other way is worked out anew. Not safe to use from several threads at once.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._known: tuple[AgreementWalEntry, ...] = ()
        self._identities: set[str] = set()
        self._highest_levels: dict[str, AgreementLevel] = {}

    def build_entries(
        self, existing: Sequence[AgreementWalEntry], request: WalSyncRequest
    ) -> tuple[AgreementWalEntry, ...]:
        """Return the entries that a sync appends to a log of ``existing`` entries."""
        # A tuple is not copied, and nobody can change it until the next call.
        entries = tuple(existing)
        if not self._is_grown(entries):
            self._forget()
        try:
            for entry in entries[len(self._known) :]:
                self._take(entry)
        except BaseException:
            # What was taken before is no part of any known log.
            self._forget()
            raise
        self._known = entries
        previous_level = self._highest_levels.get(request.operation_id, AgreementLevel.NONE)
        return _new_entries(self._identities, previous_level, request)

    def _is_grown(self, entries: tuple[AgreementWalEntry, ...]) -> bool:
        """Say whether ``entries`` begins with all known entries.

        A log that makes its entries anew for every load is not compared field
        by field: that would take as long as to work it out again.
        """
        known = self._known
        if not known:
            return True
        last = len(known) - 1
        if len(entries) <= last or entries[last] is not known[last]:
            return False
        return entries[0] is known[0] and entries[: last + 1] == known

    def _take(self, entry: AgreementWalEntry) -> None:
        self._identities.add(entry.stable_identity())
        if isinstance(entry, Escalation):
            highest = self._highest_levels.get(entry.operation_id)
            if highest is None or entry.new_level.rank > highest.rank:
                self._highest_levels[entry.operation_id] = entry.new_level


def _new_entries(
    existing_identities: Set[str], previous_level: AgreementLevel, request: WalSyncRequest
) -> tuple[AgreementWalEntry, ...]:
    return tuple(
        [
            candidate
            for candidate in _candidates(previous_level, request)
            if candidate.stable_identity() not in existing_identities
        ]
    )


def _candidates(
    previous_level: AgreementLevel, request: WalSyncRequest
) -> Iterator[AgreementWalEntry]:
    """Yield the candidates in their order: evidence, escalation, finalization, gate (SYNC-04)."""
    for evidence in request.agreement_evidence:
        if evidence.operation_id == request.operation_id:
            yield EvidenceProduced(evidence, request.tick)
    state = request.agreement_state
    if state is not None:
        yield from _escalations(previous_level, request, state)
        yield from _finalizations(request, state)
    # The gate is crossed without a state too, and whatever the level (SYNC-08, F5).
    yield VisibilityGateCrossing(
        request.operation_id, request.downstream_coroutine_id, request.gate_level, request.tick
    )


def _escalations(
    previous_level: AgreementLevel, request: WalSyncRequest, state: AgreementState
) -> Iterator[Escalation]:
    """Yield the escalation from the highest logged level to the state's (SYNC-06, L707-731)."""
    if state.level.rank > previous_level.rank:
        last_evidence_id = state.evidence_ids[-1] if state.evidence_ids else None
        yield Escalation(
            request.operation_id, previous_level, state.level, last_evidence_id, request.tick
        )


def _finalizations(request: WalSyncRequest, state: AgreementState) -> Iterator[Finalization]:
    """Yield the finalization of a state that has an outcome (SYNC-07, L732-747)."""
    if state.finalization is None:
        return
    # A substring decides, so "waterproof-label" is taken for a proof (F14).
    proof_ids = [text for text in state.evidence_ids if _PROOF_MARKER in text]
    proof_id = proof_ids[0] if proof_ids else None
    yield Finalization(request.operation_id, state.finalization, proof_id, None, request.tick)
