"""Two handles of one process: a call of one is held before each of its lines, the other is called.

What keeps processes apart need not keep handles of one process apart: a lock that belongs to the
process, a temporary file that is named after it, a cache that all of its handles share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from conformance.backend import Backend, Capability
from conformance.concurrency.caches import judge_cache
from conformance.concurrency.logs import judge_log
from conformance.engine.session import History
from conformance.engine.suite import LawSuite, TableLaw
from conformance.machines.handle_races import cache_of, is_ours, log_of
from conformance.races.held_lines import Kind, Threaded, hold_at_lines, threaded_pairs
from conformance.races.plans import CACHE_PAIRS, LOG_PAIRS, Pair
from telltale_spec.model.operations import LoadCache, LoadLog

__all__ = ["OWN_HANDLE_SUITES"]

_SHORT_PAIRS: Final = 5

_LOG: Final = Kind("log", "WAL-01.handles", log_of, judge_log, LoadLog(), has_two=True)
_CACHE: Final = Kind("cache", "CACHE-02.handles", cache_of, judge_cache, LoadCache(), has_two=True)


def _hold_on_log(history: History, threaded: Threaded) -> None:
    """Hold one call on a log before each of its lines while another handle is called."""
    hold_at_lines(history, _LOG, threaded)


def _hold_on_cache(history: History, threaded: Threaded) -> None:
    """Hold one call on a cache before each of its lines while another handle is called."""
    hold_at_lines(history, _CACHE, threaded)


def _why_not(backend: Backend) -> str:
    if Capability.CONCURRENT_HANDLES not in backend.capabilities:
        return "the backend does not declare concurrent-handles"
    if not is_ours(backend):
        return "its lines cannot be seen; it is held at its system calls"
    return "the backend does not have what several handles could be on"


def _suite(
    name: str, kind: Kind, hold: Callable[[History, Threaded], None], pairs: Sequence[Pair]
) -> LawSuite:
    return LawSuite(
        name=f"{name} with two handles of one process",
        laws=(
            TableLaw(
                f"one of two handles on a {kind.noun} held at each line",
                partial(threaded_pairs, pairs, _SHORT_PAIRS),
                hold,
            ),
        ),
        requirement_ids=(kind.requirement_id,),
        situations={kind.arises: (kind.requirement_id,)},
        present=lambda backend: (
            kind.part(backend) is not None
            and is_ours(backend)
            and Capability.CONCURRENT_HANDLES in backend.capabilities
        ),
        absent=_why_not,
    )


OWN_HANDLE_SUITES: Final = (
    _suite("agreement WAL", _LOG, _hold_on_log, LOG_PAIRS),
    _suite("evidence cache", _CACHE, _hold_on_cache, CACHE_PAIRS),
)
"""Every suite of two handles that one process has."""
