"""What a difference in a log means: the requirement that it breaks, and the situations to reach."""

from __future__ import annotations

from typing import Final

from conformance.rules.blame import SinceLoad, broken_requirement
from telltale_spec.model.machine import Refused, RejectionMode, Transition
from telltale_spec.wire.agreement import AgreementWalEntry

__all__ = [
    "APPEND_AFTER_REFUSAL",
    "DESCENDING",
    "EQUAL_ENTRY",
    "EQUAL_IDENTITY",
    "EQUAL_RANK",
    "FRESH",
    "LARGE_TEXT",
    "REFUSED",
    "REOPENED",
    "SUFFIX_SPLITS",
    "TICK_ZERO",
    "blame_for_append",
]

FRESH: Final = "fresh log loaded"
REFUSED: Final = "append refused"
APPEND_AFTER_REFUSAL: Final = "valid append after a refused one"
EQUAL_RANK: Final = "escalation of equal rank appended"
DESCENDING: Final = "tick lower than the last one appended"
TICK_ZERO: Final = "entry with tick 0 appended"
EQUAL_ENTRY: Final = "entry equal to a stored one appended"
SUFFIX_SPLITS: Final = "read that returns some entries and leaves some out"
REOPENED: Final = "log with entries reopened"
LARGE_TEXT: Final = "entry with unusual text or a huge tick appended"
EQUAL_IDENTITY: Final = "different entry with the identity of a stored one appended"


def blame_for_append(
    before: tuple[AgreementWalEntry, ...],
    entry: AgreementWalEntry,
    loaded: tuple[AgreementWalEntry, ...],
    transitions: tuple[Transition, ...],
) -> tuple[str, ...]:
    """Return the requirements that the contents after an append put to the test.

    Where the contents are right, every promise that the append could have
    broken counts as checked; where they are wrong, the one that was broken.
    """
    keeps = transitions[0].state.rejection_mode is RejectionMode.KEEPS_REJECTED
    accepted = not isinstance(transitions[0].response, Refused)
    since = SinceLoad(
        settled=len(before),
        appended=accepted,
        rejected=() if accepted else (entry,),
        keeps_rejected=keeps,
    )
    if not accepted:
        return (since.of_rejection,)
    expected = transitions[0].state.log
    if loaded == expected:
        return ("WAL-01", "WAL-02")
    return (broken_requirement(loaded, expected, since),)
