"""Round trips: what a call costs that does next to nothing, the way to a backend and back."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from conformance.bench.meter import Meter
from conformance.bench.subjects import Subject, close


def test_empty_read(meter: Meter, tmp_path: Path, subject: Subject) -> None:
    """A read behind the end of an empty log; for a harness, one message each way."""
    if subject.backend.agreement_wal is None:
        pytest.skip(f"{subject.name} has no agreement WAL")
    log = subject.backend.agreement_wal(tmp_path)
    found = []

    meter.stream(
        f"empty read, {subject.name}",
        100,
        itertools.repeat(1),
        lambda tick: found.append(tuple(log.read_since(tick))),
        **subject.labels(),
    )

    assert set(found) == {()}
    close(log)
