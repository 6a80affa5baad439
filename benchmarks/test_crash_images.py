"""How many crash images are made, told apart and judged, and what recording costs.

Rates and ratios are kept in `extra_info`; `README.md` has the goals, and where the rest goes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.crash_images import (
    LAUNCH,
    judged_in_memory,
    judged_through_files,
    long_history,
    recorded_seconds,
    recording,
    states_in,
    unrecorded_seconds,
)
from conformance.crashes.campaign import CrashSite
from conformance.crashes.fault_suites import FAULT_SUITES
from conformance.crashes.rot_suites import ROT_SUITES
from conformance.crashes.strace import obstacle
from conformance.crashes.suites import CRASH_SUITES
from conformance.crashes.survivor_suites import SURVIVOR_SUITES
from conformance.records.results import Verdict
from conformance.run.shipped import SHIPPED_BACKENDS
from tests.zoo.judging import judged

pytestmark = pytest.mark.skipif(bool(obstacle()), reason=obstacle() or "it can be traced")

ROUNDS = 5
THROUGH_FILES = 400


@pytest.fixture(scope="module")
def site() -> CrashSite:
    """Record the history once."""
    return recording(long_history())


def note_rate(benchmark: Any, count: int) -> None:
    """Keep how many images a minute there were, by the fastest round."""
    benchmark.extra_info["images"] = count
    benchmark.extra_info["a minute"] = round(60 * count / benchmark.stats.stats.min)


def test_images_made_and_told_apart(benchmark: Any, site: CrashSite) -> None:
    count = benchmark.pedantic(lambda: sum(1 for _ in states_in(site)), rounds=ROUNDS)

    note_rate(benchmark, count)
    assert count > 1_000


def test_images_made_and_judged_in_memory(benchmark: Any, site: CrashSite) -> None:
    count = benchmark.pedantic(judged_in_memory, (site,), rounds=ROUNDS)

    note_rate(benchmark, count)
    assert count == sum(1 for _ in states_in(site))


def test_images_judged_through_files(benchmark: Any, site: CrashSite) -> None:
    """By a harness that stays alive, each opened twice and added to."""
    count, seconds = benchmark.pedantic(judged_through_files, (site, THROUGH_FILES), rounds=1)

    benchmark.extra_info["a minute"] = round(60 * count / seconds)
    assert count == THROUGH_FILES


def test_recording(benchmark: Any, tmp_path: Path) -> None:
    """At most four times as long as the same history without a trace."""
    operations = long_history()
    plain = unrecorded_seconds(operations, tmp_path, ROUNDS)
    recorded = benchmark.pedantic(recorded_seconds, (operations, ROUNDS), rounds=1)

    benchmark.extra_info["ratio"] = round(recorded / plain, 2)


@pytest.mark.parametrize("part", ["crashes", "faults", "damage at rest"])
def test_a_quick_run(benchmark: Any, part: str) -> None:
    """What the crashes, faults and damages of a log add to a run; the log keeps its promises."""
    suites = {
        "crashes": (CRASH_SUITES[0], CRASH_SUITES[1], SURVIVOR_SUITES[0]),
        "faults": FAULT_SUITES[:3],
        "damage at rest": ROT_SUITES[:1],
    }[part]
    shipped = next(each for each in SHIPPED_BACKENDS if each.name == "log-file")
    backend = replace(shipped, evidence_cache=None, launch=replace(LAUNCH))
    report = benchmark.pedantic(lambda: judged(backend, suites, profile_name="quick"), rounds=1)

    assert {each.verdict for each in report.results} == {Verdict.PASS}
