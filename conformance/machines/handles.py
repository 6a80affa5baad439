"""Laws of several handles on one storage: none loses what another acknowledged (I-25, F27).

One law lets the handles take turns, which shows a handle that remembers too much. The other lets
them write at the same time (``handle_races``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

from conformance.backend import Backend, Capability
from conformance.engine.session import History
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
from conformance.machines.one_promise import asked, cache_judge, log_judge, shown
from conformance.rules.events import OK
from strategies.alphabets import COLLIDING
from strategies.values import wal_entries
from telltale_spec.model.operations import Append, LoadCache, LoadLog, PutOutcome
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
    judge, own = log_judge(history, "WAL-01.handles"), "WAL-01.handles"
    for index, entry in turns:
        if judge.refusal_of(entry) is not None:
            # What a refused append leaves is another requirement.
            continue
        appended = asked(history, own, Append(entry), handles[index], index)
        judge.append(appended, entry)
        if appended.answer == OK:
            history.reach(LOG_TURNS)
            other = (index + 1) % HANDLES
            judge.load(shown(history, own, LoadLog(), handles[other], other))
    release_handles(history, handles)


def _judge_cache_turns(history: History, puts: Sequence[tuple[int, str, str]]) -> None:
    """Put through one handle after the other; every handle sees the last of each id."""
    handles = opened_handles(history, cache_of, "the evidence cache")
    judge, own = cache_judge(history, "CACHE-02.handles"), "CACHE-02.handles"
    for index, evidence_id, name in puts:
        entry = EvidenceOutcomeCacheEntry(evidence_id, name, name, EffectOutcome.blocked())
        put = asked(history, own, PutOutcome(entry), handles[index], index)
        judge.put(put, entry)
        if put.answer == OK:
            history.reach(CACHE_TURNS)
            other = (index + 1) % HANDLES
            judge.load(shown(history, own, LoadCache(), handles[other], other))
            judge.settle()
    release_handles(history, handles)


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
