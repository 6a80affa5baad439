"""Levels of many operations: each is remembered, however many others were raised behind it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from conformance.engine.scripts import Script
from conformance.machines.scripted_log import LOAD, append_act
from telltale_spec.model.machine import RejectionMode
from telltale_spec.wire.agreement import AgreementLevel, Escalation, VisibilityGateCrossing

__all__ = ["OPERATIONS", "levels_of_many", "levels_of_very_many"]

OPERATIONS: Final = "levels of many operations remembered"

# More in a row than what those who stop trying are set to.
_REFUSED: Final = 12
# More than what a log remembers that forgets the levels of those that were quiet for long.
_QUIET: Final = 1_100


def levels_of_many(count: int, mode: RejectionMode) -> Script:
    """Raise many operations, and then try to lower early, middle and late ones."""
    soft, final = AgreementLevel.SOFT_SAFE, AgreementLevel.FINALIZED
    none, low = AgreementLevel.NONE, AgreementLevel.PROVISIONAL
    names = [f"operation-{index}" for index in range(count)]
    acts = [
        append_act(Escalation(name, none, soft if index % 2 else final, None, index + 1))
        for index, name in enumerate(names)
    ]
    spread = range(0, count, max(1, count // _REFUSED))
    places = sorted(
        {0, 1, count // 2, 3 * count // 4, count - 2, count - 1, *spread} & {*range(count)}
    )
    lowering = [append_act(Escalation(names[place], none, low, None, count)) for place in places]
    after = append_act(VisibilityGateCrossing(names[0], "c", final, count))
    if mode is RejectionMode.CLEAN_REJECT:
        ending = [*lowering, LOAD, after, lowering[0], LOAD, LOAD]
    else:
        # What is refused may stay there, so it is the last that is tried.
        ending = [LOAD, lowering[0], LOAD]
    return Script("levels of many operations", OPERATIONS, tuple(acts), tuple(ending))


def levels_of_very_many(count: int, mode: RejectionMode) -> Script:
    """Return the same with so many that no log should keep them apart from the rest."""
    script = levels_of_many(max(count, _QUIET), mode)
    return replace(script, name="levels of very many operations", is_spare=True)
