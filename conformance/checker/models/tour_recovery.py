"""The bounded recovery whose every transition a tour takes: logs of every length of one operation.

A log is seen by what recovery can make of it: whether anything is before the checkpoint, the level
that an escalation may go on from, and the fold of what is behind the checkpoint (RECOV-04).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from conformance.checker.model import FAITHFUL, Action, Model

__all__ = ["RecoveryLetter", "TourRecovery", "recovery_after", "recovery_letters", "tour_recovery"]

_RANKS: Final = range(4)
_OUTCOMES: Final = ("finalized", "aborted", "timed_out", "rejected")
_BEFORE, _BEHIND = "before", "behind"


class TourRecovery(NamedTuple):
    """A log: what is before the checkpoint, the fold behind it, and what may come next.

    ``order`` is the rank that the last escalation reached; ``is_in_order`` whether the
    log can be recovered from at all (RECOV-01).
    """

    has_before: bool = False
    order: int = 0
    is_touched: bool = False
    level: int = 0
    outcome: str | None = None
    has_gate: bool = False
    has_cached: bool = False
    is_in_order: bool = True


class RecoveryLetter(NamedTuple):
    """One more entry of the log, before or behind the checkpoint."""

    kind: str
    side: str
    rank: int = 0
    outcome: str = ""

    @property
    def name(self) -> str:
        """What a reader sees."""
        what = {
            "escalation": f"an escalation to level {self.rank}",
            "regression": "an escalation out of order",
            "cached": f"cached evidence of level {self.rank}",
            "evidence": f"evidence of level {self.rank} that is not cached",
            "outcome": f"the outcome {self.outcome}",
            "gate": "a gate",
        }[self.kind]
        return f"{what} {self.side} the checkpoint"


def recovery_letters() -> tuple[RecoveryLetter, ...]:
    """Return every entry that the bounded log may get."""
    letters = []
    for side in (_BEFORE, _BEHIND):
        for kind in ("escalation", "cached", "evidence"):
            letters += [RecoveryLetter(kind, side, rank) for rank in _RANKS]
        letters += [RecoveryLetter("outcome", side, outcome=each) for each in _OUTCOMES]
        letters += [RecoveryLetter("gate", side), RecoveryLetter("regression", side)]
    return tuple(letters)


def recovery_after(log: TourRecovery, letter: RecoveryLetter) -> TourRecovery:
    """Return the log with one entry more (RECOV-02, RECOV-04, RECOV-06)."""
    if letter.kind == "regression":
        return log._replace(is_in_order=False)
    if letter.kind == "escalation":
        log = log._replace(order=letter.rank)
    if letter.side == _BEFORE:
        return log._replace(has_before=True)
    log = log._replace(is_touched=True)
    if letter.kind == "gate":
        return log._replace(has_gate=True)
    if letter.kind == "outcome":
        level = _RANKS[-1] if letter.outcome == _OUTCOMES[0] else log.level
        return log._replace(outcome=letter.outcome, level=level)
    has_cached = log.has_cached or letter.kind == "cached"
    return log._replace(level=max(log.level, letter.rank), has_cached=has_cached)


def tour_recovery() -> Model:
    """Return the bounded recovery."""

    def actions() -> Iterator[Action]:
        for letter in recovery_letters():

            def guard(_none: None, log: TourRecovery, letter: RecoveryLetter = letter) -> bool:
                # An escalation goes on from where the last one ended; behind one that
                # does not, there is nothing more to recover.
                return log.is_in_order and (letter.kind != "escalation" or letter.rank >= log.order)

            def effect(
                none: None, log: TourRecovery, letter: RecoveryLetter = letter
            ) -> tuple[None, TourRecovery]:
                return none, recovery_after(log, letter)

            yield Action(letter.name, ("RECOV-01", "RECOV-04"), guard, effect)

    return Model(
        "bounded-recovery",
        FAITHFUL,
        "logs of every length of one operation, by what recovery can make of them",
        (None,),
        lambda _index: TourRecovery(),
        tuple(actions()),
        (),
    )
