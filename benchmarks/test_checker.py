"""The speed of the exhaustive search: how many states a second, on tables and plainly.

Both engines search the same model at the same bound, from the same start, with properties on and
traces made. The ratio of the two is what a later change is held to; states a second depend on the
machine.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from conformance.checker.engines import check_model
from conformance.checker.expected import differences
from conformance.checker.models.registry import build
from conformance.checker.results import Budget

pytest.importorskip("numpy", reason="the fast engine needs NumPy")

_BUDGET = Budget(clock=time.monotonic)


@pytest.mark.parametrize("engine", ["plain", "numpy"])
def test_search_of_the_same_bound(benchmark: Any, engine: str) -> None:
    """Two operations of the hardened sync: 36,306 states."""
    model = build("write-ahead", "hardened")
    result = benchmark.pedantic(
        check_model, (model, 2), {"engine": engine, "budget": _BUDGET}, rounds=3
    )

    assert result.states_count == 36_306
    assert result.transitions_count == 461_928
    benchmark.extra_info["states_per_second"] = result.states_count / result.seconds


def test_search_of_a_large_bound(benchmark: Any) -> None:
    """Two machines with one log, crashes and recoveries: 31 million states."""
    model = build("write-ahead", "machine-like")
    result = benchmark.pedantic(
        check_model, (model, 2), {"engine": "numpy", "budget": _BUDGET}, rounds=1
    )

    assert result.states_count == 31_051_988
    assert result.transitions_count == 350_362_716
    assert result.visited_bytes < 3 * result.states_count
    benchmark.extra_info["states_per_second"] = result.states_count / result.seconds


def test_known_results_are_those_of_the_table(benchmark: Any) -> None:
    """Two operations of the hardened recovery: 2 million states, each put to nine properties."""
    model = build("recovery", "hardened")
    result = benchmark.pedantic(
        check_model, (model, 2), {"engine": "numpy", "budget": _BUDGET}, rounds=1
    )

    assert list(differences(result)) == []
    benchmark.extra_info["states_per_second"] = result.states_count / result.seconds
