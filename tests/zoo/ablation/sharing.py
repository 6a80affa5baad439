"""Runs that need not be made: those of a configuration that leaves nothing out for a system.

Its search is the one of the whole suite, from the same seed, on the same system. So the figures of
the whole stand for it, and no chance of the clock makes a difference where there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

from tests.zoo.ablation.configurations import ORDINARY, Configuration
from tests.zoo.ablation.kept import Run, RunKey
from tests.zoo.ablation.suites import is_whole
from tests.zoo.ablation.systems import systems

__all__ = ["with_shared", "without_shared"]


def without_shared(keys: Iterable[RunKey]) -> list[RunKey]:
    """Return the runs that have to be made, in their order."""
    return [key for key in keys if not _is_shared(key[0], key[1])]


def with_shared(runs: Mapping[RunKey, Run]) -> Iterator[Run]:
    """Yield runs, and those of the whole again for each configuration that they stand for."""
    for run in runs.values():
        yield run
        if run.configuration is not Configuration.WHOLE or run.system not in systems():
            continue
        for configuration in Configuration:
            if _is_shared(configuration, run.system):
                yield replace(run, configuration=configuration)


@cache
def _is_shared(configuration: Configuration, key: str) -> bool:
    system = systems()[key]
    if configuration is Configuration.WHOLE or system.group != ORDINARY:
        return False
    return is_whole(system, configuration)
