"""The shipped log and cache on PostgreSQL, a schema for each history.

``--target-option address=...`` is libpq's connection string.
"""

from __future__ import annotations

import conformance
from conformance import declares
from telltale_spec.backends.postgresql import (
    PostgreSQLAgreementWal,
    PostgreSQLEvidenceOutcomeCache,
)

__all__ = ["make_cache", "make_log"]


@declares("reopen", "process-kill", "server-kill", "concurrent-handles", "exact-messages")
def make_log(history: conformance.History) -> PostgreSQLAgreementWal:
    """Open the log of a history."""
    return PostgreSQLAgreementWal(history.options["address"], history.name)


@declares("reopen", "process-kill", "server-kill", "concurrent-handles", "ordered-cache")
def make_cache(history: conformance.History) -> PostgreSQLEvidenceOutcomeCache:
    """Open the cache of a history."""
    return PostgreSQLEvidenceOutcomeCache(history.options["address"], history.name)
