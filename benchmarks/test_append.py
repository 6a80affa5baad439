"""What one append costs, and how that depends on the length of the log it is made to."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias, TypeVar

import pytest

from benchmarks.conftest import Meter
from benchmarks.workloads import next_entry, wal
from telltale_spec import (
    AgreementWal,
    AgreementWalArtifact,
    AgreementWalEntry,
    PersistedDurabilityArtifact,
)
from telltale_spec.backends.file import FileAgreementWal
from telltale_spec.backends.memory import InMemoryAgreementWal
from telltale_spec.backends.sqlite import SQLiteAgreementWal

Preparation: TypeAlias = Callable[[], AgreementWal]
LogType = TypeVar("LogType", bound=AgreementWal)


def memory_log(artifact: AgreementWalArtifact, _folder: Path) -> Preparation:
    """Return the maker of one memory log, which grows by an entry a round.

    A copy for each round would leave the processor's caches cold, and then it is they that are
    timed: an append takes about as long as a few reads of main memory.
    """
    log = filled(InMemoryAgreementWal(), artifact.entries)
    return lambda: log


def file_log(artifact: AgreementWalArtifact, folder: Path) -> Preparation:
    """Return the maker of file logs; the file is written whole, never built by appending."""
    path = folder / "log.cbor"
    data = PersistedDurabilityArtifact.agreement_wal(artifact).to_cbor()

    def prepare() -> AgreementWal:
        path.write_bytes(data)
        return FileAgreementWal(path)

    return prepare


def sqlite_log(artifact: AgreementWalArtifact, folder: Path) -> Preparation:
    """Return the maker of SQLite logs; the database is built once and copied for each round."""
    original = folder / "original.db"
    # Closing moves everything from SQLite's own journal into the one file that is copied.
    with SQLiteAgreementWal(original) as log:
        filled(log, artifact.entries)
    numbers = itertools.count()

    def prepare() -> AgreementWal:
        path = folder / f"log-{next(numbers)}.db"
        shutil.copyfile(original, path)
        return SQLiteAgreementWal(path)

    return prepare


def filled(log: LogType, entries: Iterable[AgreementWalEntry]) -> LogType:
    """Return a log after it has taken some entries."""
    for entry in entries:
        log.append(entry)
    return log


@pytest.mark.parametrize("size", [100, 1_000, 10_000])
@pytest.mark.parametrize("backend", [memory_log, file_log, sqlite_log])
def test_append(
    meter: Meter,
    tmp_path: Path,
    backend: Callable[[AgreementWalArtifact, Path], Preparation],
    size: int,
) -> None:
    artifact = wal(size)
    entry = next_entry(artifact)
    prepare = backend(artifact, tmp_path)
    appended: list[AgreementWal] = []

    def append(log: AgreementWal) -> None:
        log.append(entry)

    def prepare_anew() -> AgreementWal:
        appended[:] = [prepare()]
        return appended[0]

    assert prepare().load() == artifact
    meter.change(f"append, {backend.__name__.removesuffix('_log')}", size, prepare_anew, append)
    entries = appended[0].load().entries
    assert entries[:size] == artifact.entries
    assert set(entries[size:]) == {entry}
