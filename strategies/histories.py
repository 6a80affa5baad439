"""Histories: sequences of operations for a log, a cache and a handler that syncs.

A history is first drawn as a list of drafts, each independent of the others,
and then resolved from left to right into operations that make sense after what
came before. Removing a draft leaves a history, so shrinking is free to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from strategies._arguments import require_at_least
from strategies._lists import sparse_lists
from strategies.alphabets import COLLIDING, Alphabet
from strategies.artifacts import valid_entries
from strategies.identities import request_for, syncable_twins
from strategies.outcomes import OutcomeConsistency, cache_entries
from strategies.phases import phase_sync_requests
from strategies.requests import wal_sync_requests
from strategies.values import (
    agreement_levels,
    escalations,
    evidence_produced,
    finalizations,
    visibility_gate_crossings,
)
from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    LoadCache,
    LoadLog,
    Operation,
    PutOutcome,
    ReadSince,
    Reopen,
    SyncWal,
)
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    WalSyncRequest,
)
from telltale_spec.wire.shapes import U64_MAX

__all__ = ["History", "cache_histories", "sync_histories", "wal_histories"]

History: TypeAlias = tuple[Operation, ...]
"""The operations of one run, in order."""

_OPERATIONS_MAX = 20
_POSITION_MAX = 7


@dataclass(frozen=True, slots=True)
class _RaisedAppend:
    """Append an escalation after its levels were raised into order."""

    entry: Escalation


@dataclass(frozen=True, slots=True)
class _ReadNear:
    """Read since the tick of an earlier entry, or the tick beside it."""

    position: int
    ticks_later: int


@dataclass(frozen=True, slots=True)
class _GetAgain:
    """Get the outcome that an earlier operation put."""

    position: int


@dataclass(frozen=True, slots=True)
class _SyncAgain:
    """Send an earlier request again, at its own tick or later."""

    position: int
    ticks_later: int


@dataclass(frozen=True, slots=True)
class _SyncNear:
    """Send a request that collides with a logged entry and does not repeat it."""

    position: int
    coroutine_id: str
    gate_level: AgreementLevel


_WalDraft: TypeAlias = Operation | _RaisedAppend | _ReadNear
_CacheDraft: TypeAlias = Operation | _GetAgain
_SyncDraft: TypeAlias = Operation | tuple[WalSyncRequest, ...] | _SyncAgain | _SyncNear


def wal_histories(
    *,
    alphabet: Alphabet = COLLIDING,
    max_size: int = _OPERATIONS_MAX,
    allow_rejected: bool = True,
) -> SearchStrategy[History]:
    """Describe appends, reads, loads and reopenings of a log.

    Most appended escalations are in order after the ones accepted before them;
    without ``allow_rejected`` all are. ``max_size`` bounds the number of
    operations. Raises :class:`~telltale_spec.errors.DomainError` when it is
    negative. Source: WAL-01..08, C3.
    """

    def definition() -> SearchStrategy[History]:
        require_at_least("wal_histories", "max_size", max_size, 0)
        drafts = _wal_drafts(alphabet, allow_rejected=allow_rejected)
        return sparse_lists(drafts, max_size=max_size).map(_resolved_wal)

    return st.deferred(definition)


def cache_histories(
    *, alphabet: Alphabet = COLLIDING, max_size: int = _OPERATIONS_MAX
) -> SearchStrategy[History]:
    """Describe puts, gets, loads and reopenings of a cache.

    Gets ask for ids that were put and for others. ``max_size`` bounds the
    number of operations. Raises :class:`~telltale_spec.errors.DomainError`
    when it is negative. Source: CACHE-01..08.
    """

    def definition() -> SearchStrategy[History]:
        require_at_least("cache_histories", "max_size", max_size, 0)
        entries = cache_entries(alphabet=alphabet, consistency=OutcomeConsistency.ANY)
        drafts = st.one_of(
            st.builds(PutOutcome, entry=entries),
            st.builds(_GetAgain, position=_positions()),
            st.builds(GetOutcome, evidence_id=alphabet.evidence_ids),
            st.just(LoadCache()),
            st.just(Reopen()),
        )
        return sparse_lists(drafts, max_size=max_size).map(_resolved_cache)

    return st.deferred(definition)


def sync_histories(
    *, alphabet: Alphabet = COLLIDING, max_size: int = _OPERATIONS_MAX
) -> SearchStrategy[History]:
    """Describe syncs through one handler, with loads and reopenings of its log.

    Requests are free, successive phases of one operation, repetitions at the
    same or a later tick, or collide with an entry that is in the log by then.
    ``max_size`` bounds the number of operations. Raises
    :class:`~telltale_spec.errors.DomainError` when it is negative. Source:
    SYNC-04..15, F2, F4, C3.
    """

    def definition() -> SearchStrategy[History]:
        require_at_least("sync_histories", "max_size", max_size, 0)
        drafts = sparse_lists(_sync_drafts(alphabet), max_size=max_size)
        return drafts.map(_resolved_sync).map(lambda history: history[:max_size])

    return st.deferred(definition)


def _positions() -> SearchStrategy[int]:
    return st.integers(0, _POSITION_MAX)


def _wal_drafts(alphabet: Alphabet, *, allow_rejected: bool) -> SearchStrategy[_WalDraft]:
    drafts: list[SearchStrategy[_WalDraft]] = [
        st.builds(Append, entry=visibility_gate_crossings(alphabet=alphabet)),
        st.builds(_RaisedAppend, entry=escalations(alphabet=alphabet)),
        st.builds(Append, entry=finalizations(alphabet=alphabet)),
        st.builds(Append, entry=evidence_produced(alphabet=alphabet)),
        st.builds(ReadSince, tick=alphabet.ticks),
        st.builds(_ReadNear, position=_positions(), ticks_later=st.sampled_from((0, -1, 1))),
        st.just(LoadLog()),
        st.just(Reopen()),
    ]
    if allow_rejected:
        # Escalations as they are drawn: about one append in ten is out of order (C3).
        drafts.append(st.builds(Append, entry=escalations(alphabet=alphabet)))
    return st.one_of(drafts)


def _sync_drafts(alphabet: Alphabet) -> SearchStrategy[_SyncDraft]:
    return st.one_of(
        st.builds(SyncWal, request=wal_sync_requests(alphabet=alphabet)),
        phase_sync_requests(alphabet=alphabet),
        st.builds(_SyncAgain, position=_positions(), ticks_later=st.integers(0, 1)),
        st.builds(
            _SyncNear,
            position=st.integers(0, 63),
            coroutine_id=alphabet.coroutine_ids,
            gate_level=agreement_levels(),
        ),
        st.just(LoadLog()),
        st.just(Reopen()),
    )


def _later(tick: int, ticks_later: int) -> int:
    return min(max(tick + ticks_later, 0), U64_MAX)


def _resolved_wal(drafts: Sequence[_WalDraft]) -> History:
    accepted: list[AgreementWalEntry] = []
    history: list[Operation] = []
    for draft in drafts:
        operation = _wal_operation(draft, accepted)
        history.append(operation)
        if isinstance(operation, Append) and _is_in_order([*accepted, operation.entry]):
            accepted.append(operation.entry)
    return tuple(history)


def _wal_operation(draft: _WalDraft, accepted: Sequence[AgreementWalEntry]) -> Operation:
    if isinstance(draft, _ReadNear):
        tick = accepted[draft.position % len(accepted)].tick if accepted else 0
        return ReadSince(_later(tick, draft.ticks_later))
    if isinstance(draft, _RaisedAppend):
        return Append(valid_entries([*accepted, draft.entry])[-1])
    return draft


def _is_in_order(entries: Sequence[AgreementWalEntry]) -> bool:
    return valid_entries(entries) == tuple(entries)


def _resolved_cache(drafts: Sequence[_CacheDraft]) -> History:
    evidence_ids: list[str] = []
    history: list[Operation] = []
    for draft in drafts:
        if isinstance(draft, _GetAgain):
            known = evidence_ids or [""]
            history.append(GetOutcome(known[draft.position % len(known)]))
            continue
        if isinstance(draft, PutOutcome):
            evidence_ids.append(draft.entry.evidence_id)
        history.append(draft)
    return tuple(history)


def _resolved_sync(drafts: Sequence[_SyncDraft]) -> History:
    log: list[AgreementWalEntry] = []
    requests: list[WalSyncRequest] = []
    history: list[Operation] = []
    for draft in drafts:
        for operation in _sync_operations(draft, log, requests):
            if isinstance(operation, SyncWal):
                requests.append(operation.request)
                log.extend(build_entries(log, operation.request))
            history.append(operation)
    return tuple(history)


def _sync_operations(
    draft: _SyncDraft, log: Sequence[AgreementWalEntry], requests: Sequence[WalSyncRequest]
) -> Iterator[Operation]:
    """Yield the operations of one draft; none if nothing came before that it needs."""
    if isinstance(draft, Operation):
        yield draft
    elif isinstance(draft, tuple):
        for request in draft:
            yield SyncWal(request)
    elif isinstance(draft, _SyncAgain):
        if requests:
            request = requests[draft.position % len(requests)]
            yield SyncWal(replace(request, tick=_later(request.tick, draft.ticks_later)))
    else:
        twins = syncable_twins(log)
        if twins:
            twin = twins[draft.position % len(twins)]
            yield SyncWal(
                request_for(twin, coroutine_id=draft.coroutine_id, gate_level=draft.gate_level)
            )
