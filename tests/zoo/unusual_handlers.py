"""Handlers, recoveries, codecs and identities that are right and look odd."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import cbor2

from conformance.backend import Backend
from telltale_spec.backends.contract import EffectHandler
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.base import ForwardingEffectHandler
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact as Cache
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome, EffectResult, Success
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.requests import EffectRequest
from tests.zoo.broken_codecs import CorrectCodec
from tests.zoo.broken_evidence_handlers import StepwiseHandler
from tests.zoo.broken_recoveries import correct
from tests.zoo.broken_wal_handlers import OpenHandler

__all__ = ["UNUSUAL_HANDLERS"]

Entries = Sequence[AgreementWalEntry]


class CopiesTheLog(OpenHandler):
    """Work on copies made from the JSON forms, and propose copies too."""

    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        log = [AgreementWalEntry.from_dict(entry.to_dict()) for entry in existing]
        asked = WalSyncRequest.from_dict(sync.to_dict())
        entries = build_entries(log, asked)
        return [AgreementWalEntry.from_dict(entry.to_dict()) for entry in entries]


class RemembersIdentities(OpenHandler):
    """Keep the identities of a log, and work out those of its new entries only."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._seen: list[AgreementWalEntry] = []

    def build(self, existing: Entries, sync: WalSyncRequest) -> Entries:
        if list(existing[: len(self._seen)]) != self._seen:
            self._seen = []
        self._seen += existing[len(self._seen) :]
        return build_entries(self._seen, sync)


class BuildsOneByOne(OpenHandler):
    """Propose entries lazily, while those before are appended already."""

    def store(self, sync: WalSyncRequest) -> EffectResult[None]:
        try:
            existing = tuple(self._wal.load().entries)
        except DurabilityError as error:
            return self.failed("load", sync, error)
        entries = iter(self.build(existing, sync))
        while (entry := next(entries, None)) is not None:
            try:
                self._wal.append(entry)
            except DurabilityError as error:
                return self.failed("persist", sync, error)
        return Success(None)


class LocksTwice(OpenHandler):
    """Hold a lock of its own that may be taken twice, around the one it has."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._outer = threading.RLock()

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        with self._outer, self._outer:
            return super().wal_sync(sync)

    def wal_snapshot(self) -> AgreementWalArtifact:
        with self._outer:
            return AgreementWalArtifact(tuple(super().wal_snapshot().entries))


class LooksAfterwards(OpenHandler):
    """Load the log once more after a sync that succeeded, to see whether its gate is there."""

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        answer = super().wal_sync(sync)
        if isinstance(answer, Success):
            try:
                with self._lock:
                    self.seen = len(self._wal.load().entries)
            except DurabilityError:
                self.seen = 0
        return answer


class LetsOneThrough(StepwiseHandler):
    """Look again once the request that came first is done, as it has stored by then."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._turns = threading.RLock()

    def look_up(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        found = super().look_up(evidence_id)
        if found is None:
            with self._turns:
                found = super().look_up(evidence_id)
        return found


class KeepsBytes(StepwiseHandler):
    """Answer with outcomes that were bytes in between."""

    def entry(
        self, request: EffectRequest, evidence_id: str, outcome: EffectOutcome
    ) -> EvidenceOutcomeCacheEntry:
        entry = super().entry(request, evidence_id, outcome)
        return EvidenceOutcomeCacheEntry.from_dict(entry.to_dict())

    def hit(self, request: EffectRequest, found: EvidenceOutcomeCacheEntry) -> EffectOutcome:
        return EffectOutcome.from_dict(found.outcome.to_dict())


class CountsItsCalls(ForwardingEffectHandler):
    """Stand between a handler and its caller, and between it and its inner one."""

    def __init__(self, inner: EffectHandler, cache: Any, resolver: Any) -> None:
        handler = StepwiseHandler(inner, cache, resolver)
        super().__init__(handler)
        self._handler = handler
        self.calls_count = 0

    def handler_identity(self) -> str:
        return self._handler.handler_identity()

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        self.calls_count += 1
        return self._handler.handle_effect(request)

    def cached_outcome(self, evidence_id: str) -> EffectOutcome | None:
        return self._handler.cached_outcome(evidence_id)

    def cache_snapshot(self) -> Cache:
        return self._handler.cache_snapshot()


def _from_copies(
    tick: int, machine: Any, wal: AgreementWalArtifact, cache: Cache
) -> DurableRecoveryPlan[Any]:
    """Recover from copies, and answer with copies of the records."""
    plan = correct(
        tick,
        machine,
        AgreementWalArtifact.from_dict(wal.to_dict()),
        Cache.from_dict(cache.to_dict()),
    )
    decisions = [type(each).from_dict(each.to_dict()) for each in plan.decisions]
    return replace(plan, decisions=tuple(decisions))


class WritesByCbor2(CorrectCodec):
    """Write with another library, and read from a copy of the bytes."""

    def encode(self, artifact: PersistedDurabilityArtifact) -> bytes:
        return cbor2.dumps(artifact.to_dict())

    def decode(self, data: bytes) -> PersistedDurabilityArtifact:
        with io.BytesIO(data) as file:
            return super().decode(file.read())


class RemembersWhatItWrote(CorrectCodec):
    """Answer from a memory of whole inputs."""

    def __init__(self) -> None:
        self._known: dict[bytes, PersistedDurabilityArtifact] = {}

    def decode(self, data: bytes) -> PersistedDurabilityArtifact:
        if data not in self._known:
            self._known[bytes(data)] = super().decode(data)
        return self._known[data]


def _joined(entry: AgreementWalEntry) -> str:
    return "".join(iter(entry.stable_identity()))


UNUSUAL_HANDLERS: Final = (
    *(
        Backend(kind.__name__, agreement_wal_handler=kind)
        for kind in (CopiesTheLog, RemembersIdentities, BuildsOneByOne, LocksTwice, LooksAfterwards)
    ),
    Backend("KeepsBytes", evidence_handler=KeepsBytes),
    Backend("LetsOneThrough", evidence_handler=LetsOneThrough),
    Backend("CountsItsCalls", evidence_handler=CountsItsCalls),
    Backend("from copies", recovery=_from_copies),
    Backend("WritesByCbor2", codec=WritesByCbor2()),
    Backend("RemembersWhatItWrote", codec=RemembersWhatItWrote()),
    Backend("joined", identity=_joined),
)
"""Backends of one component each."""
