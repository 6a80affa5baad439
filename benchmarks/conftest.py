"""How a measurement is taken and labelled; every benchmark asks for the fixture ``meter``."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

Input = TypeVar("Input")
Answer = TypeVar("Answer")

# Enough for a median that does not move; an operation of 100 ms then takes two seconds.
ROUNDS_OF_A_CHANGE = 20


@dataclass(frozen=True)
class Meter:
    """Take one measurement: one point, at ``size``, of the curve that ``group`` names.

    ``baseline`` names the group whose median at the same size is the yardstick.
    """

    # The library's fixture has no annotations, so its calls are hidden behind ours.
    benchmark: Any

    def read(
        self, group: str, size: int, work: Callable[[], Answer], *, baseline: str | None = None
    ) -> Answer:
        """Time work that may be repeated as it stands; return what it answers."""
        self._begin(group, size, baseline)
        answer: Answer = self.benchmark(work)
        return answer

    def change(
        self, group: str, size: int, prepare: Callable[[], Input], work: Callable[[Input], Answer]
    ) -> Answer:
        """Time work that changes its input, which is made anew, untimed, for each round."""
        self._begin(group, size, None)
        answer: Answer = self.benchmark.pedantic(
            work, setup=lambda: ((prepare(),), {}), rounds=ROUNDS_OF_A_CHANGE
        )
        return answer

    def _begin(self, group: str, size: int, baseline: str | None) -> None:
        self.benchmark.group = group
        self.benchmark.extra_info["size"] = size
        if baseline is not None:
            self.benchmark.extra_info["baseline"] = baseline
        # The inputs of this and earlier benchmarks are no part of what the collector has to walk.
        gc.collect()
        gc.freeze()


@pytest.fixture
def meter(benchmark: BenchmarkFixture) -> Iterator[Meter]:
    """Yield the meter of this test's one measurement."""
    yield Meter(benchmark)
    gc.unfreeze()
