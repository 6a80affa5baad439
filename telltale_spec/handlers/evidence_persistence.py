"""The handler wrapper that stores effect outcomes under their evidence ids."""

from __future__ import annotations

import threading

from telltale_spec.backends.contract import (
    EffectHandler,
    EvidenceIdResolver,
    EvidenceIdResolverLike,
    EvidenceOutcomeCache,
)
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.base import ForwardingEffectHandler
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectFailure, EffectOutcome
from telltale_spec.wire.requests import EffectRequest
from telltale_spec.wire.shapes import TEXT, OptionShape

__all__ = ["EvidencePersistenceHandler"]

_EVIDENCE_ID = OptionShape(TEXT)


class EvidencePersistenceHandler(ForwardingEffectHandler):
    """Answer a request from the cache, or ask the inner handler and store the outcome.

    The resolver, an object or a plain callable, names the key; the key is all
    that is compared (F21). Every outcome is stored, blocked and failed ones
    too (F11), and those of ``wal_sync`` if the resolver names a key (F22). The
    lock is held for the look-up and for the store, not between them, so
    concurrent requests may reach the inner handler more than once (EVID-08,
    F12). A ``DurabilityError`` of the cache becomes a failure; any other
    exception passes through and leaves the lock released (WAL-09). Source:
    EVID-01..EVID-10 (L477-617).
    """

    def __init__(
        self, inner: EffectHandler, cache: EvidenceOutcomeCache, resolver: EvidenceIdResolverLike
    ) -> None:
        super().__init__(inner)
        self._cache = cache
        self._resolve = (
            resolver.evidence_id_for_request
            if isinstance(resolver, EvidenceIdResolver)
            else resolver
        )
        self._lock = threading.Lock()

    def cached_outcome(self, evidence_id: str) -> EffectOutcome | None:
        """Return the stored outcome of an id; raises the bare backend error (EVID-07, L509)."""
        with self._lock:
            entry = self._cache.get(evidence_id)
        return None if entry is None else entry.outcome

    def cache_snapshot(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache; raises the bare backend error (EVID-07, L519)."""
        with self._lock:
            return self._cache.load()

    def handler_identity(self) -> str:
        """Return the inner handler's name inside ``evidence_persistence<..>`` (EVID-01)."""
        return f"evidence_persistence<{self._inner.handler_identity()}>"

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        """Answer from the cache or carry the request out and store its outcome.

        A cache that cannot be read is an ``unavailable`` failure and the inner
        handler is not asked; one that cannot be written replaces the outcome
        of an effect that has happened (F29). Source: EVID-02..06 (L534-570).
        """
        evidence_id = _EVIDENCE_ID.check(self._resolve(request), type(self).__name__, "evidence_id")
        if evidence_id is None:
            return self._inner.handle_effect(request)
        try:
            cached = self.cached_outcome(evidence_id)
        except DurabilityError as error:
            return _unavailable(f"load evidence outcome cache `{evidence_id}`: {error}")
        if cached is not None:
            return cached
        outcome = self._inner.handle_effect(request)
        metadata = request.metadata
        entry = EvidenceOutcomeCacheEntry(
            evidence_id, metadata.interface_name, metadata.operation_name, outcome
        )
        try:
            with self._lock:
                self._cache.put(entry)
        except DurabilityError as error:
            return _unavailable(f"persist evidence outcome `{evidence_id}`: {error}")
        return outcome


def _unavailable(message: str) -> EffectOutcome:
    return EffectOutcome.failed(EffectFailure.unavailable(message))
