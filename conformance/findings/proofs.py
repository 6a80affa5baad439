"""Findings about the monitors and the formal model: F32, F33, F34."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from conformance.checker.engines import check_model
from conformance.checker.model import FAITHFUL
from conformance.checker.models.decisions import Decision, Facts, clause_holds
from conformance.checker.models.visibility import visibility
from conformance.checker.plain import PLAIN
from conformance.findings.demonstration import Demonstration
from telltale_spec.errors import EscalationOrderError
from telltale_spec.wire.agreement import AgreementLevel, AgreementWalArtifact, Escalation

__all__ = ["formal_steps_leave_out_half", "monitors_see_too_little", "sound_allows_running_again"]


def monitors_see_too_little(folder: Path) -> Demonstration:
    """F32: the monitors' rules over every short run, as a model."""
    result = check_model(visibility(FAITHFUL), 1, engine=PLAIN)
    broken = [each for each in result.properties if each.trace is not None]
    steps = [
        f"{each.name}: not after {', '.join(step.action for step in each.trace.steps)}"
        for each in broken
        if each.trace is not None
    ]
    return Demonstration.of(len(broken) == 3, *steps)


def sound_allows_running_again(folder: Path) -> Demonstration:
    """F33: clauses 1 to 4 on decisions that nobody would want."""
    cases = {
        "run again behind a gate at provisional": Facts(Decision(1, None, True), 0, 1, None, False),
        "run a finalized operation again": Facts(
            Decision(1, None, False), 1, 0, "finalized", False
        ),
    }
    steps, sound = [], []
    for text, facts in cases.items():
        sound.append(all(clause_holds(number, facts) for number in (1, 2, 3, 4)))
        stronger = [number for number in (5, 6, 7, 8) if not clause_holds(number, facts)]
        steps.append(
            f"{text}: clauses 1 to 4 {'hold' if sound[-1] else 'do not hold'}, "
            f"of the stronger ones {stronger} do not"
        )
    return Demonstration.of(all(sound), *steps)


# The level pairs of the formal escalation steps that do not begin and end alike.
_FORMAL_PAIRS: Final = frozenset(
    {
        ("provisional", "soft_safe"),
        ("provisional", "finalized"),
        ("soft_safe", "finalized"),
        ("provisional", "provisional"),
        ("soft_safe", "soft_safe"),
    }
)


def formal_steps_leave_out_half(folder: Path) -> Demonstration:
    """F34: every pair of levels against the log's rule and the formal steps."""
    accepted = set()
    for previous in AgreementLevel:
        for new in AgreementLevel:
            try:
                AgreementWalArtifact(
                    (Escalation("o", previous, new, None, 1),)
                ).validate_monotonic_escalations()
            except EscalationOrderError:
                continue
            accepted.add((previous.value, new.value))
    outside = sorted(accepted - _FORMAL_PAIRS)
    return Demonstration.of(
        len(accepted) == 10 and len(outside) == 5,
        f"offer a log each of 16 pairs of levels as its first escalation: {len(accepted)} accepted",
        f"not among the five pairs of the formal steps: {outside}",
    )
