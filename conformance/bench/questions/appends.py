"""Appends: what one costs, by the length of the log, and what a batch costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.bench.meter import Meter
from conformance.bench.subjects import Floor, NotFeasible, Subject, close, plain_table
from conformance.bench.workloads import following_entries, wal
from telltale_spec.wire.codec import encode


def test_append(meter: Meter, tmp_path: Path, subject: Subject, length: int) -> None:
    """One append to a log of a certain length, durable as the backend declares."""
    artifact = wal(length)
    try:
        log = subject.filled(tmp_path, artifact)
    except NotFeasible as reason:
        pytest.skip(str(reason))
    assert log.load() == artifact

    count = meter.stream(
        f"append, {subject.name}",
        length,
        following_entries(length),
        log.append,
        **subject.labels(),
    )

    entries = log.load().entries
    assert entries == wal(length + count).entries
    close(log)


def test_append_to_the_floor(meter: Meter, tmp_path: Path, floor: Floor) -> None:
    """The same bytes, appended to a plain file or a plain table."""
    append, end = floor.open(tmp_path)
    pairs = ((entry, encode(entry)) for entry in following_entries(0))

    meter.stream(f"append, {floor.name}", 100, pairs, lambda pair: append(*pair), **floor.labels())

    end()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) > 0


def test_batch(meter: Meter, tmp_path: Path, subject: Subject, length: int) -> None:
    """So many entries in one durable transaction, into an empty log."""
    if subject.backend.agreement_wal is None:
        pytest.skip(f"{subject.name} has no agreement WAL")
    artifact = wal(length)
    logs: list[Any] = []

    def prepare() -> Any:
        folder = tmp_path / str(len(logs))
        folder.mkdir()
        assert subject.backend.agreement_wal is not None
        logs.append(subject.backend.agreement_wal(folder))
        return logs[-1]

    if not hasattr(prepare(), "append_many"):
        pytest.skip(f"{subject.name} has no append_many")

    meter.change(
        f"batch, {subject.name}",
        length,
        prepare,
        lambda log: log.append_many(artifact.entries),
        rounds=5,
        baseline="batch, plain sqlite3",
        **subject.labels(),
    )

    assert logs[-1].load() == artifact
    for log in logs:
        close(log)


def test_batch_to_the_floor(meter: Meter, tmp_path: Path, length: int) -> None:
    """The same rows in one transaction of a plain table."""
    rows = [(entry.tick.to_bytes(8, "big"), encode(entry)) for entry in wal(length).entries]
    connections: list[Any] = []

    def prepare() -> Any:
        connections.append(plain_table(tmp_path / f"{len(connections)}.db", flushed=True))
        return connections[-1]

    def insert(connection: Any) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO log (tick, entry) VALUES (?, ?)", rows)
        connection.execute("COMMIT")

    meter.change(
        "batch, plain sqlite3",
        length,
        prepare,
        insert,
        rounds=5,
        subject="plain sqlite3",
        waits=True,
    )

    ((count,),) = connections[-1].execute("SELECT count(*) FROM log").fetchall()
    assert count == length
    for connection in connections:
        connection.close()
