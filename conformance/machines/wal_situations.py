"""The situations that a search of the agreement WAL must reach to have looked everywhere."""

from __future__ import annotations

from typing import Final

from telltale_spec.wire.agreement import AgreementWalEntry, Escalation

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
    "situations_of_accepted",
    "situations_of_offered",
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


def situations_of_accepted(
    before: tuple[AgreementWalEntry, ...], entry: AgreementWalEntry, *, refused_before: bool
) -> tuple[str, ...]:
    """Return what arose when a log that held ``before`` accepted an entry."""
    offered = situations_of_offered(before, entry)
    return (APPEND_AFTER_REFUSAL, *offered) if refused_before else offered


def situations_of_offered(
    before: tuple[AgreementWalEntry, ...], entry: AgreementWalEntry
) -> tuple[str, ...]:
    """Return what arose by a lawful entry alone, whether or not the log took it.

    What is cleanly declined (WAL-13) cannot be kept wrongly either.
    """
    is_stored = entry in before
    identities = {each.stable_identity() for each in before}
    arose = {
        EQUAL_RANK: isinstance(entry, Escalation) and entry.new_level is entry.previous_level,
        EQUAL_ENTRY: is_stored,
        EQUAL_IDENTITY: not is_stored and entry.stable_identity() in identities,
        DESCENDING: bool(before) and entry.tick < before[-1].tick,
        TICK_ZERO: entry.tick == 0,
    }
    return tuple([situation for situation, holds in arose.items() if holds])
