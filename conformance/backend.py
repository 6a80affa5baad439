"""The system under test: what it is made of and what it declares."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from telltale_spec.backends.contract import (
    AgreementWal,
    EffectHandler,
    EvidenceIdResolverLike,
    EvidenceOutcomeCache,
)
from telltale_spec.handlers.agreement_wal import WalSyncMode
from telltale_spec.model.machine import RejectionMode
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.effects import EffectOutcome
from telltale_spec.wire.persisted import PersistedDurabilityArtifact

__all__ = [
    "AgreementWalHandlerLike",
    "Backend",
    "CacheFactory",
    "Capability",
    "Codec",
    "DurabilityClass",
    "EvidenceHandlerFactory",
    "EvidencePersistenceHandlerLike",
    "IdentityFunction",
    "Launch",
    "RecoveryFunction",
    "Server",
    "ServerFault",
    "WalFactory",
    "WalHandlerFactory",
]


class Capability(enum.Enum):
    """An optional promise; a backend is held to what it declares and to nothing more."""

    REOPEN = "reopen"
    """Made again on the same directory, by any process, it has what was acknowledged (WAL-08)."""

    ORDERED_CACHE = "ordered-cache"
    """The cache keeps the specification's order of entries (CACHE-04)."""

    EXACT_MESSAGES = "exact-messages"
    """Refused appends carry the specification's text (WAL-03.text)."""

    CONCURRENT_HANDLES = "concurrent-handles"
    """Several handles on one directory lose nothing that any of them acknowledged (F27)."""

    PROCESS_KILL = "process-kill"
    """What was acknowledged survives the death of the process at any moment (WAL-08, CACHE-08)."""

    POWER_LOSS = "power-loss"
    """What was acknowledged survives a loss of power (WAL-08, CACHE-08)."""

    FAULT_TOLERANCE = "fault-tolerance"
    """Failed syncs and full disks are told, and cost nothing that was acknowledged (WAL-08)."""

    BIT_ROT = "bit-rot"
    """Damaged files are refused or read rightly, and never as something else (WAL-15)."""

    THREADS = "threads"
    """Several threads may call one log or cache at the same time (WAL-01, CACHE-02)."""

    SERVER_KILL = "server-kill"
    """What was acknowledged survives the death of the server it is kept on (WAL-08, CACHE-08)."""


class DurabilityClass(enum.Enum):
    """What a backend promises to survive, from nothing to everything; each includes those before.

    It follows from the capabilities that are declared.
    """

    VOLATILE = "volatile"
    """Nothing: the storage lives as long as the object."""

    RESTART = "restart"
    """An orderly close and reopen."""

    PROCESS = "process"
    """The death of the process, its writes being left to the operating system."""

    POWER = "power"
    """The loss of power, its writes being on stable storage."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """The capabilities that a backend of this class has."""
        rank = tuple(DurabilityClass).index(self)
        return frozenset(_DURABLE_CAPABILITIES[:rank])


_DURABLE_CAPABILITIES = (Capability.REOPEN, Capability.PROCESS_KILL, Capability.POWER_LOSS)


class AgreementWalHandlerLike(EffectHandler, Protocol):
    """A handler that owns a log and serves ``wal_sync`` (SYNC-01..15)."""

    def wal_snapshot(self) -> AgreementWalArtifact:
        """Return the whole log, or raise the backend's error (SYNC-11)."""


