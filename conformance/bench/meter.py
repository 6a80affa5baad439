"""How one measurement is taken and labelled."""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

__all__ = ["Meter"]

Input = TypeVar("Input")
Answer = TypeVar("Answer")
Item = TypeVar("Item")

# Enough for a median that does not move; an operation of 100 ms then takes two seconds.
ROUNDS_OF_A_CHANGE: Final = 20

# Enough for a 99th percentile; fewer where they would take long.
ROUNDS_OF_A_STREAM: Final = 100
SECONDS_OF_A_STREAM: Final = 5.0
ROUNDS_OF_A_STREAM_MIN: Final = 5


@dataclass(frozen=True)
class Meter:
    """Take one measurement: one point, at ``size``, of the curve that ``group`` names.

    ``baseline`` names the group whose median at the same size is the yardstick. ``labels`` are
    noted beside the figures.
    """

    # The library's fixture has no annotations, so its calls are hidden behind ours.
    benchmark: Any

    def read(
        self,
        group: str,
        size: int,
        work: Callable[[], Answer],
        *,
        baseline: str | None = None,
        **labels: Any,
    ) -> Answer:
        """Time work that may be repeated as it stands; return what it answers."""
        self._begin(group, size, baseline, labels)
        answer: Answer = self.benchmark(work)
        return answer

    def change(
        self,
        group: str,
        size: int,
        prepare: Callable[[], Input],
        work: Callable[[Input], Answer],
        *,
        baseline: str | None = None,
        rounds: int = ROUNDS_OF_A_CHANGE,
        **labels: Any,
    ) -> Answer:
        """Time work that changes its input, which is made anew, untimed, for each round."""
        self._begin(group, size, baseline, labels)
        answer: Answer = self.benchmark.pedantic(
            work, setup=lambda: ((prepare(),), {}), rounds=rounds
        )
        return answer

    def stream(
        self,
        group: str,
        size: int,
        items: Iterable[Item],
        work: Callable[[Item], object],
        *,
        baseline: str | None = None,
        **labels: Any,
    ) -> int:
        """Time work on one item after the other; return how many items it was done on.

        Every item is timed by itself where that can be told from the clock; otherwise a few at a
        time are, and ``each`` notes how many.
        """
        pending = iter(items)
        started_at = time.perf_counter()
        work(next(pending))
        seconds = time.perf_counter() - started_at
        each = 1 if seconds > _TOO_SHORT_SECONDS or labels.get("waits") else _items_at_once(size)
        rounds = ROUNDS_OF_A_STREAM
        if labels.get("waits"):
            fitting = int(SECONDS_OF_A_STREAM / max(seconds, 1e-9))
            rounds = max(ROUNDS_OF_A_STREAM_MIN, min(rounds, fitting))
        taken = itertools.count(1)

        def some() -> tuple[tuple[list[Item]], dict[str, Any]]:
            for _ in range(each):
                next(taken)
            return ([*itertools.islice(pending, each)],), {}

        def work_on(some_items: list[Item]) -> None:
            for item in some_items:
                work(item)

        self._begin(group, size, baseline, {**labels, "each": each})
        self.benchmark.pedantic(work_on, setup=some, rounds=rounds)
        return next(taken)

    def _begin(self, group: str, size: int, baseline: str | None, labels: dict[str, Any]) -> None:
        self.benchmark.group = group
        self.benchmark.extra_info.update(labels, size=size)
        if baseline is not None:
            self.benchmark.extra_info["baseline"] = baseline
        # The inputs of this and earlier benchmarks are no part of what the collector has to walk.
        gc.collect()
        gc.freeze()


_TOO_SHORT_SECONDS: Final = 50e-6


def _items_at_once(size: int) -> int:
    """Return how many items the clock can tell apart from none, and the size hardly notices."""
    return max(1, min(100, size // 50))


def metered(benchmark: Any) -> Iterator[Meter]:
    """Yield the meter of one measurement, and give the collector everything back after it."""
    yield Meter(benchmark)
    gc.unfreeze()
