"""``bench``: measure a backend, or the shipped ones, and show the figures."""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands import COMMANDS
from conformance.commands.arguments import complain, file_problem, write_whole
from conformance.engine.watch import CALL_SECONDS_MAX
from conformance.exit_status import ExitStatus

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.bench.figures import Figures
    from conformance.commands.arguments import CommandParser
    from conformance.run.jobs import Job

__all__ = ["NAME", "add", "run"]

NAME: Final = "bench"

# A program that is measured in every run of a repository, such as a backend in another language.
_HARNESS_VARIABLE: Final = "TELLTALE_BENCH_COMMAND"

_SLOWER: Final = ExitStatus.VIOLATION
_PYTEST_USAGE: Final = 4
_MISSING: Final = (
    "pytest-benchmark is missing, which measures; install it with "
    "`pip install 'telltale-spec[bench]'`"
)


def add(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    bench = commands.add_parser(
        NAME,
        help=COMMANDS[NAME],
        description="Measure appends, loads, syncs, restarts and the cache of a backend beside "
        "plain files and plain SQLite, each answer proved right. A quick check comes first: what "
        "does not conform is shown and not ranked.",
        epilog="exit status: 0 measured, 1 slower than --fail-past allows or a wrong answer, "
        "2 usage",
    )
    bench.add_argument("target", nargs="*", help="package.module:factory; without one, the shipped")
    bench.add_argument(
        "--command",
        dest="harness",
        action="append",
        default=[],
        metavar="COMMAND",
        help=f"measure the backend behind this harness too (default: {_HARNESS_VARIABLE}, if set)",
    )
    bench.add_argument(
        "--capability", action="append", metavar="NAME", help="declared by the targets; see `check`"
    )
    bench.add_argument("--rejection-mode", metavar="MODE", help="declared by the targets")
    bench.add_argument(
        "--shipped", action="store_true", help="the shipped backends beside a target"
    )
    bench.add_argument(
        "--size",
        action="append",
        type=_hundreds,
        metavar="ENTRIES",
        help="a length of logs, a multiple of 100 (default: 100, 1000, 10000, 100000)",
    )
    bench.add_argument(
        "--only", metavar="WORDS", help="questions to ask, as pytest's -k takes them"
    )
    bench.add_argument("--no-check", action="store_true", help="measure without a check before")
    bench.add_argument(
        "--also", action="append", default=[], type=Path, metavar="FOLDER", help="more benchmarks"
    )
    bench.add_argument(
        "--from",
        dest="given",
        type=Path,
        metavar="FILE",
        help="show the figures of this file in place of new ones",
    )
    bench.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    bench.add_argument("--html", type=Path, metavar="FILE", help="write plots and tables as a page")
    bench.add_argument(
        "--compare", type=Path, metavar="FILE", help="show ratios to the figures of an earlier run"
    )
    bench.add_argument(
        "--fail-past",
        type=_ratio,
        metavar="RATIO",
        help="with --compare: exit status 1 if anything takes this many times longer",
    )


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Measure, or read earlier figures; show, keep and compare them."""
    problem = _problem(parsed)
    if problem is not None:
        return complain(problem)
    from conformance.bench.figures import read_figures

    earlier = None if parsed.compare is None else read_figures(parsed.compare)
    if parsed.given is not None:
        return _show(parsed, read_figures(parsed.given), earlier, console)
    if not parsed.harness:
        parsed.harness = [each for each in (os.environ.get(_HARNESS_VARIABLE),) if each]
    if not parsed.harness:
        console.print(
            f"No harness is measured; name its program with --command or in {_HARNESS_VARIABLE}.",
            soft_wrap=True,
        )
    with tempfile.TemporaryDirectory(prefix="telltale-bench-") as folder:
        kept = Path(folder) / "figures.json"
        status = _measure(parsed, Path(folder), kept, console)
        if not kept.exists():
            return status or complain("nothing was measured")
        if parsed.json is not None:
            write_whole(parsed.json, kept.read_text(encoding="utf-8"))
        return _show(parsed, read_figures(kept), earlier, console) or status


def _problem(parsed: argparse.Namespace) -> str | None:
    """Return what is wrong with the arguments, before anything is measured."""
    if parsed.fail_past is not None and parsed.compare is None:
        return "--fail-past needs --compare"
    if parsed.given is None and importlib.util.find_spec("pytest_benchmark") is None:
        return _MISSING
    for option, path in (("--json", parsed.json), ("--html", parsed.html)):
        problem = None if path is None else file_problem(option, path)
        if problem is not None:
            return problem
    return next(
        (f"--also {path}: no such folder" for path in parsed.also if not path.is_dir()), None
    )


def _measure(parsed: argparse.Namespace, folder: Path, kept: Path, console: Console) -> int:
    """Let pytest ask the questions; return its status, 0 or 1."""
    from conformance.bench import questions

    standings = {} if parsed.no_check else _standings(parsed, console)
    settings = folder / "pytest.ini"
    # Settings of our own, so that those of the user's repository do not reach in.
    settings.write_text("[pytest]\npython_files = *.py\n", encoding="utf-8")
    words = [sys.executable, "-m", "pytest", "-c", str(settings), "--rootdir", str(folder)]
    words += ["-p", "conformance.bench.plugin", "-p", "no:cacheprovider", "-q", "-rs"]
    words += [
        "--benchmark-json",
        str(kept),
        "--benchmark-quiet",
        "--basetemp",
        str(folder / "disk"),
    ]
    words += [f"--bench-target={each}" for each in parsed.target]
    words += [f"--bench-command={each}" for each in parsed.harness]
    words += [f"--bench-capability={each}" for each in parsed.capability or ()]
    words += [f"--bench-standing={name}={text}" for name, text in standings.items()]
    words += [f"--bench-size={each}" for each in parsed.size or ()]
    if parsed.rejection_mode:
        words += [f"--bench-rejection-mode={parsed.rejection_mode}"]
    if _measures_shipped(parsed):
        words += ["--bench-shipped"]
    if parsed.only:
        words += ["-k", parsed.only]
    words += [*questions.__path__, *map(str, parsed.also)]
    status = subprocess.run(words, env=_environment(), check=False).returncode  # noqa: S603 - ourselves
    if status == _PYTEST_USAGE:
        return ExitStatus.USAGE
    return ExitStatus.CONFORMING if status == 0 else _SLOWER


def _environment() -> dict[str, str]:
    """Return the environment without what is said to another pytest.

    Options of the user's own test runs are not for figures, and a worker of pytest-xdist says in
    its environment that it is one, upon which pytest-benchmark measures nothing.
    """
    return {name: each for name, each in os.environ.items() if not name.startswith("PYTEST_")}


def _standings(parsed: argparse.Namespace, console: Console) -> dict[str, str]:
    """Return what a quick check says of every subject, by its name."""
    from conformance.engine.profiles import profile
    from conformance.records.verdicts import ExitStatus, exit_status
    from conformance.run.reports import report_of
    from conformance.run.worker import run_jobs

    console.print("Checking first, in the quick profile ...", soft_wrap=True)
    jobs = [*_jobs(parsed)]
    reports = run_jobs(jobs, parallel=2, on_progress=lambda name, headway: None)
    words = {
        ExitStatus.CONFORMING: "conforming",
        ExitStatus.VIOLATION: "does not conform",
        ExitStatus.INCONCLUSIVE: "inconclusive",
    }
    return {
        # A harness has a name of its own, which is not the one that it is measured under.
        job.name: words.get(
            exit_status(report_of([report], profile("quick"), 0)), "could not be judged"
        )
        for job, report in zip(jobs, reports, strict=True)
    }


def _jobs(parsed: argparse.Namespace) -> Iterator[Job]:
    from conformance.door.protocol import STARTING_SECONDS_MAX
    from conformance.run.jobs import Job
    from conformance.run.shipped import SHIPPED_BACKENDS

    common = Job("", None, profile="quick", seed=0, call_seconds_max=CALL_SECONDS_MAX)
    for target in parsed.target:
        capabilities = None if parsed.capability is None else tuple(parsed.capability)
        mode = parsed.rejection_mode
        yield replace(
            common, name=target, target=target, capabilities=capabilities, rejection_mode=mode
        )
    for command in parsed.harness:
        yield replace(
            common, name=command, command=command, starting_seconds_max=STARTING_SECONDS_MAX
        )
    if _measures_shipped(parsed):
        for backend in SHIPPED_BACKENDS:
            yield replace(common, name=backend.name)


def _measures_shipped(parsed: argparse.Namespace) -> bool:
    return parsed.shipped or not parsed.target


def _show(
    parsed: argparse.Namespace, figures: Figures, earlier: Figures | None, console: Console
) -> int:
    from rich.text import Text

    from conformance.bench.comparison import compared
    from conformance.bench.page import page
    from conformance.bench.table import comparison_text, figures_text

    if parsed.html is not None:
        write_whole(parsed.html, page(figures))
    if earlier is None:
        console.print(Text(figures_text(figures)), soft_wrap=True)
        return ExitStatus.CONFORMING
    changes = compared(earlier, figures)
    console.print(Text(comparison_text(changes)), soft_wrap=True)
    if not changes:
        return complain(f"{parsed.compare}: has no measurement in common with this run")
    limit = parsed.fail_past
    slower = [change for change in changes if limit is not None and change.ratio > limit]
    if slower:
        return complain(
            f"{len(slower)} measurements take more than {limit:g} times longer", _SLOWER
        )
    return ExitStatus.CONFORMING


def _hundreds(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0 or int(text) % 100:
        raise argparse.ArgumentTypeError(f"expected a multiple of 100, got `{text}`")
    return int(text)


def _ratio(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"expected a ratio above 0, got `{text}`")
    return number
