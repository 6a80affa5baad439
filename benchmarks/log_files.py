"""What the crash-safe log files are held to, measured by turns with their yardsticks.

Each function returns sorted ratios of neighbours in one run: `targets.py` prints their medians and
`test_log_file.py` holds them.
"""

from __future__ import annotations

import itertools
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from conformance.bench.workloads import following_entries, wal
from telltale_spec.backends.file import FileAgreementWal
from telltale_spec.backends.frames import CONTENT, frame_bytes
from telltale_spec.backends.log_file import LogFileAgreementWal
from telltale_spec.wire.agreement import AgreementWalArtifact
from telltale_spec.wire.codec import encode
from telltale_spec.wire.persisted import PersistedDurabilityArtifact

__all__ = [
    "BATCH_ENTRIES",
    "appends_to_bare_writes",
    "decoding_to_opening",
    "opening_seconds",
    "reference_to_appends",
    "singles_to_batches",
]

BATCH_ENTRIES: Final = 64
_AT_A_TIME: Final = 20


def _seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    started_at = clock()
    work()
    return clock() - started_at


def _framed(entries: AgreementWalArtifact) -> list[bytes]:
    """Return the bytes that our log writes for each entry by itself."""
    artifacts = [AgreementWalArtifact((entry,)) for entry in entries.entries]
    return [frame_bytes(CONTENT, 1, number, encode(each)) for number, each in enumerate(artifacts)]


def appends_to_bare_writes(folder: Path, rounds: int = 100) -> list[float]:
    """Time appends beside one write and one fdatasync of the same bytes each."""
    artifact = wal(rounds * _AT_A_TIME)
    frames = _framed(artifact)
    descriptor = os.open(folder / "bare", os.O_RDWR | os.O_CREAT)
    found = []

    def write_bare(start: int) -> None:
        for data in frames[start : start + _AT_A_TIME]:
            os.write(descriptor, data)
            os.fdatasync(descriptor)

    with LogFileAgreementWal(folder / "ours") as log:

        def append(start: int) -> None:
            for entry in artifact.entries[start : start + _AT_A_TIME]:
                log.append(entry)

        for start in range(0, len(frames), _AT_A_TIME):
            bare = _seconds(lambda start=start: write_bare(start))  # type: ignore[misc]
            found.append(_seconds(lambda start=start: append(start)) / bare)  # type: ignore[misc]
        assert log.load() == artifact
    os.close(descriptor)
    return sorted(found)


def singles_to_batches(folder: Path, rounds: int = 40) -> list[float]:
    """Time single appends beside batches of :data:`BATCH_ENTRIES`, per entry."""
    entries = following_entries(0)
    found = []
    with LogFileAgreementWal(folder / "batches") as log:
        for _ in range(rounds):
            batch = [*itertools.islice(entries, BATCH_ENTRIES)]
            one_by_one = [*itertools.islice(entries, _AT_A_TIME)]
            batched = _seconds(lambda batch=batch: log.append_many(batch))  # type: ignore[misc]
            single = _seconds(lambda some=one_by_one: [*map(log.append, some)])  # type: ignore[misc]
            found.append((single / _AT_A_TIME) / (batched / BATCH_ENTRIES))
    return sorted(found)


def reference_to_appends(
    folder: Path,
    clock: Callable[[], float] = time.perf_counter,
    length: int = 4_000,
    rounds: int = 20,
) -> list[float]:
    """Time an append of the specification's own file log beside ours, at one length of both."""
    artifact = wal(length)
    (folder / clock.__name__).mkdir()
    reference = FileAgreementWal(folder / clock.__name__ / "reference")
    PersistedDurabilityArtifact.agreement_wal(artifact).write_to_path(reference.path)
    found = []
    with LogFileAgreementWal(folder / clock.__name__ / "ours") as log:
        log.append_many(artifact.entries)
        for entry in itertools.islice(following_entries(length), rounds):
            theirs = _seconds(lambda entry=entry: reference.append(entry), clock)  # type: ignore[misc]
            ours = _seconds(lambda entry=entry: log.append(entry), clock)  # type: ignore[misc]
            found.append(theirs / ours)
        assert log.load() == reference.load()
    return sorted(found)


def decoding_to_opening(folder: Path, length: int, batch: int, rounds: int = 5) -> list[float]:
    """Time the decoding of a whole artifact beside the opening of a log of the same entries."""
    artifact = wal(length)
    data = PersistedDurabilityArtifact.agreement_wal(artifact).to_cbor()
    path = folder / f"{length}-{batch}"
    log = LogFileAgreementWal(path)
    for start in range(0, length, batch):
        log.append_many(artifact.entries[start : start + batch])
    log.close()
    found = []
    for _ in range(rounds + 1):
        # An opening computes and waits for two syncs, so that the processor's time is what counts.
        started_at = time.process_time()
        PersistedDurabilityArtifact.from_slice(data)
        decoded_at = time.process_time()
        opened = LogFileAgreementWal(path)
        found.append((decoded_at - started_at) / (time.process_time() - decoded_at))
        assert opened.load() == artifact
        opened.close()
    # The first round warms up.
    return sorted(found[1:])


def opening_seconds(folder: Path, length: int) -> float:
    """Return the processor's time for the opening of a log of so many entries in batches."""
    path = folder / f"growth-{length}"
    with LogFileAgreementWal(path) as log:
        for start in range(0, length, BATCH_ENTRIES):
            log.append_many(wal(length).entries[start : start + BATCH_ENTRIES])
    seconds = []
    for _ in range(3):
        started_at = time.process_time()
        opened = LogFileAgreementWal(path)
        seconds.append(time.process_time() - started_at)
        opened.close()
    return statistics.median(seconds)
