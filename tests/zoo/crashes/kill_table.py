"""Judge every storage of the zoo by real crashes, and say which ones are caught.

Usage: python -m tests.zoo.crashes.kill_table [SEED ...]

Ends with how many of each class are caught.

Needs Linux and strace. A broken storage counts as caught where any requirement of crashes fails it:
which one it is depends on what the damage meets first. Exit status 1 if a broken storage conforms,
or a right one does not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from conformance.requirements import REQUIREMENTS
from tests.zoo.crashes.table import BROKEN, PREFIX_OF, RIGHT, Broken, Right

__all__ = ["Judged", "judged", "main"]

ROOT: Final = Path(__file__).resolve().parents[3]
SECONDS_MAX: Final = 600
# Nothing that a crash of one handle could show.
_OUT_OF_REACH: Final = {
    "race": "shows between two handles, and not in a crash",
}
_BIT_ROT: Final = "bit-rot"
_FAULTS: Final = ("fsync-error", "disk-full", "short-write")


@dataclass(frozen=True)
class Judged:
    """One storage with the requirements of crashes that failed it, and those left open."""

    case: Broken | Right
    seed: int
    failed: tuple[str, ...]
    undecided: tuple[str, ...]
    problem: str = ""
    """Why it was not judged, where it was not."""

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
    """Judge one storage in a process of its own, on the weakest file system."""
    promises = _promises(case)
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "report.json"
        words = [sys.executable, "-m", "conformance", "check"]
        words += [f"tests.zoo.crashes.targets:{case.name}", "--seed", str(seed)]
        words += [word for promise in promises for word in ("--capability", promise)]
        words += [word for each in _judged_ids(case) for word in ("--only", each)]
        # A storage is not slow for a machine that has much else to do.
        words += ["--call-timeout", "60"]
        words += ["--json", str(saved), "--replays", folder]
        done = subprocess.run(
            words,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS_MAX,
        )
        if not saved.exists():
            raise RuntimeError(f"{case.name} was not judged: {done.stdout}{done.stderr}")
        [backend] = json.loads(saved.read_text(encoding="utf-8"))["backends"]
    verdicts = {
        each["requirement_id"]: each["verdict"]
        for each in backend["results"]
        if each["requirement_id"] in _judged_ids(case)
    }
    failed = tuple(key for key, verdict in verdicts.items() if verdict == "fail")
    undecided = tuple(key for key, verdict in verdicts.items() if verdict == "inconclusive")
    return Judged(case, seed, failed, undecided, _problem(backend))


def _problem(backend: dict[str, Any]) -> str:
    """Return why a promise was not tried, or why the backend was not judged at all."""
    if backend["fault"] is not None:
        return str(backend["fault"])
    reasons = {str(each["reason"]) for each in backend["results"]}
    return "; ".join(sorted(each for each in reasons if "not tried" in each))


def _judged_ids(case: Broken | Right) -> list[str]:
    """Return the requirements that ask for crashes, faults or damage at rest."""
    prefixes = tuple(f"{PREFIX_OF[case.component]}-{number}." for number in ("08", "15"))
    # A kill between two operations is another suite's, and one that does not open then ends it.
    return [
        each for each in REQUIREMENTS if each.startswith(prefixes) and not each.endswith(".kill")
    ]


def _promises(case: Broken | Right) -> list[str]:
    """Return what a storage is held to: damage at rest needs no crash."""
    if isinstance(case, Right):
        promises = ["reopen", "process-kill", "power-loss"]
        return promises if _BIT_ROT in case.not_promised else [*promises, _BIT_ROT]
    if case.crash_class == _BIT_ROT:
        return ["reopen", _BIT_ROT]
    faults = ["fault-tolerance"] if case.crash_class in _FAULTS else []
    return ["reopen", "process-kill", "power-loss", *faults]


def _cases() -> Iterator[Broken | Right]:
    for case in BROKEN:
        if case.crash_class in _OUT_OF_REACH:
            print(f"not tried: {case.name}: {_OUT_OF_REACH[case.crash_class]}", flush=True)
        else:
            yield case
    yield from RIGHT


def main(seeds: list[int]) -> int:
    """Print a line a storage and seed; return how many are not as expected."""
    wrong = own = broken = 0
    caught: dict[str, list[bool]] = {}
    jobs = [(case, seed) for case in _cases() for seed in seeds]
    with ThreadPoolExecutor(max_workers=2) as workers:
        for found in workers.map(lambda job: judged(*job), jobs):
            wrong += not found.is_as_expected
            broken += isinstance(found.case, Broken)
            own += found.by_its_own
            if isinstance(found.case, Broken):
                caught.setdefault(found.case.crash_class, []).append(found.is_as_expected)
            mark = "as expected" if found.is_as_expected else "NOT AS EXPECTED"
            shown = ", ".join(found.failed or found.undecided) or found.problem or "nothing fails"
            print(f"{mark}: {found.case.name}, seed {found.seed}: {shown}", flush=True)
    print(f"{len(jobs)} judged, {wrong} not as expected")
    for crash_class, kills in caught.items():
        print(f"{crash_class}: {sum(kills)} of {len(kills)} caught")
    print(f"{own} of {broken} broken ones by the requirement of the table")
    return wrong


if __name__ == "__main__":
    raise SystemExit(min(main([int(each) for each in sys.argv[1:]] or [0]), 1))
