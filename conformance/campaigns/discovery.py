"""How many failures were found by when, and what that says about those that were not."""

from __future__ import annotations

from collections.abc import Collection

from conformance.records.campaigns import CurvePoint, Unseen

__all__ = ["curve_of", "unseen_of"]

# With no failure seen once in n units, its probability is below this over n, in 95 of 100 cases.
_RULE_OF_THREE = 3.0


def curve_of(firsts: Collection[int], units: int) -> list[CurvePoint]:
    """Return a point for each unit that met a failure first, and one for the end.

    ``firsts`` are the numbers of the units that met each failure first, from 0 on.
    """
    points: list[CurvePoint] = []
    for count, number in enumerate(sorted(firsts), 1):
        if points and points[-1].units == number + 1:
            points.pop()
        points.append(CurvePoint(number + 1, count))
    if not points or points[-1].units < units:
        points.append(CurvePoint(units, len(firsts)))
    return points


def unseen_of(counts: Collection[int], samples: int) -> Unseen:
    """Return the estimate of what was not seen, from how many samples met each failure.

    The probability that the next sample meets something new is, after Good and Turing, the part of
    the samples that met something that no other met. Where nothing was met once the rule of three
    bounds it, and elsewhere the normal bound of a proportion that is estimated so. The least number
    of failures unseen is Chao's, corrected for few samples.
    """
    once = sum(each == 1 for each in counts)
    twice = sum(each == 2 for each in counts)
    if samples == 0:
        return Unseen(0, 0, 0, 1.0, 1.0, 0.0)
    probability = min(1.0, once / samples)
    # One more than was counted keeps the bound honest where little was counted.
    spread = 1.65 * (once + 2 * twice + 1) ** 0.5 / samples
    bound = max(_RULE_OF_THREE / samples, probability + spread)
    correction = (samples - 1) / samples
    at_least = correction * max(0, once * (once - 1)) / (2 * (twice + 1))
    return Unseen(
        samples, once, twice, round(probability, 6), round(min(1.0, bound), 6), round(at_least, 3)
    )
