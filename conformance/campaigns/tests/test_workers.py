"""Real workers: of this machine and of Dask, some of them killed, and one of another version."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conformance.campaigns.conduct import Bounds, CampaignHeadway, conduct
from conformance.campaigns.executors import LocalExecutor, UnitExecutor
from conformance.campaigns.ledger import Ledger, opened_ledger
from conformance.campaigns.plan import Plan
from conformance.campaigns.state import Identity
from conformance.campaigns.store import Store
from conformance.campaigns.tests.fakes import group_lives, plan
from conformance.campaigns.working import own_version, work_unit
from conformance.run.jobs import Job

TARGET = "telltale_spec.backends.memory:InMemoryEvidenceOutcomeCache"
UNITS = 6

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")


def conducted(
    folder: Path, executor: UnitExecutor, on_headway: Any = lambda headway: None
) -> Ledger:
    job = Job(TARGET, TARGET, "quick", 0, 10.0, seconds_max=120.0)
    real = Plan((job,), 0, own_version())
    with Store(folder) as store:
        ledger = opened_ledger(store, real, Identity([TARGET], [], "quick", "posix", False, 0))
        conduct(ledger, executor, Bounds(units=UNITS), on_headway)
        return ledger


def assert_each_unit_counted_once(ledger: Ledger) -> None:
    """Nothing lost, nothing doubled: all numbers, and one verdict of each on a requirement."""
    assert ledger.state.done == [[0, UNITS - 1]]
    assert ledger.state.set_aside == []
    counts = Counter(sum(cell.counts.values()) for cell in ledger.state.cells.values())
    assert counts.keys() == {1}
    groups = {group.name for group in ledger.plan.groups[:UNITS]}
    assert {cell.group for cell in ledger.state.cells.values()} == groups


def test_a_worker_that_is_killed_costs_nothing(tmp_path: Path) -> None:
    executor = LocalExecutor(2)
    killed: list[int] = []

    def kill_one(headway: CampaignHeadway) -> None:
        if headway.units >= 1 and headway.under_way == 2 and not killed:
            pool = executor._slots[0]._pool
            assert pool is not None
            killed.extend(pool._processes)
            os.kill(killed[0], signal.SIGKILL)

    ledger = conducted(tmp_path, executor, kill_one)

    assert len(killed) == 1
    assert sum(ledger.state.lost.values()) == 1
    assert_each_unit_counted_once(ledger)


def test_no_worker_outlives_a_coordinator_that_is_killed(tmp_path: Path) -> None:
    """And the same command goes on with what was done."""
    words = [sys.executable, "-m", "conformance", "campaign", TARGET, "--units", str(UNITS)]
    words += ["--jobs", "2", "--store", str(tmp_path / "store")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    state = tmp_path / "store" / "state.json"
    first = subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, start_new_session=True)
    limit = time.monotonic() + 120
    done: list[Any] = []
    while not done:
        assert time.monotonic() < limit
        time.sleep(0.1)
        done = json.loads(state.read_text())["done"] if state.exists() else []
    first.kill()
    first.communicate(timeout=30)
    while group_lives(first.pid):
        assert time.monotonic() < limit, "a worker is still there"
        time.sleep(0.1)

    again = subprocess.run(
        words, env=environment, capture_output=True, text=True, timeout=200, check=False
    )

    assert again.returncode == 3, again.stderr
    assert "going on with campaign 1" in again.stderr
    tree = json.loads(state.read_text())
    assert tree["done"] == [[0, UNITS - 1]]
    assert {sum(cell["counts"].values()) for cell in tree["cells"].values()} == {1}
    report = json.loads((tmp_path / "store" / "campaign.json").read_text())
    assert (report["units"], report["is_complete"]) == (UNITS, False)


def test_workers_of_dask_are_workers(tmp_path: Path) -> None:
    """Two processes, one of which is killed on the way; the workers may have no children there."""
    distributed = pytest.importorskip(
        "distributed", reason="Dask is not installed: pip install 'telltale-spec[campaign]'"
    )
    from conformance.campaigns.dask_executor import DaskExecutor

    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    )
    killed: list[int] = []

    def kill_one(headway: CampaignHeadway) -> None:
        if headway.units >= 1 and headway.under_way == 2 and not killed:
            killed.append(cluster.workers[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    try:
        ledger = conducted(tmp_path, DaskExecutor(cluster.scheduler_address), kill_one)
    finally:
        cluster.close(timeout=30)

    assert len(killed) == 1
    assert_each_unit_counted_once(ledger)


def test_a_worker_of_another_version_refuses(tmp_path: Path) -> None:
    other = plan(version="0.0.1+0")
    place = other.place(0)
    assert place is not None

    result = work_unit(other.unit(0, place))

    assert result.refusal.startswith(own_version())
    assert result.report is None


def test_a_thread_judges_in_a_process_and_tells_it_of_options() -> None:
    """Whatever the environment of the worker says, the factory gets what the campaign was told."""
    job = Job("memory", None, "quick", 0, 10.0, seconds_max=100.0)
    options = (("TELLTALE_TARGET_OPTION_ADDRESS", "a"),)
    own = Plan((job,), 0, own_version(), options=options)
    place = own.place(len(own.groups) - 1)
    assert place is not None
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(work_unit, own.unit(0, place)).result(timeout=100)

    assert result.report is not None
    assert result.report["name"] == "memory"
    assert "options" not in repr(own.unit(0, place))
