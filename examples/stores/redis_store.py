"""The shipped log and cache on Redis, a prefix for each history.

``--target-option address=unix:///...`` or ``redis://...`` says where.
"""

from __future__ import annotations

import conformance
from conformance import declares
from telltale_spec.backends.redis import RedisAgreementWal, RedisEvidenceOutcomeCache

__all__ = ["make_cache", "make_log"]


@declares("reopen", "process-kill", "server-kill", "concurrent-handles", "exact-messages")
def make_log(history: conformance.History) -> RedisAgreementWal:
    """Open the log of a history."""
    return RedisAgreementWal(history.options["address"], history.name)


@declares("reopen", "process-kill", "server-kill", "concurrent-handles", "ordered-cache")
def make_cache(history: conformance.History) -> RedisEvidenceOutcomeCache:
    """Open the cache of a history."""
    return RedisEvidenceOutcomeCache(history.options["address"], history.name)
