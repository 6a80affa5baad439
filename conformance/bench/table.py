"""Figures as Markdown, for the terminal and for documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.bench.comparison import Change
from conformance.bench.figures import Curve, Figures, Point, ranking, shown_seconds

__all__ = ["comparison_text", "figures_text", "point_cells", "ranking_lines"]

HEADINGS = (
    "measurement",
    "size",
    "median",
    "p99",
    "spread",
    "to the size before",
    "to the yardstick",
    "growth",
    "durability",
    "conformance",
)


def figures_text(figures: Figures) -> str:
    """Return all figures as one Markdown table, with the machine and the ranking around it."""
    rows = [
        cells
        for curves in figures.questions().values()
        for curve in curves
        for cells in curve_rows(figures, curve)
    ]
    parts = [f"{figures.machine}; {figures.when}. {figures.disk_text()}", _table(HEADINGS, rows)]
    parts += [f"- {line}" for line in ranking_lines(figures)]
    return "\n\n".join(parts[:2]) + ("\n\n" + "\n".join(parts[2:]) if parts[2:] else "") + "\n"


def curve_rows(figures: Figures, curve: Curve) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each point of a curve."""
    exponent = curve.exponent()
    growth = "" if exponent is None else f"size^{exponent:.2f}"
    before: Point | None = None
    for point in curve.points:
        yield point_cells(figures, curve, point, before, growth)
        before, growth = point, ""


def point_cells(
    figures: Figures, curve: Curve, point: Point, before: Point | None, growth: str
) -> tuple[str, ...]:
    """Return what is shown of one point, in the order of the headings."""
    return (
        curve.group,
        f"{point.size:,}",
        shown_seconds(point.median),
        "" if point.p99 is None else shown_seconds(point.p99),
        f"{100 * point.spread / point.median:.0f} %",
        _shown_ratio(point.median / before.median if before else None),
        _shown_ratio(figures.ratio(curve, point)),
        growth,
        curve.durability or "",
        curve.standing or "",
    )


def ranking_lines(figures: Figures) -> Iterator[str]:
    """Yield a line for each question and durability class that has somebody to rank."""
    for question, curves in figures.questions().items():
        for durability, found in ranking(curves):
            size = found[0][1].size
            places = [
                f"{place}. {curve.subject} ({shown_seconds(point.median)})"
                for place, (curve, point) in enumerate(found, start=1)
            ]
            yield f"{question}, class {durability}, {size:,} entries: {', '.join(places)}"
        left_out = [
            f"{curve.subject} ({curve.standing})"
            for curve in curves
            if curve.standing is not None and not curve.is_ranked
        ]
        if left_out:
            yield f"{question}, not ranked: {', '.join(left_out)}"


def comparison_text(changes: Sequence[Change]) -> str:
    """Return the ratio of every point that two runs have."""
    rows = [
        (
            change.group,
            f"{change.size:,}",
            shown_seconds(change.before),
            shown_seconds(change.after),
            f"x {change.ratio:.2f}",
        )
        for change in changes
    ]
    return _table(("measurement", "size", "before", "now", "ratio"), rows) + "\n"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _shown_ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"x {ratio:.2f}"
