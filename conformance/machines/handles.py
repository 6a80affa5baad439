"""Laws of several handles on one storage: none loses what another acknowledged (I-25, F27).

One law lets the handles take turns, which shows a handle that remembers too much. The other lets
them append at the same time; it is one-sided, as no right backend can fail it however the threads
are scheduled.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from hypothesis import strategies as st

from conformance.backend import Backend, Capability
from conformance.engine.session import History, Raised, Returned
from conformance.engine.suite import Law, LawSuite
from conformance.rules.narration import (
    cache_entry_text,
    difference_text,
    entries_text,
    entry_text,
)
from strategies.alphabets import COLLIDING
from strategies.values import wal_entries
from telltale_spec.model.machine import order_error
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

__all__ = ["CACHE_HANDLES_SUITE", "WAL_HANDLES_SUITE"]

LOG_TURNS: Final = "log written by one handle and read by another"
CACHE_TURNS: Final = "cache written by one handle and read by another"
AT_ONCE: Final = "handles that append at the same time"

_HANDLES: Final = 3
_APPENDS: Final = 4
_END_SECONDS: Final = 8.0
_SWITCH_SECONDS: Final = 1e-5

_TURNS: Final = st.lists(
    st.tuples(st.integers(0, _HANDLES - 1), wal_entries(alphabet=COLLIDING)),
    min_size=2,
    max_size=6,
)
_PUTS: Final = st.lists(
    st.tuples(st.integers(0, _HANDLES - 1), COLLIDING.evidence_ids, st.sampled_from("opq")),
    min_size=2,
    max_size=6,
)


def _handles(history: History, part: Callable[[Backend], Any], what: str) -> list[Any]:
    """Open one storage several times, in several processes where there are any."""
    backend = history.session.backend
    directory = history.directory()
    handles = []
    for number in range(_HANDLES):
        place = backend
        if number and backend.elsewhere is not None:
            elsewhere = backend.elsewhere
            place = history.start("a further process", partial(elsewhere, number))
        make = part(place)
        if make is None:
            raise RuntimeError(f"this suite does not apply to a backend without {what}")
        handles.append(history.start(what, partial(make, directory)))
    return handles


def _log_of(backend: Backend) -> Any:
    return backend.agreement_wal


def _cache_of(backend: Backend) -> Any:
    return backend.evidence_cache


def _released(history: History, handles: Sequence[Any]) -> None:
    for handle in handles:
        history.release(handle)


def _judge_log_turns(history: History, turns: Sequence[tuple[int, AgreementWalEntry]]) -> None:
    """Append through one handle after the other; every handle sees everything at once."""
    handles = _handles(history, _log_of, "the agreement WAL")
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
        other = (index + 1) % _HANDLES
        history.reach(LOG_TURNS)
        _check_log(history, other, handles[other], acknowledged)
    _released(history, handles)


def _check_log(
    history: History, index: int, handle: Any, acknowledged: tuple[AgreementWalEntry, ...]
) -> None:
    answer = history.call(
        f"through handle {index}: load the log", handle.load, undeclared="WAL-01.handles"
    )
    entries = answer.value.entries if isinstance(answer, Returned) else None
    history.check(
        "WAL-01.handles",
        entries == acknowledged,
        lambda: f"what was acknowledged: {entries_text(acknowledged)}",
        lambda: "refused" if entries is None else difference_text(entries, acknowledged),
    )


def _judge_cache_turns(history: History, puts: Sequence[tuple[int, str, str]]) -> None:
    """Put through one handle after the other; every handle sees the last of each id."""
    handles = _handles(history, _cache_of, "the evidence cache")
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
        other = (index + 1) % _HANDLES
        history.reach(CACHE_TURNS)
        _check_cache(history, other, handles[other], stored)
    _released(history, handles)


def _check_cache(
    history: History,
    index: int,
    handle: Any,
    stored: dict[str, EvidenceOutcomeCacheEntry],
) -> None:
    answer = history.call(
        f"through handle {index}: load the cache", handle.load, undeclared="CACHE-02.handles"
    )
    entries = answer.value.entries if isinstance(answer, Returned) else ()
    history.check(
        "CACHE-02.handles",
        isinstance(answer, Returned)
        and {entry.evidence_id: entry for entry in entries} == stored
        and len(entries) == len(stored),
        lambda: f"the last put of each id: {entries_text(list(stored.values()))}",
        lambda: entries_text(entries),
    )


class _Appender(threading.Thread):
    """Appends gates of its own through a handle of its own."""

    def __init__(self, index: int, handle: Any, start: threading.Barrier) -> None:
        super().__init__(name=f"handle-{index}", daemon=True)
        self.acknowledged: list[AgreementWalEntry] = []
        self.refused_count = 0
        self._entries = [
            VisibilityGateCrossing(f"handle {index}", f"{number}", AgreementLevel.NONE, 1)
            for number in range(_APPENDS)
        ]
        self._handle = handle
        self._start_together = start

    def run(self) -> None:
        """Append them in order; whatever is refused or raises is not acknowledged."""
        self._start_together.wait(_END_SECONDS)
        for entry in self._entries:
            try:
                self._handle.append(entry)
                self.acknowledged.append(entry)
            except Exception:
                # What an append may raise is judged elsewhere; this one is not acknowledged.
                self.refused_count += 1


@contextmanager
def _fine_grained_threads() -> Iterator[None]:
    """Let threads of one interpreter interrupt each other as often as processes do."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _judge_at_once(history: History, _attempt: int) -> None:
    """Append through all handles at the same time; nothing acknowledged is lost (F27)."""
    handles = _handles(history, _log_of, "the agreement WAL")
    together = threading.Barrier(_HANDLES)
    appenders = [_Appender(index, handle, together) for index, handle in enumerate(handles)]
    with _fine_grained_threads():
        for appender in appenders:
            appender.start()
        for appender in appenders:
            appender.join(_END_SECONDS)
    refused_count = sum(appender.refused_count for appender in appenders)
    history.note(
        f"through {_HANDLES} handles at once: append {_APPENDS} gates each",
        f"{refused_count} refused" if refused_count else "ok",
    )
    ended = not any(appender.is_alive() for appender in appenders)
    history.check("WAL-01.handles", ended, "an answer to every append", "one waits for ever")
    history.reach(AT_ONCE)
    answer = history.call("load the log", handles[0].load, undeclared="WAL-01.handles")
    entries = answer.value.entries if isinstance(answer, Returned) else ()
    for index, appender in enumerate(appenders):
        own = [entry for entry in entries if entry.operation_id == f"handle {index}"]
        kept = [entry for entry in own if entry in appender.acknowledged]
        # One that was refused may be there all the same: its outcome is unknown.
        history.check(
            "WAL-01.handles",
            kept == appender.acknowledged,
            f"what was acknowledged, in order: {entries_text(appender.acknowledged)}",
            entries_text(own),
        )
    _released(history, handles)


def _declares_handles(backend: Backend) -> bool:
    return Capability.CONCURRENT_HANDLES in backend.capabilities


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
            _judge_at_once,
            0.2,
            needs=lambda backend: backend.concurrent_calls or backend.elsewhere is not None,
        ),
    ),
    requirement_ids=("WAL-01.handles",),
    situations={LOG_TURNS: ("WAL-01.handles",)},
    present=lambda backend: backend.agreement_wal is not None and _declares_handles(backend),
    absent=_why_not,
)

CACHE_HANDLES_SUITE: Final = LawSuite(
    name="evidence cache with several handles",
    laws=(Law("cache in turns", _PUTS, _judge_cache_turns),),
    requirement_ids=("CACHE-02.handles",),
    situations={CACHE_TURNS: ("CACHE-02.handles",)},
    present=lambda backend: backend.evidence_cache is not None and _declares_handles(backend),
    absent=_why_not,
)
