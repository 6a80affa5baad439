"""Which entries a hardened ``wal_sync`` adds to a log, or why it adds none: a pure function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from telltale_spec.errors import SyncRefusedError
from telltale_spec.hardened.fold import OperationFold
from telltale_spec.wire.agreement import (
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementState,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)

__all__ = ["hardened_entries"]


def hardened_entries(
    existing: Sequence[AgreementWalEntry], request: WalSyncRequest
) -> tuple[AgreementWalEntry, ...]:
    """Return the entries that a sync appends to a log of ``existing`` entries.

    An entry is known if an equal one is in the log or was proposed before
    (F2, F3). An operation whose outcome is in the log already gets its gate and
    nothing else (F4). Whatever comes first of what is returned, the log with it
    is one that a plan can be made of (F20): the outcome comes before the
    levels, and the gate last. Raises
    :class:`~telltale_spec.errors.SyncRefusedError` for a request that does not
    fit the log or itself (F5, F7, F15, F36) and for a new entry at tick 0 or
    below a tick of its operation (F8). Linear in the log.
    """
    own = [entry for entry in existing if entry.operation_id == request.operation_id]
    fold = OperationFold()
    for position, entry in enumerate(own):
        fold.take(entry, position, is_behind=True)
    state = _fitting_state(fold, request)
    known, new = set(own), []
    for candidate in _candidates(own, fold, request, state):
        if candidate not in known:
            known.add(candidate)
            new.append(candidate)
    if new:
        _check_tick(own, request)
        for position, candidate in enumerate(new, len(own)):
            fold.take(candidate, position, is_behind=True)
        contradiction = fold.contradiction()
        if contradiction is not None:
            raise _refused(request, contradiction)
    return tuple(new)


def _refused(request: WalSyncRequest, reason: str) -> SyncRefusedError:
    return SyncRefusedError(request.operation_id, reason)


def _fitting_state(fold: OperationFold, request: WalSyncRequest) -> AgreementState:
    """Return the state of a request, if it is one of its operation and does not fall."""
    state = request.agreement_state
    if state is None:
        raise _refused(request, "the request has no agreement state")
    if state.operation_id != request.operation_id:
        raise _refused(request, f"the state is one of `{state.operation_id}`")
    logged = fold.outcome
    if logged is not None and logged is not state.finalization:
        outcome = "none" if state.finalization is None else state.finalization.value
        raise _refused(request, f"its outcome in the log is {logged.value}, in the state {outcome}")
    if state.level is AgreementLevel.FINALIZED and (
        state.finalization is not FinalizationOutcome.FINALIZED
    ):
        raise _refused(request, "the state is finalized without the outcome finalized")
    floor = fold.level if state.finalization is None else fold.escalated_level
    if state.level.rank < floor.rank:
        raise _refused(request, f"the state is at {state.level.value}, the log at {floor.value}")
    return state


def _check_tick(own: Sequence[AgreementWalEntry], request: WalSyncRequest) -> None:
    if request.tick == 0:
        raise _refused(request, "at tick 0 no plan would ever see its entries")
    last = max((entry.tick for entry in own), default=0)
    if request.tick < last:
        raise _refused(request, f"tick {request.tick} is below tick {last}, which is in the log")


def _candidates(
    own: Sequence[AgreementWalEntry],
    fold: OperationFold,
    request: WalSyncRequest,
    state: AgreementState,
) -> Iterator[AgreementWalEntry]:
    tick = request.tick
    gate = VisibilityGateCrossing(
        request.operation_id, request.downstream_coroutine_id, request.gate_level, tick
    )
    settled_ticks = [entry.tick for entry in own if isinstance(entry, Finalization)]
    if settled_ticks and settled_ticks[0] != tick:
        if not any(_is_same_gate(entry, gate) for entry in own):
            yield gate
        return
    evidence = [
        each for each in request.agreement_evidence if each.operation_id == request.operation_id
    ]
    if state.finalization is not None:
        proof_ids = {
            each.evidence_id
            for each in request.agreement_evidence
            if each.kind is AgreementEvidenceKind.MATERIALIZATION
        }
        proof_id = next((each for each in state.evidence_ids if each in proof_ids), None)
        yield Finalization(request.operation_id, state.finalization, proof_id, None, tick)
    for each in evidence:
        if state.finalization is None and each.authoritative and each.level.rank > state.level.rank:
            raise _refused(
                request,
                f"evidence `{each.evidence_id}` is at {each.level.value}, above the state",
            )
        yield EvidenceProduced(each, tick)
    if state.level.rank > fold.escalated_level.rank:
        named = fold.evidence_ids | {each.evidence_id for each in evidence}
        evidence_id = next((each for each in reversed(state.evidence_ids) if each in named), None)
        yield Escalation(request.operation_id, fold.escalated_level, state.level, evidence_id, tick)
    yield gate


def _is_same_gate(entry: AgreementWalEntry, gate: VisibilityGateCrossing) -> bool:
    return (
        isinstance(entry, VisibilityGateCrossing)
        and entry.downstream_coroutine_id == gate.downstream_coroutine_id
        and entry.gate_level is gate.gate_level
    )
