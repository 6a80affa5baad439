"""One line of a vector file: typed access to its fields, and what a check of it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from conformance.errors import UsageError
from conformance.vectors.kinds.value_source import ValueSource

__all__ = [
    "Difference",
    "JsonObject",
    "Line",
    "LineOutcome",
    "LineShapeError",
    "TextPair",
    "VectorFolderError",
    "VectorKind",
    "VectorLineError",
    "compare",
]

JsonObject: TypeAlias = dict[str, Any]

FieldType = TypeVar("FieldType")

_SHOWN_CHARACTERS_MAX: Final = 160


class VectorFolderError(UsageError):
    """Report a folder of vectors that cannot be read or written."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"vectors {path}: {reason}")


class VectorLineError(VectorFolderError):
    """Report one line that is no vector of its kind; lines count from one."""

    def __init__(self, path: Path, line_number: int, reason: str) -> None:
        self.line_number = line_number
        super().__init__(path, f"line {line_number}: {reason}")


class LineShapeError(Exception):
    """Report a field that is missing or of the wrong form, before the line has a place."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Say what a line claims and what the reference does instead."""

    what: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, got {self.actual}"


@dataclass(frozen=True, slots=True)
class TextPair:
    """Two error texts of which only a prefix has to agree (DEC-29)."""

    expected: str
    actual: str

    @property
    def is_exact(self) -> bool:
        """Say whether the texts agree to the last character."""
        return self.expected == self.actual


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What the check of one line says: a difference or none, and error texts if any."""

    difference: Difference | None = None
    text_pair: TextPair | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """The fields of one line, asked for by name and form.

    Every method raises :class:`LineShapeError` for a field that is missing or
    has another form.
    """

    fields: JsonObject = field(repr=False)

    def anything(self, name: str) -> Any:
        """Return a field of any form."""
        if name not in self.fields:
            raise LineShapeError(f"field `{name}` is missing")
        return self.fields[name]

    def text(self, name: str) -> str:
        """Return a field that is a text."""
        return self._typed(name, str, "a text")

    def optional_text(self, name: str) -> str | None:
        """Return a field that is a text or null."""
        return None if self.anything(name) is None else self.text(name)

    def octets(self, name: str) -> bytes:
        """Return a field that spells bytes in hex."""
        try:
            return bytes.fromhex(self.text(name))
        except ValueError:
            raise LineShapeError(f"field `{name}` is not hex") from None

    def optional_octets(self, name: str) -> bytes | None:
        """Return a field that spells bytes in hex or is null."""
        return None if self.anything(name) is None else self.octets(name)

    def integer(self, name: str) -> int:
        """Return a field that is an integer."""
        return self._typed(name, int, "an integer")

    def optional_integer(self, name: str) -> int | None:
        """Return a field that is an integer or null."""
        return None if self.anything(name) is None else self.integer(name)

    def truth(self, name: str) -> bool:
        """Return a field that is true or false."""
        return self._typed(name, bool, "true or false")

    def items(self, name: str) -> list[Any]:
        """Return a field that is a list."""
        return self._typed(name, list, "a list")

    def _typed(self, name: str, form: type[FieldType], words: str) -> FieldType:
        value = self.anything(name)
        # The exact type is asked for, because bool is an int to Python only.
        if type(value) is form:
            return value
        raise LineShapeError(f"field `{name}` is not {words}")


@dataclass(frozen=True, slots=True)
class VectorKind:
    """One kind of vector: its file stem, how a line is checked and how one is made.

    ``make`` returns the fields of a line without its id.
    """

    name: str
    check: Callable[[Line], LineOutcome]
    make: Callable[[ValueSource], JsonObject]


def compare(what: str, expected: Any, actual: Any) -> Difference | None:
    """Return the first place where two JSON values differ, or ``None``.

    Stricter than Python's equality: true is not 1, and fields have an order.
    """
    if type(expected) is not type(actual):
        return Difference(what, _shown(expected), _shown(actual))
    if isinstance(expected, dict):
        return _compare_objects(what, expected, actual)
    if isinstance(expected, list):
        return _compare_lists(what, expected, actual)
    if expected == actual:
        return None
    return Difference(what, _shown(expected), _shown(actual))


def _compare_objects(what: str, expected: JsonObject, actual: JsonObject) -> Difference | None:
    for key, value in expected.items():
        if key not in actual:
            return Difference(f"{what}.{key}", _shown(value), "no such field")
        found = compare(f"{what}.{key}", value, actual[key])
        if found is not None:
            return found
    return compare(f"the fields of {what}", ", ".join(expected), ", ".join(actual))


def _compare_lists(what: str, expected: list[Any], actual: list[Any]) -> Difference | None:
    for index, (left, right) in enumerate(zip(expected, actual, strict=False)):
        found = compare(f"{what}[{index}]", left, right)
        if found is not None:
            return found
    return compare(f"the length of {what}", len(expected), len(actual))


def _shown(value: Any) -> str:
    text = repr(value)
    if len(text) <= _SHOWN_CHARACTERS_MAX:
        return text
    return f"{text[:_SHOWN_CHARACTERS_MAX]}... ({len(text)} characters)"
