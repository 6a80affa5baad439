"""What handles that write at the same time may leave behind, judged from their answers alone.

Each call carries the instants, on one counter, at which it was invoked and at which it returned. A
call that returned before another was invoked comes before it; all others may have any order. What
is refused here may have been stored all the same, as the outcome of a refusal is unknown (F27).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from conformance.rules.narration import entry_text
from telltale_spec.model.machine import order_error
from telltale_spec.wire.agreement import AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = ["Call", "cache_fault", "log_fault"]

Entry = TypeVar("Entry", covariant=True)


@dataclass(frozen=True, slots=True)
class Call(Generic[Entry]):
    """Record one write: the handle, the entry, its two instants and whether it was acknowledged."""

    handle: int
    entry: Entry
    invoked: int
    returned: int
    acknowledged: bool

    def precedes(self, other: Call[Any]) -> bool:
        """Tell whether this call returned before the other was invoked."""
        return self.returned < other.invoked


def log_fault(
    calls: Sequence[Call[AgreementWalEntry]], loaded: Sequence[AgreementWalEntry]
) -> str | None:
    """Say what of a log no order of its appends explains, or None (WAL-01.handles, I-25)."""
    for entry in [*loaded, *(call.entry for call in calls)]:
        same = [call for call in calls if call.entry == entry]
        fewest = sum(call.acknowledged for call in same)
        count = sum(other == entry for other in loaded)
        if not fewest <= count <= len(same):
            return f"{entry_text(entry)}: acknowledged {fewest} times, in the log {count} times"
    error = order_error(tuple(loaded))
    if error is not None:
        return f"the log is not in a lawful order: {error}"
    # An entry that was appended more than once cannot be told from its equal.
    places = [
        (call, list(loaded).index(call.entry))
        for call in calls
        if call.acknowledged and sum(other.entry == call.entry for other in calls) == 1
    ]
    for call, place in places:
        for other, other_place in places:
            if call.precedes(other) and other_place < place:
                return (
                    f"{entry_text(call.entry)} was acknowledged before {entry_text(other.entry)} "
                    "was appended, and comes after it in the log"
                )
    return None


def cache_fault(
    calls: Sequence[Call[EvidenceOutcomeCacheEntry]],
    loaded: Sequence[EvidenceOutcomeCacheEntry],
) -> str | None:
    """Say what of a cache no order of its puts explains, or None (CACHE-02.handles, I-25)."""
    keys = dict.fromkeys(
        [entry.evidence_id for entry in loaded] + [call.entry.evidence_id for call in calls]
    )
    for key in keys:
        puts = [call for call in calls if call.entry.evidence_id == key]
        found = [entry for entry in loaded if entry.evidence_id == key]
        if len(found) > 1:
            return f"the id {key!r} is in the cache {len(found)} times"
        if not found:
            if any(put.acknowledged for put in puts):
                return f"the put of the id {key!r} was acknowledged and is not in the cache"
            continue
        writers = [put for put in puts if put.entry == found[0]]
        if not writers:
            return f"the id {key!r} holds what was never put"
        # A refused put may take effect at any time after it was invoked.
        if not any(
            not writer.acknowledged
            or not any(put.acknowledged and writer.precedes(put) for put in puts)
            for writer in writers
        ):
            return f"the id {key!r} holds a put that a later acknowledged put replaced"
    return None
