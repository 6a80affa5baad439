"""The shipped log and cache on PostgreSQL, a schema for each history.

``--target-option address=...`` is libpq's connection string.
"""

from __future__ import annotations

import atexit
import functools
from typing import Any

from psycopg_pool import ConnectionPool

import conformance
from conformance import declares
from telltale_spec.backends.postgresql import (
    PostgreSQLAgreementWal,
    PostgreSQLEvidenceOutcomeCache,
)

__all__ = ["make_cache", "make_log", "make_pooled_log"]


@declares("reopen", "process-kill", "server-kill", "concurrent-handles", "exact-messages")
def make_log(history: conformance.History) -> PostgreSQLAgreementWal:
    """Open the log of a history."""
    return PostgreSQLAgreementWal(history.options["address"], history.name)


@functools.cache
def _pool(address: str) -> ConnectionPool[Any]:
    pool: ConnectionPool[Any] = ConnectionPool(address, min_size=1, max_size=8, open=True)
    # Its workers are threads, which would be waited for at the end.
    atexit.register(pool.close)
    return pool


@declares("reopen", "threads", "concurrent-handles", "exact-messages")
def make_pooled_log(history: conformance.History) -> PostgreSQLAgreementWal:
    """Open the log of a history on the connections of one pool for all."""
    return PostgreSQLAgreementWal(_pool(history.options["address"]), history.name)


@declares("reopen", "process-kill", "server-kill", "concurrent-handles", "ordered-cache")
def make_cache(history: conformance.History) -> PostgreSQLEvidenceOutcomeCache:
    """Open the cache of a history."""
    return PostgreSQLEvidenceOutcomeCache(history.options["address"], history.name)
