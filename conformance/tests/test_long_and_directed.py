"""Long histories and directed cases: what is broken is failed by its own requirement, in quick."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance import check_replay
from conformance.backend import Backend
from conformance.engine.plainness import named_values, nodes_of
from conformance.engine.profiles import profile
from conformance.engine.suite import Suite
from conformance.engine.watch import CallWatch
from conformance.machines.cache import CACHE_SUITE
from conformance.machines.confusable_texts import COLLIDING_PAIRS
from conformance.machines.directed_caches import DIRECTED_CACHE_SUITE
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.long_caches import LONG_CACHE_SUITE
from conformance.machines.long_handles import (
    LONG_CACHE_HANDLES_SUITE,
    LONG_LOG_HANDLES_SUITE,
)
from conformance.machines.long_logs import LONG_LOG_SUITE
from conformance.machines.registry import SUITES
from conformance.machines.scripted_numbers import cycle_of_windows
from conformance.records.replays import read_replay, replay_of
from conformance.records.results import Verdict
from conformance.report.failure import counterexample_text
from conformance.run.runner import judge_backend
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import AgreementWalEntry
from tests.zoo import broken_handles
from tests.zoo.broken_directed import BROKEN_DIRECTED_CACHES, BROKEN_DIRECTED_LOGS
from tests.zoo.broken_grown_caches import (
    BROKEN_GROWN_CACHES,
    RIGHT_GROWN_CACHES,
    grown_cache_backend,
)
from tests.zoo.broken_grown_logs import BROKEN_GROWN_LOGS, RIGHT_GROWN_LOGS, grown_backend
from tests.zoo.broken_long_caches import BROKEN_LONG_CACHES, MapCache, cache_backend
from tests.zoo.broken_long_logs import BROKEN_LONG_LOGS, TrackedWal, log_backend
from tests.zoo.judging import failed, judged, unproved
from tests.zoo.unusual_stores import UNUSUAL_CACHES, UNUSUAL_LOGS

# The kill table has all five; directed cases are the same on each, and streams of long ones alike.
SEEDS = (0, 3)
LOGS = (DIRECTED_LOG_SUITE, LONG_LOG_SUITE)
ALL_LOGS = (*BROKEN_LONG_LOGS, *BROKEN_DIRECTED_LOGS)
ALL_CACHES = (*BROKEN_LONG_CACHES, *BROKEN_DIRECTED_CACHES)
CACHES = (DIRECTED_CACHE_SUITE, LONG_CACHE_SUITE)


def _only_failed(
    requirement_id: str, backend: Backend, suites: tuple[Suite, ...], seed: int
) -> list[str]:
    """Judge a backend by one requirement, in quick, and return whether it fails that."""
    only = (requirement_id,)
    return failed(
        judged(backend, suites, profile_name="quick", seed=seed, only=only, minimise=False)
    )


@pytest.mark.by_day(8)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "make", "requirement_id"), ALL_LOGS, ids=[row[0] for row in ALL_LOGS]
)
def test_broken_logs_fail_the_requirement_they_break(
    name: str, make: Callable[..., Any], requirement_id: str, seed: int
) -> None:
    backend = log_backend(name, make, reopens=requirement_id == "WAL-08")
    assert _only_failed(requirement_id, backend, LOGS, seed) == [requirement_id]


@pytest.mark.by_day(8)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "make", "requirement_id"), BROKEN_GROWN_LOGS, ids=[row[0] for row in BROKEN_GROWN_LOGS]
)
def test_logs_that_are_wrong_once_they_are_grown_fail(
    name: str, make: type[TrackedWal], requirement_id: str, seed: int
) -> None:
    backend = grown_backend(name, make)
    assert _only_failed(requirement_id, backend, LOGS, seed) == [requirement_id]


@pytest.mark.by_day(8)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "make", "requirement_id"),
    BROKEN_GROWN_CACHES,
    ids=[row[0] for row in BROKEN_GROWN_CACHES],
)
def test_caches_that_are_wrong_once_they_are_grown_fail(
    name: str, make: type[MapCache], requirement_id: str, seed: int
) -> None:
    backend = grown_cache_backend(name, make)
    assert _only_failed(requirement_id, backend, CACHES, seed) == [requirement_id]


@pytest.mark.by_day(8)
@pytest.mark.parametrize(
    ("name", "make"), RIGHT_GROWN_CACHES, ids=[row[0] for row in RIGHT_GROWN_CACHES]
)
def test_right_caches_of_the_same_kinds_are_failed_by_nothing(
    name: str, make: type[MapCache]
) -> None:
    report = judged(grown_cache_backend(name, make), CACHES, profile_name="quick")

    assert failed(report) == []
    assert unproved(report) == []


@pytest.mark.by_day(8)
@pytest.mark.parametrize(
    ("name", "make"), RIGHT_GROWN_LOGS, ids=[row[0] for row in RIGHT_GROWN_LOGS]
)
def test_right_logs_of_the_same_kinds_are_failed_by_nothing_that_binds(
    name: str, make: type[TrackedWal]
) -> None:
    report = judged(grown_backend(name, make), LOGS, profile_name="quick")

    assert {*failed(report)} <= {"WAL-03.text"}
    assert not {*unproved(report)} - {"WAL-03.text"}


@pytest.mark.by_day(8)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "make", "requirement_id"),
    ALL_CACHES,
    ids=[row[0] for row in ALL_CACHES],
)
def test_broken_caches_fail_the_requirement_they_break(
    name: str, make: Callable[..., Any], requirement_id: str, seed: int
) -> None:
    backend = cache_backend(name, make, reopens=requirement_id == "CACHE-08")
    assert _only_failed(requirement_id, backend, CACHES, seed) == [requirement_id]


@pytest.mark.by_day(7)
@pytest.mark.parametrize("backend", [*UNUSUAL_LOGS, *UNUSUAL_CACHES], ids=lambda each: each.name)
def test_unusual_stores_are_failed_by_no_must(backend: Backend) -> None:
    report = judged(backend, SUITES, profile_name="quick", seed=0)
    results = {each.requirement_id: each for each in report.results if each.level == "MUST"}

    assert [each.requirement_id for each in results.values() if each.verdict is Verdict.FAIL] == []
    assert set(results) & set(unproved(report)) == set()


@pytest.mark.nightly
def test_what_is_refused_everywhere_is_open() -> None:
    def refuse(self: TrackedWal, entry: AgreementWalEntry) -> None:
        raise DurabilityError("full")

    full = type("Full", (TrackedWal,), {"append": refuse})
    report = judged(log_backend("full", full), LOGS, profile_name="quick")

    assert failed(report) == ["WAL-03.text", "WAL-13.accept"]
    assert {"WAL-01", "WAL-02", "WAL-05"} <= set(unproved(report))
    assert any(
        re.search(r"(\d{4}) of \1 legal entries were refused", note) for note in report.notes
    )


@pytest.mark.by_day(3)
@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("keeps the last 256 entries", ["257 times: append gate", "read the entries", "load"]),
        ("session 0 is absent", ["append evidence", "read the entries after tick 4", "load"]),
        ("remembers reads", ["read the entries", "append gate", "read the entries", "load"]),
    ],
)
def test_counterexamples_are_as_short_as_their_fault(name: str, lines: list[str]) -> None:
    rows = {name: (make, requirement_id) for name, make, requirement_id in BROKEN_LONG_LOGS}
    make, requirement_id = rows[name]
    report = judged(log_backend(name, make), LOGS, profile_name="quick")
    result = report.result(requirement_id)
    assert result is not None
    assert result.counterexample is not None
    text = counterexample_text(result.counterexample)
    steps = [line for line in text.splitlines() if line.startswith("    ")]
    told = [line for line in steps if "->" not in line.split("append")[0]]
    assert len(told) == len(lines), text
    assert all(part in line for part, line in zip(lines, told, strict=True)), text


@pytest.mark.by_day(2)
@pytest.mark.parametrize(
    "row",
    [
        rows[place]
        for rows in (BROKEN_LONG_LOGS, BROKEN_LONG_CACHES)
        for place in (0, len(rows) - 1)
    ],
    ids=lambda row: row[0],
)
def test_a_failure_of_a_script_is_replayed(row: Any) -> None:
    name, make, requirement_id = row
    suites, of = (LOGS, log_backend) if row in BROKEN_LONG_LOGS else (CACHES, cache_backend)
    backend = of(name, make, reopens=requirement_id.endswith("-08"))
    report = judged(backend, suites, profile_name="quick", only=(requirement_id,))
    result = report.result(requirement_id)
    assert result is not None
    assert result.counterexample is not None
    replay = read_replay(replay_of(report, result.counterexample).to_text(), "file")

    with pytest.raises(AssertionError, match="still failing"):
        check_replay(replay, backend)
    right: Any = TrackedWal if of is log_backend else MapCache
    if not requirement_id.endswith("-08"):
        check_replay(replay, of("right", right))


@pytest.mark.parametrize("suite", [*LOGS, *CACHES], ids=lambda suite: suite.name)
def test_no_history_stores_more_than_a_slow_store_reads_in_time(suite: Any) -> None:
    """A log that reads by pieces and puts them together anew each time takes seconds for 8 MiB."""
    budget = profile("quick").budget
    for script in suite.scripts(log_backend("right", TrackedWal), budget, 0):
        texts = [value for act in script.acts for _, value in nodes_of(named_values(act))]
        stored = sum(len(each.encode()) for each in texts if isinstance(each, str))

        assert stored < 4 << 20, script.name


def test_a_busy_cache_is_asked_again_for_the_empty_id() -> None:
    for seed in SEEDS:
        report = judged(UNUSUAL_CACHES[2], (CACHE_SUITE,), profile_name="quick", seed=seed)

        assert failed(report) == []


def test_the_pairs_of_hashes_collide() -> None:
    def chained(text: str, start: int, factor: int) -> int:
        value = start
        for byte in text.encode():
            value = (value * factor + byte) % 2**32
        return value

    def fnv(text: str) -> int:
        value = 0x811C9DC5
        for byte in text.encode():
            value = (value ^ byte) * 0x01000193 % 2**32
        return value

    hashes: list[Callable[[str], object]] = [
        lambda text: chained(text, 0, 31),
        fnv,
        lambda text: chained(text, 5381, 33),
        lambda text: zlib.crc32(text.encode()),
        lambda text: zlib.crc32(text.encode()),
        lambda text: sum(text.encode()),
    ]
    for hash_of, (left, right) in zip(hashes, COLLIDING_PAIRS[:6], strict=True):
        assert left != right
        assert hash_of(left) == hash_of(right)


def test_a_slow_log_is_judged_by_what_there_was_time_for() -> None:
    """Two seconds by the clock are not enough for any plan: nothing passes."""

    class Slow(TrackedWal):
        def store(self, entry: AgreementWalEntry) -> None:
            time.sleep(0.02)
            super().store(entry)

    named = profile("quick")
    short = replace(named, budget=replace(named.budget, wall_seconds=2.0))
    with CallWatch() as watch:
        backend = log_backend("slow", Slow)
        report = judge_backend(backend, short, seed=0, watch=watch, suites=(LONG_LOG_SUITE,))

    assert Verdict.PASS not in {each.verdict for each in report.results}
    assert failed(report) == []
    assert any("acts in the time of the profile" in note for note in report.notes)


HANDLES = (LONG_LOG_HANDLES_SUITE, LONG_CACHE_HANDLES_SUITE)


@pytest.mark.requirement("WAL-01.handles", "CACHE-02.handles")
@pytest.mark.parametrize(
    ("backend", "requirement_id"),
    [
        (broken_handles.REMEMBERS_SUFFIXES, "WAL-01.handles"),
        (broken_handles.REMEMBERS_ABSENCE, "CACHE-02.handles"),
    ],
    ids=["log", "cache"],
)
def test_a_handle_that_keeps_answers_of_its_own_is_failed(
    backend: Backend, requirement_id: str
) -> None:
    report = judged(backend, HANDLES, profile_name="quick")

    assert failed(report) == [requirement_id]


@pytest.mark.parametrize(
    "backend", [broken_handles.LOCKED_LOG, broken_handles.REWRITTEN_CACHE], ids=["log", "cache"]
)
def test_handles_that_take_turns_are_right(backend: Backend) -> None:
    """A cache without a lock loses nothing where nobody writes at the same time."""
    report = judged(backend, HANDLES, profile_name="quick")

    assert failed(report) == []
    assert unproved(report) == []


def test_a_cycle_of_windows_has_every_word_once() -> None:
    """Any four kinds of entries follow each other somewhere, and the shortest sequence does it."""
    for letters, length in ((4, 4), (2, 5), (3, 1)):
        cycle = cycle_of_windows(letters, length)
        windows = [tuple(cycle[i : i + length]) for i in range(len(cycle) - length + 1)]

        assert len(windows) == len(set(windows)) == letters**length
