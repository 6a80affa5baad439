"""The law of hostile inputs: a reader refuses them in one way or reads what they are.

What an input is, and what may come of it, says its row in the table of the strategies.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from conformance.engine.session import History, Raised
from conformance.errors import ActError
from conformance.machines.codec_answers import (
    accepts,
    check_text,
    decode,
    refuses,
    writes_in_the_one_form,
)
from strategies.hostile_inputs import hostile_inputs

__all__ = ["HOSTILE", "HOSTILE_IDS", "hostile_labels", "judge_hostile"]

HOSTILE: Final = "hostile inputs"
HOSTILE_IDS: Final = ("DEC-04", "DEC-05", "DEC-28", "DEC-29", "DEC-29.text", "DEC-30", "DEC-32")

_HISTORIES_OF_CI: Final = 150


def hostile_labels(histories: int) -> Iterable[str]:
    """Return the names of the inputs that a budget of so many histories has time for."""
    return hostile_inputs(every_place=histories >= _HISTORIES_OF_CI)


def judge_hostile(history: History, label: str) -> None:
    """Judge what comes of one input, which is made from its name."""
    hostile = hostile_inputs(every_place=True).get(label)
    if hostile is None:
        raise ActError(f"hostile input `{label}`: there is none of this name")
    history.reach(HOSTILE)
    answer = decode(history, hostile.make(), label)
    if hostile.refused:
        refuses(history, hostile.requirement, answer, label)
    elif isinstance(answer, Raised):
        check_text(history, answer)
    elif hostile.value is not None:
        accepts(history, hostile.requirement, answer, hostile.value, "the same value")
    else:
        writes_in_the_one_form(history, answer.value)
