"""Loads: what one costs, by the length of the log, and what a sync costs, which has to load."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.bench.meter import Meter
from conformance.bench.subjects import NotFeasible, Subject, close
from conformance.bench.workloads import wal
from conformance.machines.probes import ScriptedHandler
from telltale_spec.handlers.agreement_wal import AgreementWalHandler, ImmediateSync
from telltale_spec.wire.agreement import AgreementLevel, VisibilityGateCrossing, WalSyncRequest
from telltale_spec.wire.effects import Success


def test_load(meter: Meter, tmp_path: Path, subject: Subject, length: int) -> None:
    """The whole log, from storage to records."""
    artifact = wal(length)
    try:
        log = subject.filled(tmp_path, artifact)
    except NotFeasible as reason:
        pytest.skip(str(reason))

    loaded = meter.read(f"load, {subject.name}", length, log.load, **subject.labels())

    assert loaded == artifact
    close(log)


def requests(tick: int) -> Iterator[WalSyncRequest]:
    """Yield syncs that add one gate each."""
    for each in itertools.count(tick):
        yield WalSyncRequest("operation-000000", "c", AgreementLevel.NONE, None, (), each)


@pytest.mark.parametrize("adding", [True, False], ids=["adding", "again"])
def test_sync(meter: Meter, tmp_path: Path, subject: Subject, length: int, adding: bool) -> None:
    """One sync that adds an entry, or one that finds all there; a load is the yardstick."""
    artifact = wal(length)
    try:
        log = subject.filled(tmp_path, artifact)
    except NotFeasible as reason:
        pytest.skip(str(reason))
    make = subject.backend.agreement_wal_handler or AgreementWalHandler
    handler = make(ScriptedHandler(), log, ImmediateSync())
    pending = requests(length + 1)
    answers = []

    count = meter.stream(
        f"{'sync' if adding else 'sync again'}, {subject.name}",
        length,
        pending if adding else itertools.repeat(next(pending)),
        lambda request: answers.append(handler.wal_sync(request)),
        baseline=f"load, {subject.name}",
        **subject.labels(),
    )

    assert set(answers) == {Success(None)}
    added = tuple(
        VisibilityGateCrossing("operation-000000", "c", AgreementLevel.NONE, length + 1 + each)
        for each in range(count if adding else 1)
    )
    assert log.load().entries == (*artifact.entries, *added)
    close(log)
