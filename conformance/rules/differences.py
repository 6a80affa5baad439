"""Where two sequences of entries differ, in words that name the place and the fields."""

from __future__ import annotations

import dataclasses
import enum
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, Final

__all__ = ["difference_note", "escaped", "field_differences"]

_COMBINING: Final = frozenset({"Mn", "Me", "Mc"})
# More differences than these tell nobody more.
_FIELDS_MAX: Final = 6


def escaped(text: str) -> str:
    """Return a text in which everything that cannot be seen is escaped.

    That is what has no glyph of its own (control, zero-width and combining
    characters, and all blanks but the ordinary one), an ordinary blank at the
    end, and the backslash, with which an escape begins. Two texts that differ
    never look the same for want of an escape.
    """
    body = "".join(_escape(each) if _is_unseen(each) or each == "\\" else each for each in text)
    trailing = len(body) - len(body.rstrip(" "))
    return body[: len(body) - trailing] + "\\x20" * trailing


def _is_unseen(character: str) -> bool:
    return not character.isprintable() or unicodedata.category(character) in _COMBINING


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def difference_note(actual: Sequence[Any], expected: Sequence[Any]) -> str:
    """Return where ``actual`` differs: what is missing or too much, or each field that differs."""
    if len(actual) != len(expected):
        noun = "entry" if len(actual) == 1 else "entries"
        counts = f"{len(actual)} {noun} instead of {len(expected)}"
        return f"{counts}{_gap(actual, expected)}"
    for index, (found, wanted) in enumerate(zip(actual, expected, strict=True)):
        if found != wanted:
            fields = field_differences(found, wanted)
            more = f": {'; '.join(fields)}" if fields else ""
            return f"entry {index} differs{more}"
    return f"{len(actual)} {'entry' if len(actual) == 1 else 'entries'}, equal in every field"


def _gap(actual: Sequence[Any], expected: Sequence[Any]) -> str:
    """Return which entries are missing or too much, where the others are as expected."""
    shorter, longer = sorted((actual, expected), key=len)
    count = len(longer) - len(shorter)
    if not shorter:
        return ""
    start = 0
    while start < len(shorter) and shorter[start] == longer[start]:
        start += 1
    if list(shorter[start:]) != list(longer[start + count :]):
        return ""
    where = f"entry {start} is" if count == 1 else f"entries {start} to {start + count - 1} are"
    return f"; {where} {'missing' if longer is expected else 'too much'}"


def field_differences(found: Any, wanted: Any) -> list[str]:
    """Return each field that differs between two records, by its name, with both values."""
    differences = list(_field_differences(found, wanted, ""))
    left_out = len(differences) - _FIELDS_MAX
    return [*differences[:_FIELDS_MAX], *([f"{left_out} more fields"] if left_out > 0 else [])]


def _field_differences(found: Any, wanted: Any, path: str) -> Iterator[str]:
    if isinstance(found, tuple) and isinstance(wanted, tuple) and len(found) == len(wanted):
        for index, (one, other) in enumerate(zip(found, wanted, strict=True)):
            yield from _field_differences(one, other, f"{path}.{index}" if path else str(index))
        return
    if type(found) is not type(wanted) or not dataclasses.is_dataclass(wanted):
        if found != wanted and dataclasses.is_dataclass(wanted) and isinstance(found, type(wanted)):
            # Records are equal to those of their own class alone, however alike the fields are.
            kinds = f"{type(found).__qualname__}, expected a {type(wanted).__qualname__} itself"
            yield f"{path or 'it'} is a {kinds}"
        elif found != wanted and path:
            yield f"{path} is {_value_text(found)}, expected {_value_text(wanted)}"
        return
    for each in dataclasses.fields(wanted):
        own = f"{path}.{each.name}" if path else each.name
        yield from _field_differences(getattr(found, each.name), getattr(wanted, each.name), own)


def _value_text(value: Any) -> str:
    if value is None:
        return "absent"
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, str):
        return _marked(value)
    return repr(value)


def _marked(text: str) -> str:
    shown = escaped(text)
    # The end tells two long texts apart as often as the beginning does.
    if len(shown) > 60:
        return f'"{shown[:28]}...{shown[-28:]}" ({len(text)} characters)'
    return f'"{shown}"'
