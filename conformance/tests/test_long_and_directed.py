"""Long histories and directed cases: what is broken is failed by its own requirement, in quick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.machines.directed_caches import DIRECTED_CACHE_SUITE
from conformance.machines.directed_logs import DIRECTED_LOG_SUITE
from conformance.machines.long_caches import LONG_CACHE_SUITE
from conformance.machines.long_logs import LONG_LOG_SUITE
from conformance.tests.broken_long_caches import BROKEN_LONG_CACHES, cache_backend
from conformance.tests.broken_long_logs import BROKEN_LONG_LOGS, log_backend
from conformance.tests.zoo import failed, judged

SEEDS = range(5)
LOGS = (DIRECTED_LOG_SUITE, LONG_LOG_SUITE)
CACHES = (DIRECTED_CACHE_SUITE, LONG_CACHE_SUITE)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "make", "requirement_id"), BROKEN_LONG_LOGS, ids=[row[0] for row in BROKEN_LONG_LOGS]
)
def test_broken_logs_fail_the_requirement_they_break(
    name: str, make: Callable[..., Any], requirement_id: str, seed: int
) -> None:
    backend = log_backend(name, make, reopens=requirement_id == "WAL-08")
    report = judged(backend, LOGS, profile_name="quick", seed=seed, minimise=False)

    assert failed(report)[:1] == [requirement_id]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "make", "requirement_id"),
    BROKEN_LONG_CACHES,
    ids=[row[0] for row in BROKEN_LONG_CACHES],
)
def test_broken_caches_fail_the_requirement_they_break(
    name: str, make: Callable[..., Any], requirement_id: str, seed: int
) -> None:
    backend = cache_backend(name, make, reopens=requirement_id == "CACHE-08")
    report = judged(backend, CACHES, profile_name="quick", seed=seed, minimise=False)

    assert requirement_id in failed(report)
