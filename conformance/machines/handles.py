"""Laws of several handles on one storage: none loses what another acknowledged (I-25, F27).

One law lets the handles take turns, which shows a handle that remembers too much. The other lets
them write at the same time (``handle_races``).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from hypothesis import strategies as st

from conformance.backend import Backend, Capability
from conformance.engine.session import History, Raised, Returned
from conformance.engine.suite import Law, LawSuite
from conformance.machines.handle_races import (
    HANDLES,
    cache_of,
    judge_cache_race,
    judge_log_race,
    log_of,
    opened_handles,
    release_handles,
)
from conformance.rules.narration import (
    cache_entry_text,
    difference_text,
    entries_text,
    entry_text,
)
from strategies.alphabets import COLLIDING
from strategies.values import wal_entries
from telltale_spec.model.machine import order_error
from telltale_spec.wire.agreement import AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

__all__ = ["CACHE_HANDLES_SUITE", "WAL_HANDLES_SUITE"]

LOG_TURNS: Final = "log written by one handle and read by another"
CACHE_TURNS: Final = "cache written by one handle and read by another"

_TURNS: Final = st.lists(
    st.tuples(st.integers(0, HANDLES - 1), wal_entries(alphabet=COLLIDING)),
    min_size=2,
    max_size=6,
)
_PUTS: Final = st.lists(
    st.tuples(st.integers(0, HANDLES - 1), COLLIDING.evidence_ids, st.sampled_from("opq")),
    min_size=2,
    max_size=6,
)


def _judge_log_turns(history: History, turns: Sequence[tuple[int, AgreementWalEntry]]) -> None:
    """Append through one handle after the other; every handle sees everything at once."""
    handles = opened_handles(history, log_of, "the agreement WAL")
    acknowledged: tuple[AgreementWalEntry, ...] = ()
    for index, entry in turns:
        if order_error((*acknowledged, entry)) is not None:
            # What a refused append leaves is another requirement.
            continue
        answer = history.call(
            f"through handle {index}: append {entry_text(entry)}",
            partial(handles[index].append, entry),
            undeclared="WAL-01.handles",
        )
        if isinstance(answer, Raised):
            continue
        acknowledged = (*acknowledged, entry)
        other = (index + 1) % HANDLES
        history.reach(LOG_TURNS)
        _check_log(history, other, handles[other], acknowledged)
    release_handles(history, handles)


def _check_log(
    history: History, index: int, handle: Any, acknowledged: tuple[AgreementWalEntry, ...]
) -> None:
    answer = history.call(
        f"through handle {index}: load the log", handle.load, undeclared="WAL-01.handles"
    )
    entries = getattr(answer.value, "entries", None) if isinstance(answer, Returned) else None
    history.check(
        "WAL-01.handles",
        entries == acknowledged,
        lambda: f"what was acknowledged: {entries_text(acknowledged)}",
        lambda: "refused" if entries is None else difference_text(entries, acknowledged),
    )


def _judge_cache_turns(history: History, puts: Sequence[tuple[int, str, str]]) -> None:
    """Put through one handle after the other; every handle sees the last of each id."""
    handles = opened_handles(history, cache_of, "the evidence cache")
    stored: dict[str, EvidenceOutcomeCacheEntry] = {}
    for index, evidence_id, operation_name in puts:
        entry = EvidenceOutcomeCacheEntry(evidence_id, "i", operation_name, EffectOutcome.blocked())
        answer = history.call(
            f"through handle {index}: put {cache_entry_text(entry)}",
            partial(handles[index].put, entry),
            undeclared="CACHE-02.handles",
        )
        if isinstance(answer, Raised):
            continue
        stored[evidence_id] = entry
        other = (index + 1) % HANDLES
        history.reach(CACHE_TURNS)
        _check_cache(history, other, handles[other], stored)
    release_handles(history, handles)


def _check_cache(
    history: History,
    index: int,
    handle: Any,
    stored: dict[str, EvidenceOutcomeCacheEntry],
) -> None:
    answer = history.call(
        f"through handle {index}: load the cache", handle.load, undeclared="CACHE-02.handles"
    )
    entries = getattr(answer.value, "entries", ()) if isinstance(answer, Returned) else ()
    history.check(
        "CACHE-02.handles",
        isinstance(answer, Returned)
        and {entry.evidence_id: entry for entry in entries} == stored
        and len(entries) == len(stored),
        lambda: f"the last put of each id: {entries_text(list(stored.values()))}",
        lambda: entries_text(entries),
    )


def _declares_handles(backend: Backend) -> bool:
    return Capability.CONCURRENT_HANDLES in backend.capabilities


def _writes_at_once(backend: Backend) -> bool:
    return backend.concurrent_calls or backend.elsewhere is not None


def _why_not(backend: Backend) -> str:
    if not _declares_handles(backend):
        return "the backend does not declare concurrent-handles"
    return "the backend does not have what several handles could be on"


WAL_HANDLES_SUITE: Final = LawSuite(
    name="agreement WAL with several handles",
    laws=(
        Law("log in turns", _TURNS, _judge_log_turns),
        Law(
            "log at once",
            st.integers(0, 7),
            judge_log_race,
            0.2,
            needs=_writes_at_once,
        ),
    ),
    requirement_ids=("WAL-01.handles",),
    situations={LOG_TURNS: ("WAL-01.handles",)},
    present=lambda backend: backend.agreement_wal is not None and _declares_handles(backend),
    absent=_why_not,
)

CACHE_HANDLES_SUITE: Final = LawSuite(
    name="evidence cache with several handles",
    laws=(
        Law("cache in turns", _PUTS, _judge_cache_turns),
        Law(
            "cache at once",
            st.integers(0, 7),
            judge_cache_race,
            0.2,
            needs=_writes_at_once,
        ),
    ),
    requirement_ids=("CACHE-02.handles",),
    situations={CACHE_TURNS: ("CACHE-02.handles",)},
    present=lambda backend: backend.evidence_cache is not None and _declares_handles(backend),
    absent=_why_not,
)
