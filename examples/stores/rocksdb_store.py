"""The shipped log and cache on RocksDB, which locks its folder, so handles are not promised."""

from __future__ import annotations

from pathlib import Path

from conformance import declares
from telltale_spec.backends.rocksdb import RocksDBAgreementWal, RocksDBEvidenceOutcomeCache

__all__ = ["make_cache", "make_log"]


@declares("reopen", "process-kill", "exact-messages")
def make_log(directory: Path) -> RocksDBAgreementWal:
    """Open the log in a directory."""
    return RocksDBAgreementWal(directory)


@declares("reopen", "process-kill", "ordered-cache")
def make_cache(directory: Path) -> RocksDBEvidenceOutcomeCache:
    """Open the cache in a directory."""
    return RocksDBEvidenceOutcomeCache(directory)
