"""The contracts of a durable agreement backend: the one file an adopter must read.

A backend implements :class:`AgreementWal` or :class:`EvidenceOutcomeCache`, or
both in two objects. Nothing has to be inherited; the methods are enough.

The declared error of every method is
:class:`~telltale_spec.errors.DurabilityError`: a backend turns its own
exceptions into it, with a text that is not empty (WAL-09). An exception of any
other type is a fault of the backend.
"""

from __future__ import annotations

from collections.abc import Callable, MutableSequence, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry, WalSyncRequest
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome, EffectResult
from telltale_spec.wire.requests import EffectRequest
from telltale_spec.wire.values import (
    OutputConditionHint,
    SendDecision,
    TopologyPerturbation,
    Value,
)

__all__ = [
    "AgreementWal",
    "EffectHandler",
    "EvidenceIdResolver",
    "EvidenceIdResolverLike",
    "EvidenceOutcomeCache",
    "SendDecisionInput",
]


@runtime_checkable
class AgreementWal(Protocol):
    """An append-only log of agreement entries. Source: WAL-01..WAL-13 (L232-255)."""

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry at the end.

        Raises ``DurabilityError`` when the entry cannot be stored or when the
        log with it would break the monotonic order of escalations (WAL-03).
        """

    def read_since(self, tick: int) -> Sequence[AgreementWalEntry]:
        """Return the entries strictly after ``tick``, in stored order (WAL-05)."""

    def load(self) -> AgreementWalArtifact:
        """Return the whole log; a fresh backend has an empty one (WAL-06, WAL-07)."""


@runtime_checkable
class EvidenceOutcomeCache(Protocol):
    """A map of evidence id to effect outcome. Source: CACHE-01..CACHE-09 (L360-382)."""

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry whose id is exactly ``evidence_id``, or ``None`` (CACHE-01)."""

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry in place of any other with its id (CACHE-02, CACHE-03)."""

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache; a fresh backend has an empty one (CACHE-06)."""


@runtime_checkable
class EvidenceIdResolver(Protocol):
    """An object that names the evidence id of a request. Source: EVID-10 (L462-466)."""

    def evidence_id_for_request(self, request: EffectRequest) -> str | None:
        """Return the key under which the outcome is cached, or ``None`` not to cache it."""


EvidenceIdResolverLike: TypeAlias = EvidenceIdResolver | Callable[[EffectRequest], str | None]
"""A resolver object or a plain callable. Source: EVID-10 (L468-475)."""


@dataclass(frozen=True, slots=True)
class SendDecisionInput:
    """What ``send_decision`` is asked about. Source: core_types.rs 1286-1300."""

    sid: int
    role: str
    partner: str
    label: str
    state: Sequence[Value]
    payload: Value | None


class EffectHandler(Protocol):
    """The host side of every effect. Source: handler_trait.rs.

    :class:`~telltale_spec.handlers.base.BaseEffectHandler` has the default
    implementation of everything that the specification gives one.
    """

    def handler_identity(self) -> str:
        """Return the stable name of this handler."""

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        """Carry out one request."""

    def handle_send(
        self, role: str, partner: str, label: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        """Work out the payload of a message."""

    def send_decision(self, decision_input: SendDecisionInput) -> EffectResult[SendDecision]:
        """Decide what becomes of a message."""

    def handle_recv(
        self, role: str, partner: str, label: str, state: MutableSequence[Value], payload: Value
    ) -> EffectResult[None]:
        """Take in a received value; may change ``state``."""

    def handle_choose(
        self, role: str, partner: str, labels: Sequence[str], state: Sequence[Value]
    ) -> EffectResult[str]:
        """Choose one of ``labels``."""

    def step(self, role: str, state: MutableSequence[Value]) -> EffectResult[None]:
        """Run one integration step; may change ``state``."""

    def handle_acquire(
        self, sid: int, role: str, layer: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        """Acquire a guard layer; the value is the evidence."""

    def handle_release(
        self, sid: int, role: str, layer: str, evidence: Value, state: Sequence[Value]
    ) -> EffectResult[None]:
        """Release a guard layer."""

    def supports_wal_sync(self) -> bool:
        """Say whether this handler serves ``wal_sync``."""

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        """Make the agreement state of an operation durable."""

    def topology_events(self, tick: int) -> EffectResult[Sequence[TopologyPerturbation]]:
        """Return the changes of the network at one tick."""

    def output_condition_hint(
        self, sid: int, role: str, state: Sequence[Value]
    ) -> OutputConditionHint | None:
        """Return metadata that gates an output, if any."""
