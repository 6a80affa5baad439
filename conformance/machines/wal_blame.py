"""What a difference in a log means: the requirement that it breaks."""

from __future__ import annotations

from conformance.rules.blame import SinceLoad, broken_requirement
from telltale_spec.model.machine import Refused, RejectionMode, Transition
from telltale_spec.wire.agreement import AgreementWalEntry

__all__ = ["blame_for_append"]


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