class EvidencePersistenceHandlerLike(EffectHandler, Protocol):
    """A handler that caches outcomes by evidence id (EVID-01..10)."""

    def cached_outcome(self, evidence_id: str) -> EffectOutcome | None:
        """Return a cached outcome, or raise the backend's error (EVID-07)."""

    def cache_snapshot(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache, or raise the backend's error (EVID-07)."""


class Codec(Protocol):
    """Bytes of artifacts, both ways (WIRE, DEC, ARTIFACT)."""

    def encode(self, artifact: PersistedDurabilityArtifact) -> bytes:
        """Return the canonical bytes of an artifact."""

    def decode(self, data: bytes) -> PersistedDurabilityArtifact:
        """Return the artifact of bytes, or raise ``DurabilityError``."""


WalFactory: TypeAlias = Callable[[Path], AgreementWal]
"""Makes the log kept in a directory; called again on the same one, it reopens it."""

CacheFactory: TypeAlias = Callable[[Path], EvidenceOutcomeCache]
"""Makes the cache kept in a directory; called again on the same one, it reopens it."""

WalHandlerFactory: TypeAlias = Callable[
    [EffectHandler, AgreementWal, WalSyncMode], AgreementWalHandlerLike
]
EvidenceHandlerFactory: TypeAlias = Callable[
    [EffectHandler, EvidenceOutcomeCache, EvidenceIdResolverLike], EvidencePersistenceHandlerLike
]
IdentityFunction: TypeAlias = Callable[[AgreementWalEntry], str]
RecoveryFunction: TypeAlias = Callable[
    [int, Any, AgreementWalArtifact, EvidenceOutcomeCacheArtifact], DurableRecoveryPlan[Any]
]


@dataclass(frozen=True, eq=False)
class Launch:
    """How the same backend is started as a child process that speaks the harness protocol.

    ``on_process`` gets the number of the group of a child when it starts and when it has ended.
    """

    command: tuple[str, ...]
    call_seconds_max: float = 10.0
    starting_seconds_max: float = 30.0
    on_process: Callable[[int, bool], None] = lambda process_id, started: None


class ServerFault(Exception):  # noqa: N818 - an observation, judged by who waits
    """Say that a server does not start again on its data, with what it said last."""


class Server(Protocol):
    """The server that a backend keeps its storage on, in the hands of the suite.

    One that can be held still before it is killed has ``freeze()`` besides: what it is sent from
    then on is neither carried out nor answered. See docs/life-cycle.md.
    """

    def kill(self) -> None:
        """End it at once, as a crash does, and return when all of it is gone."""

    def start(self) -> None:
        """Start it again on its data and return once it serves; raises :class:`ServerFault`."""


@dataclass(frozen=True)
class Backend:
    """A system under test: any of seven components, and its declarations.

    A component that is ``None`` is not judged: its requirements are
    not-applicable, which is never a pass. Factories get a directory of their
    own, empty at first, for every history. ``kill`` ends the process that the
    backend lives in and starts it again, where that is another one than ours;
    ``concurrent_calls`` says whether its handlers can be called while a call of
    theirs is under way; ``elsewhere`` gives the same backend in a further process,
    by number; number 0 of a backend in our own process can be killed. ``overtaken`` counts, where
    calls are served by another process, the answers that came before that of an earlier request:
    one that serves requests one after the other has none. ``launch`` starts it as a
    child process of its own, whose system calls can be seen. ``server`` is what its storage is kept
    on, where the suite may kill it. ``mends`` are the findings that it
    mends: under them it is held to another rule in place of the specified one
    (:data:`~conformance.requirements.mending.MENDABLE`). ``notes`` go into the report.
    """

    name: str
    agreement_wal: WalFactory | None = None
    evidence_cache: CacheFactory | None = None
    agreement_wal_handler: WalHandlerFactory | None = None
    evidence_handler: EvidenceHandlerFactory | None = None
    recovery: RecoveryFunction | None = None
    codec: Codec | None = None
    identity: IdentityFunction | None = None
    capabilities: frozenset[Capability] = frozenset()
    rejection_mode: RejectionMode = RejectionMode.CLEAN_REJECT
    version: str = ""
    kill: Callable[[], None] | None = None
    concurrent_calls: bool = True
    elsewhere: Callable[[int], Backend] | None = None
    overtaken: Callable[[], int] | None = None
    launch: Launch | None = None
    server: Server | None = None
    mends: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def durability_class(self) -> DurabilityClass:
        """The strongest class whose every capability is declared."""
        classes = reversed(DurabilityClass)
        return next(each for each in classes if each.capabilities <= self.capabilities)
