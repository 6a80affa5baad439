"""The cache machine: right caches pass, and every broken one fails its own requirement."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.backend import Backend, Capability
from conformance.engine.watch import CallWatch
from conformance.machines.cache import CACHE_SUITE
from conformance.records.results import Verdict
from conformance.run.runner import judge_backend
from telltale_spec.backends.contract import EvidenceOutcomeCache
from telltale_spec.backends.file import FileEvidenceOutcomeCache
from telltale_spec.backends.memory import InMemoryEvidenceOutcomeCache
from telltale_spec.backends.sqlite import SQLiteEvidenceOutcomeCache
from tests.zoo.broken_caches import (
    BROKEN_CACHES,
    AppendsOnly,
    FoldsCase,
    KeepsPositions,
    ListCache,
)
from tests.zoo.judging import counterexample_for, judged, unhurried, unproved

SEEDS = range(5)
# As much as ``quick`` tries, however slow the machine is.
UNHURRIED = unhurried()
SUITES = (CACHE_SUITE,)
ORDERED = frozenset({Capability.ORDERED_CACHE})
DURABLE = ORDERED | {Capability.REOPEN}

REFERENCES = (
    Backend("list", evidence_cache=ListCache, capabilities=ORDERED),
    Backend(
        "memory",
        evidence_cache=lambda directory: InMemoryEvidenceOutcomeCache(),
        capabilities=ORDERED,
    ),
    Backend(
        "file",
        evidence_cache=lambda directory: FileEvidenceOutcomeCache(directory / "cache.cbor"),
        capabilities=DURABLE,
    ),
    Backend(
        "sqlite",
        evidence_cache=lambda directory: SQLiteEvidenceOutcomeCache(directory / "cache.sqlite3"),
        capabilities=DURABLE,
    ),
)


def _broken(factory: Callable[[Path], EvidenceOutcomeCache], requirement_id: str = "") -> Backend:
    capabilities = DURABLE if requirement_id == "CACHE-08" else ORDERED
    return Backend("broken", evidence_cache=factory, capabilities=capabilities)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("backend", REFERENCES, ids=lambda each: each.name)
def test_references_pass_everything(backend: Backend, seed: int) -> None:
    with CallWatch() as watch:
        report = judge_backend(backend, UNHURRIED, seed=seed, watch=watch, suites=SUITES)

    assert unproved(report) == []
    assert all(situation.reached for situation in report.situations)


@pytest.mark.by_day(3)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("factory", "requirement_id"),
    [(factory, requirement_id) for _, factory, requirement_id in BROKEN_CACHES],
    ids=[name for name, _, _ in BROKEN_CACHES],
)
def test_broken_caches_fail_the_requirement_they_break(
    factory: Callable[[Path], EvidenceOutcomeCache], requirement_id: str, seed: int
) -> None:
    backend = _broken(factory, requirement_id)

    found = counterexample_for(requirement_id, backend, SUITES, seed=seed, minimise=False)

    assert found is not None


@pytest.mark.nightly
def test_a_cache_that_keeps_positions_is_judged_on_everything_else() -> None:
    report = judged(_broken(KeepsPositions), SUITES, minimise=False)
    result = report.result("CACHE-04")

    assert result is not None
    assert result.verdict is Verdict.FAIL
    assert unproved(report) == ["CACHE-04"]


def test_a_backend_without_a_cache_is_not_judged() -> None:
    report = judged(Backend("empty"), SUITES, profile_name="quick")

    assert {result.verdict for result in report.results} == {Verdict.NOT_APPLICABLE}


def test_minimal_counterexamples_stay_minimal() -> None:
    stored = 'evidence "e" = blocked of "t"."t"'

    folded = counterexample_for("CACHE-01", _broken(FoldsCase), SUITES)
    doubled = counterexample_for("CACHE-03", _broken(AppendsOnly), SUITES)

    assert folded is not None
    assert [step.text for step in folded.steps] == [f"put {stored}", 'get evidence "E"']
    assert (folded.expected, folded.actual) == ("nothing", stored)
    assert doubled is not None
    assert [step.text for step in doubled.steps] == [f"put {stored}"] * 2 + ["load the cache"]
    assert doubled.actual == f"[{stored}; {stored}] (2 entries instead of 1; entry 1 is too much)"


STORED = 'evidence "e" = blocked of "t"."t"'
RELEASED = 'evidence "e" = blocked with release of "t"."t"'


@pytest.mark.requirement("CACHE-01", "CACHE-02", "CACHE-06", "CACHE-07")
@pytest.mark.parametrize(
    ("name", "steps", "expected", "actual"),
    [
        # What nobody asked for is shown as the look that it takes to see it.
        (
            "put keeps the first entry of an id",
            [f"put {STORED}", f"put {RELEASED}", 'get evidence "e"'],
            RELEASED,
            STORED,
        ),
        (
            "get takes the entry out",
            [f"put {STORED}", "load the cache"],
            f"[{STORED}]",
            "nothing (0 entries instead of 1)",
        ),
        (
            "a failed put loses the old entry",
            [f"put {STORED}", f"put {STORED}", 'get evidence "e"'],
            STORED,
            "nothing",
        ),
        (
            "put of the empty id is refused",
            ['put evidence "" = blocked of "t"."t"'],
            "accepted: the empty id is a legal one",
            "refused: an id must not be empty",
        ),
    ],
)
def test_a_look_that_shows_a_fault_is_the_end_of_its_history(
    name: str, steps: list[str], expected: str, actual: str
) -> None:
    _, factory, requirement_id = next(row for row in BROKEN_CACHES if row[0] == name)
    found = counterexample_for(requirement_id, _broken(factory), SUITES)

    assert found is not None
    assert [step.text for step in found.steps] == steps
    assert (found.expected, found.actual) == (expected, actual)
