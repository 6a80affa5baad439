"""A store that is not empty where a history begins, and who may have left that there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from conformance.engine.acts import act_forms
from conformance.engine.suite import NEXT_HISTORY, ConformanceMachine
from conformance.records.results import Step
from conformance.rules.narration import entries_text

__all__ = ["NEXT_HISTORY_OPENINGS", "follow", "leftovers_text", "next_history_text"]

NEXT_HISTORY_OPENINGS: Final[tuple[Mapping[str, Any], ...]] = (
    {"act": NEXT_HISTORY, "same_name": False},
    {"act": NEXT_HISTORY, "same_name": True},
)
"""The next history, in a directory of another name and in one of the same name elsewhere."""


def next_history_text(*, same_name: bool) -> str:
    """Return the end of a history and the beginning of the next one as a phrase."""
    where = "an empty directory of the same name elsewhere" if same_name else "an empty directory"
    return f"end this history, and begin the next one in {where}"


def leftovers_text(loaded: Sequence[Any]) -> str:
    """Return what a first load gave and should not have."""
    count = "1 entry" if len(loaded) == 1 else f"{len(loaded)} entries"
    shown = entries_text(loaded)
    return f"the first load gave {count}: is the store shared between histories? {shown}"


def follow(machine: ConformanceMachine) -> None:
    """Put the history before into the one that found what it left."""
    form = act_forms(type(machine))[NEXT_HISTORY]
    between = form.acted(same_name=False)
    machine.history.follow_previous(between, Step(next_history_text(same_name=False), "ok"))
