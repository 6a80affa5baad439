"""Figures as pytest-benchmark wrote them, and what can be read from them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from conformance.bench.disk import IMPLAUSIBLE_FLUSH_SECONDS
from conformance.errors import UsageError

__all__ = ["Curve", "Figures", "Point", "fitted_exponent", "read_figures", "shown_seconds"]

CONFORMING: Final = "conforming"


@dataclass(frozen=True)
class Point:
    """One measurement, in seconds for one operation."""

    size: int
    median: float
    spread: float
    """Half of the rounds are no further apart than this."""

    p99: float | None = None


@dataclass(frozen=True)
class Curve:
    """The points of one subject for one question, by size."""

    group: str
    points: tuple[Point, ...]
    baseline: str | None = None
    durability: str | None = None
    standing: str | None = None
    waits: bool = False

    @property
    def question(self) -> str:
        """The part of the name that several subjects share."""
        return self.group.partition(",")[0]

    @property
    def subject(self) -> str:
        """The rest of the name."""
        return self.group.partition(",")[2].strip() or self.group

    @property
    def is_ranked(self) -> bool:
        """Say whether the subject passed conformance at its declared durability class."""
        return self.standing == CONFORMING

    def at(self, size: int) -> Point | None:
        """Return the point of one size, if it was measured."""
        return next((point for point in self.points if point.size == size), None)

    def exponent(self) -> float | None:
        """Return the ``k`` of the best ``c * size ** k`` through the curve, if there is one."""
        return fitted_exponent((point.size, point.median) for point in self.points)


@dataclass(frozen=True)
class Figures:
    """All curves of one run by name, and what is known about the machine."""

    curves: dict[str, Curve] = field(default_factory=dict)
    machine: str = ""
    when: str = ""
    flush_seconds: float | None = None

    def disk_text(self) -> str:
        """Return what the disk under the measurements looks like, in a sentence."""
        if self.flush_seconds is None:
            return "The time of a flush was not measured."
        text = f"An append of 160 bytes with fsync takes {shown_seconds(self.flush_seconds)}"
        if self.flush_seconds < IMPLAUSIBLE_FLUSH_SECONDS:
            return f"{text}: the disk looks virtual, and durable figures look too good."
        return f"{text}."

    def ratio(self, curve: Curve, point: Point) -> float | None:
        """Return what a point is to the yardstick of its curve, where there is one."""
        yardstick = self.curves.get(curve.baseline or "")
        other = yardstick.at(point.size) if yardstick else None
        return point.median / other.median if other else None

    def questions(self) -> dict[str, list[Curve]]:
        """Return the curves by question, in the order of their names."""
        found: dict[str, list[Curve]] = {}
        for _, curve in sorted(self.curves.items()):
            found.setdefault(curve.question, []).append(curve)
        return found


def ranking(curves: Iterable[Curve]) -> list[tuple[str, list[tuple[Curve, Point]]]]:
    """Return the conforming subjects by durability class, the fastest first.

    Subjects are compared at the largest size that all of a class have; one
    that is alone in its class is not.
    """
    classes: dict[str, list[Curve]] = {}
    for curve in curves:
        if curve.is_ranked and curve.points:
            classes.setdefault(curve.durability or "", []).append(curve)
    ranked = []
    for durability, members in sorted(classes.items()):
        common = set.intersection(*({point.size for point in each.points} for each in members))
        if not common or len(members) < 2:
            continue
        found = [(each, point) for each in members if (point := each.at(max(common)))]
        ranked.append((durability, sorted(found, key=lambda pair: pair[1].median)))
    return ranked


def fitted_exponent(points: Iterable[tuple[int, float]]) -> float | None:
    """Return the ``k`` of the best ``c * size ** k``: 0 is constant, 1 linear, 2 quadratic.

    It is the slope of the least-squares line through the logarithms. ``None``
    means that fewer than two sizes were given, through which no line is fixed.
    """
    logs = [(math.log(size), math.log(value)) for size, value in points]
    if len({x for x, _ in logs}) < 2:
        return None
    mean_x = math.fsum(x for x, _ in logs) / len(logs)
    mean_y = math.fsum(y for _, y in logs) / len(logs)
    covariance = math.fsum((x - mean_x) * (y - mean_y) for x, y in logs)
    return covariance / math.fsum((x - mean_x) ** 2 for x, _ in logs)


def shown_seconds(seconds: float) -> str:
    """Return a time with three digits and the unit that suits it."""
    for unit, length in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def read_figures(path: Path) -> Figures:
    """Return the figures of a file that pytest-benchmark wrote, or raise :class:`UsageError`."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        return _figures(tree)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{path}: not a file of figures ({error!r})") from error


def _figures(tree: dict[str, Any]) -> Figures:
    points: dict[str, list[Point]] = {}
    labels: dict[str, dict[str, Any]] = {}
    for each in tree["benchmarks"]:
        extra = each["extra_info"]
        if each["group"] is None or "size" not in extra:
            continue
        points.setdefault(each["group"], []).append(_point(each["stats"], extra))
        labels[each["group"]] = extra
    machine = tree.get("machine_info", {})
    return Figures(
        {group: _curve(group, found, labels[group]) for group, found in points.items()},
        _machine_text(machine),
        str(tree.get("datetime", ""))[:10],
        machine.get("flush_seconds"),
    )


def _point(stats: dict[str, Any], extra: dict[str, Any]) -> Point:
    each = extra.get("each", 1)
    median, spread = stats["median"] / each, stats.get("iqr", 0.0) / each
    p99 = None
    if extra.get("waits"):
        rounds = sorted(stats.get("data") or [stats["max"]])
        p99 = rounds[min(len(rounds) - 1, math.ceil(0.99 * len(rounds)) - 1)] / each
    return Point(extra["size"], median, spread, p99)


def _curve(group: str, points: list[Point], extra: dict[str, Any]) -> Curve:
    return Curve(
        group,
        tuple(sorted(points, key=lambda point: point.size)),
        extra.get("baseline"),
        extra.get("durability"),
        extra.get("standing"),
        bool(extra.get("waits")),
    )


def _machine_text(machine: dict[str, Any]) -> str:
    processor = machine.get("cpu", {})
    parts = (
        f"{machine.get('python_implementation', 'Python')} {machine.get('python_version', '')}",
        f"{machine.get('system', '')} on {machine.get('machine', '')}",
        f"{processor.get('count', '?')} cores, {processor.get('brand_raw', 'unknown processor')}",
    )
    return "; ".join(part.strip() for part in parts)
