"""The evidence-outcome cache as a pure function on its entries."""

from __future__ import annotations

from collections.abc import Sequence

from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = ["put_entry"]


def put_entry(
    entries: Sequence[EvidenceOutcomeCacheEntry], entry: EvidenceOutcomeCacheEntry
) -> tuple[EvidenceOutcomeCacheEntry, ...]:
    """Return ``entries`` with ``entry`` at the end in place of every other with its id.

    The rest keep their order, duplicates of other ids included. Source:
    CACHE-03..05 (L403-409).
    """
    kept = [candidate for candidate in entries if candidate.evidence_id != entry.evidence_id]
    return (*kept, entry)
