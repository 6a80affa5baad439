"""Which requirement a log breaks that does not hold what it should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from telltale_spec.wire.agreement import (
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    VisibilityGateCrossing,
)

__all__ = [
    "SYNC_REQUIREMENTS",
    "Entries",
    "SinceLoad",
    "broken_by_sync",
    "broken_requirement",
    "entries_without",
]

Entries: TypeAlias = tuple[AgreementWalEntry, ...]

SYNC_REQUIREMENTS: Final[dict[type[AgreementWalEntry], str]] = {
    EvidenceProduced: "SYNC-04",
    Escalation: "SYNC-06",
    Finalization: "SYNC-07",
    VisibilityGateCrossing: "SYNC-08",
}
"""What says of each kind of entry when a sync stores it."""


@dataclass(frozen=True)
class SinceLoad:
    """What befell a log since a load last told what it held.

    ``settled`` is how many entries that load showed. ``appended`` says whether any entry was
    acknowledged, or may have been; ``reopened`` whether the log was opened again. ``refused`` are
    lawful entries that the log declined, ``rejected`` those that it had to.
    """

    settled: int
    appended: bool = False
    reopened: bool = False
    refused: Entries = ()
    rejected: Entries = ()
    keeps_rejected: bool = False

    @property
    def of_rejection(self) -> str:
        """The requirement that says what becomes of a rejected entry."""
        return "WAL-10" if self.keeps_rejected else "WAL-04"


def broken_requirement(
    found: Entries,
    expected: Entries,
    since: SinceLoad,
    *,
    kept_without_reopening: Callable[[], bool] = lambda: True,
) -> str:
    """Return the requirement that a log breaks by what was found in it.

    ``expected`` is what it should hold, and differs. What a load had shown before is an entry that
    was not kept; what no load ever showed was never stored. ``kept_without_reopening`` is asked
    where either can be: whether a log that is not opened again holds it all.
    """
    if found[: since.settled] != expected[: since.settled]:
        return _broken_for_settled(since)
    surplus = entries_without(found, expected)
    if any(entry in since.refused for entry in surplus):
        return "WAL-13"
    if since.rejected and (not since.appended or any(entry in since.rejected for entry in surplus)):
        return since.of_rejection
    if since.reopened and (not since.appended or kept_without_reopening()):
        return "WAL-08"
    if not since.appended:
        return "WAL-06"
    return "WAL-02" if _is_merged_or_moved(found, expected) else "WAL-01"


def _broken_for_settled(since: SinceLoad) -> str:
    if since.reopened:
        return "WAL-08"
    if since.appended:
        return "WAL-02"
    return since.of_rejection if since.rejected else "WAL-06"


def broken_by_sync(extra: Entries, missing: Entries, expected: Entries) -> str:
    """Return the requirement that a sync breaks, after which the log is not as expected."""
    identities = {entry.stable_identity() for entry in expected}
    if extra and all(entry.stable_identity() in identities for entry in extra):
        return "SYNC-05"
    first = (*missing, *extra)
    return SYNC_REQUIREMENTS[type(first[0])] if first else "SYNC-04"


def _is_merged_or_moved(found: Entries, expected: Entries) -> bool:
    """Say whether entries changed places, or repeats were taken for the same, and nothing else."""
    if entries_without(found, expected):
        return False
    kept = Counter(map(repr, found))
    # Who drops repeats has each of them once; who has several drops for another reason.
    return all(kept[repr(entry)] == 1 for entry in entries_without(expected, found))


def entries_without(entries: Entries, others: Entries) -> Entries:
    """Return the entries left when each of ``others`` has taken one equal to itself away."""
    counts = Counter(map(repr, others))
    left = []
    for entry in entries:
        shown = repr(entry)
        if counts[shown]:
            counts[shown] -= 1
        else:
            left.append(entry)
    return tuple(left)
