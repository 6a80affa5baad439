"""Judge every storage of the zoo by real crashes, and say which ones are caught.

Usage: python -m tests.zoo.crashes.kill_table [SEED ...] [--only NAME ...] [--counts]

Ends with how many of each class are caught.

Needs Linux and strace. A broken storage counts as caught where any requirement of crashes fails it:
which one it is depends on what the damage meets first. Exit status 1 if a broken storage conforms,
or a right one does not.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from conformance.backend import Capability, Launch
from conformance.crashes.fault_suites import FAULT_SUITES
from conformance.crashes.rot_suites import ROT_SUITES
from conformance.crashes.suites import CRASH_SUITES
from conformance.crashes.survivor_suites import SURVIVOR_SUITES
from conformance.engine.profiles import profile
from conformance.engine.watch import CallWatch
from conformance.records.results import BackendReport, Verdict
from conformance.requirements import REQUIREMENTS
from conformance.run.runner import judge_backend
from tests.zoo.crashes.table import BROKEN, PREFIX_OF, RIGHT, Broken, Right
from tests.zoo.crashes.targets import backend_of

__all__ = ["Judged", "judged", "judged_ids", "main", "promises"]

# A storage is not slow for a machine that has much else to do.
_CALL_SECONDS_MAX: Final = 120.0
# Nothing that a crash of one handle could show.
_OUT_OF_REACH: Final = {
    "race": "shows between two handles, and not in a crash",
}
_BIT_ROT: Final = "bit-rot"
_FAULTS: Final = ("fsync-error", "disk-full", "short-write", "io-error")


@dataclass(frozen=True)
class Judged:
    """One storage with the requirements of crashes that failed it, and those left open."""

    case: Broken | Right
    seed: int
    failed: tuple[str, ...]
    undecided: tuple[str, ...]
    problem: str = ""
    """Why it was not judged, where it was not."""

    seconds: float = 0.0
    counts: tuple[str, ...] = ()
    """How many states were made, how many of them are distinct, and how many were judged."""

    @property
    def is_as_expected(self) -> bool:
        """Whether a broken storage is caught, or a right one passes whole."""
        if self.problem:
            return False
        if isinstance(self.case, Broken):
            return bool(self.failed)
        return not self.failed and not self.undecided

    @property
    def by_its_own(self) -> bool:
        """Whether the requirement of the table is among those that failed."""
        return isinstance(self.case, Broken) and self.case.requirement in self.failed


def judged(case: Broken | Right, seed: int) -> Judged:
    """Judge one storage in processes of its own, on the weakest file system.

    What is found is not made smaller, and the clock on the wall bounds nothing: how much is tried
    follows from the profile and the seed alone, however busy the machine is.
    """
    began_at = time.monotonic()
    target = f"tests.zoo.crashes.targets:{case.name}"
    command = (sys.executable, "-m", "conformance", "serve", target, "--capability", "reopen")
    backend = replace(
        backend_of(case),
        capabilities=frozenset(map(Capability, promises(case))),
        launch=Launch(command, call_seconds_max=_CALL_SECONDS_MAX),
    )
    quick = profile("quick")
    unbounded = replace(quick.budget, seconds=math.inf, wall_seconds=math.inf, minimise=False)
    with CallWatch() as watch:
        report = judge_backend(
            backend,
            replace(quick, budget=unbounded),
            seed=seed,
            watch=watch,
            suites=(*CRASH_SUITES, *SURVIVOR_SUITES, *FAULT_SUITES, *ROT_SUITES),
            only=judged_ids(case),
        )
    found = {each.requirement_id: each.verdict for each in report.results}
    failed = tuple(key for key, verdict in found.items() if verdict is Verdict.FAIL)
    undecided = tuple(key for key, verdict in found.items() if verdict is Verdict.INCONCLUSIVE)
    seconds = time.monotonic() - began_at
    counts = tuple(each for each in report.notes if "made/distinct/judged" in each)
    return Judged(case, seed, failed, undecided, _problem(report), seconds, counts)


def _problem(report: BackendReport) -> str:
    """Return why a promise was not tried, or why the backend was not judged at all."""
    if report.fault is not None:
        return report.fault
    reasons = {each.reason for each in report.results}
    return "; ".join(sorted(each for each in reasons if "not tried" in each))


def judged_ids(case: Broken | Right) -> list[str]:
    """Return the requirements that ask for crashes, faults or damage at rest."""
    prefixes = tuple(f"{PREFIX_OF[case.component]}-{number}." for number in ("08", "15"))
    # A kill between two operations is another suite's, and one that does not open then ends it.
    left_out = [".kill"]
    if isinstance(case, Right) and "power-after-kill" in case.not_promised:
        left_out.append(".shown")
    return [
        each
        for each in REQUIREMENTS
        if each.startswith(prefixes) and not each.endswith(tuple(left_out))
    ]


def promises(case: Broken | Right) -> list[str]:
    """Return what a storage is held to: damage at rest needs no crash."""
    if isinstance(case, Right):
        promises = ["reopen", "process-kill", "power-loss"]
        return promises if _BIT_ROT in case.not_promised else [*promises, _BIT_ROT]
    if case.crash_class == _BIT_ROT:
        return ["reopen", _BIT_ROT]
    faults = ["fault-tolerance"] if case.crash_class in _FAULTS else []
    return ["reopen", "process-kill", "power-loss", *faults]


def _cases(names: Sequence[str]) -> Iterator[Broken | Right]:
    for case in (*BROKEN, *RIGHT):
        if names and case.name not in names:
            continue
        if isinstance(case, Broken) and case.crash_class in _OUT_OF_REACH:
            print(f"not tried: {case.name}: {_OUT_OF_REACH[case.crash_class]}", flush=True)
        else:
            yield case


def main(words: Sequence[str]) -> int:
    """Print a line a storage and seed; return how many are not as expected."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", nargs="*", type=int, help="judge each with these (default: 0)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="judge these alone")
    parser.add_argument("--workers", type=int, default=2, help="how many at a time")
    parser.add_argument("--counts", action="store_true", help="show how many states there were")
    parsed = parser.parse_args(words)
    known = {case.name for case in (*BROKEN, *RIGHT)}
    if unknown := sorted(set(parsed.only or ()) - known):
        parser.error(f"--only: no storage is named {', '.join(unknown)}")
    wrong = own = broken = 0
    caught: dict[str, list[bool]] = {}
    cases = list(_cases(parsed.only or ()))
    jobs = [(case, seed) for seed in parsed.seed or [0] for case in cases]
    # Signals and the search engine's settings are those of a whole process.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(parsed.workers, context) as workers:
        for found in workers.map(judged, *zip(*jobs, strict=True)):
            wrong += not found.is_as_expected
            broken += isinstance(found.case, Broken)
            own += found.by_its_own
            if isinstance(found.case, Broken):
                caught.setdefault(found.case.crash_class, []).append(found.is_as_expected)
            print(_line(found), flush=True)
            for counts in found.counts if parsed.counts else ():
                print(f"    {counts}", flush=True)
    print(f"{len(jobs)} judged, {wrong} not as expected")
    for crash_class, kills in caught.items():
        print(f"{crash_class}: {sum(kills)} of {len(kills)} caught")
    print(f"{own} of {broken} broken ones by the requirement of the table")
    return wrong


def _line(found: Judged) -> str:
    mark = "as expected" if found.is_as_expected else "NOT AS EXPECTED"
    by_another = found.failed and isinstance(found.case, Broken) and not found.by_its_own
    shown = [
        ", ".join(found.failed) or found.problem or "nothing fails",
        *(["by another requirement"] if by_another else []),
        *([f"open: {', '.join(found.undecided)}"] if found.undecided else []),
    ]
    return (
        f"{mark}: {found.case.name}, seed {found.seed}, {found.seconds:.1f} s: {'; '.join(shown)}"
    )


if __name__ == "__main__":
    raise SystemExit(min(main(sys.argv[1:]), 1))
