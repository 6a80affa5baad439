"""Evidence handlers with one fault each, and the requirement that each of them breaks."""

from __future__ import annotations

import threading
from collections.abc import Callable, MutableSequence, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, cast

from conformance.backend import EvidenceHandlerFactory
from telltale_spec.backends.contract import (
    EffectHandler,
    EvidenceIdResolver,
    EvidenceIdResolverLike,
    EvidenceOutcomeCache,
)
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.base import BaseEffectHandler, ForwardingEffectHandler
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectFailure, EffectOutcome, EffectResult, Success
from telltale_spec.wire.requests import EffectRequest
from telltale_spec.wire.values import Value

__all__ = ["BROKEN_EVIDENCE_HANDLERS"]


class StepwiseHandler(ForwardingEffectHandler):
    """A right handler in small steps, written to be broken in one of them at a time."""

    def __init__(
        self, inner: EffectHandler, cache: EvidenceOutcomeCache, resolver: EvidenceIdResolverLike
    ) -> None:
        super().__init__(inner)
        self.cache = cache
        self.resolver = resolver
        self.lock: AbstractContextManager[Any] = threading.Lock()

    def handler_identity(self) -> str:
        return f"evidence_persistence<{self._inner.handler_identity()}>"

    def resolve(self, request: EffectRequest) -> str | None:
        if isinstance(self.resolver, EvidenceIdResolver):
            return self.resolver.evidence_id_for_request(request)
        return self.resolver(request)

    def look_up(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        with self.lock:
            return self.cache.get(evidence_id)

    def store(self, entry: EvidenceOutcomeCacheEntry) -> None:
        with self.lock:
            self.cache.put(entry)

    def cached_outcome(self, evidence_id: str) -> EffectOutcome | None:
        entry = self.look_up(evidence_id)
        return None if entry is None else entry.outcome

    def cache_snapshot(self) -> EvidenceOutcomeCacheArtifact:
        with self.lock:
            return self.cache.load()

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        evidence_id = self.resolve(request)
        if evidence_id is None:
            return self._inner.handle_effect(request)
        try:
            found = self.look_up(evidence_id)
        except DurabilityError as error:
            return self.read_failure(request, evidence_id, error)
        if found is not None:
            return self.hit(request, found)
        outcome = self._inner.handle_effect(request)
        return self.keep(request, evidence_id, outcome)

    def hit(self, request: EffectRequest, found: EvidenceOutcomeCacheEntry) -> EffectOutcome:
        return found.outcome

    def keep(
        self, request: EffectRequest, evidence_id: str, outcome: EffectOutcome
    ) -> EffectOutcome:
        try:
            self.store(self.entry(request, evidence_id, outcome))
        except DurabilityError as error:
            return self.write_failure(evidence_id, outcome, error)
        return outcome

    def entry(
        self, request: EffectRequest, evidence_id: str, outcome: EffectOutcome
    ) -> EvidenceOutcomeCacheEntry:
        metadata = request.metadata
        return EvidenceOutcomeCacheEntry(
            evidence_id, metadata.interface_name, metadata.operation_name, outcome
        )

    def read_failure(
        self, request: EffectRequest, evidence_id: str, error: DurabilityError
    ) -> EffectOutcome:
        return _unavailable(f"load evidence outcome cache `{evidence_id}`: {error}")

    def write_failure(
        self, evidence_id: str, outcome: EffectOutcome, error: DurabilityError
    ) -> EffectOutcome:
        return _unavailable(f"persist evidence outcome `{evidence_id}`: {error}")


def _unavailable(message: str) -> EffectOutcome:
    return EffectOutcome.failed(EffectFailure.unavailable(message))


class WrongName(StepwiseHandler):
    def handler_identity(self) -> str:
        return f"evidence<{self._inner.handler_identity()}>"


class CachesWithoutId(StepwiseHandler):
    def resolve(self, request: EffectRequest) -> str | None:
        evidence_id = super().resolve(request)
        return "none" if evidence_id is None else evidence_id


class ResolvesTwice(StepwiseHandler):
    def hit(self, request: EffectRequest, found: EvidenceOutcomeCacheEntry) -> EffectOutcome:
        self.resolve(request)
        return found.outcome


class RunsInnerOnHit(StepwiseHandler):
    def hit(self, request: EffectRequest, found: EvidenceOutcomeCacheEntry) -> EffectOutcome:
        self._inner.handle_effect(request)
        return found.outcome


class ValidatesOnHit(StepwiseHandler):
    def hit(self, request: EffectRequest, found: EvidenceOutcomeCacheEntry) -> EffectOutcome:
        failure = request.metadata.validate()
        return found.outcome if failure is None else EffectOutcome.failed(failure)


class ComparesNamesOnHit(StepwiseHandler):
    def hit(self, request: EffectRequest, found: EvidenceOutcomeCacheEntry) -> EffectOutcome:
        if found.operation_name == request.metadata.operation_name:
            return found.outcome
        return self.keep(request, found.evidence_id, self._inner.handle_effect(request))


class RemembersInMemory(StepwiseHandler):
    """Keep the outcomes to itself, so that a second handler does not know them."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.own: set[str] = set()

    def look_up(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        found = super().look_up(evidence_id)
        return found if evidence_id in self.own else None

    def cached_outcome(self, evidence_id: str) -> EffectOutcome | None:
        found = super().look_up(evidence_id)
        return None if found is None else found.outcome

    def store(self, entry: EvidenceOutcomeCacheEntry) -> None:
        super().store(entry)
        self.own.add(entry.evidence_id)


class GoesOnAfterReadFailure(StepwiseHandler):
    def read_failure(
        self, request: EffectRequest, evidence_id: str, error: DurabilityError
    ) -> EffectOutcome:
        return self._inner.handle_effect(request)


class WrongReadText(StepwiseHandler):
    def read_failure(
        self, request: EffectRequest, evidence_id: str, error: DurabilityError
    ) -> EffectOutcome:
        return _unavailable(f"load evidence outcome `{evidence_id}`: {error}")


class SkipsBlocked(StepwiseHandler):
    def keep(
        self, request: EffectRequest, evidence_id: str, outcome: EffectOutcome
    ) -> EffectOutcome:
        if not outcome.status.is_terminal:
            return outcome
        return super().keep(request, evidence_id, outcome)


class PutsFirst(StepwiseHandler):
    def look_up(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        found = super().look_up(evidence_id)
        if found is None:
            self.store(EvidenceOutcomeCacheEntry(evidence_id, "", "", EffectOutcome.blocked()))
        return found

    def cached_outcome(self, evidence_id: str) -> EffectOutcome | None:
        found = super().look_up(evidence_id)
        return None if found is None else found.outcome


class StoresBodyNames(StepwiseHandler):
    def entry(
        self, request: EffectRequest, evidence_id: str, outcome: EffectOutcome
    ) -> EvidenceOutcomeCacheEntry:
        kind = request.body.effect_kind
        return EvidenceOutcomeCacheEntry(evidence_id, "Runtime", kind, outcome)


class RunsInnerTwice(StepwiseHandler):
    def keep(
        self, request: EffectRequest, evidence_id: str, outcome: EffectOutcome
    ) -> EffectOutcome:
        if not outcome.status.is_success:
            outcome = self._inner.handle_effect(request)
        return super().keep(request, evidence_id, outcome)


class SwallowsWriteFailure(StepwiseHandler):
    def write_failure(
        self, evidence_id: str, outcome: EffectOutcome, error: DurabilityError
    ) -> EffectOutcome:
        return outcome


class WrongWriteText(StepwiseHandler):
    def write_failure(
        self, evidence_id: str, outcome: EffectOutcome, error: DurabilityError
    ) -> EffectOutcome:
        return _unavailable(f"persist evidence outcome {evidence_id}: {error}")


class RewordsReadErrors(StepwiseHandler):
    def cached_outcome(self, evidence_id: str) -> EffectOutcome | None:
        try:
            return super().cached_outcome(evidence_id)
        except DurabilityError as error:
            raise DurabilityError(f"load evidence outcome cache: {error}") from error


class HidesSnapshotErrors(StepwiseHandler):
    def cache_snapshot(self) -> EvidenceOutcomeCacheArtifact:
        try:
            return super().cache_snapshot()
        except DurabilityError:
            return EvidenceOutcomeCacheArtifact()


class NoLock(StepwiseHandler):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.lock = nullcontext()


class PutsWithoutLock(StepwiseHandler):
    def store(self, entry: EvidenceOutcomeCacheEntry) -> None:
        self.cache.put(entry)


class LocksAcrossInner(StepwiseHandler):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.lock = threading.RLock()

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        with self.lock:
            return super().handle_effect(request)


class LeaksItsLock(StepwiseHandler):
    def store(self, entry: EvidenceOutcomeCacheEntry) -> None:
        lock = cast("threading.Lock", self.lock)
        lock.acquire()
        try:
            self.cache.put(entry)
        except DurabilityError:
            lock.release()
            raise
        lock.release()


class StepIsItsOwn(StepwiseHandler):
    def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
        return Success(None)


class ReceivesIntoACopy(StepwiseHandler):
    def handle_recv(
        self, role: str, partner: str, label: str, state: MutableSequence[Value], payload: Value
    ) -> EffectResult[None]:
        return super().handle_recv(role, partner, label, list(state), payload)


class DecidesItself(StepwiseHandler):
    send_decision = BaseEffectHandler.send_decision


class ForwardsAcquire(StepwiseHandler):
    def handle_acquire(
        self, sid: int, role: str, layer: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        return self._inner.handle_acquire(sid, role, layer, state)


class ObjectsOnly(StepwiseHandler):
    def resolve(self, request: EffectRequest) -> str | None:
        resolver = cast("EvidenceIdResolver", self.resolver)
        return resolver.evidence_id_for_request(request)


class IgnoresCallables(StepwiseHandler):
    def resolve(self, request: EffectRequest) -> str | None:
        if isinstance(self.resolver, EvidenceIdResolver):
            return super().resolve(request)
        return None


def _row(
    name: str, factory: Callable[..., StepwiseHandler], requirement_id: str
) -> tuple[str, EvidenceHandlerFactory, str]:
    return name, factory, requirement_id


BROKEN_EVIDENCE_HANDLERS: Final[tuple[tuple[str, EvidenceHandlerFactory, str], ...]] = (
    _row("another name", WrongName, "EVID-01"),
    _row("caches requests without an id", CachesWithoutId, "EVID-02"),
    _row("asks the resolver twice", ResolvesTwice, "EVID-02"),
    _row("runs the inner handler on a hit", RunsInnerOnHit, "EVID-03"),
    _row("validates metadata on a hit", ValidatesOnHit, "EVID-03"),
    _row("compares names on a hit", ComparesNamesOnHit, "EVID-03"),
    _row("does not know what another handler stored", RemembersInMemory, "EVID-03"),
    _row("goes on after a failed lookup", GoesOnAfterReadFailure, "EVID-04"),
    _row("words a failed lookup differently", WrongReadText, "EVID-04"),
    _row("does not store blocked outcomes", SkipsBlocked, "EVID-05"),
    _row("puts before it runs the effect", PutsFirst, "EVID-05"),
    _row("stores the names of the body", StoresBodyNames, "EVID-05"),
    _row("retries what did not succeed", RunsInnerTwice, "EVID-05"),
    _row("hides a failed put", SwallowsWriteFailure, "EVID-06"),
    _row("words a failed put differently", WrongWriteText, "EVID-06"),
    _row("words the errors of cached_outcome differently", RewordsReadErrors, "EVID-07"),
    _row("answers a failed snapshot with an empty cache", HidesSnapshotErrors, "EVID-07"),
    _row("has no lock", NoLock, "EVID-08"),
    _row("puts without its lock", PutsWithoutLock, "EVID-08"),
    _row("holds its lock across the inner handler", LocksAcrossInner, "EVID-08"),
    _row("keeps its lock after an undeclared exception", LeaksItsLock, "WAL-09"),
    _row("does not forward step", StepIsItsOwn, "EVID-09"),
    _row("does not hand on the changed state", ReceivesIntoACopy, "EVID-09"),
    _row("does not forward send_decision", DecidesItself, "EVID-09"),
    _row("forwards acquire", ForwardsAcquire, "EVID-09"),
    _row("takes resolver objects only", ObjectsOnly, "EVID-10"),
    _row("ignores plain callables", IgnoresCallables, "EVID-10"),
)
"""Name, factory, and the requirement by which the handler is failed."""
