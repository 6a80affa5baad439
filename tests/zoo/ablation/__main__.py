"""Hunt the zoo with one part of the search left out at a time, and write what came of it.

Usage: python -m tests.zoo.ablation [--seeds SEED ...] [--workers N] [--only KIND/NAME ...]
       [--configurations NAME ...] [--limit SECONDS] [--keep FILE] [--page docs/ablation.md]

Each run that is over is added to FILE; given again, the command makes those that are missing. With
--seeds and nothing after it no run is made. With --page the page, its plots and the figures that
they are made of are written from all that FILE holds. --on-top takes the runs of the figures in the
repository for made, as where a system was added to the zoo.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.zoo.ablation.configurations import Configuration
from tests.zoo.ablation.figures import Figures
from tests.zoo.ablation.kept import Run, RunKey, append_run, read_runs
from tests.zoo.ablation.page import FIGURES, claim, write_page
from tests.zoo.ablation.running import Limits, planned, run_all
from tests.zoo.ablation.sharing import with_shared, without_shared
from tests.zoo.ablation.systems import chosen_systems, system_names

_DEFAULT_KEPT = Path("ablation-results.jsonl")


def main(words: Sequence[str]) -> int:
    """Make the runs that are missing and write the page; return how many came to nothing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2, 3, 4], metavar="SEED")
    parser.add_argument("--workers", type=int, default=1, help="runs at a time (default: 1)")
    parser.add_argument("--only", nargs="+", default=[], metavar="KIND/NAME")
    parser.add_argument(
        "--configurations",
        nargs="+",
        choices=[each.value for each in Configuration],
        default=[each.value for each in Configuration],
        metavar="NAME",
    )
    parser.add_argument("--limit", type=float, default=10.0, help="seconds a run (default: 10)")
    parser.add_argument("--keep", type=Path, default=_DEFAULT_KEPT, metavar="FILE")
    parser.add_argument("--on-top", action="store_true", help="add to the figures that there are")
    parser.add_argument("--page", type=Path, metavar="FILE")
    parsed = parser.parse_args(words)
    limits = Limits(parsed.limit, parsed.limit)
    try:
        chosen = chosen_systems(parsed.only)
        done = _known(parsed.keep, limits, on_top=parsed.on_top)
    except ValueError as error:
        parser.error(str(error))
    plan = [
        key
        for key in planned([(each.key, each.group) for each in chosen], parsed.seeds, done)
        if key[0].value in parsed.configurations
    ]
    missing = without_shared(plan)
    print(f"{len(missing)} runs to make, {len(done)} are known", flush=True)

    def keep(run: Run) -> None:
        append_run(parsed.keep, run)
        print(_line(run), flush=True)

    problems = run_all(missing, limits, parsed.workers, keep)
    for problem in problems:
        print(f"no figures: {problem}")
    if parsed.page:
        runs = with_shared(_known(parsed.keep, limits, on_top=parsed.on_top))
        figures = Figures.from_runs(runs, system_names(), limits.kill, _machine())
        write_page(parsed.page, figures)
        print(claim(figures))
    return len(problems)


def _known(path: Path, limits: Limits, *, on_top: bool) -> dict[RunKey, Run]:
    """Return the runs that were made; those of the file count for more than the older ones."""
    runs = read_runs(path, limits.kill)
    if not on_top:
        return runs
    figures = Figures.from_path(FIGURES)
    if figures.limit != limits.kill:
        raise ValueError(f"the figures are of a limit of {figures.limit:g} s; give it by --limit")
    return {run.key: run for run in figures.to_runs()} | runs


def _machine() -> str:
    cores = os.cpu_count()
    return f"Python {platform.python_version()}, {platform.system()}, {cores} cores"


def _line(run: Run) -> str:
    length = "" if run.length is None else f", length {run.length}"
    problem = f", {run.problem}" if run.problem else ""
    return (
        f"{run.configuration.value}, {run.system}, seed {run.seed}: "
        f"{run.ended} after {run.seconds:.2f} s{length}{problem}"
    )


if __name__ == "__main__":
    raise SystemExit(min(main(sys.argv[1:]), 1))
