"""Say how each measured curve grows with its size, from a file that pytest-benchmark saved.

Usage: python -m benchmarks.growth [FILE.json]

Without a file, the newest one below ``.benchmarks`` is read. The output is a Markdown table: the
median of each point, its ratio to the point before, its ratio to the yardstick of the group where
there is one, and the exponent ``k`` of the best ``size ** k`` through the whole curve.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dataclasses_json import DataClassJsonMixin, config

STORAGE: Final = Path(".benchmarks")


@dataclass(frozen=True)
class Stats(DataClassJsonMixin):
    """The one statistic that we read; a median does not mind a busy moment of the machine."""

    median: float


@dataclass(frozen=True)
class Labels(DataClassJsonMixin):
    """What the meter wrote beside the figures."""

    size: int | None = None
    baseline: str | None = None


@dataclass(frozen=True)
class Point(DataClassJsonMixin):
    """One measurement."""

    stats: Stats
    group: str | None = None
    labels: Labels = field(default_factory=Labels, metadata=config(field_name="extra_info"))


@dataclass(frozen=True)
class Report(DataClassJsonMixin):
    """A file of pytest-benchmark."""

    benchmarks: list[Point]


@dataclass(frozen=True)
class Curve:
    """The medians of one group in seconds, by size."""

    group: str
    baseline: str | None
    medians: dict[int, float]

    def exponent(self) -> float | None:
        """Return the slope of the least-squares line through the logarithms, if there is one."""
        return fitted_exponent(self.medians.items())


def fitted_exponent(points: Iterable[tuple[int, float]]) -> float | None:
    """Return the ``k`` of the best ``c * size ** k``: 0 is constant, 1 linear, 2 quadratic.

    ``None`` means that fewer than two sizes were given, through which no line is fixed.
    """
    logs = [(math.log(size), math.log(value)) for size, value in points]
    if len({x for x, _ in logs}) < 2:
        return None
    mean_x = math.fsum(x for x, _ in logs) / len(logs)
    mean_y = math.fsum(y for _, y in logs) / len(logs)
    covariance = math.fsum((x - mean_x) * (y - mean_y) for x, y in logs)
    return covariance / math.fsum((x - mean_x) ** 2 for x, _ in logs)


def curves(report: Report) -> dict[str, Curve]:
    """Return the curves of a report by group; measurements without a label are left out."""
    found: dict[str, Curve] = {}
    for point in report.benchmarks:
        if point.group is None or point.labels.size is None:
            continue
        curve = found.setdefault(point.group, Curve(point.group, point.labels.baseline, {}))
        curve.medians[point.labels.size] = point.stats.median
    return {
        group: Curve(group, c.baseline, dict(sorted(c.medians.items())))
        for group, c in found.items()
    }


def table(found: dict[str, Curve]) -> str:
    """Return the Markdown table of all curves, in the order of their names."""
    lines = [
        "| measurement | size | median | to the size before | to the yardstick | growth |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for _, curve in sorted(found.items()):
        yardstick = found.get(curve.baseline or "")
        lines += _rows(curve, yardstick.medians if yardstick else {})
    return "\n".join(lines)


def _rows(curve: Curve, yardstick: dict[int, float]) -> Iterable[str]:
    exponent = curve.exponent()
    growth = "" if exponent is None else f"size^{exponent:.2f}"
    before: float | None = None
    for size, median in curve.medians.items():
        cells = (
            curve.group,
            f"{size:,}",
            shown_seconds(median),
            _shown_ratio(median, before),
            _shown_ratio(median, yardstick.get(size)),
            growth,
        )
        yield f"| {' | '.join(cells)} |"
        before, growth = median, ""


def shown_seconds(seconds: float) -> str:
    """Return a time with three digits and the unit that suits it."""
    for unit, length in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _shown_ratio(value: float, other: float | None) -> str:
    return f"x {value / other:.2f}" if other else ""


def newest_file(storage: Path) -> Path:
    """Return the file saved last below a folder; SystemExit names the folder if there is none."""
    saved = sorted(storage.rglob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    if not saved:
        raise SystemExit(f"{storage}: nothing saved here; run `tox run -e bench` first")
    return saved[-1]


def main(arguments: Sequence[str]) -> None:
    """Print the table of a file."""
    if len(arguments) > 1:
        raise SystemExit(__doc__)
    path = Path(arguments[0]) if arguments else newest_file(STORAGE)
    try:
        report = Report.from_json(path.read_text(encoding="utf-8"))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise SystemExit(f"{path}: not a file of pytest-benchmark ({error!r})") from None
    sys.stdout.write(f"{table(curves(report))}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
