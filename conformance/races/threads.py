"""Threads that share one handle: called at the same time, and one held while another one is called.

Both are judged like several handles. The first leaves the schedule to luck, whichever language a
backend is written in; the second takes an object in our own process.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from hypothesis import strategies as st

from conformance.backend import Backend, Capability
from conformance.concurrency.caches import judge_cache
from conformance.concurrency.calls import ConcurrentCall
from conformance.concurrency.logs import judge_log
from conformance.engine.session import History
from conformance.engine.suite import Law, LawSuite, TableLaw
from conformance.machines.handle_races import HANDLES, cache_of, is_ours, log_of, race_calls
from conformance.machines.overlapping import check_order, recorded_call, settled
from conformance.machines.race_scripts import CACHE_ROUNDS, LOG_ROUNDS, Round
from conformance.races.held_lines import Kind, Threaded, hold_at_lines, threaded_pairs
from conformance.races.plans import CACHE_PAIRS, LOG_PAIRS, Pair
from conformance.rules.events import FAULT, OK, REFUSED
from telltale_spec.model.operations import LoadCache, LoadLog

__all__ = ["THREAD_SUITES", "Threaded"]

_SHORT_PAIRS: Final = 9
_TIMES_AFAR: Final = 2

_LOG: Final = Kind("log", "WAL-01.threads", log_of, judge_log, LoadLog())
_CACHE: Final = Kind("cache", "CACHE-02.threads", cache_of, judge_cache, LoadCache())


# All threads at once


def _race_rounds(history: History, kind: Kind, rounds: Sequence[Round], attempt: int) -> None:
    """Let several threads make the calls of each round on one handle."""
    overtaken = history.session.backend.overtaken
    # Where no line can be held from here, all is left to these rounds.
    times = 1 if overtaken is None else _TIMES_AFAR
    for number, scripts in enumerate([*rounds] * times):
        directory = history.directory()
        handle = kind.opened(history, directory)
        before = 0 if overtaken is None else overtaken()
        seed = f"{attempt}/{number}"
        calls = race_calls(history, kind.requirement_id, [handle] * HANDLES, scripts, seed)
        # A process that reads one request after the other answers in the same order.
        if overtaken is None or overtaken() > before:
            history.reach(kind.arises)
        history.release(handle)
        if Capability.REOPEN in history.session.backend.capabilities:
            again = kind.opened(history, directory)
            later = itertools.count(1 + max(call.answered or call.invoked for call in calls))
            calls += settled(history, kind.requirement_id, [again], scripts, later)
            history.release(again)
        calls = [_with_fault(call) for call in calls]
        check_order(history, kind.requirement_id, calls, kind.judge(calls))


def _with_fault(call: ConcurrentCall) -> ConcurrentCall:
    """Return a call that raised something undeclared as one that is wrong by itself."""
    if call.answer in (OK, REFUSED, FAULT) or call.answered is None:
        return call
    return recorded_call(
        call.client,
        call.operation,
        call.invoked,
        call.answered,
        FAULT,
        None,
        f"raised {call.message}",
    )


def _race_on_log(history: History, attempt: int) -> None:
    """Call one log by several threads; some order explains every answer."""
    _race_rounds(history, _LOG, LOG_ROUNDS, attempt)


def _race_on_cache(history: History, attempt: int) -> None:
    """Call one cache by several threads; some order explains every answer."""
    _race_rounds(history, _CACHE, CACHE_ROUNDS, attempt)


# One thread held at each line


def _hold_on_log(history: History, threaded: Threaded) -> None:
    """Hold one call on a log before each of its lines while another thread calls the same log."""
    hold_at_lines(history, _LOG, threaded)


def _hold_on_cache(history: History, threaded: Threaded) -> None:
    """Hold one call on a cache before each of its lines while another thread calls it."""
    hold_at_lines(history, _CACHE, threaded)


# Suites


def _can_be_called(backend: Backend) -> bool:
    return Capability.THREADS in backend.capabilities and backend.concurrent_calls


def _why_not(backend: Backend) -> str:
    if Capability.THREADS not in backend.capabilities:
        return "the backend does not declare threads"
    if not backend.concurrent_calls:
        return "declared, and not tried: the harness serves one call at a time"
    return "the backend does not have what threads could share"


def _suite(
    name: str,
    kind: Kind,
    race: Callable[[History, int], None],
    hold: Callable[[History, Threaded], None],
    pairs: Sequence[Pair],
) -> LawSuite:
    return LawSuite(
        name=f"{name} shared by threads",
        laws=(
            TableLaw(
                f"{kind.noun} held at each line",
                partial(threaded_pairs, pairs, _SHORT_PAIRS),
                hold,
                needs=is_ours,
            ),
            Law(f"{kind.noun} shared by threads", st.integers(0, 7), race, 0.2),
        ),
        requirement_ids=(kind.requirement_id,),
        situations={kind.arises: (kind.requirement_id,)},
        present=lambda backend: kind.part(backend) is not None and _can_be_called(backend),
        absent=_why_not,
    )


THREAD_SUITES: Final = (
    _suite("agreement WAL", _LOG, _race_on_log, _hold_on_log, LOG_PAIRS),
    _suite("evidence cache", _CACHE, _race_on_cache, _hold_on_cache, CACHE_PAIRS),
)
"""Every suite of threads that share one handle."""
