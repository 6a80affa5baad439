"""Figures as one page that needs nothing else: plots on logarithmic axes, and the table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from conformance.bench.figures import Curve, Figures, Point, shown_seconds
from conformance.bench.table import HEADINGS, curve_rows, ranking_lines

__all__ = ["page"]

# Colours that differ in brightness too, for those who see few of them.
_COLOURS: Final = (
    "#1b6ca8", "#d1495b", "#2e8b57", "#8a5a00", "#6a4c93", "#00798c", "#b5179e", "#555555",
)  # fmt: skip

_WIDTH: Final = 560
_HEIGHT: Final = 340
_LEFT: Final = 76
_RIGHT: Final = 36
_TOP: Final = 14
_BOTTOM: Final = 44

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
  color: #1c1c1c; background: #fff; }
figure { display: inline-block; margin: 0 1rem 1rem 0; vertical-align: top; }
figcaption { font-size: 13px; } svg text { font: 12px system-ui, sans-serif; fill: #333; }
table { border-collapse: collapse; font-size: 13px; }
th, td { padding: .15rem .6rem; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
th { position: sticky; top: 0; background: #fff; }
.key { display: inline-block; width: .8em; height: .8em; margin-right: .4em; }
.unranked { color: #666; font-style: italic; } .note { color: #7a2e00; }
"""


def page(figures: Figures) -> str:
    """Return the whole page."""
    sections = "\n".join(
        _section(figures, question, curves) for question, curves in figures.questions().items()
    )
    lines = "\n".join(f"<li>{escape(line)}</li>" for line in ranking_lines(figures))
    ranked = f"<h2>Ranking</h2><ul>{lines}</ul>" if lines else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Benchmarks</title><style>{_STYLE}</style></head>
<body><h1>Benchmarks</h1>
<p>{escape(figures.machine)}; {escape(figures.when)}.</p>
<p class="note">{escape(figures.disk_text())}</p>
<p>Read the ratios, not the seconds. Both axes are logarithmic. The number beside each name is the
exponent of its growth: 0 does not depend on the size, 1 is linear, 2 is quadratic. A backend that
has not passed conformance at its durability class is shown, and not ranked.</p>
{ranked}
{sections}
</body></html>
"""


def _section(figures: Figures, question: str, curves: Sequence[Curve]) -> str:
    rows = "\n".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for curve in curves
        for cells in curve_rows(figures, curve)
    )
    head = "".join(f"<th>{escape(heading)}</th>" for heading in HEADINGS)
    return f"""<h2>{escape(question)}</h2>
<figure>{_plot(curves)}<figcaption>{_legend(curves)}</figcaption></figure>
<details><summary>Figures</summary><table><thead><tr>{head}</tr></thead><tbody>
{rows}
</tbody></table></details>"""


def _legend(curves: Sequence[Curve]) -> str:
    return "<br>".join(
        f'<span class="key" style="background:{colour}"></span>{_legend_text(curve)}'
        for curve, colour in _coloured(curves)
    )


def _legend_text(curve: Curve) -> str:
    exponent = curve.exponent()
    growth = "" if exponent is None else f", size^{exponent:.2f}"
    durability = "" if curve.durability is None else f", class {curve.durability}"
    last = curve.points[-1]
    tail = (
        ""
        if last.p99 is None
        else (
            f", p50 {shown_seconds(last.median)} and p99 {shown_seconds(last.p99)} at {last.size:,}"
        )
    )
    text = escape(f"{curve.subject}{growth}{durability}{tail}")
    if curve.standing is None or curve.is_ranked:
        return text
    return f'<span class="unranked">{text} ({escape(curve.standing)})</span>'


def _coloured(curves: Sequence[Curve]) -> Iterator[tuple[Curve, str]]:
    for index, curve in enumerate(curves):
        yield curve, _COLOURS[index % len(_COLOURS)]


class _Scale:
    """Whole decades of a logarithmic axis, and where a value is on it."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self.low = math.floor(math.log10(min(values)) + 1e-9)
        self.high = max(self.low + 1, math.ceil(math.log10(max(values)) - 1e-9))
        self.start, self.end = start, end

    def place(self, value: float) -> float:
        """Return the coordinate of a value."""
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def decades(self) -> list[float]:
        """Return the values at which a line is drawn."""
        return [10.0**power for power in range(self.low, self.high + 1)]


def _plot(curves: Sequence[Curve]) -> str:
    points = [point for curve in curves for point in curve.points]
    values = [value for point in points for value in (point.median, point.p99) if value]
    across = _Scale([point.size for point in points], _LEFT, _WIDTH - _RIGHT)
    upwards = _Scale(values, _HEIGHT - _BOTTOM, _TOP)
    drawn = [*_grid(across, upwards)]
    for curve, colour in _coloured(curves):
        drawn += _curve_lines(curve, colour, across, upwards)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img">'
        f"{''.join(drawn)}</svg>"
    )


def _grid(across: _Scale, upwards: _Scale) -> Iterator[str]:
    bottom, top = upwards.start, upwards.end
    for value in across.decades():
        x = across.place(value)
        yield _line(x, bottom, x, top, "#ddd")
        yield f'<text x="{x:.1f}" y="{bottom + 18:.1f}" text-anchor="middle">{value:,.0f}</text>'
    for value in upwards.decades():
        y = upwards.place(value)
        yield _line(across.start, y, across.end, y, "#ddd")
        label = shown_seconds(value * (1 + 1e-9))
        yield f'<text x="{across.start - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    middle = (across.start + across.end) / 2
    yield f'<text x="{middle:.1f}" y="{_HEIGHT - 6}" text-anchor="middle">size</text>'


def _curve_lines(curve: Curve, colour: str, across: _Scale, upwards: _Scale) -> Iterator[str]:
    dashes = ' stroke-dasharray="5 4"' if curve.standing and not curve.is_ranked else ""
    places = [(across.place(point.size), upwards.place(point.median)) for point in curve.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
    for (x, y), point in zip(places, curve.points, strict=True):
        if point.p99 is not None:
            yield _line(x, y, x, upwards.place(point.p99), colour)
        hint = _hint(curve, point)
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}">{hint}</circle>'


def _hint(curve: Curve, point: Point) -> str:
    text = f"{curve.subject}, {point.size:,}: {shown_seconds(point.median)}"
    if point.p99 is not None:
        text += f", p99 {shown_seconds(point.p99)}"
    return f"<title>{escape(text)}</title>"


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'
