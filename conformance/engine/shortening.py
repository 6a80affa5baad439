"""Counterexamples without what they do not need."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from conformance.engine.acts import Act
from conformance.engine.plainness import in_plain_values
from conformance.records.results import Counterexample

__all__ = ["shortest_and_plainest"]


def shortest_and_plainest(
    found: Counterexample, attempt: Callable[[Sequence[Act]], Counterexample | None]
) -> Counterexample:
    """Return the counterexample with the fewest acts and the plainest values that still show it.

    ``attempt`` carries acts out again; where there is no time left it finds nothing.
    """
    while True:
        shorter = without_needless_acts(found, attempt)
        plainer = in_plain_values(shorter, attempt)
        if plainer is shorter:
            return shorter
        found = plainer


def without_needless_acts(
    found: Counterexample, attempt: Callable[[Sequence[Act]], Counterexample | None]
) -> Counterexample:
    """Return the counterexample without any act, or part of one, that it does not need.

    ``attempt`` carries acts out again. Hypothesis shrinks values well, but a rule that chooses by
    what is stored can keep an act alive that the violation has no use for.
    """
    shortest = found
    position = len(shortest.acts) - 1
    while position >= 0:
        before, act, after = _split(shortest.acts, position)
        for part in ([], *([smaller] for smaller in act.without_one_item())):
            shorter = attempt([*before, *part, *after])
            if (
                shorter is not None
                and shorter.requirement_id == found.requirement_id
                and _size(shorter) < _size(shortest)
            ):
                shortest = shorter
                position = len(shortest.acts)
                break
        position -= 1
    return shortest


def _split(acts: list[Act], position: int) -> tuple[list[Act], Act, list[Act]]:
    return acts[:position], acts[position], acts[position + 1 :]


def _size(counterexample: Counterexample) -> tuple[int, int, int]:
    acts = counterexample.acts
    return len(counterexample.steps), len(acts), sum(act.items_count() for act in acts)
