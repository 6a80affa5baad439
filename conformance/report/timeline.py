"""When calls that overlapped were under way: one line for each client, one bar for each call.

What is long in the drawing did not take long: a column is one more thing that happened, as the
calls have an order and no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from conformance.records.results import TimedCall
from conformance.run.terminal_text import visible

__all__ = ["Bar", "Lane", "lanes", "timeline_svg", "timeline_text"]

_COLUMN_CHARACTERS: Final = 4
_ROW: Final = 34
_COLUMN: Final = 44
_BAR_HEIGHT: Final = 20
_HEAD: Final = 8
_MARGIN: Final = 12
_NAME_CHARACTER: Final = 8
# Two more characters than those that are made visible everywhere may stand in no XML.
_NO_XML: Final = {0xFFFE: "\\u{fffe}", 0xFFFF: "\\u{ffff}"}


@dataclass(frozen=True)
class Bar:
    """One call in the drawing; columns are counted from 0 on.

    ``number`` is the place of the call among the steps, from 1 on. A call without an answer lasts
    to the last column and has no ``end``.
    """

    number: int
    call: TimedCall
    begin: int
    end: int | None


@dataclass(frozen=True)
class Lane:
    """One line: calls of one client of which none overlap."""

    name: str
    bars: tuple[Bar, ...]


def _bars(calls: Sequence[TimedCall]) -> tuple[list[Bar], int]:
    """Return the bars, and the number of columns."""
    instants = {call.invoked for call in calls}
    instants |= {call.answered for call in calls if call.answered is not None}
    columns = {instant: column for column, instant in enumerate(sorted(instants))}
    bars = [
        Bar(number, call, columns[call.invoked], columns.get(call.answered))  # type: ignore[arg-type]
        for number, call in enumerate(calls, 1)
    ]
    return bars, len(columns)


def lanes(calls: Sequence[TimedCall]) -> list[Lane]:
    """Return the lines of the drawing, by client; a client that overlaps itself has several."""
    bars, columns_count = _bars(calls)
    found: list[Lane] = []
    for client in sorted({call.client for call in calls}):
        rows: list[list[Bar]] = []
        own = [bar for bar in bars if bar.call.client == client]
        for bar in sorted(own, key=lambda bar: (bar.begin, bar.number)):
            free = (row for row in rows if _end(row[-1], columns_count) < bar.begin)
            row = next(free, None)
            if row is None:
                rows.append([bar])
            else:
                row.append(bar)
        found += [Lane(f"client {client}", tuple(row)) for row in rows]
    return found


def _end(bar: Bar, columns_count: int) -> int:
    return columns_count if bar.end is None else max(bar.begin, bar.end)


def timeline_text(calls: Sequence[TimedCall]) -> list[str]:
    """Return the drawing as lines of text, empty where there are no calls.

    ``[`` is where a call begins, ``]`` its answer and ``>`` that none came; the number is that of
    the step, and ``!`` marks the answer to be looked at first.
    """
    drawn = lanes(calls)
    columns_count = _bars(calls)[1]
    width = max((len(lane.name) for lane in drawn), default=0)
    return [f"{lane.name:<{width}}  {_lane_text(lane, columns_count)}".rstrip() for lane in drawn]


def _lane_text(lane: Lane, columns_count: int) -> str:
    text = ""
    for bar in lane.bars:
        last = _end(bar, columns_count)
        label = f"[{bar.number}{'!' if bar.call.is_culprit else ''}"
        length = max(len(label), (last - bar.begin) * _COLUMN_CHARACTERS)
        text = text.ljust(bar.begin * _COLUMN_CHARACTERS)
        text += label.ljust(length, "-") + (">" if bar.end is None else "]")
    return text


def timeline_svg(calls: Sequence[TimedCall]) -> str:
    """Return the drawing as an SVG element with no address in it, empty where there are no calls.

    Every text of a backend is escaped; it is shown as the title of its bar.
    """
    if not calls:
        return ""
    drawn = lanes(calls)
    columns_count = _bars(calls)[1]
    left = _MARGIN + _NAME_CHARACTER * max(len(lane.name) for lane in drawn)
    width = left + _COLUMN * (columns_count + 1) + _MARGIN
    height = _HEAD + _ROW * len(drawn)
    said = "When each call was under way, one line for each client"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="calls" role="img" aria-label="{said}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-size="13">'
    ]
    for row, lane in enumerate(drawn):
        middle = _HEAD + row * _ROW + _BAR_HEIGHT // 2
        name = escape(lane.name)
        parts.append(f'<text x="0" y="{middle + 5}" fill="currentColor">{name}</text>')
        parts.append(
            f'<path d="M{left} {middle}H{width - _MARGIN}" stroke="currentColor" opacity=".2"/>'
        )
        parts += [_bar_svg(bar, left, middle, columns_count) for bar in lane.bars]
    return "".join([*parts, "</svg>"])


def _bar_svg(bar: Bar, left: int, middle: int, columns_count: int) -> str:
    begin = left + _COLUMN * bar.begin
    end = left + _COLUMN * _end(bar, columns_count)
    width = max(end - begin, _COLUMN // 2)
    call = bar.call
    kind = "call culprit" if call.is_culprit else "call"
    title = escape(visible(f"{bar.number}. {call.text} -> {call.answer}").translate(_NO_XML))
    mark = "!" if call.is_culprit else ""
    # What has no answer is open at its end.
    dashes = ' stroke-dasharray="4 3"' if bar.end is None else ""
    return (
        f'<g class="{kind}"><title>{title}</title>'
        f'<rect x="{begin}" y="{middle - _BAR_HEIGHT // 2}" width="{width}" '
        f'height="{_BAR_HEIGHT}" rx="4" fill="{"#b3261e" if call.is_culprit else "#24527a"}" '
        f'fill-opacity=".15" stroke="currentColor"{dashes}/>'
        f'<text x="{begin + 6}" y="{middle + 5}" fill="currentColor">{bar.number}{mark}</text></g>'
    )
