"""Ways through the states of a model, drawn from top to bottom: a row is a state.

Only fields that change on the way have a column; what a step has changed is filled. A way that
goes on for ever has a line back from its last row to the one where it begins again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from conformance.checker.promises import Lasso
from conformance.checker.results import State, Step, Trace, fields_of

__all__ = ["lasso_svg", "steps_text", "trace_svg"]

_ROW: Final = 30
_HEAD: Final = 48
_MARGIN: Final = 12
_CHARACTER: Final = 7.5
_GAP: Final = 18
_RADIUS: Final = 11
_RAIL: Final = 46
# What is longer is cut, and told whole in the title of its place.
_TEXT_LENGTH_MAX: Final = 48


@dataclass(frozen=True)
class _Column:
    """One field of the shared value (``slot`` is ``None``) or of a slot, with a text for each row.

    The last row of a way that goes on for ever is the state in which it begins again.
    """

    slot: int | None
    name: str
    texts: tuple[str, ...]

    @property
    def changes(self) -> bool:
        return len(set(self.texts)) > 1


def steps_text(steps: Sequence[Step]) -> str:
    """Return how many steps there are, in words."""
    return "1 step" if len(steps) == 1 else f"{len(steps)} steps"


def trace_svg(trace: Trace) -> str:
    """Return a way to a violation as an SVG element with no address in it; its last row is marked.

    Every text is escaped.
    """
    said = f"{steps_text(trace.steps)} from a beginning to a state that breaks the property"
    return _drawing(trace.start, trace.steps, said, back_to=None)


def lasso_svg(lasso: Lasso) -> str:
    """Return a way that never ends as an SVG element, with a line back to where it begins again."""
    steps = (*lasso.stem.steps, *lasso.cycle)
    said = f"{steps_text(lasso.stem.steps)}, then {len(lasso.cycle)} again and again"
    back_to = len(lasso.stem.steps) if lasso.cycle else None
    return _drawing(lasso.stem.start, steps, said, back_to)


def _drawing(start: State, steps: Sequence[Step], said: str, back_to: int | None) -> str:
    states = [start, *(step.state for step in steps)]
    columns = [each for each in _columns(states) if each.changes]
    actions = ["at first", *(_action_text(step) for step in steps)]
    lefts = [float(_MARGIN + _RAIL)]
    for texts in (actions, *([each.name, _owner(each), *each.texts] for each in columns)):
        longest = max(len(_cut(text)) for text in texts)
        lefts.append(lefts[-1] + longest * _CHARACTER + _GAP)
    width, height = round(lefts[-1]), _HEAD + _ROW * len(states) + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="way" role="img" aria-label="{said}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="ui-monospace, monospace" font-size="12.5">',
        _rail(len(states), back_to),
    ]
    parts += [_column_svg(column, lefts[index + 1]) for index, column in enumerate(columns)]
    for row, action in enumerate(actions):
        parts.append(_text_svg(lefts[0], _middle(row), action, is_bold=row > 0))
    return "".join([*parts, "</svg>"])


def _columns(states: Sequence[State]) -> list[_Column]:
    """Return every field of the states as a column, those of the shared value first."""
    columns = [
        _Column(None, name, tuple(_value_text(fields_of(state.shared)[name]) for state in states))
        for name in fields_of(states[0].shared)
    ]
    several = len(states[0].slots) > 1
    for index, slot in enumerate(states[0].slots):
        for name in fields_of(slot):
            texts = tuple(_value_text(fields_of(state.slots[index])[name]) for state in states)
            columns.append(_Column(index if several else None, name, texts))
    return columns


def _value_text(value: Any) -> str:
    """Return a value of a field; what is in a record or a sequence is told without its names."""
    named = fields_of(value)
    inner = list(named.values()) if "" not in named else value
    if isinstance(inner, (list, tuple)):
        return ", ".join(_value_text(each) for each in inner) or "nothing"
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _action_text(step: Step) -> str:
    several = step.slot is not None and len(step.state.slots) > 1
    return f"{step.action} [slot {step.slot}]" if several else step.action


def _owner(column: _Column) -> str:
    return "" if column.slot is None else f"slot {column.slot}"


def _middle(row: int) -> int:
    return _HEAD + _ROW * row + _ROW // 2


def _rail(rows_count: int, back_to: int | None) -> str:
    """Return the numbered states, the line that joins them, and the line back if there is one."""
    x = _MARGIN + _RAIL - 2 * _RADIUS
    line = f'<path d="M{x} {_middle(0)}V{_middle(rows_count - 1)}" stroke="currentColor"/>'
    parts = [line]
    if back_to is not None:
        last, first, left = _middle(rows_count - 1), _middle(back_to), _MARGIN
        parts.append(
            f'<path class="back" d="M{x - _RADIUS} {last}H{left}V{first}H{x - _RADIUS}m-6 -4 '
            'l6 4 l-6 4" fill="none" stroke="#b3261e" stroke-width="1.5"/>'
        )
    for row in range(rows_count):
        is_end = row == rows_count - 1 and back_to is None
        # A state that is one again with an earlier one has that one's number.
        number = back_to if row == rows_count - 1 and back_to is not None else row
        parts.append(
            f'<circle cx="{x}" cy="{_middle(row)}" r="{_RADIUS}" stroke="currentColor" '
            f'fill="{"#b3261e" if is_end else "#24527a"}"/>'
            f'<text x="{x}" y="{_middle(row) + 4}" fill="#fff" font-size="11" '
            f'text-anchor="middle">{number}</text>'
        )
    return "".join(parts)


def _column_svg(column: _Column, left: float) -> str:
    parts = [_text_svg(left, 24, column.name, is_bold=True)]
    if column.slot is not None:
        parts.append(_text_svg(left, 8, _owner(column), is_bold=False))
    for row, text in enumerate(column.texts):
        is_changed = row > 0 and text != column.texts[row - 1]
        if is_changed:
            width = len(_cut(text)) * _CHARACTER + 10
            parts.append(
                f'<rect x="{left - 5:g}" y="{_middle(row) - 11}" width="{width:g}" height="22" '
                'rx="4" fill="#d99a2b" fill-opacity=".3"/>'
            )
        parts.append(_text_svg(left, _middle(row), text, is_bold=is_changed))
    return "".join(parts)


def _text_svg(left: float, middle: int, text: str, *, is_bold: bool) -> str:
    weight = ' font-weight="600"' if is_bold else ""
    shown = _cut(text)
    whole = f"<title>{escape(text)}</title>" if shown != text else ""
    return (
        f'<text x="{left:g}" y="{middle + 4}" fill="currentColor"{weight}>'
        f"{whole}{escape(shown)}</text>"
    )


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_LENGTH_MAX else f"{text[: _TEXT_LENGTH_MAX - 1]}…"
