"""What recovery decides for one operation, and the clauses that a decision has to meet.

Levels are ranks, 0 to 3; outcomes are their wire names. The rules are those of
``telltale_spec.model.recovery`` and of ``conformance.rules.soundness``, said
again over small values; tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = [
    "CLAUSE_SENTENCES",
    "FINALIZED",
    "LEVELS",
    "NONE",
    "OUTCOMES",
    "PRESERVE",
    "PROVISIONAL",
    "REEXECUTE",
    "RESUME",
    "REUSE",
    "SOFT_SAFE",
    "Decision",
    "Facts",
    "action_of",
    "clause_holds",
    "level_name",
]

NONE: Final = 0
PROVISIONAL: Final = 1
SOFT_SAFE: Final = 2
FINALIZED: Final = 3
LEVELS: Final = (NONE, PROVISIONAL, SOFT_SAFE, FINALIZED)
OUTCOMES: Final = ("finalized", "aborted", "rejected", "timed_out")

REEXECUTE: Final = "reexecute_from_scratch"
RESUME: Final = "resume_from_evidence_boundary"
REUSE: Final = "reuse_finalized"
PRESERVE: Final = "preserve_terminal"

_LEVEL_NAMES: Final = ("none", "provisional", "soft_safe", "finalized")


def level_name(level: int) -> str:
    """Return the wire name of a rank."""
    return _LEVEL_NAMES[level]


@dataclass(frozen=True, slots=True)
class Decision:
    """What recovery says of one operation (RECOV-04)."""

    level: int
    outcome: str | None
    gate_crossed: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """One decision, and what the log says about its operation.

    ``gate_level`` is the highest of the crossed gates behind the checkpoint,
    ``last_outcome`` the last one of the whole log.
    """

    decision: Decision
    checkpoint_level: int
    gate_level: int
    last_outcome: str | None
    is_conflicting: bool


def action_of(decision: Decision) -> str:
    """Return what is done with an operation (RECOV-05)."""
    if decision.outcome == "finalized":
        return REUSE
    if decision.outcome is not None:
        return PRESERVE
    return RESUME if decision.level >= SOFT_SAFE else REEXECUTE


def _acts_on_the_outcome(facts: Facts) -> bool:
    if facts.last_outcome is None:
        return True
    wanted = REUSE if facts.last_outcome == "finalized" else PRESERVE
    return action_of(facts.decision) == wanted


_CLAUSES: Final[dict[int, tuple[str, Callable[[Facts], bool]]]] = {
    1: (
        "the level is not below that of the checkpoint",
        lambda f: f.decision.level >= f.checkpoint_level,
    ),
    2: ("the level reaches that of every crossed gate", lambda f: f.decision.level >= f.gate_level),
    3: (
        "what is reused has level and outcome finalized",
        lambda f: (
            action_of(f.decision) != REUSE
            or (f.decision.outcome == "finalized" and f.decision.level == FINALIZED)
        ),
    ),
    4: (
        "what is preserved ended in another outcome",
        lambda f: (
            action_of(f.decision) != PRESERVE or f.decision.outcome not in (None, "finalized")
        ),
    ),
    5: (
        "nothing is run again once a gate was crossed",
        lambda f: not (f.decision.gate_crossed and action_of(f.decision) == REEXECUTE),
    ),
    6: ("an outcome anywhere in the log is acted upon", _acts_on_the_outcome),
    7: ("an operation has at most one outcome", lambda f: not f.is_conflicting),
    8: (
        "level and outcome are finalized together",
        lambda f: (f.decision.level == FINALIZED) == (f.decision.outcome == "finalized"),
    ),
}

CLAUSE_SENTENCES: Final = {number: sentence for number, (sentence, _) in _CLAUSES.items()}
"""What each clause of soundness asks, by its number."""


def clause_holds(number: int, facts: Facts) -> bool:
    """Say whether a decision meets one clause."""
    return _CLAUSES[number][1](facts)
