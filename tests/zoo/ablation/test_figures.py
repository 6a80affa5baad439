"""What single runs come to."""

from __future__ import annotations

import pytest

from tests.zoo.ablation.configurations import CRASHES, ORDINARY, Configuration
from tests.zoo.ablation.figures import Figures, percentile, rows
from tests.zoo.ablation.kept import Run
from tests.zoo.ablation.targets import judged_targets

WHOLE, PLAIN = Configuration.WHOLE, Configuration.PLAIN
SYSTEMS = {
    ORDINARY: [("log", "a/b", "WAL-01"), ("cache", "c", "CACHE-01"), ("log", "d", "WAL-02")],
    CRASHES: [("power", "e", "WAL-08.power")],
}


def run(
    configuration: Configuration,
    system: str,
    seconds: float | None,
    length: int | None = None,
    seed: int = 0,
) -> Run:
    killed = seconds is not None
    ended = "kill" if killed else "limit"
    return Run(configuration, system, seed, 10.0, killed, seconds or 10.0, ended, length)


def figures(*runs: Run) -> Figures:
    return Figures.from_runs(runs, SYSTEMS, 10.0, "a machine")


SOME = figures(
    run(WHOLE, "log/a/b/WAL-01", 0.1, 1),
    run(WHOLE, "cache/c/CACHE-01", 0.3, 4),
    run(WHOLE, "log/d/WAL-02", 0.2, 3),
    run(PLAIN, "log/a/b/WAL-01", 4.0, 2),
    run(PLAIN, "cache/c/CACHE-01", 0.9, 2),
    run(PLAIN, "log/d/WAL-02", None),
)


def test_a_row_is_of_the_kills_and_says_how_many_there_are() -> None:
    whole, plain = rows(SOME, ORDINARY)

    assert (whole.runs, whole.kills, whole.share, whole.cut_off) == (3, 3, 1.0, 0)
    assert (whole.median, whole.p95, whole.of_each) == (0.2, 0.3, 0.2)
    assert (plain.runs, plain.kills, plain.cut_off) == (3, 2, 1)
    assert plain.median == pytest.approx(2.45)
    # One that was not killed counts as the limit there, and nowhere else.
    assert plain.of_each == 4.0


def test_a_length_is_held_against_the_shortest_of_all_configurations() -> None:
    whole, plain = rows(SOME, ORDINARY)

    # 1 of 1, 4 of 2, 3 of 3; and 2 of 1, 2 of 2.
    assert whole.ratio == 1.0
    assert plain.ratio == 1.5


def test_a_kill_whose_length_is_not_known_is_a_kill() -> None:
    (row,) = rows(figures(run(WHOLE, "log/d/WAL-02", 1.0)), ORDINARY)

    assert (row.kills, row.ratio, row.unshrunk) == (1, None, 1)


def test_groups_are_counted_apart() -> None:
    found = figures(run(WHOLE, "power/e/WAL-08.power", 1.0, 2), run(WHOLE, "log/d/WAL-02", None))

    assert [row.kills for row in rows(found, CRASHES)] == [1]
    assert [row.kills for row in rows(found, ORDINARY)] == [0]


def test_a_system_that_is_gone_is_left_out() -> None:
    assert rows(figures(run(WHOLE, "log/gone/WAL-01", 1.0, 2)), ORDINARY) == []


def test_the_text_of_figures_holds_all_of_them() -> None:
    again = Figures.from_text(SOME.to_text())

    assert again == SOME
    assert again.to_text() == SOME.to_text()


def test_figures_can_be_added_to() -> None:
    """What is on the page comes of them again, whichever runs they were made of."""
    runs = list(SOME.to_runs())

    assert figures(*runs) == SOME
    assert [run.ended for run in runs if not run.killed] == ["limit"]


def test_the_order_of_runs_does_not_matter() -> None:
    made = [run(WHOLE, "log/d/WAL-02", 1.0, 2, seed) for seed in (3, 1, 2)]

    assert figures(*made).to_text() == figures(*reversed(made)).to_text()


def test_runs_that_were_not_made_are_no_misses() -> None:
    again = Figures.from_text(figures(run(WHOLE, "log/d/WAL-02", 1.0, 2)).to_text())

    assert [row.runs for row in rows(again, ORDINARY)] == [1]
    assert again.missing()[ORDINARY, WHOLE, 0] == 2


def test_a_seed_that_is_not_whole_is_left_out() -> None:
    """What was hunted first may be what is easy."""
    more = figures(*SOME.to_runs(), run(WHOLE, "log/d/WAL-02", 1.0, 2, seed=1))

    assert more.whole() == SOME
    assert (ORDINARY, PLAIN, 0) not in SOME.missing()
    assert SOME.missing()[ORDINARY, Configuration.TOURS_ONLY, 0] == 3


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([3.0], 95, 3.0),
        (list(range(1, 101)), 95, 95),
        (list(range(1, 21)), 95, 19),
        ([1, 2], 50, 1),
    ],
)
def test_percentiles_are_values_that_were_measured(
    values: list[float], percent: int, expected: float
) -> None:
    assert percentile(values, percent) == expected


def test_targets_are_met_or_not() -> None:
    """Speed is told by the kills of each, by all runs, and by what both kill."""
    assert [(each.met, each.measured) for each in judged_targets(SOME)] == [
        (True, "3 of 3 runs, 100.0 %, here in `quick` and within 10 s"),
        (True, "0.20 s"),
        (True, "0.30 s"),
        (True, "2.45 s against 0.20 s: 12.2 times"),
        (True, "4.00 s against 0.20 s: 20.0 times"),
        (True, "21.5 times, over 2 runs"),
        (True, "1.00"),
    ]
    missed = figures(
        run(WHOLE, "log/d/WAL-02", 1.5, 2),
        run(WHOLE, "log/a/b/WAL-01", None),
        run(PLAIN, "log/d/WAL-02", 0.5, 1),
    )
    assert [each.met for each in judged_targets(missed)] == [False, False, True, *[False] * 4]
    assert judged_targets(figures(run(PLAIN, "log/d/WAL-02", 0.5, 1))) == []
