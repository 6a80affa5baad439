"""The situations that a search of ``wal_sync`` must reach to have looked everywhere."""

from __future__ import annotations

from typing import Final

from conformance.machines.wal_sync_blame import SyncCase
from strategies.faults import BackendCall, CallFault

__all__ = ["situations_of"]

IMMEDIATE: Final = "sync in immediate mode"
BLOCKED: Final = "sync in blocked mode"
FAILURE: Final = "sync in failure mode"
COLLISION: Final = "entry left out because a different one has its identity"
SAME_TICK: Final = "request repeated at the same tick"
LATER_TICK: Final = "settled operation synced again at a later tick"
NOT_STORED: Final = "append failed and stored nothing"
STORED: Final = "append failed and stored all the same"
IN_THE_MIDDLE: Final = "append failed after another one of the same sync"
RETRIED: Final = "failed sync tried again at the same tick"
LOAD_FAULT: Final = "load failed"
FOREIGN_EVIDENCE: Final = "request with evidence of another operation"
OTHER_STATE: Final = "request with the state of another operation"
DUPLICATE: Final = "request that proposes one identity twice"
NO_STATE: Final = "request without a state"
ESCALATED_BEFORE: Final = "state above a level that is stored"
SEVERAL_PROOFS: Final = "finalization with several ids to choose its proof from"
WRONG_KIND: Final = "metadata of another effect kind"
ILLEGAL: Final = "metadata that the effect algebra forbids"
SNAPSHOT: Final = "snapshot of a log with entries"


def situations_of(case: SyncCase, struck: CallFault | None, *, done: bool) -> tuple[str, ...]:
    """Return what arose in one sync; ``done`` says whether its request succeeded before."""
    request, state = case.request, case.request.agreement_state
    operation_ids = [evidence.operation_id for evidence in request.agreement_evidence]
    arose = {
        IMMEDIATE: True,
        COLLISION: case.collides,
        SAME_TICK: done,
        DUPLICATE: case.has_duplicates,
        NO_STATE: state is None,
        FOREIGN_EVIDENCE: any(each != request.operation_id for each in operation_ids),
    }
    if state is not None:
        proofs = {text for text in state.evidence_ids if "proof" in text.lower()}
        arose[OTHER_STATE] = state.operation_id != request.operation_id
        arose[ESCALATED_BEFORE] = 0 < case.own_level < state.level.rank
        arose[SEVERAL_PROOFS] = state.finalization is not None and len(proofs) > 1
    if struck is not None:
        arose[LOAD_FAULT] = struck.call is BackendCall.LOAD
        arose[IN_THE_MIDDLE] = struck.call_index > 0
        arose[STORED] = struck.stored
        arose[NOT_STORED] = struck.call is BackendCall.APPEND and not struck.stored
    return tuple([situation for situation, holds in arose.items() if holds])
