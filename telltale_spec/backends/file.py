"""Backends on one file each: load whole, change, encode whole, overwrite.

This is the specification's own file variant, faithful and plain. It is not
crash-safe (F10), does not keep a second handle out (F27), takes a file that it
cannot see for an empty one (F26) and does work proportional to the log for
each append (F19). Errors of reading and writing pass through unchanged
(WAL-12).
"""

from __future__ import annotations

import os
from typing import TypeAlias

from telltale_spec.model.cache import put_entry
from telltale_spec.wire.agreement import AgreementWalArtifact, AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.persisted import PersistedDurabilityArtifact

__all__ = ["FileAgreementWal", "FileEvidenceOutcomeCache"]

PathLike: TypeAlias = str | os.PathLike[str]


class FileAgreementWal:
    """An agreement WAL in one file. Source: WAL-11, WAL-12 (L287-328).

    Making one does not touch the disk, and no folder is ever created. Copies
    share the file.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = path

    def append(self, entry: AgreementWalEntry) -> None:
        """Load the log, add an entry, validate all of it and overwrite the file.

        Raises :class:`~telltale_spec.errors.EscalationOrderError` and leaves
        the file alone if the log is out of order, be it for an older entry
        (F18); raises another ``DurabilityError`` if the file cannot be read,
        decoded or written. Source: WAL-11 (L313-324).
        """
        artifact = AgreementWalArtifact((*self.load().entries, entry))
        artifact.validate_monotonic_escalations()
        PersistedDurabilityArtifact.agreement_wal(artifact).write_to_path(self.path)

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries strictly after ``tick``; the order is not validated (WAL-11)."""
        return self.load().read_since(tick)

    def load(self) -> AgreementWalArtifact:
        """Return the whole log; the order is not validated (WAL-11, F18)."""
        if not _exists(self.path):
            return AgreementWalArtifact()
        return PersistedDurabilityArtifact.from_path(self.path).into_agreement_wal()


class FileEvidenceOutcomeCache:
    """An evidence-outcome cache in one file. Source: CACHE-09 (L416-459).

    Making one does not touch the disk, and no folder is ever created. Copies
    share the file.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = path

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the first entry of exactly this id, or ``None`` (CACHE-01, CACHE-05)."""
        return self.load().get(evidence_id)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Load the cache, put an entry at its end and overwrite the file (CACHE-03, CACHE-04).

        Raises ``DurabilityError`` if the file cannot be read, decoded or
        written. Source: CACHE-09 (L447-454).
        """
        artifact = EvidenceOutcomeCacheArtifact(put_entry(self.load().entries, entry))
        PersistedDurabilityArtifact.evidence_outcome_cache(artifact).write_to_path(self.path)

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache; ids may repeat in a file written by others (F18)."""
        if not _exists(self.path):
            return EvidenceOutcomeCacheArtifact()
        return PersistedDurabilityArtifact.from_path(self.path).into_evidence_outcome_cache()


def _exists(path: PathLike) -> bool:
    """Say whether the file can be seen, without ever raising.

    False for a dangling link, a link loop, a path below a plain file and a
    folder that may not be searched, as in the specification (WAL-11, F26).
    """
    # Unlike pathlib's exists, this one answers False when permission is denied.
    return os.path.exists(path)  # noqa: PTH110
