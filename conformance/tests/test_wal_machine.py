"""The WAL machine: correct logs pass, and every broken one fails its own requirement."""

from __future__ import annotations

import pytest

from conformance.machines.wal import WAL_SUITE
from conformance.records.results import Verdict
from conformance.run.shipped import SHIPPED_BACKENDS
from tests.zoo.broken_wals import (
    BROKEN_WALS,
    CORRECT_WALS,
    Deduplicates,
    DoNothing,
    KeepsRejected,
    ListWal,
    ReadIncludesTick,
    SkipsValidation,
    broken_wal_backend,
)
from tests.zoo.judging import counterexample_for, failed, judged, unproved

SEEDS = range(5)
SUITES = (WAL_SUITE,)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("wal_class", CORRECT_WALS, ids=lambda each: each.__name__)
@pytest.mark.by_day(3)
def test_correct_logs_pass_everything(wal_class: type[ListWal], seed: int) -> None:
    report = judged(broken_wal_backend(wal_class), SUITES, seed=seed)

    assert unproved(report) == []
    assert all(situation.reached for situation in report.situations)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["memory", "file", "sqlite"])
def test_shipped_logs_pass_everything(name: str, seed: int) -> None:
    (backend,) = [each for each in SHIPPED_BACKENDS if each.name == name]
    report = judged(backend, SUITES, seed=seed, profile_name="quick")

    assert unproved(report) == []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("wal_class", "requirement_id"), BROKEN_WALS, ids=[each.__name__ for each, _ in BROKEN_WALS]
)
def test_broken_logs_fail_the_requirement_they_break(
    wal_class: type[ListWal], requirement_id: str, seed: int
) -> None:
    backend = broken_wal_backend(wal_class)

    found = counterexample_for(requirement_id, backend, SUITES, seed=seed, minimise=False)

    assert found is not None


@pytest.mark.by_day(9)
@pytest.mark.parametrize(
    ("wal_class", "requirement_id"), BROKEN_WALS, ids=[each.__name__ for each, _ in BROKEN_WALS]
)
def test_a_full_run_names_the_broken_requirement(
    wal_class: type[ListWal], requirement_id: str
) -> None:
    report = judged(broken_wal_backend(wal_class), SUITES, profile_name="quick", minimise=False)

    assert requirement_id in failed(report)


def test_a_log_that_does_nothing_passes_no_requirement_that_asks_for_something() -> None:
    report = judged(broken_wal_backend(DoNothing), SUITES)
    passed = [r.requirement_id for r in report.results if r.verdict is Verdict.PASS]

    # Loading as empty and staying as it is are all that doing nothing can do.
    assert set(passed) <= {"WAL-06", "WAL-07"}


@pytest.mark.parametrize(
    ("wal_class", "requirement_id", "steps", "actual"),
    [
        (
            Deduplicates,
            "WAL-02",
            [
                'append gate none of "a" for "c" at tick 1',
                'append gate none of "a" for "c" at tick 1',
                "load the log",
            ],
            '[gate none of "a" for "c" at tick 1] (1 entry instead of 2; entry 1 is missing)',
        ),
        (
            ReadIncludesTick,
            "WAL-05",
            [
                'append gate none of "a" for "c" at tick 1',
                "read the entries after tick 1",
            ],
            '[gate none of "a" for "c" at tick 1] (1 entry instead of 0)',
        ),
        (
            SkipsValidation,
            "WAL-03",
            ['append escalation of "a" provisional -> none at tick 1'],
            "the append was accepted",
        ),
        (
            KeepsRejected,
            "WAL-04",
            ['append escalation of "a" provisional -> none at tick 1', "load the log"],
            '[escalation of "a" provisional -> none at tick 1] (1 entry instead of 0)',
        ),
    ],
    ids=["Deduplicates", "ReadIncludesTick", "SkipsValidation", "KeepsRejected"],
)
def test_minimal_counterexamples_stay_minimal(
    wal_class: type[ListWal], requirement_id: str, steps: list[str], actual: str
) -> None:
    found = counterexample_for(requirement_id, broken_wal_backend(wal_class), SUITES)

    assert found is not None
    assert [step.text for step in found.steps] == steps
    assert found.actual == actual
