"""Hunt every broken system under test on several seeds and print how long it lived.

``python -m tests.zoo.kill_table [SEEDS]`` prints a Markdown table. The
clock is the point here: the verdicts do not depend on it.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from conformance.backend import Backend, Capability
from conformance.engine.suite import LawSuite, Suite, TableLaw
from conformance.errors import BackendFault
from conformance.machines.cache import CACHE_SUITE
from conformance.machines.codec import CODEC_SUITE
from conformance.machines.directed_caches import DIRECTED_CACHE_SUITE
from conformance.machines.directed_evidence import DIRECTED_EVIDENCE_SUITE
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.directed_syncs import DIRECTED_SYNC_SUITE
from conformance.machines.evidence import EVIDENCE_SUITE
from conformance.machines.evidence_surface import EVIDENCE_HANDLER_SURFACE_SUITE
from conformance.machines.handles import CACHE_HANDLES_SUITE, WAL_HANDLES_SUITE
from conformance.machines.identities import IDENTITY_SUITE
from conformance.machines.long_caches import LONG_CACHE_SUITE
from conformance.machines.long_handles import (
    LONG_CACHE_HANDLES_SUITE,
    LONG_LOG_HANDLES_SUITE,
)
from conformance.machines.long_logs import LONG_LOG_SUITE
from conformance.machines.recovery import RECOVERY_SUITE
from conformance.machines.registry import SUITES
from conformance.machines.rests import RESTED_CACHE_SUITE, RESTED_LOG_SUITE
from conformance.machines.wal import WAL_SUITE
from conformance.machines.wal_sync import WAL_SYNC_SUITE
from conformance.machines.wal_sync_surface import WAL_HANDLER_SURFACE_SUITE
from tests.zoo import broken_handles, door_targets
from tests.zoo.broken_caches import BROKEN_CACHES
from tests.zoo.broken_codecs import BROKEN_CODECS
from tests.zoo.broken_combined import (
    BROKEN_COMBINED_CACHES,
    BROKEN_COMBINED_CODECS,
    BROKEN_COMBINED_EVIDENCE_HANDLERS,
    BROKEN_COMBINED_LOGS,
    BROKEN_COMBINED_RECOVERIES,
)
from tests.zoo.broken_directed import BROKEN_DIRECTED_CACHES, BROKEN_DIRECTED_LOGS
from tests.zoo.broken_directed_functions import (
    BROKEN_DIRECTED_CODECS,
    BROKEN_DIRECTED_IDENTITIES,
    BROKEN_DIRECTED_RECOVERIES,
)
from tests.zoo.broken_directed_handlers import (
    BROKEN_DIRECTED_EVIDENCE_HANDLERS,
    BROKEN_DIRECTED_WAL_HANDLERS,
)
from tests.zoo.broken_evidence_handlers import BROKEN_EVIDENCE_HANDLERS
from tests.zoo.broken_forwarding import (
    BROKEN_FORWARDING_EVIDENCE_HANDLERS,
    BROKEN_FORWARDING_WAL_HANDLERS,
)
from tests.zoo.broken_grown_caches import BROKEN_GROWN_CACHES, grown_cache_backend
from tests.zoo.broken_grown_logs import BROKEN_GROWN_LOGS, grown_backend
from tests.zoo.broken_identities import BROKEN_IDENTITIES
from tests.zoo.broken_long_caches import BROKEN_LONG_CACHES, cache_backend
from tests.zoo.broken_long_logs import BROKEN_LONG_LOGS, log_backend
from tests.zoo.broken_narrow import (
    BROKEN_NARROW_CACHES,
    BROKEN_NARROW_EVIDENCE_HANDLERS,
    BROKEN_NARROW_LOGS,
    BROKEN_NARROW_WAL_HANDLERS,
)
from tests.zoo.broken_recoveries import BROKEN_RECOVERIES
from tests.zoo.broken_rests import BROKEN_RESTED_CACHES, BROKEN_RESTED_LOGS
from tests.zoo.broken_wal_handlers import BROKEN_WAL_HANDLERS
from tests.zoo.broken_wals import BROKEN_WALS, broken_wal_backend
from tests.zoo.judging import failed, judged

__all__ = ["ZOO", "BrokenSystem", "hunted", "tables_of"]


@dataclass(frozen=True)
class BrokenSystem:
    """One broken system, the suites that hunt it and the requirement that must fail it."""

    kind: str
    name: str
    requirement_id: str
    backend: Backend
    suites: tuple[Suite, ...]
    draws: bool = True
    """Whether the suites draw anything; where they do not, one seed stands for all."""


def tables_of(suite: Suite) -> Suite:
    """Return a suite of laws without those that draw."""
    if not isinstance(suite, LawSuite):
        raise TypeError(f"{suite.name} is no suite of laws")
    return replace(suite, laws=tuple(law for law in suite.laws if isinstance(law, TableLaw)))


def _zoo() -> Iterator[BrokenSystem]:
    for wal_class, requirement_id in BROKEN_WALS:
        name = wal_class.__name__
        yield BrokenSystem("log", name, requirement_id, broken_wal_backend(wal_class), (WAL_SUITE,))
    for name, make_cache, requirement_id in BROKEN_CACHES:
        promises = {Capability.ORDERED_CACHE}
        if requirement_id == "CACHE-08":
            promises.add(Capability.REOPEN)
        backend = Backend(name, evidence_cache=make_cache, capabilities=frozenset(promises))
        yield BrokenSystem("cache", name, requirement_id, backend, (CACHE_SUITE,))
    for name, make_handler, requirement_id in BROKEN_WAL_HANDLERS:
        backend = Backend(name, agreement_wal_handler=make_handler)
        suites = (WAL_SYNC_SUITE, WAL_HANDLER_SURFACE_SUITE)
        yield BrokenSystem("WAL handler", name, requirement_id, backend, suites)
    for name, make_evidence, requirement_id in BROKEN_EVIDENCE_HANDLERS:
        backend = Backend(name, evidence_handler=make_evidence)
        suites = (EVIDENCE_SUITE, EVIDENCE_HANDLER_SURFACE_SUITE)
        yield BrokenSystem("evidence handler", name, requirement_id, backend, suites)
    for name, recovery, requirement_id in BROKEN_RECOVERIES:
        backend = Backend(name, recovery=recovery)
        yield BrokenSystem("recovery", name, requirement_id, backend, (RECOVERY_SUITE,))
    for name, codec, requirement_id in BROKEN_CODECS:
        backend = Backend(name, codec=codec)
        yield BrokenSystem("codec", name, requirement_id, backend, (CODEC_SUITE,))
    for name, identity in BROKEN_IDENTITIES:
        backend = Backend(name, identity=identity)
        yield BrokenSystem("identity", name, "ENT-02", backend, (IDENTITY_SUITE,))
    for backend, requirement_id in (
        (door_targets.REMEMBERS, "WAL-01.handles"),
        (door_targets.REMEMBERS, "CACHE-02.handles"),
        (door_targets.REWRITES_ITS_FILE, "WAL-01.handles"),
    ):
        handles = (WAL_HANDLES_SUITE, CACHE_HANDLES_SUITE)
        yield BrokenSystem("handles", backend.name, requirement_id, backend, handles)
    yield from _long_zoo()
    yield from _directed_zoo()


def _long_zoo() -> Iterator[BrokenSystem]:
    """Yield what only long histories and directed cases are sure to find."""
    for name, make_log, requirement_id in (*BROKEN_LONG_LOGS, *BROKEN_DIRECTED_LOGS):
        backend = log_backend(name, make_log, reopens=requirement_id == "WAL-08")
        suites: tuple[Suite, ...] = (DIRECTED_LOG_SUITE, LONG_LOG_SUITE)
        yield BrokenSystem("long log", name, requirement_id, backend, suites)
    for name, grown, requirement_id in BROKEN_GROWN_LOGS:
        backend = grown_backend(name, grown)
        suites = (DIRECTED_LOG_SUITE, LONG_LOG_SUITE)
        yield BrokenSystem("long log", name, requirement_id, backend, suites)
    for name, narrow_log, requirement_id in (*BROKEN_NARROW_LOGS, *BROKEN_COMBINED_LOGS):
        suites = (DIRECTED_LOG_SUITE, LONG_LOG_SUITE)
        yield BrokenSystem("long log", name, requirement_id, log_backend(name, narrow_log), suites)
    for name, narrow_cache, requirement_id in (*BROKEN_NARROW_CACHES, *BROKEN_COMBINED_CACHES):
        suites = (DIRECTED_CACHE_SUITE, LONG_CACHE_SUITE)
        backend = cache_backend(name, narrow_cache)
        yield BrokenSystem("long cache", name, requirement_id, backend, suites)
    for name, make_cache, requirement_id in (*BROKEN_LONG_CACHES, *BROKEN_DIRECTED_CACHES):
        backend = cache_backend(name, make_cache, reopens=requirement_id == "CACHE-08")
        suites = (DIRECTED_CACHE_SUITE, LONG_CACHE_SUITE)
        yield BrokenSystem("long cache", name, requirement_id, backend, suites)
    for name, grown_cache, requirement_id in BROKEN_GROWN_CACHES:
        backend = grown_cache_backend(name, grown_cache)
        suites = (DIRECTED_CACHE_SUITE, LONG_CACHE_SUITE)
        yield BrokenSystem("long cache", name, requirement_id, backend, suites)
    for name, make_log, requirement_id in BROKEN_RESTED_LOGS:
        backend = log_backend(name, make_log, reopens=requirement_id == "WAL-08")
        suites = (RESTED_LOG_SUITE,)
        yield BrokenSystem("rested log", name, requirement_id, backend, suites, draws=False)
    for name, make_cache, requirement_id in BROKEN_RESTED_CACHES:
        backend = cache_backend(name, make_cache, reopens=requirement_id == "CACHE-08")
        suites = (RESTED_CACHE_SUITE,)
        yield BrokenSystem("rested cache", name, requirement_id, backend, suites, draws=False)
    for backend, requirement_id in (
        (broken_handles.REMEMBERS_SUFFIXES, "WAL-01.handles"),
        (broken_handles.REMEMBERS_ABSENCE, "CACHE-02.handles"),
    ):
        suites = (LONG_LOG_HANDLES_SUITE, LONG_CACHE_HANDLES_SUITE)
        yield BrokenSystem("long handles", backend.name, requirement_id, backend, suites)


def _directed_zoo() -> Iterator[BrokenSystem]:
    """Yield handlers and functions that only directed cases are sure to find."""
    wal_suites: tuple[Suite, ...] = (DIRECTED_SYNC_SUITE, tables_of(WAL_HANDLER_SURFACE_SUITE))
    evidence_suites = (DIRECTED_EVIDENCE_SUITE, tables_of(EVIDENCE_HANDLER_SURFACE_SUITE))
    found: list[tuple[str, str, str, Backend, tuple[Suite, ...]]] = []
    for name, make_handler, requirement_id in (
        *BROKEN_DIRECTED_WAL_HANDLERS,
        *BROKEN_NARROW_WAL_HANDLERS,
        *BROKEN_FORWARDING_WAL_HANDLERS,
    ):
        backend = Backend(name, agreement_wal_handler=make_handler)
        found.append(("directed WAL handler", name, requirement_id, backend, wal_suites))
    for name, make_evidence, requirement_id in (
        *BROKEN_DIRECTED_EVIDENCE_HANDLERS,
        *BROKEN_NARROW_EVIDENCE_HANDLERS,
        *BROKEN_COMBINED_EVIDENCE_HANDLERS,
        *BROKEN_FORWARDING_EVIDENCE_HANDLERS,
    ):
        backend = Backend(name, evidence_handler=make_evidence)
        found.append(("directed evidence handler", name, requirement_id, backend, evidence_suites))
    for name, recovery, requirement_id in (
        *BROKEN_DIRECTED_RECOVERIES,
        *BROKEN_COMBINED_RECOVERIES,
    ):
        backend, tables = Backend(name, recovery=recovery), (tables_of(RECOVERY_SUITE),)
        found.append(("directed recovery", name, requirement_id, backend, tables))
    for name, codec, requirement_id in (*BROKEN_DIRECTED_CODECS, *BROKEN_COMBINED_CODECS):
        backend, tables = Backend(name, codec=codec), (tables_of(CODEC_SUITE),)
        found.append(("directed codec", name, requirement_id, backend, tables))
    for name, identity in BROKEN_DIRECTED_IDENTITIES:
        backend, tables = Backend(name, identity=identity), (tables_of(IDENTITY_SUITE),)
        found.append(("directed identity", name, "ENT-02", backend, tables))
    yield from (BrokenSystem(*each, draws=False) for each in found)


ZOO = tuple(_zoo())


@dataclass(frozen=True)
class Hunt:
    """How often a system was killed, and how long each hunt took in seconds."""

    kills: int
    seconds: tuple[float, ...]


def hunted(index: int, seeds: Sequence[int]) -> Hunt:
    """Hunt one system of the zoo on each seed; on the first alone where nothing is drawn."""
    system, kills, seconds = ZOO[index], 0, []
    # The handles of a system are judged by what a table names; all else by all that applies.
    suites = tuple([suite for suite in SUITES if suite.applies(system.backend)])
    suites += tuple([suite for suite in system.suites if suite.name not in _names(suites)])
    for seed in seeds if system.draws else seeds[:1]:
        started_at = time.perf_counter()
        kills += _is_killed(system, suites, seed)
        seconds.append(time.perf_counter() - started_at)
    return Hunt(kills, tuple(seconds))


def _is_killed(system: BrokenSystem, suites: tuple[Suite, ...], seed: int) -> bool:
    try:
        report = judged(
            system.backend,
            suites,
            seed=seed,
            profile_name="quick",
            only=(system.requirement_id,),
            minimise=False,
            # What is published is what a user sees in the time of the profile.
            patience=1,
        )
    except BackendFault:
        # It cannot be judged, which is not what it has to be told.
        return False
    return failed(report) == [system.requirement_id]


def _names(suites: tuple[Suite, ...]) -> set[str]:
    return {suite.name for suite in suites}


def main() -> int:
    """Print the table; return how many systems survived any seed."""
    parser = argparse.ArgumentParser(description="Hunt every broken system of the zoo.")
    parser.add_argument("seeds", type=int, nargs="?", default=5, help="how many (default: 5)")
    parser.add_argument("--jobs", type=int, default=1, help="hunts at the same time (default: 1)")
    parsed = parser.parse_args()
    seeds, survivors = range(parsed.seeds), 0
    print("| kind | broken system | requirement | killed | median seconds | slowest |")
    print("|---|---|---|---|---|---|")
    with ProcessPoolExecutor(parsed.jobs) as pool:
        hunts = pool.map(hunted, range(len(ZOO)), itertools.repeat(seeds))
        for system, hunt in zip(ZOO, hunts, strict=True):
            tries = len(hunt.seconds)
            survivors += hunt.kills < tries
            killed = f"{hunt.kills}/{tries}" if system.draws or not hunt.kills else "all"
            print(
                f"| {system.kind} | {system.name} | {system.requirement_id} | {killed} "
                f"| {statistics.median(hunt.seconds):.2f} | {max(hunt.seconds):.2f} |",
                flush=True,
            )
    print(f"\n{len(ZOO)} broken systems, {survivors} survived at least one of {len(seeds)} seeds.")
    return survivors


if __name__ == "__main__":
    raise SystemExit(min(main(), 1))
