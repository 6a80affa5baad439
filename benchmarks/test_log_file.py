"""What the crash-safe log files cost over bare writes, and what an opening costs over decoding."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.log_files import BATCH_ENTRIES
from conformance.bench.meter import Meter
from conformance.bench.workloads import following_entries, wal
from telltale_spec.backends.frames import CONTENT, frame_bytes
from telltale_spec.backends.log_file import LogFileAgreementWal
from telltale_spec.wire.agreement import AgreementWalArtifact
from telltale_spec.wire.codec import encode
from telltale_spec.wire.persisted import PersistedDurabilityArtifact

BARE_WRITE = "log file, one write and fdatasync of the same bytes"
DECODING = "log file, decoding alone"

each_size = pytest.mark.parametrize("size", [1_000, 10_000, 100_000])


def test_append(meter: Meter, tmp_path: Path) -> None:
    with LogFileAgreementWal(tmp_path / "log") as log:
        count = meter.stream(
            "log file, append",
            1,
            following_entries(0),
            log.append,
            baseline=BARE_WRITE,
            waits=True,
        )
        assert log.load() == wal(count)


def test_bare_write(meter: Meter, tmp_path: Path) -> None:
    frames = (
        frame_bytes(CONTENT, 1, 1, encode(AgreementWalArtifact((entry,))))
        for entry in following_entries(0)
    )
    descriptor = os.open(tmp_path / "bare", os.O_RDWR | os.O_CREAT)

    def write(data: bytes) -> None:
        os.write(descriptor, data)
        os.fdatasync(descriptor)

    count = meter.stream(BARE_WRITE, 1, frames, write, waits=True)

    assert os.fstat(descriptor).st_size > count
    os.close(descriptor)


def test_batch(meter: Meter, tmp_path: Path) -> None:
    entries = following_entries(0)
    with LogFileAgreementWal(tmp_path / "log") as log:
        batches = iter(lambda: [next(entries) for _ in range(BATCH_ENTRIES)], None)
        count = meter.stream(
            "log file, batch",
            BATCH_ENTRIES,
            batches,
            log.append_many,
            waits=True,
        )
        assert log.load() == wal(count * BATCH_ENTRIES)


@each_size
def test_opening(meter: Meter, tmp_path: Path, size: int) -> None:
    with LogFileAgreementWal(tmp_path / "log") as log:
        for start in range(0, size, BATCH_ENTRIES):
            log.append_many(wal(size).entries[start : start + BATCH_ENTRIES])
    opened: list[LogFileAgreementWal] = []

    def close_the_last() -> None:
        if opened:
            opened.pop().close()

    meter.change(
        "log file, opening",
        size,
        close_the_last,
        lambda _: opened.append(LogFileAgreementWal(tmp_path / "log")),
        rounds=5,
        baseline=DECODING,
        waits=True,
    )

    assert opened[0].load() == wal(size)
    close_the_last()


@each_size
def test_decoding(meter: Meter, size: int) -> None:
    data = PersistedDurabilityArtifact.agreement_wal(wal(size)).to_cbor()

    artifact = meter.read(DECODING, size, lambda: PersistedDurabilityArtifact.from_slice(data))

    assert artifact.agreement_wal_artifact() == wal(size)
