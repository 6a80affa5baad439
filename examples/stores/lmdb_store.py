"""The shipped log and cache on LMDB; a process opens a folder once, so handles are not promised."""

from __future__ import annotations

from pathlib import Path

from conformance import declares
from telltale_spec.backends.lmdb import LMDBAgreementWal, LMDBEvidenceOutcomeCache

__all__ = ["make_cache", "make_log"]


@declares("reopen", "process-kill", "exact-messages")
def make_log(directory: Path) -> LMDBAgreementWal:
    """Open the log in a directory."""
    return LMDBAgreementWal(directory)


@declares("reopen", "process-kill", "ordered-cache")
def make_cache(directory: Path) -> LMDBEvidenceOutcomeCache:
    """Open the cache in a directory."""
    return LMDBEvidenceOutcomeCache(directory)
