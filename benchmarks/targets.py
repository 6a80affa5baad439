"""Measure every target of `benchmarks/README.md` and print its table.

Usage: python -m benchmarks.targets [WORD ...]

With words, only the rows whose name holds one of them. What is a ratio is measured by turns in this
one run; the figure is the median of the ratios of neighbours, with the smallest and the largest
behind it. What only computes is measured by the time of the processor, which others on the machine
disturb little; what waits for a disk, by the clock on the wall. `telltale` in a row is the time of
the Rust crate for the same work on a machine of this kind, measured once and written down here.
"""

from __future__ import annotations

import gc
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cbor2

from benchmarks.log_files import (
    appends_to_bare_writes,
    decoding_to_opening,
    opening_seconds,
    reference_to_appends,
    singles_to_batches,
)
from benchmarks.test_machine_step import RULES_ALONE, search_of
from benchmarks.test_races import CALLS, CASES, CLIENTS, history_of, judge
from conformance.bench.figures import shown_seconds
from conformance.bench.subjects import plain_table
from conformance.bench.workloads import evidence_cache, wal
from conformance.machines.probes import ScriptedHandler
from conformance.machines.wal import WAL_SUITE
from telltale_spec import (
    AgreementLevel,
    AgreementWalHandler,
    InMemoryAgreementWal,
    PersistedDurabilityArtifact,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.backends.file import FileAgreementWal
from telltale_spec.backends.sqlite import SQLiteAgreementWal
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.codec import encode

TELLTALE_MEMORY_SECONDS: Final = 1.8
TELLTALE_FILE_SECONDS: Final = 17.6
TELLTALE_PLAN_SECONDS: Final = 3.4

Work = Callable[[], object]
WALL: Final = time.perf_counter


def children_seconds() -> float:
    """Return the time of the processor that ended child processes took."""
    times = os.times()
    return times.children_user + times.children_system


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    work: str
    measured: str
    target: str
    is_met: bool


def seconds_of(work: Work, clock: Callable[[], float] = time.process_time) -> float:
    """Return how long work takes, with what it leaves behind thrown away after."""
    started_at = clock()
    result = work()
    elapsed = clock() - started_at
    del result
    return elapsed


def ratios(
    ours: Work, yardstick: Work, rounds: int, clock: Callable[[], float] = time.process_time
) -> list[float]:
    """Return the ratio of each pair of neighbours, sorted; the first pair only warms up."""
    gc.collect()
    gc.freeze()
    found = []
    for _ in range(rounds + 1):
        found.append(seconds_of(ours, clock) / seconds_of(yardstick, clock))
    gc.unfreeze()
    return sorted(found[1:])


def shown(found: Sequence[float]) -> str:
    """Return the median of sorted ratios, and their range."""
    return f"x {statistics.median(found):.2f} ({found[0]:.2f} to {found[-1]:.2f})"


def ratio_row(what: str, work: str, found: Sequence[float], limit: float) -> Row:
    """Return the row of a ratio that may be at most ``limit``."""
    return Row(what, work, shown(found), f"at most x {limit:g}", statistics.median(found) <= limit)


def memory_appends() -> Iterator[Row]:
    """Measure appends to the log in memory."""
    entries = [
        VisibilityGateCrossing(f"o{index % 100}", "c", AgreementLevel.NONE, index)
        for index in range(1_000_000)
    ]

    def append(count: int) -> list[float]:
        log = InMemoryAgreementWal()
        tenths = [entries[start : start + count // 10] for start in range(0, count, count // 10)]
        return [seconds_of(lambda tenth=tenth: [*map(log.append, tenth)]) for tenth in tenths]  # type: ignore[misc]

    best = min(sum(append(10_000)) for _ in range(5))
    times = TELLTALE_MEMORY_SECONDS / best
    work = "10,000 entries over 100 operations"
    measured = f"{shown_seconds(best)}, {times:.0f} times faster than telltale"
    yield Row("in-memory append", work, measured, "at least 50 times", times >= 50)
    flat = sorted(tenths[-1] / tenths[0] for tenths in (append(1_000_000) for _ in range(3)))
    yield ratio_row("in-memory append", "1,000,000 entries, last tenth to first", flat, 1.2)


def file_appends() -> Iterator[Row]:
    """Measure 4,000 appends to the log on a file."""
    with tempfile.TemporaryDirectory() as folder:
        log = FileAgreementWal(Path(folder) / "log")
        entries = wal(4_000).entries
        worked_from = time.process_time()
        seconds = seconds_of(lambda: [*map(log.append, entries)], WALL)
        worked = shown_seconds(time.process_time() - worked_from)
        assert log.load() == wal(4_000)
    ratio = seconds / TELLTALE_FILE_SECONDS
    measured = f"{shown_seconds(seconds)}, {worked} of the processor, x {ratio:.2f} of telltale"
    is_met = seconds <= 3 * TELLTALE_FILE_SECONDS
    yield Row("file append", "4,000 entries", measured, "at most x 3", is_met)


def sqlite_appends() -> Iterator[Row]:
    """Measure durable appends beside plain inserts of the same bytes."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _sqlite_singles(Path(folder))
        for count in (10_000, 100_000):
            yield _sqlite_batch(Path(folder), count)


def _sqlite_singles(folder: Path) -> Iterator[Row]:
    entries = wal(10_000).entries
    rows = [(entry.tick.to_bytes(8, "big"), encode(entry)) for entry in entries]
    table = plain_table(folder / "plain.db", flushed=True)
    log = SQLiteAgreementWal(folder / "ours.db")
    ours, plain = [], []

    def insert(row: tuple[bytes, bytes]) -> None:
        table.execute("BEGIN IMMEDIATE")
        table.execute("INSERT INTO log (tick, entry) VALUES (?, ?)", row)
        table.execute("COMMIT")

    for entry, row in zip(entries, rows, strict=True):
        ours.append(seconds_of(lambda entry=entry: log.append(entry), WALL))  # type: ignore[misc]
        plain.append(seconds_of(lambda row=row: insert(row), WALL))  # type: ignore[misc]
    assert log.load().entries == entries
    log.close()
    table.close()
    parts = [slice(start, start + 1_000) for start in range(0, 10_000, 1_000)]
    medians = [statistics.median(ours[part]) for part in parts]
    found = [
        mine / statistics.median(plain[part]) for mine, part in zip(medians, parts, strict=True)
    ]
    work = "10,000 entries, one durable transaction each"
    yield ratio_row("SQLite append", f"{work}, to plain sqlite3", sorted(found), 1.5)
    # The disk has its moods, which neighbours share; and the first tenth warms everything up.
    flat = [found[-1] / found[1]]
    yield ratio_row("SQLite append", f"{work}, that ratio, last tenth to second", flat, 1.2)


def _sqlite_batch(folder: Path, count: int) -> Row:
    entries = wal(count).entries
    rows = [(entry.tick.to_bytes(8, "big"), encode(entry)) for entry in entries]
    numbers = itertools.count()

    def ours() -> None:
        with SQLiteAgreementWal(folder / f"{count}-{next(numbers)}.db") as log:
            log.append_many(entries)

    def plain() -> None:
        table = plain_table(folder / f"{count}-{next(numbers)}.db", flushed=True)
        table.execute("BEGIN IMMEDIATE")
        table.executemany("INSERT INTO log (tick, entry) VALUES (?, ?)", rows)
        table.execute("COMMIT")
        table.close()

    found = ratios(ours, plain, 5, WALL)
    return ratio_row(
        "SQLite append", f"{count:,} entries in one batch, to plain sqlite3", found, 1.5
    )


def at_least_row(what: str, work: str, found: Sequence[float], limit: float) -> Row:
    """Return the row of a ratio that has to be at least ``limit``."""
    is_met = statistics.median(found) >= limit
    return Row(what, work, shown(found), f"at least x {limit:g}", is_met)


def log_file_appends() -> Iterator[Row]:
    """Measure durable appends to the log files, and their opening."""
    what = "log file"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work = "append, to one write and fdatasync of the same bytes"
        yield ratio_row(what, work, appends_to_bare_writes(folder), 1.2)
        work = "single appends to batches of 64, per entry"
        yield at_least_row(what, work, singles_to_batches(folder), 20)
        work = "append of the specification's file log to ours, at 4,000 entries"
        yield at_least_row(what, work, reference_to_appends(folder), 100)
        work = f"{work}, time of the processor"
        yield at_least_row(what, work, reference_to_appends(folder, time.process_time), 100)
        for batch in (1, 64):
            work = f"decoding to opening, 20,000 entries in batches of {batch}"
            yield at_least_row(what, work, decoding_to_opening(folder, 20_000, batch), 0.5)
        small, large = (opening_seconds(folder, length) for length in (20_000, 200_000))
        times = large / small
        measured = f"{shown_seconds(large)} of the processor, x {times:.1f} of 20,000"
        target = "linear: at most x 15"
        yield Row(what, "opening, 200,000 entries", measured, target, times <= 15)


def _plan_seconds(count: int) -> tuple[float, float]:
    """Return what a plan takes, and what looking at each entry takes."""
    log, cache = wal(count), evidence_cache(count // 10)

    def walk() -> None:
        for entry in log.entries:
            _ = entry.operation_id, entry.tick

    def plan() -> object:
        return DurableRecoveryPlan.from_checkpoint(0, None, log, cache)

    gc.collect()
    gc.freeze()
    found = [min(seconds_of(work) for _ in range(3)) for work in (plan, walk)]
    gc.unfreeze()
    return found[0], found[1]


def recovery() -> Iterator[Row]:
    """Measure the plan from values, and from bytes."""
    best, walk = _plan_seconds(100_000)
    times = TELLTALE_PLAN_SECONDS / best
    measured = f"{shown_seconds(best)}, {times:.0f} times faster than telltale"
    work = "100,000 entries, 10,000 operations"
    yield Row("recovery plan", work, measured, "at least 15 times", times >= 15)
    longest, longest_walk = _plan_seconds(1_000_000)
    # Ten times the entries are more than ten times the work where they leave the caches.
    is_linear = longest / best <= 1.5 * longest_walk / walk
    measured = (
        f"x {longest / best:.1f}; a bare walk over the same entries: x {longest_walk / walk:.1f}"
    )
    work = "1,000,000 entries, to 100,000"
    yield Row("recovery plan", work, measured, "linear: at most 1.5 times the walk", is_linear)
    work = "100,000 entries, 10,000 operations"
    log_data = PersistedDurabilityArtifact.agreement_wal(wal(100_000)).to_cbor()
    cache_data = PersistedDurabilityArtifact.evidence_outcome_cache(
        evidence_cache(10_000)
    ).to_cbor()

    def recover() -> object:
        read = PersistedDurabilityArtifact.from_slice
        log, cache = read(log_data).into_agreement_wal(), read(cache_data)
        return DurableRecoveryPlan.from_checkpoint(
            0, None, log, cache.into_evidence_outcome_cache()
        )

    found = ratios(recover, lambda: (cbor2.loads(log_data), cbor2.loads(cache_data)), 7)
    yield ratio_row("recovery plan", f"{work}, from bytes, to cbor2.loads", found, 2.5)


def codec() -> Iterator[Row]:
    """Measure both directions beside bare cbor2."""
    for count, rounds in ((1_000, 41), (10_000, 15), (100_000, 7)):
        artifact = PersistedDurabilityArtifact.agreement_wal(wal(count))
        data, tree = artifact.to_cbor(), artifact.to_dict()
        assert PersistedDurabilityArtifact.from_slice(data) == artifact
        found = ratios(
            lambda data=data: PersistedDurabilityArtifact.from_slice(data),  # type: ignore[misc]
            lambda data=data: cbor2.loads(data),  # type: ignore[misc]
            rounds,
        )
        yield ratio_row("decode", f"{count:,} entries, to cbor2.loads", found, 2)
        found = ratios(artifact.to_cbor, lambda tree=tree: cbor2.dumps(tree), rounds)  # type: ignore[misc]
        yield ratio_row("encode", f"{count:,} entries, to cbor2.dumps", found, 2)


def syncs() -> Iterator[Row]:
    """Measure one sync beside one load."""
    for count in (100, 1_000, 10_000):
        log = InMemoryAgreementWal()
        for entry in wal(count).entries:
            log.append(entry)
        handler = AgreementWalHandler(ScriptedHandler(), log)
        pending = itertools.count(count + 1)

        def sync(handler: AgreementWalHandler = handler, pending: Any = pending) -> None:
            request = WalSyncRequest("o", "c", AgreementLevel.NONE, None, (), next(pending))
            handler.wal_sync(request)

        found = ratios(sync, log.load, 31)
        yield ratio_row("wal_sync", f"{count:,} entries in memory, to one load", found, 2)


def machines() -> Iterator[Row]:
    """Measure steps a second by the time of the processor, as the two make the same choices."""
    for operations in (10, 50):
        found = ratios(
            search_of(RULES_ALONE, operations),
            search_of(WAL_SUITE, operations),
            9,
        )
        yield Row(
            "machine steps",
            f"histories of {operations} steps, to the same rules without log and checks",
            shown(found),
            "at least x 0.65",
            statistics.median(found) >= 0.65,
        )


def races() -> Iterator[Row]:
    """Measure the judgement of 10,000 calls of 8 clients, by the time of the processor."""
    for case in CASES:
        calls = history_of(case)
        best = min(seconds_of(lambda case=case, calls=calls: judge(case, calls)) for _ in range(3))  # type: ignore[misc]
        work = f"{CALLS:,} calls of {CLIENTS} clients, {case}"
        yield Row("judgement of a race", work, shown_seconds(best), "at most 2 s", best <= 2)


def first_verdict() -> Iterator[Row]:
    """Measure a check of the log in memory from a cold start."""
    start = [sys.executable, "-c", "import conformance.__main__"]
    bare = [sys.executable, "-c", ""]
    took = [
        seconds_of(lambda: _run(start), children_seconds)
        - seconds_of(lambda: _run(bare), children_seconds)
        for _ in range(9)
    ]
    best = statistics.median(took)
    work = "import of the command line, time of the processor"
    yield Row("first verdict", work, shown_seconds(best), "at most 0.3 s", best <= 0.3)
    target = "telltale_spec.backends.memory:InMemoryAgreementWal"
    check = [sys.executable, "-m", "conformance", "check", target]
    check += ["--profile", "quick", "--rejection-mode", "keeps-rejected"]
    best = min(seconds_of(lambda: _run(check), WALL) for _ in range(3))
    work = "quick check of the log in memory, from a cold start"
    yield Row("first verdict", work, shown_seconds(best), "at most 10 s", best <= 10)


def _run(words: Sequence[str]) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ourselves


def memory() -> Iterator[Row]:
    """Measure what a log keeps, and what decoding 60 MiB takes besides the input."""
    words = [sys.executable, "-m", "benchmarks.memory"]
    for work in ("entries", "canonical", "cut-off", "nulls", "nested", "unknown"):
        done = subprocess.run([*words, work], check=True, capture_output=True, text=True)  # noqa: S603
        number = float(done.stdout)
        if work == "entries":
            measured = f"{number:.0f} bytes an entry"
            yield Row("memory", "1,000,000 entries in a log in memory", measured, "stated", True)
            continue
        limit = "stated" if work == "canonical" else "at most x 4"
        yield Row("memory", f"decode of 60 MiB, {work}", f"x {number:.2f}", limit, number <= 4)


ROWS: Final[tuple[Callable[[], Iterator[Row]], ...]] = (
    memory_appends,
    file_appends,
    sqlite_appends,
    log_file_appends,
    recovery,
    codec,
    syncs,
    machines,
    races,
    first_verdict,
    memory,
)


def main(words: Sequence[str]) -> None:
    """Print the rows as they are measured."""
    sys.stdout.write("| what | work | measured | target | met |\n|---|---|---|---|---|\n")
    for measure in ROWS:
        if words and not any(word in measure.__name__ for word in words):
            continue
        for row in measure():
            cells = (row.what, row.work, row.measured, row.target, "yes" if row.is_met else "no")
            sys.stdout.write(f"| {' | '.join(cells)} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
