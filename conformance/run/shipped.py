"""The backends that are shipped, as systems under test."""

from __future__ import annotations

from typing import Final

from conformance.backend import Backend, Capability
from telltale_spec.backends.file import FileAgreementWal, FileEvidenceOutcomeCache
from telltale_spec.backends.log_file import LogFileAgreementWal, LogFileEvidenceOutcomeCache
from telltale_spec.backends.memory import InMemoryAgreementWal, InMemoryEvidenceOutcomeCache
from telltale_spec.backends.sqlite import SQLiteAgreementWal, SQLiteEvidenceOutcomeCache
from telltale_spec.handlers.agreement_wal import AgreementWalHandler
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from telltale_spec.model.machine import RejectionMode
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.persisted import PersistedDurabilityArtifact

__all__ = ["SHIPPED_BACKENDS", "ReferenceCodec"]


class ReferenceCodec:
    """The reference implementation's own reader and writer."""

    def encode(self, artifact: PersistedDurabilityArtifact) -> bytes:
        """Return the canonical bytes of an artifact."""
        return artifact.to_cbor()

    def decode(self, data: bytes) -> PersistedDurabilityArtifact:
        """Return the artifact of bytes, or raise ``DurabilityError``."""
        return PersistedDurabilityArtifact.from_slice(data)


_PROMISES: Final = frozenset({Capability.ORDERED_CACHE, Capability.EXACT_MESSAGES})
_DURABLE_PROMISES: Final = _PROMISES | {Capability.REOPEN}

SHIPPED_BACKENDS: Final[tuple[Backend, ...]] = (
    # The handlers are the same whatever they write to, so they are judged on one store.
    Backend(
        "memory",
        agreement_wal=lambda directory: InMemoryAgreementWal(),
        evidence_cache=lambda directory: InMemoryEvidenceOutcomeCache(),
        agreement_wal_handler=AgreementWalHandler,
        evidence_handler=EvidencePersistenceHandler,
        capabilities=_PROMISES,
        # The specification's own behaviour: finding F1.
        rejection_mode=RejectionMode.KEEPS_REJECTED,
    ),
    Backend(
        "file",
        agreement_wal=lambda directory: FileAgreementWal(directory / "agreement.wal"),
        evidence_cache=lambda directory: FileEvidenceOutcomeCache(directory / "evidence.cache"),
        capabilities=_DURABLE_PROMISES,
    ),
    Backend(
        "sqlite",
        agreement_wal=lambda directory: SQLiteAgreementWal(directory / "agreement.sqlite3"),
        evidence_cache=lambda directory: SQLiteEvidenceOutcomeCache(directory / "evidence.sqlite3"),
        # A file that is rewritten in place keeps neither promise (F10, F27).
        capabilities=_DURABLE_PROMISES | {Capability.CONCURRENT_HANDLES, Capability.PROCESS_KILL},
    ),
    Backend(
        "log-file",
        agreement_wal=lambda directory: LogFileAgreementWal(directory / "agreement.log"),
        evidence_cache=lambda directory: LogFileEvidenceOutcomeCache(directory / "evidence.log"),
        # One handle at a time, so that concurrent handles are not promised.
        capabilities=_DURABLE_PROMISES
        | {
            Capability.PROCESS_KILL,
            Capability.POWER_LOSS,
            Capability.FAULT_TOLERANCE,
            Capability.BIT_ROT,
            Capability.THREADS,
        },
    ),
    Backend(
        "functions",
        recovery=DurableRecoveryPlan.from_checkpoint,
        codec=ReferenceCodec(),
        identity=lambda entry: entry.stable_identity(),
    ),
)
"""The specification's memory and file backends, SQLite, log files, and the pure functions."""
