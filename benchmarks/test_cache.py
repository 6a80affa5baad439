"""What one get and one put cost, and how that depends on the size of the cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from benchmarks.conftest import Meter
from benchmarks.workloads import cache_entry, evidence_cache
from telltale_spec import EvidenceOutcomeCache, PersistedDurabilityArtifact
from telltale_spec.backends.file import FileEvidenceOutcomeCache
from telltale_spec.backends.memory import InMemoryEvidenceOutcomeCache
from telltale_spec.backends.sqlite import SQLiteEvidenceOutcomeCache

Filled: TypeAlias = Callable[[int, Path], EvidenceOutcomeCache]


def memory_cache(size: int, _folder: Path) -> EvidenceOutcomeCache:
    """Return a memory cache of so many entries."""
    cache = InMemoryEvidenceOutcomeCache()
    for entry in evidence_cache(size).entries:
        cache.put(entry)
    return cache


def file_cache(size: int, folder: Path) -> EvidenceOutcomeCache:
    """Return a file cache of so many entries; the file is written whole."""
    path = folder / "cache.cbor"
    PersistedDurabilityArtifact.evidence_outcome_cache(evidence_cache(size)).write_to_path(path)
    return FileEvidenceOutcomeCache(path)


def sqlite_cache(size: int, folder: Path) -> EvidenceOutcomeCache:
    """Return an SQLite cache of so many entries."""
    cache = SQLiteEvidenceOutcomeCache(folder / "cache.db")
    for entry in evidence_cache(size).entries:
        cache.put(entry)
    return cache


each_size = pytest.mark.parametrize("size", [100, 1_000, 10_000])
each_backend = pytest.mark.parametrize("filled", [memory_cache, file_cache, sqlite_cache])


@each_size
@each_backend
def test_get(meter: Meter, tmp_path: Path, filled: Filled, size: int) -> None:
    cache = filled(size, tmp_path)
    wanted = cache_entry(size // 2)

    found = meter.read(f"cache get, {_name(filled)}", size, lambda: cache.get(wanted.evidence_id))

    assert found == wanted


@each_size
@each_backend
def test_put(meter: Meter, tmp_path: Path, filled: Filled, size: int) -> None:
    # Replacing an entry leaves the size as it is, so a round needs no new cache.
    cache = filled(size, tmp_path)
    replaced, replacement = cache_entry(size // 2), cache_entry(size // 2, answer=1)
    assert cache.get(replaced.evidence_id) == replaced

    meter.read(f"cache put, {_name(filled)}", size, lambda: cache.put(replacement))

    others = [entry for entry in evidence_cache(size).entries if entry != replaced]
    assert cache.load().entries == (*others, replacement)


def _name(filled: Filled) -> str:
    return filled.__name__.removesuffix("_cache")
