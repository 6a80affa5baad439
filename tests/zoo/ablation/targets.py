"""What the search is to reach, held against the figures."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Final

from tests.zoo.ablation.configurations import ORDINARY, Configuration
from tests.zoo.ablation.figures import Figures, Row, rows

__all__ = ["Judged", "judged_targets"]

_MEDIAN_MAX: Final = 1.0
_P95_MAX: Final = 10.0
_TIMES_PLAIN_MIN: Final = 5.0
_RATIO: Final = 1.0
# Times are kept in thousandths.
_SECONDS_MIN: Final = 0.001


@dataclass(frozen=True)
class Judged:
    """One target, what was measured of it, and whether it is met."""

    target: str
    measured: str
    met: bool


def judged_targets(figures: Figures) -> list[Judged]:
    """Return each target with its verdict; none where the whole search was not measured."""
    found = {row.configuration: row for row in rows(figures, ORDINARY)}
    whole = found.get(Configuration.WHOLE)
    if whole is None or whole.median is None or whole.p95 is None or whole.ratio is None:
        return []
    killed = f"{whole.kills} of {whole.runs} runs, {100 * whole.share:.1f} %"
    judged = [
        Judged(
            "every system is killed, in `ci`",
            f"{killed}, here in `quick` and within {figures.limit:g} s",
            whole.kills == whole.runs,
        ),
        Judged("median at most 1 s", f"{whole.median:.2f} s", whole.median <= _MEDIAN_MAX),
        Judged("95 of 100 within 10 s", f"{whole.p95:.2f} s", whole.p95 <= _P95_MAX),
    ]
    plain = found.get(Configuration.PLAIN)
    if plain is not None:
        judged += _beside_plain(whole, plain)
        judged += _on_what_both_kill(figures)
    judged.append(
        Judged(
            "median length over the shortest known 1.0",
            f"{whole.ratio:.2f}",
            whole.ratio <= _RATIO,
        )
    )
    return judged


def _on_what_both_kill(figures: Figures) -> list[Judged]:
    """Return the same for runs that are kills of both, so that neither has the easier systems."""
    killed = {
        (seed, place): run.seconds
        for seed, place, run in figures.measured(ORDINARY, Configuration.WHOLE)
        if run.seconds is not None
    }
    times = [
        run.seconds / max(killed[seed, place], _SECONDS_MIN)
        for seed, place, run in figures.measured(ORDINARY, Configuration.PLAIN)
        if run.seconds is not None and (seed, place) in killed
    ]
    if not times:
        return []
    median = statistics.median(times)
    return [
        Judged(
            "the same over the runs that both kill, system by system",
            f"{median:.1f} times, over {len(times)} runs",
            median >= _TIMES_PLAIN_MIN,
        )
    ]


def _beside_plain(whole: Row, plain: Row) -> list[Judged]:
    """Return how much faster the whole search is, by the kills of each and by all runs."""
    judged = []
    if plain.median is not None and whole.median is not None:
        times = plain.median / max(whole.median, _SECONDS_MIN)
        judged.append(
            Judged(
                "median 5 times better than the plain tests, over the kills of each",
                f"{plain.median:.2f} s against {whole.median:.2f} s: {times:.1f} times",
                times >= _TIMES_PLAIN_MIN,
            )
        )
    times = plain.of_each / max(whole.of_each, _SECONDS_MIN)
    judged.append(
        Judged(
            "the same over all runs, a miss counted as the limit",
            f"{plain.of_each:.2f} s against {whole.of_each:.2f} s: {times:.1f} times",
            times >= _TIMES_PLAIN_MIN,
        )
    )
    return judged
