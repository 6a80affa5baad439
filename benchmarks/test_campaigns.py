"""What a campaign costs beside the work of its workers: the rate at which units go out and come in.

Workers are simulated: each answers at once, so that all time is that of the campaign itself, its
store on disk included. With so many workers, the rate is the limit: where units take less than the
number of workers by it, workers wait.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from conformance.campaigns.tests.fakes import FakeExecutor, campaign, right

UNITS = 2_000


@pytest.mark.benchmark(group="campaign", timer=time.process_time)
@pytest.mark.parametrize("workers", [1, 10, 100, 1_000])
def test_units_given_out_and_taken_in(benchmark: Any, tmp_path: Path, workers: int) -> None:
    """Say how many units a second one campaign can have done, and by how many workers."""
    executors: list[FakeExecutor] = []
    folders = iter(range(100))

    def conducted() -> None:
        executors.append(FakeExecutor(right, workers))
        campaign(tmp_path / str(next(folders)), right, UNITS, executor=executors[-1])

    benchmark.pedantic(conducted, rounds=2, iterations=1)
    rate = UNITS / benchmark.stats.stats.min
    benchmark.extra_info["units a second"] = round(rate)
    benchmark.extra_info["shortest unit that keeps all workers busy, seconds"] = workers / rate

    assert all(len(each.units) == UNITS for each in executors)
