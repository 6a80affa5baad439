"""The figures of all runs, small enough to be kept in the repository, and what they come to."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tests.zoo.ablation.configurations import GROUPS, Configuration
from tests.zoo.ablation.kept import Run

__all__ = ["Figures", "Measured", "Row", "SystemName", "percentile", "rows"]

SystemName = tuple[str, str, str]
"""Kind, name and requirement of a system."""

_NOT_MEASURED: Final = -1


@dataclass(frozen=True)
class Measured:
    """One run: seconds to the kill, if it was one; the length shown; whether it was cut off."""

    seconds: float | None
    length: int | None = None
    is_cut_off: bool = False


@dataclass(frozen=True)
class Figures:
    """All runs by group, configuration, seed and system; those that were not made are missing."""

    limit: float
    machine: str
    systems: Mapping[str, tuple[SystemName, ...]]
    runs: Mapping[tuple[str, Configuration, int], Mapping[int, Measured]]
    """The runs of one configuration and seed, by the place of the system in its group."""

    @classmethod
    def from_runs(
        cls,
        runs: Iterable[Run],
        systems: Mapping[str, Sequence[SystemName]],
        limit: float,
        machine: str,
    ) -> Figures:
        """Return the figures of runs of these systems; runs of others are left out."""
        places = {
            "/".join(name): (group, place)
            for group, names in systems.items()
            for place, name in enumerate(names)
        }
        found: dict[tuple[str, Configuration, int], dict[int, Measured]] = {}
        for run in runs:
            if run.system in places:
                group, place = places[run.system]
                measured = Measured(
                    run.seconds if run.killed else None, run.length, run.ended == "limit"
                )
                found.setdefault((group, run.configuration, run.seed), {})[place] = measured
        named = {group: tuple(names) for group, names in systems.items()}
        return cls(limit, machine, named, found)

    def to_runs(self) -> Iterator[Run]:
        """Yield the runs again; of those that were no kills only whether they were cut off."""
        for group, configuration, seed in sorted(self.runs, key=_order):
            for place, run in self.runs[group, configuration, seed].items():
                killed = run.seconds is not None
                ended = "kill" if killed else "limit" if run.is_cut_off else "search"
                yield Run(
                    configuration,
                    "/".join(self.systems[group][place]),
                    seed,
                    self.limit,
                    killed,
                    self.limit if run.seconds is None else run.seconds,
                    ended,
                    run.length,
                )

    def seeds(self, group: str, configuration: Configuration) -> list[int]:
        """Return the seeds of which there are runs."""
        return sorted(seed for of, by, seed in self.runs if of == group and by is configuration)

    def measured(
        self, group: str, configuration: Configuration
    ) -> Iterator[tuple[int, int, Measured]]:
        """Yield seed, place of the system and run."""
        for seed in self.seeds(group, configuration):
            for place, run in sorted(self.runs[group, configuration, seed].items()):
                yield seed, place, run

    def whole(self) -> Figures:
        """Return the figures without the seeds on which a configuration missed a system.

        What was hunted of them first is no fair part of the zoo.
        """
        kept = {key: runs for key, runs in self.runs.items() if not self._missing(key)}
        return replace(self, runs=kept)

    def missing(self) -> dict[tuple[str, Configuration, int], int]:
        """Return how many systems were not hunted by each configuration on each seed there is."""
        seeds = sorted({seed for _, _, seed in self.runs})
        keys = [
            (group, configuration, seed)
            for seed in seeds
            for group, configurations in GROUPS.items()
            for configuration in configurations
        ]
        return {key: count for key in keys if (count := self._missing(key))}

    def _missing(self, key: tuple[str, Configuration, int]) -> int:
        return len(self.systems[key[0]]) - len(self.runs.get(key, {}))

    def to_text(self) -> str:
        """Return the figures as JSON: one line a configuration and seed.

        Seconds are ``null`` where the system was not killed, and -1 where it was not hunted; those
        that were cut off by the limit are listed.
        """
        rows = [self._row(*key) for key in sorted(self.runs, key=_order)]
        head = {
            "limit": self.limit,
            "machine": self.machine,
            "systems": {
                group: ["/".join(name) for name in names] for group, names in self.systems.items()
            },
        }
        lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
        return f'{json.dumps(head, indent=0)[:-2]},\n"runs": [\n{lines}\n]}}\n'

    def _row(self, group: str, configuration: Configuration, seed: int) -> dict[str, Any]:
        runs = self.runs[group, configuration, seed]
        places = range(len(self.systems[group]))
        missing = Measured(_NOT_MEASURED)
        shown = [runs.get(place, missing) for place in places]
        return {
            "group": group,
            "configuration": configuration.value,
            "seed": seed,
            "seconds": [each.seconds for each in shown],
            "lengths": [each.length for each in shown],
            "cut_off": [place for place in places if place in runs and runs[place].is_cut_off],
        }

    @classmethod
    def from_text(cls, text: str) -> Figures:
        """Return the figures of :meth:`to_text`."""
        data = json.loads(text)
        systems = {
            group: tuple(_system_name(each) for each in names)
            for group, names in data["systems"].items()
        }
        runs = {}
        for row in data["runs"]:
            cut_off = set(row["cut_off"])
            pairs = enumerate(zip(row["seconds"], row["lengths"], strict=True))
            runs[row["group"], Configuration(row["configuration"]), row["seed"]] = {
                place: Measured(seconds, length, place in cut_off)
                for place, (seconds, length) in pairs
                if seconds != _NOT_MEASURED
            }
        return cls(data["limit"], data["machine"], systems, runs)

    @classmethod
    def from_path(cls, path: Path) -> Figures:
        """Return the figures of a file."""
        return cls.from_text(path.read_text(encoding="utf-8"))


def _system_name(text: str) -> SystemName:
    kind, _, rest = text.partition("/")
    name, _, requirement_id = rest.rpartition("/")
    return kind, name, requirement_id


def _order(key: tuple[str, Configuration, int]) -> tuple[int, int, int]:
    group, configuration, seed = key
    return list(GROUPS).index(group), seed, list(Configuration).index(configuration)


@dataclass(frozen=True)
class Row:
    """What one configuration came to in one group of systems.

    ``of_each`` is the median over all runs where one without a kill counts as the limit.
    ``ratio`` is the median of a counterexample's length over the shortest known of its system.
    """

    configuration: Configuration
    seeds: int
    runs: int
    kills: int
    cut_off: int
    median: float | None
    p95: float | None
    of_each: float
    ratio: float | None
    unshrunk: int

    @property
    def share(self) -> float:
        """The part of the runs that were kills, from 0 to 1."""
        return self.kills / self.runs


def rows(figures: Figures, group: str) -> list[Row]:
    """Return a row for each configuration of a group of which there are runs."""
    shortest = _shortest(figures, group)
    return [
        _row(figures, group, configuration, shortest)
        for configuration in GROUPS[group]
        if figures.seeds(group, configuration)
    ]


def _row(
    figures: Figures, group: str, configuration: Configuration, shortest: Mapping[int, int]
) -> Row:
    runs = list(figures.measured(group, configuration))
    kills = [(place, run) for _, place, run in runs if run.seconds is not None]
    seconds = [run.seconds for _, run in kills if run.seconds is not None]
    ratios = [run.length / shortest[place] for place, run in kills if run.length is not None]
    every = [figures.limit if run.seconds is None else run.seconds for _, _, run in runs]
    return Row(
        configuration,
        len(figures.seeds(group, configuration)),
        len(runs),
        len(kills),
        sum(run.is_cut_off for _, _, run in runs),
        statistics.median(seconds) if seconds else None,
        percentile(seconds, 95) if seconds else None,
        statistics.median(every),
        statistics.median(ratios) if ratios else None,
        len(kills) - len(ratios),
    )


def _shortest(figures: Figures, group: str) -> dict[int, int]:
    """Return the shortest length known of each system, over all configurations and seeds."""
    shortest: dict[int, int] = {}
    for configuration in GROUPS[group]:
        for _, place, run in figures.measured(group, configuration):
            if run.length is not None:
                shortest[place] = min(run.length, shortest.get(place, run.length))
    return shortest


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that so many per cent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent * len(ordered) / 100) - 1)]
