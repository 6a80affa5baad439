"""A storage that another process opens: what only its own process finds again is caught."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conformance.backend import Backend
from conformance.machines.restarts import CACHE_RESTART_SUITE, WAL_RESTART_SUITE
from conformance.records.results import Verdict
from conformance.run.places import with_further_processes
from tests.zoo import restarting
from tests.zoo.judging import failed, judged, unproved

SUITES = (WAL_RESTART_SUITE, CACHE_RESTART_SUITE)


@contextmanager
def with_another_process(backend: Backend) -> Iterator[Backend]:
    target = f"{restarting.__name__}:served_{backend.name}"
    with with_further_processes(backend, target) as placed:
        assert placed.elsewhere is not None
        yield placed


def names(backend: Backend) -> str:
    return backend.name


@pytest.mark.parametrize("backend", restarting.BROKEN, ids=names)
@pytest.mark.requirement("WAL-08", "CACHE-08")
def test_what_only_its_own_process_finds_again_fails(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With it, every process computes the same hash of a text.
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    with with_another_process(backend) as placed:
        report = judged(placed, SUITES, profile_name="quick")

    assert failed(report) == ["WAL-08" if backend.agreement_wal else "CACHE-08"]
    (found,) = [each.counterexample for each in report.results if each.counterexample]
    assert found.reproduced
    steps = [step.text for step in found.steps]
    assert "reopen, in another process" in steps
    # A hash may be the same by chance, and a level takes an escalation to show.
    if backend.name not in ("ShardedCache_cache", "LevelsInTheProcess_log"):
        assert len(steps) == 4


@pytest.mark.parametrize("backend", restarting.RIGHT, ids=names)
@pytest.mark.requirement("WAL-08", "CACHE-08")
def test_what_every_process_finds_again_passes(backend: Backend) -> None:
    with with_another_process(backend) as placed:
        report = judged(placed, SUITES, profile_name="quick")

    assert failed(report) == []
    assert unproved(report) == []
    is_told = any("another process may not open it" in note for note in report.notes)
    assert is_told is backend.name.startswith("BelongsToItsProcess")
    assert sum(each.verdict is Verdict.PASS for each in report.results) == 1


@pytest.mark.requirement("WAL-08")
def test_without_another_process_it_is_not_asked_for_and_that_is_said() -> None:
    backend = restarting.BROKEN[0]
    assert WAL_RESTART_SUITE.absence(backend) == "no other process can open what is stored"
    with with_further_processes(backend, None) as placed:
        (note,) = placed.notes

    assert note.startswith("reopen: tried in one process only, as it has no name")
