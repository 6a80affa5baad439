"""Long logs and caches in few words: how many entries there are, and the first that differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from conformance.rules.differences import difference_note
from conformance.rules.narration import difference_text, entries_text

__all__ = [
    "contents_text",
    "expected_load_text",
    "found_load_text",
    "mismatch_text",
    "possible_text",
]

_SHOWN_MAX: Final = 8
# What is said before the contents of a log that breaks one of these.
_EXPECTED: Final = {
    "WAL-08": "what was acknowledged: ",
    "WAL-13": "refused and nothing stored: ",
}
_FOUND: Final = {"WAL-13": "refused, and the log holds "}


def contents_text(entries: Sequence[Any]) -> str:
    """Return a few entries in full, and of many how many there are with the first and the last."""
    if len(entries) <= _SHOWN_MAX:
        return entries_text(entries)
    return (
        f"{len(entries)} entries, from {entries_text(entries[:1])} to {entries_text(entries[-1:])}"
    )


def mismatch_text(actual: Sequence[Any], expected: Sequence[Any]) -> str:
    """Return what there is, with the place and the fields in which it differs from the expected."""
    if max(len(actual), len(expected)) <= _SHOWN_MAX:
        return difference_text(actual, expected)
    place = next(
        (
            index
            for index, (found, wanted) in enumerate(zip(actual, expected, strict=False))
            if found != wanted
        ),
        min(len(actual), len(expected)),
    )
    found, wanted = (entries_text(each[place : place + 1]) for each in (actual, expected))
    return (
        f"{contents_text(actual)} ({difference_note(actual, expected)}; at entry {place} there is "
        f"{found}, expected {wanted})"
    )


def expected_load_text(
    requirement_id: str, possible: Sequence[Sequence[Any]], possible_count: int
) -> str:
    """Return what a load of a log should have shown; see :func:`possible_text`."""
    text = possible_text(possible, possible_count, what="logs")
    return f"{_EXPECTED.get(requirement_id, '')}{text}"


def possible_text(possible: Sequence[Sequence[Any]], possible_count: int, *, what: str) -> str:
    """Return what there may be; ``possible`` are the first of the lawful contents."""
    text = contents_text(possible[0])
    if possible_count == 1:
        return text
    if possible_count == 2:
        return f"{text} or {contents_text(possible[1])}"
    return f"{text} or one of {possible_count - 1} other {what}"


def found_load_text(requirement_id: str, found: Sequence[Any], expected: Sequence[Any]) -> str:
    """Return what a load has shown, and how that differs."""
    return f"{_FOUND.get(requirement_id, '')}{mismatch_text(found, expected)}"
