"""``recovery``: what a plan decides for a log of any length, with a checkpoint at any place.

A slot is all that recovery and its soundness can see of one operation's part
of a log: the fold of RECOV-04 below and behind the checkpoint, the last
escalation, the outcomes. Appending an entry maps one such value to another, so
the reachable values cover logs of every length, in any order of ticks. The
hardened variant recovers from the whole log, operation by operation, from a
log that admits only what fits together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from conformance.checker.model import HARDENED, Action, Model, PairProperty, Property
from conformance.checker.models.decisions import (
    CLAUSE_SENTENCES,
    FINALIZED,
    LEVELS,
    OUTCOMES,
    SOFT_SAFE,
    Decision,
    Facts,
    clause_holds,
    level_name,
)

__all__ = [
    "LETTERS",
    "NO_CHECKPOINT",
    "Letter",
    "Log",
    "Operation",
    "append",
    "decision",
    "facts",
    "recovery",
]

NAME: Final = "recovery"

NO_CHECKPOINT: Final = "no-checkpoint"
"""The variant that does what the specification says, of logs without a checkpoint."""

_SIDES: Final = ("before", "after")
_OUT_OF_ORDER: Final = "regression"

_CLAUSE_IDS: Final = {
    1: ("F6",),
    2: ("F5", "F6"),
    3: ("RECOV-10",),
    4: ("RECOV-10",),
    5: ("F5", "F6", "F33"),
    6: ("F6", "F20"),
    7: ("F7",),
    8: ("F7", "F20"),
}


@dataclass(frozen=True, slots=True)
class Log:
    """What all operations share: whether the whole log is in order (RECOV-01)."""

    in_order: bool = True


class Operation(NamedTuple):
    """What a log says of one operation.

    ``escalated_level`` is the new level of its last escalation. Of the entries
    behind the checkpoint there are the fold (``level``, ``outcome``), the
    highest gate and whether there is any (``is_touched``); of those up to it
    the level.
    """

    escalated_level: int | None = None
    checkpoint_level: int = 0
    is_touched: bool = False
    level: int = 0
    outcome: str | None = None
    gate_level: int | None = None
    last_outcome: str | None = None
    is_conflicting: bool = False
    is_out_of_order: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """One kind of entry: what it is, on which side of the checkpoint it lies, its level or outcome.

    A ``regression`` is an escalation that is out of order, whatever its levels.
    """

    kind: str
    side: str
    level: int = 0
    outcome: str | None = None

    @property
    def name(self) -> str:
        """What a reader sees."""
        place = f"{self.side} the checkpoint"
        if self.kind == _OUT_OF_ORDER:
            return f"an escalation out of order {place}"
        if self.kind == "finalization":
            return f"the outcome {self.outcome} {place}"
        return f"{self.kind} at {level_name(self.level)} {place}"


LETTERS: Final = (
    *(
        Letter(kind, side, level)
        for kind in ("escalation", "evidence", "gate")
        for side in _SIDES
        for level in LEVELS
    ),
    *(Letter("finalization", side, outcome=outcome) for side in _SIDES for outcome in OUTCOMES),
    *(Letter(_OUT_OF_ORDER, side) for side in _SIDES),
)
"""Every kind of entry that makes a difference to recovery."""


def _is_in_order(slot: Operation, letter: Letter) -> bool:
    """Say whether there is an escalation to that level that keeps the order (ART-WAL-03, 04)."""
    if letter.kind == "escalation":
        return slot.escalated_level is None or letter.level >= slot.escalated_level
    return True


def _is_admitted(slot: Operation, letter: Letter) -> bool:
    """Say whether a log that admits only what fits together takes an entry."""
    if letter.kind == "finalization":
        return slot.last_outcome in (None, letter.outcome)
    if letter.kind == "gate":
        # Who crossed a gate is at least resumed, so that its level has to allow for that.
        return max(slot.level, slot.checkpoint_level) >= max(letter.level, SOFT_SAFE)
    if letter.kind in ("escalation", "evidence") and letter.level == FINALIZED:
        return slot.last_outcome == "finalized"
    return True


def append(slot: Operation, letter: Letter) -> Operation:
    """Return what the log says of an operation with one entry more (RECOV-04)."""
    if letter.kind == _OUT_OF_ORDER:
        return slot._replace(is_out_of_order=True)
    level = FINALIZED if letter.outcome == "finalized" else letter.level
    if letter.kind == "escalation":
        slot = slot._replace(escalated_level=letter.level)
    if letter.kind == "finalization":
        differs = slot.last_outcome not in (None, letter.outcome)
        slot = slot._replace(
            last_outcome=letter.outcome,
            is_conflicting=slot.is_conflicting or differs,
        )
    if letter.side == "before":
        if letter.kind == "gate":
            return slot
        return slot._replace(checkpoint_level=max(slot.checkpoint_level, level))
    if letter.kind == "gate":
        slot = slot._replace(gate_level=max(slot.gate_level or 0, letter.level))
    else:
        slot = slot._replace(level=max(slot.level, level))
    if letter.kind == "finalization":
        slot = slot._replace(outcome=letter.outcome)
    return slot._replace(is_touched=True)


def decision(slot: Operation) -> Decision:
    """Return what recovery decides from the entries behind the checkpoint (RECOV-04)."""
    return Decision(slot.level, slot.outcome, slot.gate_level is not None)


def _hardened_decision(slot: Operation) -> Decision:
    """Return what the whole log says."""
    return Decision(
        max(slot.level, slot.checkpoint_level), slot.last_outcome, slot.gate_level is not None
    )


def facts(slot: Operation, decided: Decision) -> Facts:
    """Return a decision with what the log says about its operation."""
    return Facts(
        decided, slot.checkpoint_level, slot.gate_level or 0, slot.last_outcome, slot.is_conflicting
    )


def _actions(variant: str) -> Iterator[Action]:
    hardened = variant == HARDENED
    for letter in LETTERS:
        if variant == NO_CHECKPOINT and letter.side == "before":
            continue

        def guard(log: Log, slot: Operation, letter: Letter = letter) -> bool:
            admitted = not hardened or _is_admitted(slot, letter)
            return log.in_order and admitted and _is_in_order(slot, letter)

        def effect(log: Log, slot: Operation, letter: Letter = letter) -> tuple[Log, Operation]:
            return Log(log.in_order and letter.kind != _OUT_OF_ORDER), append(slot, letter)

        ids = ("RECOV-01", "ART-WAL-03") if letter.kind == _OUT_OF_ORDER else ("RECOV-04",)
        yield Action(letter.name, ids, guard, effect)


def _clauses(decide: Callable[[Operation], Decision]) -> Iterator[Property]:
    for number, sentence in CLAUSE_SENTENCES.items():

        def holds(_log: Log, slot: Operation, number: int = number) -> bool:
            return clause_holds(number, facts(slot, decide(slot)))

        yield Property(
            f"clause {number}",
            _CLAUSE_IDS[number],
            sentence,
            holds,
            lambda log, slot: bool(log.in_order and slot.is_touched),
        )


def recovery(variant: str) -> Model:
    """Return the model of recovery; a slot is an operation."""
    hardened = variant == HARDENED

    def view(log: Log, slot: Operation) -> tuple[bool, bool]:
        is_planned = not slot.is_out_of_order if hardened else log.in_order
        return slot.is_out_of_order, slot.is_touched and not is_planned

    return Model(
        NAME,
        variant,
        "logs of every length over all kinds of entries, "
        + ("no checkpoint" if variant == NO_CHECKPOINT else "a checkpoint at any place"),
        (Log(),),
        lambda _index: Operation(),
        tuple(_actions(variant)),
        tuple(_clauses(_hardened_decision if hardened else decision)),
        pair_properties=(
            PairProperty(
                "one out of order blocks no other",
                ("F38", "RECOV-01"),
                "an operation out of order leaves the others their plan",
                view,
                lambda left, right: not right[1],
                lambda left, right: bool(left[0] and not right[0]),
            ),
        ),
        slots_default=1,
    )
