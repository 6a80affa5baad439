"""Which suites a configuration leaves for an ordinary system, and in which form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from conformance.crashes.fault_suites import FAULT_SUITES
from conformance.crashes.rot_suites import ROT_SUITES
from conformance.crashes.suites import CRASH_SUITES
from conformance.crashes.survivor_suites import SURVIVOR_SUITES
from conformance.engine.suite import Law, LawSuite, MachineSuite, Suite
from conformance.machines.directed_caches import DIRECTED_CACHE_SUITE
from conformance.machines.directed_evidence import DIRECTED_EVIDENCE_SUITE
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.directed_syncs import DIRECTED_SYNC_SUITE
from conformance.machines.long_caches import LONG_CACHE_SUITE
from conformance.machines.long_handles import LONG_CACHE_HANDLES_SUITE, LONG_LOG_HANDLES_SUITE
from conformance.machines.long_logs import LONG_LOG_SUITE
from conformance.machines.registry import SUITES
from conformance.machines.rests import RESTED_CACHE_SUITE, RESTED_LOG_SUITE
from conformance.machines.tours import tour_suites
from tests.zoo.ablation.configurations import Configuration
from tests.zoo.ablation.systems import System
from tests.zoo.kill_table import BrokenSystem

__all__ = [
    "CRASHING_SUITES",
    "DIRECTED_SUITES",
    "LONG_SUITES",
    "is_whole",
    "ordinary_suites",
    "suites_without_crashes",
]

DIRECTED_SUITES: Final[tuple[Suite, ...]] = (
    DIRECTED_LOG_SUITE,
    DIRECTED_CACHE_SUITE,
    DIRECTED_SYNC_SUITE,
    DIRECTED_EVIDENCE_SUITE,
    RESTED_LOG_SUITE,
    RESTED_CACHE_SUITE,
)
"""All that carry out scripts which are the same for every seed."""

LONG_SUITES: Final[tuple[Suite, ...]] = (
    LONG_LOG_SUITE,
    LONG_CACHE_SUITE,
    LONG_LOG_HANDLES_SUITE,
    LONG_CACHE_HANDLES_SUITE,
)
"""All whose histories are long on purpose."""

CRASHING_SUITES: Final[tuple[Suite, ...]] = (
    *CRASH_SUITES,
    *SURVIVOR_SUITES,
    *FAULT_SUITES,
    *ROT_SUITES,
)
"""All that crash, disturb or damage a storage; those that judge the zoo of crashes."""


def ordinary_suites(system: System, configuration: Configuration) -> tuple[Suite, ...]:
    """Return the suites of a configuration that apply to an ordinary system."""
    if not isinstance(system.broken, BrokenSystem):
        raise TypeError(f"{system.key} is no ordinary system")
    backend = system.broken.backend
    if configuration is Configuration.TOURS_ONLY:
        return tuple([suite for suite in tour_suites() if suite.applies(backend)])
    applying = tuple([suite for suite in SUITES if suite.applies(backend)])
    names = {suite.name for suite in applying}
    # The handles of a system are judged by what a table names; all else by all that applies.
    applying += tuple([suite for suite in system.broken.suites if suite.name not in names])
    return tuple(_LEFT.get(configuration, iter)(applying))


def is_whole(system: System, configuration: Configuration) -> bool:
    """Say whether a configuration leaves nothing out of the search for an ordinary system."""
    if configuration not in _LEFT:
        return configuration is Configuration.WHOLE
    left = ordinary_suites(system, configuration)
    whole = ordinary_suites(system, Configuration.WHOLE)
    return _judging(left, system) == _judging(whole, system)


def suites_without_crashes() -> tuple[Suite, ...]:
    """Return the suites of an ordinary judgement without those that crash or damage anything."""
    return tuple([suite for suite in SUITES if suite not in CRASHING_SUITES])


def _judging(suites: Iterable[Suite], system: System) -> list[int]:
    """Return which suites judge the requirement of a system; the others are not searched."""
    return [id(suite) for suite in suites if system.requirement_id in suite.requirement_ids]


def _without_directed(suites: Iterable[Suite]) -> Iterator[Suite]:
    for suite in suites:
        if suite in DIRECTED_SUITES:
            continue
        if isinstance(suite, MachineSuite) and suite.openings:
            yield replace(suite, openings=())
        elif isinstance(suite, LawSuite):
            drawn = tuple([law for law in suite.laws if isinstance(law, Law)])
            if drawn:
                yield suite if drawn == suite.laws else replace(suite, laws=drawn)
        else:
            yield suite


def _without_long(suites: Iterable[Suite]) -> Iterator[Suite]:
    return (suite for suite in suites if suite not in LONG_SUITES)


_LEFT: Final[Mapping[Configuration, Callable[[Iterable[Suite]], Iterator[Suite]]]] = {
    Configuration.WITHOUT_DIRECTED: _without_directed,
    Configuration.WITHOUT_LONG: _without_long,
}
