"""How much of each bounded model histories take, whoever chose their acts.

The models are those that a tour walks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from conformance.backend import Backend
from conformance.checker.models.tour_handlers import mending_of, tour_handler, tour_sync
from conformance.checker.models.tour_recovery import tour_recovery
from conformance.engine.following import Follower
from conformance.engine.suite import Suite
from conformance.machines.bounded import bounded_cache, bounded_log
from conformance.machines.cache import CACHE_SUITE
from conformance.machines.directed_caches import DIRECTED_CACHE_SUITE
from conformance.machines.directed_evidence import DIRECTED_EVIDENCE_SUITE
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.directed_syncs import DIRECTED_SYNC_SUITE
from conformance.machines.evidence import EVIDENCE_SUITE
from conformance.machines.handler_path import HandlerPath
from conformance.machines.long_caches import LONG_CACHE_SUITE
from conformance.machines.long_logs import LONG_LOG_SUITE
from conformance.machines.paths import Meter
from conformance.machines.recovery import RECOVERY_SUITE
from conformance.machines.recovery_path import RecoveryPath
from conformance.machines.storage_paths import CachePath, LogPath
from conformance.machines.sync_path import SyncPath
from conformance.machines.wal import WAL_SUITE
from conformance.machines.wal_sync import WAL_SYNC_SUITE
from conformance.records.results import TransitionResult

__all__ = ["Transitions"]


def _log(backend: Backend) -> Meter:
    return Meter("log", bounded_log(backend), LogPath)


def _cache(backend: Backend) -> Meter:
    return Meter("cache", bounded_cache(backend), CachePath)


def _sync(_backend: Backend) -> Meter:
    return Meter("wal_sync", tour_sync(), SyncPath)


def _handler(backend: Backend) -> Meter:
    mending = mending_of(backend.mends)
    follow = partial(HandlerPath, mending=mending)
    return Meter("evidence handler", tour_handler(mending), follow)


def _recovery(_backend: Backend) -> Meter:
    return Meter("recovery", tour_recovery(), RecoveryPath)


_SUITES: Final[dict[Callable[[Backend], Meter], tuple[Suite, ...]]] = {
    _log: (WAL_SUITE, DIRECTED_LOG_SUITE, LONG_LOG_SUITE),
    _cache: (CACHE_SUITE, DIRECTED_CACHE_SUITE, LONG_CACHE_SUITE),
    _sync: (WAL_SYNC_SUITE, DIRECTED_SYNC_SUITE),
    _handler: (EVIDENCE_SUITE, DIRECTED_EVIDENCE_SUITE),
    _recovery: (RECOVERY_SUITE,),
}
_MAKERS: Final = {each.name: make for make, suites in _SUITES.items() for each in suites}


class Transitions:
    """What all histories on one backend take of its bounded models."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._meters: dict[Callable[[Backend], Meter], Meter] = {}

    def follower(self, suite: Suite) -> Follower | None:
        """Return who looks on at the histories of a suite, if they are of what a model is of."""
        make = _MAKERS.get(suite.name)
        if make is None:
            return None
        if make not in self._meters:
            self._meters[make] = make(self._backend)
        return self._meters[make]

    def results(self) -> list[TransitionResult]:
        """Return the figures of each model, in the order in which they were first followed."""
        return [meter.result() for meter in self._meters.values()]
