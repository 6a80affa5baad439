"""Several handles that write one storage at the same time (WAL-01.handles, CACHE-02.handles, F27).

Only the schedule is left to luck: what is called is fixed by the attempt, and the judge
(``conformance.concurrency``) passes whatever some order of the calls explains. So a right backend
cannot fail however its threads or processes are scheduled.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from conformance.backend import Backend
from conformance.concurrency.caches import judge_cache
from conformance.concurrency.calls import ConcurrentCall, Judgement
from conformance.concurrency.logs import judge_log
from conformance.engine.session import History
from conformance.machines.overlapping import CALLS_SECONDS, Caller, check_order, settled
from conformance.machines.race_scripts import CACHE_ROUNDS, HANDLES, LOG_ROUNDS, Round
from conformance.pauses import SWITCH_SECONDS, switching_each

__all__ = [
    "HANDLES",
    "cache_of",
    "judge_cache_race",
    "judge_log_race",
    "log_of",
    "opened_handles",
    "race_calls",
    "release_handles",
]

# What goes wrong between processes does not between threads, and the other way round.
TOGETHER_AND_APART: Final = (0, 1, 0)
_APART: Final = (0, 1, 2)
_PLACES: Final = (_APART, (0, 0, 0), _APART, TOGETHER_AND_APART, _APART, (0, 0, 0))


def opened_handles(
    history: History,
    part: Callable[[Backend], Any],
    what: str,
    places: Sequence[int] = TOGETHER_AND_APART,
) -> list[Any]:
    """Open one storage several times, each handle in the process of its number; 0 is the first."""
    backend = history.session.backend
    elsewhere = backend.elsewhere
    directory = history.directory()
    handles = []
    for number in places:
        place = backend
        if number and elsewhere is not None:
            place = history.start("a further process", partial(elsewhere, number))
        make = part(place)
        if make is None:
            raise RuntimeError(f"this suite does not apply to a backend without {what}")
        handles.append(history.start(what, partial(make, directory)))
    return handles


def _places(backend: Backend) -> Sequence[Sequence[int]]:
    """Return where the handles of each round are: together or apart, as far as that can be."""
    return _PLACES if backend.concurrent_calls else (_APART,) * len(_PLACES)


def log_of(backend: Backend) -> Any:
    """Return the factory of the log."""
    return backend.agreement_wal


def cache_of(backend: Backend) -> Any:
    """Return the factory of the cache."""
    return backend.evidence_cache


def is_ours(backend: Backend) -> bool:
    """Say whether a backend is an object in our own process, whose code can be seen."""
    return backend.overtaken is None


def release_handles(history: History, handles: Sequence[Any]) -> None:
    """Close every handle."""
    for handle in handles:
        history.release(handle)


def race_calls(
    history: History,
    requirement_id: str,
    handles: Sequence[Any],
    scripts: Round,
    seed: str,
) -> list[ConcurrentCall]:
    """Make the calls of all scripts at the same time, then load through every handle."""
    together = threading.Barrier(HANDLES)
    clock = itertools.count()
    ours = is_ours(history.session.backend)
    callers = [
        Caller(index, handle, script, together, clock, f"{seed}/{index}", is_ours=ours)
        for index, (handle, script) in enumerate(zip(handles, scripts, strict=True))
    ]
    # Threads of one interpreter interrupt each other as often as processes do.
    with switching_each(SWITCH_SECONDS):
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join(CALLS_SECONDS)
    ended = not any(caller.is_alive() for caller in callers)
    history.check(requirement_id, ended, "an answer to every call", "one waits for ever")
    made = [call for caller in callers for call in caller.calls]
    made += settled(history, requirement_id, handles, scripts, clock)
    return sorted(made, key=lambda call: call.invoked)


def judge_log_race(history: History, attempt: int) -> None:
    """Call all handles on a log at the same time; some order explains every answer (F27)."""
    what = "the agreement WAL"
    _judge_rounds(history, "WAL-01.handles", log_of, what, LOG_ROUNDS, judge_log, attempt)


def judge_cache_race(history: History, attempt: int) -> None:
    """Call all handles on a cache at the same time, under one id and under several (F27)."""
    what = "the evidence cache"
    _judge_rounds(history, "CACHE-02.handles", cache_of, what, CACHE_ROUNDS, judge_cache, attempt)


def _judge_rounds(
    history: History,
    requirement_id: str,
    part: Callable[[Backend], Any],
    what: str,
    rounds: Sequence[Round],
    judge: Callable[[Sequence[ConcurrentCall]], Judgement],
    attempt: int,
) -> None:
    all_places = _places(history.session.backend)
    for number, (places, scripts) in enumerate(zip(all_places, rounds, strict=True)):
        handles = opened_handles(history, part, what, places)
        calls = race_calls(history, requirement_id, handles, scripts, f"{attempt}/{number}")
        check_order(history, requirement_id, calls, judge(calls))
        release_handles(history, handles)
