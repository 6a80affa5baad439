"""Results of single runs, one JSON object a line in a file that only grows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.zoo.ablation.configurations import Configuration

__all__ = ["Run", "RunKey", "append_run", "read_runs"]

RunKey = tuple[Configuration, str, int]


@dataclass(frozen=True)
class Run:
    """One system hunted by one configuration from one seed.

    ``seconds`` go up to the kill or to the end of the search, by the clock less the time in which
    others had the processor. ``ended`` says which:
    ``kill``, ``search`` where it was over with nothing found, or ``limit``. ``length`` is that of
    the shrunk counterexample, absent where shrinking did not end in its own time. ``problem`` is
    why a system could not be judged. ``limit`` is that of the run, in seconds.
    """

    configuration: Configuration
    system: str
    seed: int
    limit: float
    killed: bool
    seconds: float
    ended: str
    length: int | None = None
    problem: str = ""

    @property
    def key(self) -> RunKey:
        """What tells a run from all others."""
        return self.configuration, self.system, self.seed

    def to_line(self) -> str:
        """Return the run as a line of a file."""
        return json.dumps({**asdict(self), "configuration": self.configuration.value}) + "\n"

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Run:
        """Return the run of a line."""
        return cls(**{**data, "configuration": Configuration(data["configuration"])})


def append_run(path: Path, run: Run) -> None:
    """Add a run at the end of a file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(run.to_line())


def read_runs(path: Path, limit: float) -> dict[RunKey, Run]:
    """Return the runs of a file; none if it is not there.

    A last line without an end is what an interrupted run left: it is cut off, so that what is
    added next stands on a line of its own. Raises :class:`ValueError` for any other line that is
    no run, and for runs with another limit, which cannot be compared.
    """
    if not path.exists():
        return {}
    text = path.read_text(encoding="utf-8")
    whole, _, rest = text.rpartition("\n")
    if rest:
        path.write_text(f"{whole}\n" if whole else "", encoding="utf-8")
    runs = {run.key: run for run in _parsed(path, whole.splitlines())}
    others = sorted({run.limit for run in runs.values()} - {limit})
    if others:
        raise ValueError(f"{path} holds runs with a limit of {others[0]:g} s, not {limit:g} s")
    return runs


def _parsed(path: Path, lines: list[str]) -> Iterator[Run]:
    for number, line in enumerate(lines, 1):
        try:
            yield Run.from_data(json.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path}, line {number} is no run: {error}") from error
