"""The hardened handler wrapper that stores effect outcomes under their evidence ids."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from telltale_spec.backends.contract import (
    EffectHandler,
    EvidenceIdResolver,
    EvidenceIdResolverLike,
    EvidenceOutcomeCache,
)
from telltale_spec.errors import DurabilityError
from telltale_spec.hardened.forwarding import WhollyForwardingEffectHandler
from telltale_spec.model.repetition import is_repeatable, may_have_happened
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
)
from telltale_spec.wire.requests import EffectRequest, WalSyncBody
from telltale_spec.wire.shapes import TEXT, OptionShape

__all__ = ["MENDED_BY_EVIDENCE", "HardenedEvidencePersistenceHandler"]

MENDED_BY_EVIDENCE: Final = frozenset({"F11", "F12", "F13", "F21", "F22", "F29"})
"""The findings that :class:`HardenedEvidencePersistenceHandler` does not show."""

_EVIDENCE_ID: Final = OptionShape(TEXT)
_OTHER_KIND: Final = "telltale-hardened:"
_BEGUN: Final = EffectOutcome.failed(
    EffectFailure(EffectFailureKind.UNKNOWN, "the effect has begun, and no outcome was stored")
)


@dataclass
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting_count: int = 0
    holder: int | None = None


class HardenedEvidencePersistenceHandler(WhollyForwardingEffectHandler):
    """Answer a request from the cache, or carry it out at most once and store its outcome.

    An effect is noted in the cache before it begins, so that after a crash or a
    failed put it is known that it may have happened; who asks then gets a
    failure of kind ``unknown``, never a second run. The promise holds for one
    wrapper at a time over a cache that keeps what it acknowledged. It is not
    made for what ``is_repeatable`` allows (guards, topology and hints unless
    told otherwise) and for requests without an id. Mended are:

    - F11: only a success is answered from the cache; what was blocked or refused
      is asked again.
    - F12: one caller of an id at a time is let through, from look-up to store;
      other ids do not wait.
    - F13: every method is forwarded.
    - F21: an outcome is that of a request of the same interface and operation;
      another one under the same id is kept beside it.
    - F22: a sync is never stored nor answered from the cache.
    - F29: an effect whose outcome could not be stored does not run again.

    Ids that begin with ``telltale-hardened:`` are its own and are refused. A
    cache of the reference can be taken over. Source: EVID-01..10 but for the
    above.
    """

    def __init__(
        self,
        inner: EffectHandler,
        cache: EvidenceOutcomeCache,
        resolver: EvidenceIdResolverLike,
        repeatable: Callable[[EffectRequest], bool] = is_repeatable,
    ) -> None:
        super().__init__(inner)
        self._cache = cache
        self._resolve = (
            resolver.evidence_id_for_request
            if isinstance(resolver, EvidenceIdResolver)
            else resolver
        )
        self._repeatable = repeatable
        self._lock = threading.Lock()
        self._turns: dict[str, _Turn] = {}

    def cached_outcome(self, evidence_id: str) -> EffectOutcome | None:
        """Return what is stored of an id; raises the bare backend error (EVID-07).

        A failure of kind ``unknown`` says that the effect has begun.
        """
        entry = self._get(evidence_id)
        return None if entry is None else entry.outcome

    def cache_snapshot(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache; raises the bare backend error (EVID-07)."""
        with self._lock:
            return self._cache.load()

    def handler_identity(self) -> str:
        """Return the inner handler's name inside ``evidence_persistence<..>`` (EVID-01)."""
        return f"evidence_persistence<{self._inner.handler_identity()}>"

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        """Answer from the cache or carry the request out and store its outcome."""
        evidence_id = _EVIDENCE_ID.check(self._resolve(request), type(self).__name__, "evidence_id")
        if evidence_id is None or isinstance(request.body, WalSyncBody):
            return self._inner.handle_effect(request)
        if evidence_id.startswith(_OTHER_KIND):
            return _violation(f"evidence id `{evidence_id}` is kept for the wrapper's own use")
        with self._turn(evidence_id) as is_mine:
            if not is_mine:
                return _violation(f"the effect of evidence `{evidence_id}` asks for itself")
            return self._handle(request, evidence_id)

    def _handle(self, request: EffectRequest, evidence_id: str) -> EffectOutcome:
        try:
            key, entry = self._entry(request, evidence_id)
        except DurabilityError as error:
            return _unavailable(f"load evidence outcome cache `{evidence_id}`: {error}")
        if entry is not None and entry.outcome.status.is_success:
            return entry.outcome
        if self._repeatable(request):
            outcome = self._inner.handle_effect(request)
            return self._store(request, key, outcome) if outcome.status.is_success else outcome
        if entry is not None and may_have_happened(entry.outcome):
            return _in_doubt(evidence_id)
        noted = self._store(request, key, _BEGUN)
        if noted is not _BEGUN:
            return noted
        outcome = self._inner.handle_effect(request)
        # What may have happened and is no success leaves the note where it is.
        is_known = outcome.status.is_success or not may_have_happened(outcome)
        return self._store(request, key, outcome) if is_known else outcome

    def _entry(
        self, request: EffectRequest, evidence_id: str
    ) -> tuple[str, EvidenceOutcomeCacheEntry | None]:
        """Return the key for this kind of request under an id, and what is stored there."""
        entry = self._get(evidence_id)
        if entry is None or _is_of(entry, request):
            return evidence_id, entry
        names = [request.metadata.interface_name, request.metadata.operation_name]
        key = _OTHER_KIND + json.dumps([evidence_id, *names])
        return key, self._get(key)

    def _get(self, key: str) -> EvidenceOutcomeCacheEntry | None:
        with self._lock:
            return self._cache.get(key)

    def _store(self, request: EffectRequest, key: str, outcome: EffectOutcome) -> EffectOutcome:
        """Store an outcome and return it, or the failure to do so."""
        metadata = request.metadata
        entry = EvidenceOutcomeCacheEntry(
            key, metadata.interface_name, metadata.operation_name, outcome
        )
        try:
            with self._lock:
                self._cache.put(entry)
        except DurabilityError as error:
            return _unavailable(f"persist evidence outcome `{key}`: {error}")
        return outcome

    @contextmanager
    def _turn(self, evidence_id: str) -> Iterator[bool]:
        """Wait until nobody else is at work on an id; say no to who is at work on it himself."""
        own = threading.get_ident()
        with self._lock:
            turn = self._turns.setdefault(evidence_id, _Turn())
            turn.waiting_count += 1
        try:
            if turn.holder == own:
                yield False
                return
            with turn.lock:
                turn.holder = own
                try:
                    yield True
                finally:
                    turn.holder = None
        finally:
            with self._lock:
                turn.waiting_count -= 1
                if turn.waiting_count == 0:
                    del self._turns[evidence_id]


def _is_of(entry: EvidenceOutcomeCacheEntry, request: EffectRequest) -> bool:
    """Say whether a stored outcome is one of this kind of request, by its names."""
    metadata = request.metadata
    names = (metadata.interface_name, metadata.operation_name)
    return (entry.interface_name, entry.operation_name) == names


def _in_doubt(evidence_id: str) -> EffectOutcome:
    message = (
        f"the effect of evidence `{evidence_id}` has begun before and may have happened; "
        "find out, and store its outcome under that id"
    )
    return EffectOutcome.failed(EffectFailure(EffectFailureKind.UNKNOWN, message))


def _violation(message: str) -> EffectOutcome:
    return EffectOutcome.failed(EffectFailure.contract_violation(message))


def _unavailable(message: str) -> EffectOutcome:
    return EffectOutcome.failed(EffectFailure.unavailable(message))
