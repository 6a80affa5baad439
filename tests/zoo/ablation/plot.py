"""The share of systems killed within a time, as a drawing that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

__all__ = ["Curve", "plot"]

_WIDTH: Final = 760
_HEIGHT: Final = 440
_LEFT: Final = 64
_RIGHT: Final = 190
_TOP: Final = 20
_BOTTOM: Final = 52
_FIRST_SECONDS: Final = 0.01
_LABEL_HEIGHT: Final = 17

# Each differs from its neighbours in brightness and in its dashes too. The drawing has a ground of
# its own, so that it can be read on whichever page it stands.
_LIGHT: Final = ("#0b5394", "#c2410c", "#6a4c93", "#1f7a4d", "#8a5a00", "#4b5563")
_DARK: Final = ("#7cc0ff", "#ffa36b", "#cdb4f0", "#7fdcaa", "#f0c765", "#c5ccd6")
_DASHES: Final = ("", "7 4", "2 3", "11 4 2 4", "4 4", "1 4")

_STYLE: Final = """
svg { --ground: #ffffff; --ink: #1c1c1c; --grid: #d5d8dd; %s }
@media (prefers-color-scheme: dark) {
svg { --ground: #1b1e26; --ink: #e8eaee; --grid: #3d424d; %s } }
text { font: 13px system-ui, sans-serif; fill: var(--ink); }
.ground { fill: var(--ground); } .grid { stroke: var(--grid); }
.curve { fill: none; stroke-width: 2.2; } .link { stroke-width: 1; }
"""


@dataclass(frozen=True)
class Curve:
    """The seconds of the kills of one configuration, out of how many runs."""

    name: str
    seconds: Sequence[float]
    runs: int


def plot(title: str, description: str, curves: Sequence[Curve], limit: float) -> str:
    """Return an SVG: time up to the limit on a logarithmic axis, the share of runs upwards.

    A time below a hundredth of a second is drawn at one.
    """
    drawn = [*_grid(limit), *_curves(curves, limit)]
    colours = [_variables(each) for each in (_LIGHT, _DARK)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-labelledby="title description">\n'
        f'<title id="title">{escape(title)}</title>\n'
        f'<desc id="description">{escape(description)}</desc>\n'
        f"<style>{_STYLE % tuple(colours)}</style>\n"
        f'<rect class="ground" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>\n'
        + "\n".join(drawn)
        + "\n</svg>\n"
    )


def _variables(colours: Sequence[str]) -> str:
    return " ".join(f"--curve-{index}: {colour};" for index, colour in enumerate(colours))


def _across(seconds: float, limit: float) -> float:
    first, last = math.log10(_FIRST_SECONDS), math.log10(limit)
    share = (math.log10(max(seconds, _FIRST_SECONDS)) - first) / (last - first)
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _upwards(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _grid(limit: float) -> Iterator[str]:
    right, bottom, top = _across(limit, limit), _upwards(0), _upwards(1)
    marks = [10.0**power for power in range(-2, math.floor(math.log10(limit)) + 1)]
    for seconds in [*marks, *([limit] if limit > marks[-1] else [])]:
        x = _across(seconds, limit)
        yield _line(x, bottom, x, top)
        yield f'<text x="{x:.1f}" y="{bottom + 19:.1f}" text-anchor="middle">{seconds:g}</text>'
    for percent in range(0, 101, 20):
        y = _upwards(percent / 100)
        yield _line(_LEFT, y, right, y)
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{percent} %</text>'
    middle = (_LEFT + right) / 2
    yield f'<text x="{middle:.1f}" y="{_HEIGHT - 10}" text-anchor="middle">seconds</text>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _curves(curves: Sequence[Curve], limit: float) -> Iterator[str]:
    right = _across(limit, limit)
    ends = [_upwards(len(curve.seconds) / curve.runs) for curve in curves]
    for index, (curve, end, at) in enumerate(zip(curves, ends, _apart(ends), strict=True)):
        colour = f'style="stroke: var(--curve-{index % len(_LIGHT)})"'
        dashes = f'stroke-dasharray="{_DASHES[index % len(_DASHES)]}"'
        yield f'<path class="curve" {colour} {dashes} d="{_steps(curve, limit)}"/>'
        link = f"M{right:.1f} {end:.1f}L{right + 14:.1f} {at:.1f}"
        yield f'<path class="curve link" {colour} d="{link}"/>'
        yield f'<text x="{right + 18:.1f}" y="{at + 4:.1f}">{escape(curve.name)}</text>'


def _steps(curve: Curve, limit: float) -> str:
    """Return a path that rises at each kill, and goes on to the limit."""
    parts = [f"M{_LEFT} {_upwards(0):.1f}"]
    places: dict[str, int] = {}
    for count, seconds in enumerate(sorted(curve.seconds), 1):
        places[f"{_across(seconds, limit):.1f}"] = count
    for x, count in places.items():
        parts.append(f"H{x}V{_upwards(count / curve.runs):.1f}")
    return "".join([*parts, f"H{_across(limit, limit):.1f}"])


def _apart(places: Sequence[float]) -> list[float]:
    """Return where labels stand so that none is on another, near to where they belong."""
    order = sorted(range(len(places)), key=lambda index: (places[index], index))
    found = dict.fromkeys(order, 0.0)
    before = -math.inf
    for index in order:
        before = found[index] = max(places[index], before + _LABEL_HEIGHT)
    # What was pushed below the axis is pushed back, and what is above it with it.
    after = _upwards(0) + _LABEL_HEIGHT
    for index in reversed(order):
        after = found[index] = min(found[index], after - _LABEL_HEIGHT)
    return [found[index] for index in range(len(places))]
