"""Backends for every door: the reference with all that it has, and five that are wrong."""

from __future__ import annotations

from typing import Final

from conformance.backend import Backend, Capability
from conformance.shipped import ReferenceCodec
from conformance.tests.broken_caches import KeepsTheFirst
from conformance.tests.broken_recoveries import gate_ignored
from conformance.tests.broken_wal_handlers import ComparesCandidates
from conformance.tests.broken_wals import Deduplicates, LosesLastOnReopen
from telltale_spec.backends.file import FileAgreementWal, FileEvidenceOutcomeCache
from telltale_spec.handlers.agreement_wal import AgreementWalHandler
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from telltale_spec.model.recovery import DurableRecoveryPlan

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
