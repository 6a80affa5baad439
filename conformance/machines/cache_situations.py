"""The situations that a search of the evidence cache must reach to have looked everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from conformance.rules.cache import Entries
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import BlockedStatus

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
    "situations_of_accepted",
]

FRESH: Final = "fresh cache loaded"
REPLACED: Final = "stored id put with another entry"
REPLACED_EARLIER: Final = "id that was not the last one put again"
SAME_AGAIN: Final = "stored entry put again unchanged"
TWO_KEYS: Final = "two ids stored"
EMPTY_KEY: Final = "entry with the empty id stored"
ABSENT: Final = "absent id looked up"
NEAR_MISS: Final = "id that almost equals a stored one looked up"
DEEP: Final = "deeply nested value put"
BLOCKED: Final = "blocked outcome stored"
REOPENED: Final = "cache with entries reopened"


def situations_of_accepted(before: Entries, entry: EvidenceOutcomeCacheEntry) -> Iterator[str]:
    """Yield what arose by a put that was accepted; ``before`` is what was stored before it."""
    old = next((each for each in before if each.evidence_id == entry.evidence_id), None)
    if old is not None:
        yield SAME_AGAIN if old == entry else REPLACED
        if before[-1] is not old:
            yield REPLACED_EARLIER
    if len(before) + (old is None) > 1:
        yield TWO_KEYS
    if entry.evidence_id == "":
        yield EMPTY_KEY
    if isinstance(entry.outcome.status, BlockedStatus):
        yield BLOCKED
