"""The table is right before anyone believes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.growth import Report, curves, fitted_exponent, main, shown_seconds, table


def saved_file(folder: Path, *points: tuple[str, int, float, str | None]) -> Path:
    """Return a file with the parts of pytest-benchmark's form that matter, and some that do not."""
    benchmarks = [
        {
            "group": group,
            "name": "test_x",
            "extra_info": {"size": size} | ({"baseline": baseline} if baseline else {}),
            "stats": {"median": median, "rounds": 5},
        }
        for group, size, median, baseline in points
    ]
    path = folder / "0001_saved.json"
    path.write_text(json.dumps({"version": "5", "benchmarks": benchmarks}), encoding="utf-8")
    return path


@pytest.mark.parametrize("exponent", [0, 1, 2])
def test_an_exact_power_is_found(exponent: int) -> None:
    points = [(size, 0.003 * size**exponent) for size in (100, 1_000, 10_000)]

    assert fitted_exponent(points) == pytest.approx(exponent)


def test_one_size_has_no_growth() -> None:
    assert fitted_exponent([(100, 1.0), (100, 2.0)]) is None


def test_the_table_names_ratios_and_growth(tmp_path: Path) -> None:
    path = saved_file(
        tmp_path,
        ("bare", 10, 0.001, None),
        ("ours", 100, 0.2, "bare"),
        ("ours", 10, 0.002, "bare"),
    )

    rows = table(curves(Report.from_json(path.read_text(encoding="utf-8")))).splitlines()[2:]

    assert rows == [
        "| bare | 10 | 1 ms |  |  |  |",
        "| ours | 10 | 2 ms |  | x 2.00 | size^2.00 |",
        "| ours | 100 | 200 ms | x 100.00 |  |  |",
    ]


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text("{}", encoding="utf-8")

    with pytest.raises(SystemExit, match=r"other\.json: not a file of pytest-benchmark"):
        main([str(path)])


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.5, "2.5 s"), (0.0123, "12.3 ms"), (4.56e-6, "4.56 us"), (7e-9, "7 ns")]
)
def test_times_have_a_fitting_unit(seconds: float, text: str) -> None:
    assert shown_seconds(seconds) == text
