"""Backends for every door: the reference with all that it has, and five that are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from conformance.backend import Backend, Capability
from conformance.run.shipped import SHIPPED_BACKENDS, ReferenceCodec
from telltale_spec.backends.file import FileAgreementWal, FileEvidenceOutcomeCache
from telltale_spec.backends.memory import InMemoryEvidenceOutcomeCache
from telltale_spec.backends.sqlite import SQLiteAgreementWal, SQLiteEvidenceOutcomeCache
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.agreement_wal import AgreementWalHandler
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from telltale_spec.model.machine import RejectionMode
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from tests.zoo.broken_caches import KeepsTheFirst
from tests.zoo.broken_recoveries import gate_ignored
from tests.zoo.broken_wal_handlers import ComparesCandidates
from tests.zoo.broken_wals import Deduplicates, LosesLastOnReopen

REFERENCE: Final = Backend(
    "reference",
    agreement_wal=lambda directory: FileAgreementWal(directory / "agreement.wal"),
    evidence_cache=lambda directory: FileEvidenceOutcomeCache(directory / "evidence.cache"),
    agreement_wal_handler=AgreementWalHandler,
    evidence_handler=EvidencePersistenceHandler,
    recovery=DurableRecoveryPlan.from_checkpoint,
    codec=ReferenceCodec(),
    identity=lambda entry: entry.stable_identity(),
    capabilities=frozenset({Capability.REOPEN, Capability.EXACT_MESSAGES}),
    version="1.0",
)

DEDUPLICATES: Final = Backend("deduplicates", agreement_wal=lambda directory: Deduplicates())
LOSES_THE_LAST: Final = Backend(
    "loses the last",
    agreement_wal=LosesLastOnReopen,
    capabilities=frozenset({Capability.REOPEN}),
)
KEEPS_THE_FIRST: Final = Backend("keeps the first", evidence_cache=KeepsTheFirst)
COMPARES_CANDIDATES: Final = Backend(
    "compares candidates", agreement_wal_handler=ComparesCandidates
)
IGNORES_GATES: Final = Backend("ignores gates", recovery=gate_ignored)

BROKEN: Final = {
    "DEDUPLICATES": "WAL-02",
    "LOSES_THE_LAST": "WAL-08",
    "KEEPS_THE_FIRST": "CACHE-02",
    "COMPARES_CANDIDATES": "SYNC-05",
    "IGNORES_GATES": "RECOV-04",
}
"""Name of each broken backend, and the requirement that has to fail it."""


class WritesOnClose(FileAgreementWal):
    """Acknowledge at once and write when it is closed."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "agreement.wal")
        self.unwritten: list[AgreementWalEntry] = []

    def append(self, entry: AgreementWalEntry) -> None:
        AgreementWalArtifact((*self.load().entries, entry)).validate_monotonic_escalations()
        self.unwritten.append(entry)

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact((*super().load().entries, *self.unwritten))

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        return self.load().read_since(tick)

    def close(self) -> None:
        for entry in self.unwritten:
            super().append(entry)
        self.unwritten.clear()


class PutsOnClose(FileEvidenceOutcomeCache):
    """Acknowledge at once and write when it is closed."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "evidence.cache")
        self.unwritten = InMemoryEvidenceOutcomeCache()
        for entry in super().load().entries:
            self.unwritten.put(entry)

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return self.unwritten.get(evidence_id)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        self.unwritten.put(entry)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        return self.unwritten.load()

    def close(self) -> None:
        for entry in self.unwritten.load().entries:
            super().put(entry)


class RemembersItsLog(FileAgreementWal):
    """Read the file once and trust its memory from then on."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "agreement.wal")
        self.known = super().load()

    def append(self, entry: AgreementWalEntry) -> None:
        super().append(entry)
        self.known = AgreementWalArtifact((*self.known.entries, entry))

    def load(self) -> AgreementWalArtifact:
        return self.known

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        return self.known.read_since(tick)


class RemembersItsCache(FileEvidenceOutcomeCache):
    """Read the file once and trust its memory from then on."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "evidence.cache")
        self.known = super().load()

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        super().put(entry)
        self.known = super().load()

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return self.known.get(evidence_id)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        return self.known


class LosesAnswersOfItsLog(SQLiteAgreementWal):
    """Store every second entry and say that it failed, as who lost the answer does."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "agreement.sqlite3")
        self.appends = 0

    def append(self, entry: AgreementWalEntry) -> None:
        super().append(entry)
        self.appends += 1
        if self.appends % 2 == 0:
            raise DurabilityError("the answer was lost")


class LosesAnswersOfItsCache(SQLiteEvidenceOutcomeCache):
    """Store every second entry and say that it failed, as who lost the answer does."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "evidence.sqlite3")
        self.puts = 0

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        super().put(entry)
        self.puts += 1
        if self.puts % 2 == 0:
            raise DurabilityError("the answer was lost")


_KILLED: Final = frozenset({Capability.REOPEN, Capability.PROCESS_KILL})
_HANDLES: Final = frozenset({Capability.CONCURRENT_HANDLES})

WRITES_ON_CLOSE: Final = Backend(
    "writes on close",
    agreement_wal=WritesOnClose,
    evidence_cache=PutsOnClose,
    capabilities=_KILLED,
)
REMEMBERS: Final = Backend(
    "remembers",
    agreement_wal=RemembersItsLog,
    evidence_cache=RemembersItsCache,
    capabilities=_HANDLES,
)
LOSES_ANSWERS: Final = Backend(
    "loses answers",
    agreement_wal=LosesAnswersOfItsLog,
    evidence_cache=LosesAnswersOfItsCache,
    capabilities=_KILLED | _HANDLES,
    rejection_mode=RejectionMode.UNKNOWN_OUTCOME,
)
"""A right one: of what it refuses nobody can tell whether it is stored."""

REWRITES_ITS_FILE: Final = Backend(
    "rewrites its file",
    agreement_wal=lambda directory: FileAgreementWal(directory / "agreement.wal"),
    capabilities=_HANDLES,
)
SQLITE: Final = next(backend for backend in SHIPPED_BACKENDS if backend.name == "sqlite")
SQLITE_LOG: Final = Backend("sqlite log", agreement_wal=SQLITE.agreement_wal)
