"""Which requirement a cache broke, decided from what it held before and holds now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = ["Entries", "Found", "blame_for_get", "blame_for_put", "by_id", "same_contents"]

Entries: TypeAlias = Sequence[EvidenceOutcomeCacheEntry]
Found: TypeAlias = EvidenceOutcomeCacheEntry | None


def by_id(entries: Entries) -> dict[str, EvidenceOutcomeCacheEntry]:
    """Return the entries by their ids; of equal ids the last one."""
    return {entry.evidence_id: entry for entry in entries}


def same_contents(left: Entries, right: Entries) -> bool:
    """Say whether two caches hold the same entries, in whatever order."""
    return len(left) == len(right) and by_id(left) == by_id(right)


def blame_for_get(evidence_id: str, found: Found, expected: Found) -> str:
    """Return the requirement that a lookup puts to the test."""
    right_key = found is not None and found.evidence_id == evidence_id
    return "CACHE-02" if right_key and expected is not None else "CACHE-01"


def blame_for_put(
    entry: EvidenceOutcomeCacheEntry,
    found: Found,
    loaded: Entries,
    expected: Entries,
    looked_up: Mapping[str, Found],
) -> str | None:
    """Return the requirement that an accepted put broke, or ``None``.

    ``found`` is what its id gives now and ``loaded`` the whole cache, which
    should hold ``expected``. ``looked_up`` is what every id gives on which
    those two differ: lookups tell a put that harmed another entry from a load
    that does not show it.
    """
    given = by_id(loaded)
    if len(given) != len(loaded):
        return "CACHE-03"
    if found != entry:
        if found is not None and found.evidence_id != entry.evidence_id:
            return "CACHE-01"
        missed = found is None and (entry.evidence_id == "" or entry.evidence_id in given)
        return "CACHE-01" if missed else "CACHE-02"
    if same_contents(loaded, expected):
        return None
    wanted = by_id(expected)
    harmed = any(looked_up[key] != wanted.get(key) for key in looked_up)
    return "CACHE-03" if harmed else "CACHE-06"
