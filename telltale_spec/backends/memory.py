"""Backends that live in memory: the reference behaviour, quirks included."""

from __future__ import annotations

import copy
from typing import Any

from telltale_spec.errors import EscalationOrderError
from telltale_spec.wire.agreement import (
    WAL_ENTRY,
    AgreementWalArtifact,
    AgreementWalEntry,
    EscalationTracker,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.shapes import RecordShape

__all__ = ["InMemoryAgreementWal", "InMemoryEvidenceOutcomeCache"]

_CACHE_ENTRY = RecordShape(EvidenceOutcomeCacheEntry)


class InMemoryAgreementWal:
    """An agreement WAL in memory; it stores an entry first and validates then.

    So an entry that is rejected stays, and from then on every append raises
    that first error and still stores (WAL-10, F1). The specification validates
    the whole log at each append; here each entry is looked at once, with the
    same result. Copying a log copies its contents. Source: L257-285.
    """

    def __init__(self) -> None:
        self._entries: list[AgreementWalEntry] = []
        self._tracker = EscalationTracker()
        self._first_error: EscalationOrderError | None = None

    def append(self, entry: AgreementWalEntry) -> None:
        """Store an entry, then raise the first ``EscalationOrderError`` of the log, if any.

        Raises :class:`~telltale_spec.errors.DomainError` and stores nothing if
        ``entry`` is no entry at all. Source: WAL-10 (L278-281).
        """
        WAL_ENTRY.check(entry, type(self).__name__, "entry")
        self._entries.append(entry)
        error = self._tracker.observe(entry)
        if self._first_error is None:
            self._first_error = error
        if self._first_error is not None:
            # A copy, because raising one object again and again would grow its traceback.
            raise copy.copy(self._first_error)

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        """Return the entries strictly after ``tick`` in stored order (WAL-05)."""
        return self.load().read_since(tick)

    def load(self) -> AgreementWalArtifact:
        """Return the whole log, rejected entries included (WAL-10)."""
        return AgreementWalArtifact(tuple(self._entries))

    def __copy__(self) -> InMemoryAgreementWal:
        other = type(self)()
        # Entries cannot change, so a copy of the list is a copy of the contents.
        other._entries = list(self._entries)
        other._tracker = copy.deepcopy(self._tracker)
        other._first_error = self._first_error
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> InMemoryAgreementWal:
        return self.__copy__()


class InMemoryEvidenceOutcomeCache:
    """An evidence-outcome cache in memory; copying it copies its contents.

    A replaced entry moves to the end (CACHE-04). Neither ``get`` nor ``put``
    looks at the other entries. Source: L384-414.
    """

    def __init__(self) -> None:
        # A dict keeps the order of insertion, which is the order of the entries.
        self._entries: dict[str, EvidenceOutcomeCacheEntry] = {}

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        """Return the entry of exactly this id, or ``None`` (CACHE-01)."""
        return self._entries.get(evidence_id)

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        """Store an entry at the end, in place of any other with its id (CACHE-03, CACHE-04)."""
        _CACHE_ENTRY.check(entry, type(self).__name__, "entry")
        self._entries.pop(entry.evidence_id, None)
        self._entries[entry.evidence_id] = entry

    def load(self) -> EvidenceOutcomeCacheArtifact:
        """Return the whole cache (CACHE-06)."""
        return EvidenceOutcomeCacheArtifact(tuple(self._entries.values()))

    def __copy__(self) -> InMemoryEvidenceOutcomeCache:
        other = type(self)()
        other._entries = dict(self._entries)
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> InMemoryEvidenceOutcomeCache:
        return self.__copy__()
