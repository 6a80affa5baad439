"""What can befall a cache, and which requirement it broke, from what it held and holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from conformance.engine.session import Raised, Returned
from conformance.rules.cache import blame_for_get
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = [
    "ABSENT",
    "BLOCKED",
    "DEEP",
    "EMPTY_KEY",
    "FRESH",
    "NEAR_MISS",
    "REOPENED",
    "REPLACED",
    "REPLACED_EARLIER",
    "SAME_AGAIN",
    "TWO_KEYS",
    "Entries",
    "Found",
    "blame_for_put",
    "by_id",
    "misfit_text",
    "same_contents",
]

FRESH: Final = "fresh cache loaded"
REPLACED: Final = "stored id put with another entry"
REPLACED_EARLIER: Final = "id that was not the last one put again"
SAME_AGAIN: Final = "stored entry put again unchanged"
TWO_KEYS: Final = "two ids stored"
EMPTY_KEY: Final = "entry with the empty id stored"
ABSENT: Final = "absent id looked up"
NEAR_MISS: Final = "id that almost equals a stored one looked up"
DEEP: Final = "deeply nested value stored"
BLOCKED: Final = "blocked outcome stored"
REOPENED: Final = "cache with entries reopened"

Entries: TypeAlias = Sequence[EvidenceOutcomeCacheEntry]
Found: TypeAlias = EvidenceOutcomeCacheEntry | None


def by_id(entries: Entries) -> dict[str, EvidenceOutcomeCacheEntry]:
    """Return the entries by their ids; of equal ids the last one."""
    return {entry.evidence_id: entry for entry in entries}


def same_contents(left: Entries, right: Entries) -> bool:
    """Say whether two caches hold the same entries, in whatever order."""
    return len(left) == len(right) and by_id(left) == by_id(right)


def blame_for_put(
    entry: EvidenceOutcomeCacheEntry,
    found: Found,
    loaded: Entries,
    expected: Entries,
    looked_up: Mapping[str, Found],
) -> str | None:
    """Return the requirement that an accepted put broke, or ``None``.

    ``found`` is what its id gives now and ``loaded`` the whole cache, which
    should hold ``expected``. ``looked_up`` is what the other ids give on which
    those two differ: lookups tell a put that harmed another entry from a load
    that does not show it.
    """
    if len(by_id(loaded)) != len(loaded):
        return "CACHE-03"
    if found != entry:
        return blame_for_get(entry.evidence_id, found, entry)
    if same_contents(loaded, expected):
        return None
    wanted = by_id(expected)
    harmed = any(looked_up[key] != wanted.get(key) for key in looked_up)
    return "CACHE-03" if harmed else "CACHE-06"


def misfit_text(answer: Raised | Returned) -> str:
    """Return an answer that is not of the kind asked for."""
    if isinstance(answer, Raised):
        return f"refused: {answer.message}"
    return f"a {type(answer.value).__name__}: {answer.value!r}"
