"""Caches: what one get and one put cost, by the size of the cache."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from conformance.bench.meter import Meter
from conformance.bench.subjects import FILLING_SECONDS_MAX, Subject, close
from conformance.bench.workloads import cache_entry, evidence_cache
from telltale_spec.backends.contract import EvidenceOutcomeCache


def filled(subject: Subject, directory: Path, size: int) -> EvidenceOutcomeCache:
    """Return a cache of so many entries; skips the test if that takes too long."""
    if subject.backend.evidence_cache is None:
        pytest.skip(f"{subject.name} has no evidence cache")
    cache = subject.backend.evidence_cache(directory)
    started_at = time.monotonic()
    for entry in evidence_cache(size).entries:
        cache.put(entry)
        if time.monotonic() - started_at > FILLING_SECONDS_MAX:
            close(cache)
            pytest.skip(
                f"to fill {subject.name} with {size:,} outcomes takes more than "
                f"{FILLING_SECONDS_MAX:g} seconds"
            )
    return cache


def test_get(meter: Meter, tmp_path: Path, subject: Subject, length: int) -> None:
    """One entry from the middle."""
    cache = filled(subject, tmp_path, length)
    wanted = cache_entry(length // 2)
    found = []

    meter.stream(
        f"cache get, {subject.name}",
        length,
        itertools.repeat(wanted.evidence_id),
        lambda evidence_id: found.append(cache.get(evidence_id)),
        **subject.labels(),
    )

    assert set(found) == {wanted}
    close(cache)


def test_put(meter: Meter, tmp_path: Path, subject: Subject, length: int) -> None:
    """One entry in the place of another, so that the size stays."""
    cache = filled(subject, tmp_path, length)
    replaced = cache_entry(length // 2)
    assert cache.get(replaced.evidence_id) == replaced

    count = meter.stream(
        f"cache put, {subject.name}",
        length,
        (cache_entry(length // 2, answer) for answer in itertools.count(1)),
        cache.put,
        **subject.labels(),
    )

    others = {entry for entry in evidence_cache(length).entries if entry != replaced}
    assert {*cache.load().entries} == {*others, cache_entry(length // 2, count)}
    close(cache)
