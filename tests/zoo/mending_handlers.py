"""Handlers that mend one finding each, and do as specified otherwise."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any, Final

from conformance.backend import Backend
from telltale_spec.handlers.agreement_wal import AgreementWalHandler
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from telltale_spec.hardened.forwarding import WhollyForwardingEffectHandler
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectFailure, EffectOutcome
from telltale_spec.wire.requests import EffectRequest, WalSyncBody
from tests.zoo.broken_evidence_handlers import StepwiseHandler

__all__ = ["MENDING_HANDLERS", "MendsF13OfLogs"]


class MendsF11(StepwiseHandler):
    """Stores blocked and failed outcomes too, and asks again all the same."""

    def look_up(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        found = super().look_up(evidence_id)
        return found if found is not None and found.outcome.status.is_success else None

    def cached_outcome(self, evidence_id: str) -> EffectOutcome | None:
        with self.lock:
            entry = self.cache.get(evidence_id)
        return None if entry is None else entry.outcome


class MendsF12(StepwiseHandler):
    """Lets one caller of an id at a time through."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._turns: dict[str | None, threading.Lock] = defaultdict(threading.Lock)
        self._asked = threading.local()

    def resolve(self, request: EffectRequest) -> str | None:
        found = self._asked.found
        return found if isinstance(found, str) else None

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        self._asked.found = evidence_id = super().resolve(request)
        with self._turns[evidence_id]:
            return super().handle_effect(request)


class MendsF13(WhollyForwardingEffectHandler, StepwiseHandler):
    """Forwards every method, and handles effects as specified."""

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        return StepwiseHandler.handle_effect(self, request)


class MendsF21(StepwiseHandler):
    """Keeps outcomes of other names under keys of their own."""

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        evidence_id = self.resolve(request)
        names = f"{request.metadata.interface_name}/{request.metadata.operation_name}"
        self._key = None if evidence_id is None else f"{names}/{evidence_id}"
        self._evidence_id = evidence_id
        return self._handle_as(request)

    def _handle_as(self, request: EffectRequest) -> EffectOutcome:
        if self._key is None:
            return self._inner.handle_effect(request)
        return _Keyed(self).handle_effect(request)


class _Keyed(StepwiseHandler):
    """One request of ``MendsF21``: the key is in the cache, the id in the messages."""

    def __init__(self, outer: MendsF21) -> None:
        super().__init__(outer._inner, outer.cache, lambda request: outer._evidence_id)
        self.key = outer._key or ""
        self.lock = outer.lock

    def look_up(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return super().look_up(self.key)

    def store(self, entry: EvidenceOutcomeCacheEntry) -> None:
        super().store(
            EvidenceOutcomeCacheEntry(
                self.key, entry.interface_name, entry.operation_name, entry.outcome
            )
        )


class MendsF22(StepwiseHandler):
    """Never caches a sync."""

    def resolve(self, request: EffectRequest) -> str | None:
        found = super().resolve(request)
        return None if isinstance(request.body, WalSyncBody) else found


class MendsF29(StepwiseHandler):
    """Notes that an effect has begun, and tells a failure where it finds the note."""

    _BEGUN: Final = EffectOutcome.failed(EffectFailure.unavailable("begun, and nobody knows"))

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        evidence_id = self.resolve(request)
        if evidence_id is None:
            return self._inner.handle_effect(request)
        return _Noting(self, evidence_id).handle_effect(request)


class _Noting(StepwiseHandler):
    def __init__(self, outer: MendsF29, evidence_id: str) -> None:
        super().__init__(outer, outer.cache, lambda request: evidence_id)
        self._real, self._evidence_id = outer._inner, evidence_id
        self._note = outer._BEGUN
        self.lock = outer.lock

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        noting = self

        class Inner(WhollyForwardingEffectHandler):
            def handle_effect(self, request: EffectRequest) -> EffectOutcome:
                names = request.metadata
                try:
                    noting.store(
                        EvidenceOutcomeCacheEntry(
                            noting._evidence_id,
                            names.interface_name,
                            names.operation_name,
                            noting._note,
                        )
                    )
                except Exception as error:
                    raise _NoNoteError(str(error)) from error
                return noting._real.handle_effect(request)

        self._inner = Inner(self._real)
        try:
            return super().handle_effect(request)
        except _NoNoteError as error:
            return EffectOutcome.failed(EffectFailure.unavailable(f"no note: {error}"))


class _NoNoteError(Exception):
    pass


class MendsF13OfLogs(WhollyForwardingEffectHandler, AgreementWalHandler):
    """The reference's handler of logs, but everything else is forwarded."""

    def __init__(self, *arguments: Any) -> None:
        AgreementWalHandler.__init__(self, *arguments)

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        if isinstance(request.body, WalSyncBody):
            return AgreementWalHandler.handle_effect(self, request)
        return self._inner.handle_effect(request)

    def supports_wal_sync(self) -> bool:
        return True

    def wal_sync(self, sync: Any) -> Any:
        return AgreementWalHandler.wal_sync(self, sync)


MENDING_HANDLERS: Final = {
    "F11": MendsF11,
    "F12": MendsF12,
    "F13": MendsF13,
    "F21": MendsF21,
    "F22": MendsF22,
    "F29": MendsF29,
}
"""A right handler for each finding that can be declared as mended."""


def mending() -> Backend:
    """Return a backend that mends F11, and does not say so."""
    return Backend("mending", evidence_handler=MendsF11)


def specified() -> Backend:
    """Return a backend that mends nothing."""
    return Backend("specified", evidence_handler=EvidencePersistenceHandler)


def unknowing() -> Backend:
    """Return a backend that declares what there is no rule for."""
    return Backend("unknowing", evidence_handler=MendsF11, mends=frozenset({"F99"}))
