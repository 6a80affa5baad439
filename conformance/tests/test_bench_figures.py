"""The table, the page and the comparison are right before anyone believes them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from conformance.bench.comparison import compared
from conformance.bench.figures import Figures, fitted_exponent, read_figures, shown_seconds
from conformance.bench.page import page
from conformance.bench.table import figures_text, ranking_lines
from conformance.errors import UsageError


def measured(group: str, size: int, median: float, **labels: Any) -> dict[str, Any]:
    """Return one measurement in pytest-benchmark's form, with parts that nobody reads."""
    data = labels.pop("data", [median, 3 * median])
    stats = {"median": median, "iqr": median / 10, "max": max(data), "rounds": 5, "data": data}
    return {"group": group, "name": "x", "extra_info": {"size": size, **labels}, "stats": stats}


def saved_file(folder: Path, *measurements: dict[str, Any], flush: float | None = 0.002) -> Path:
    path = folder / "figures.json"
    machine = {"python_version": "3.11.7", "machine": "x86_64"}
    if flush is not None:
        machine |= {"flush_seconds": flush}  # type: ignore[dict-item]
    tree = {
        "version": "5",
        "datetime": "2026-01-02T03:04:05",
        "machine_info": machine,
        "benchmarks": [*measurements],
    }
    path.write_text(json.dumps(tree), encoding="utf-8")
    return path


def figures_of(folder: Path, *measurements: dict[str, Any], **more: Any) -> Figures:
    return read_figures(saved_file(folder, *measurements, **more))


@pytest.mark.parametrize("exponent", [0, 1, 2])
def test_an_exact_power_is_found(exponent: int) -> None:
    """The fitted exponent of a power is that power."""
    points = [(size, 0.003 * size**exponent) for size in (100, 1_000, 10_000)]

    assert fitted_exponent(points) == pytest.approx(exponent)


def test_one_size_has_no_growth() -> None:
    """Through one size no line is fixed."""
    assert fitted_exponent([(100, 1.0), (100, 2.0)]) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.5, "2.5 s"), (0.0123, "12.3 ms"), (4.56e-6, "4.56 us"), (7e-9, "7 ns")]
)
def test_times_have_a_fitting_unit(seconds: float, text: str) -> None:
    """Three digits, and the unit that suits them."""
    assert shown_seconds(seconds) == text


def test_the_table_has_ratios_and_growth(tmp_path: Path) -> None:
    """Each point beside the one before and beside its yardstick; several items count singly."""
    figures = figures_of(
        tmp_path,
        measured("decode, bare", 10, 0.001),
        measured("decode, ours", 100, 0.4, baseline="decode, bare", each=2),
        measured("decode, ours", 10, 0.004, baseline="decode, bare", each=2),
    )

    rows = [line for line in figures_text(figures).splitlines() if line.startswith("| decode")]

    assert rows == [
        "| decode, bare | 10 | 1 ms |  | 10 % |  |  |  |  |  |",
        "| decode, ours | 10 | 2 ms |  | 10 % |  | x 2.00 | size^2.00 |  |  |",
        "| decode, ours | 100 | 200 ms |  | 10 % | x 100.00 |  |  |  |  |",
    ]


def test_what_waits_for_storage_has_a_99th_percentile(tmp_path: Path) -> None:
    """One outlier in a hundred is above it, two are not."""
    rounds = [0.001] * 98 + [0.005, 0.009]
    figures = figures_of(tmp_path, measured("append, a", 10, 0.001, waits=True, data=rounds))

    assert figures.curves["append, a"].points[0].p99 == 0.005


def durable(name: str, size: int, median: float, standing: str | None = "conforming") -> Any:
    labels = {"waits": True, "durability": "process"} | ({"standing": standing} if standing else {})
    return measured(f"append, {name}", size, median, **labels)


def test_only_who_conforms_is_ranked(tmp_path: Path) -> None:
    """The fastest of a class is first at the largest size that all have; others are named apart."""
    figures = figures_of(
        tmp_path,
        *(durable("slow", size, 0.004) for size in (100, 1_000)),
        durable("fast", 100, 0.002),
        durable("wrong", 100, 0.001, "does not conform"),
        durable("a floor", 100, 0.0001, None),
        measured("append, alone", 100, 0.1, durability="volatile", standing="conforming"),
    )

    assert [*ranking_lines(figures)] == [
        "append, class process, 100 entries: 1. fast (2 ms), 2. slow (4 ms)",
        "append, not ranked: wrong (does not conform)",
    ]


@pytest.mark.parametrize(("flush", "looks_virtual"), [(20e-6, True), (2e-3, False), (None, False)])
def test_a_disk_that_is_too_fast_is_called_virtual(
    tmp_path: Path, flush: float | None, looks_virtual: bool
) -> None:
    """What is flushed faster than any disk can was hardly waited for."""
    text = figures_text(figures_of(tmp_path, measured("a, b", 10, 0.1), flush=flush))

    assert ("looks virtual" in text) == looks_virtual


def test_the_page_stands_alone_and_shows_everything(tmp_path: Path) -> None:
    """No address of anything else; a plot a question; names, growth and class beside it."""
    figures = figures_of(
        tmp_path,
        durable("<script>", 100, 0.002),
        durable("<script>", 1_000, 0.02),
        durable("wrong", 100, 0.001, "does not conform"),
        measured("decode, ours", 10, 0.5),
    )

    text = page(figures)

    assert not re.findall(r"""(?:src|href)=|https?:|@import|url\(""", text)
    assert "<script>" not in text
    assert "&lt;script&gt;, size^1.00, class process, p50 20 ms and p99 60 ms at 1,000" in text
    assert "wrong, class process" in text
    assert "(does not conform)" in text
    plots = re.findall(r"<svg.*?</svg>", text)
    assert len(plots) == 2
    for plot in plots:
        drawn = ElementTree.fromstring(plot)  # noqa: S314 - our own text
        for circle in drawn.iter("circle"):
            assert 0 < float(circle.attrib["cx"]) < 560
            assert 0 < float(circle.attrib["cy"]) < 340


def test_two_runs_are_compared_point_by_point(tmp_path: Path) -> None:
    """Only what both have, the one that got slowest first."""
    before = figures_of(tmp_path, measured("a", 1, 1.0), measured("a", 2, 1.0), measured("b", 1, 1))
    after = figures_of(tmp_path, measured("a", 1, 0.5), measured("a", 2, 3.0), measured("c", 1, 1))

    changes = [(change.group, change.size, change.ratio) for change in compared(before, after)]

    assert changes == [("a", 2, 3.0), ("a", 1, 0.5)]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"benchmarks": [{}]}', '{"benchmarks": 3}'])
def test_another_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    """A file that holds something else is a mistake of whoever gave it."""
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match=r"other\.json: not a file of figures"):
        read_figures(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """So is one that cannot be opened."""
    with pytest.raises(UsageError, match=r"gone\.json: No such file"):
        read_figures(tmp_path / "gone.json")
