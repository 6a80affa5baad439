"""Curves, and estimates of what was not seen."""

from __future__ import annotations

import random

import pytest

from conformance.campaigns.discovery import curve_of, unseen_of
from conformance.records.campaigns import CurvePoint
from conformance.report.campaign_text import unseen_line


def test_a_curve_rises_where_something_new_was_met() -> None:
    assert curve_of([4, 0, 4], 10) == [CurvePoint(1, 1), CurvePoint(5, 3), CurvePoint(10, 3)]
    assert curve_of([], 7) == [CurvePoint(7, 0)]
    assert curve_of([2], 3) == [CurvePoint(3, 1)]


def test_nothing_done_says_nothing() -> None:
    assert unseen_of([], 0).probability_max == 1.0
    assert "nothing can be said" in unseen_line(unseen_of([], 0))


def test_what_was_never_met_is_bounded_by_the_rule_of_three() -> None:
    unseen = unseen_of([], 300)

    assert (unseen.probability, unseen.probability_max, unseen.failures_min) == (0.0, 0.01, 0.0)


def test_failures_that_were_met_once_foretell_others() -> None:
    """Ten that were met once and none twice: many more are to be met."""
    unseen = unseen_of([1] * 10, 100)

    assert unseen.probability == 0.1
    assert unseen.failures_min == pytest.approx(44.55)


def test_the_estimate_is_near_the_truth() -> None:
    """Forty rare failures, each with a probability of its own; what is unseen is known."""
    chance = random.Random(1)  # noqa: S311 - not for secrets
    rates = [0.0005 * (1 + index) for index in range(40)]
    bounded = 0
    for _ in range(50):
        counts = [sum(chance.random() < rate for _ in range(200)) for rate in rates]
        unseen = unseen_of([count for count in counts if count], 200)
        mass = sum(rate for rate, count in zip(rates, counts, strict=True) if not count)
        bounded += mass <= unseen.probability_max
    assert bounded >= 45
