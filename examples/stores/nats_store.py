"""The shipped log and cache on NATS JetStream, a stream for each history.

``--target-option address=nats://...`` says where.
"""

from __future__ import annotations

import conformance
from conformance import declares
from telltale_spec.backends.nats import NATSAgreementWal, NATSEvidenceOutcomeCache

__all__ = ["make_cache", "make_log"]


PROMISES = ("reopen", "process-kill", "server-kill", "concurrent-handles", "threads")


@declares(*PROMISES, "exact-messages")
def make_log(history: conformance.History) -> NATSAgreementWal:
    """Open the log of a history."""
    return NATSAgreementWal(history.options["address"], history.name)


@declares(*PROMISES, "ordered-cache")
def make_cache(history: conformance.History) -> NATSEvidenceOutcomeCache:
    """Open the cache of a history."""
    return NATSEvidenceOutcomeCache(history.options["address"], history.name)
