"""Enums and externally tagged unions in the buffered regime.

Both are written as a bare name, or as a map with exactly one key (DEC-20,
DEC-21). Products of values are the one place where the wire format recurses,
so unions are read with an explicit list of open products instead of Python's
stack: up to 124 of them may be open (DEC-28).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from telltale_spec.errors import DecodeError
from telltale_spec.wire.pull import Header, HeaderKind, PullParser
from telltale_spec.wire.shapes import ExternallyTaggedShape, Shape, UnitEnumShape
from telltale_spec.wire.tolerant_errors import invalid_length, invalid_type, invalid_value
from telltale_spec.wire.tolerant_plans import (
    RecordPlan,
    elements_in_words,
    record_plan,
    variant_phrase,
)
from telltale_spec.wire.tolerant_regions import (
    ElementCursor,
    each_item,
    skip_buffered,
    variant_index,
)

__all__ = ["UnionReader"]

# Stands for the value of a tuple variant until its last element has been read.
_STILL_OPEN: Final = object()


@dataclass(frozen=True, slots=True)
class _Head:
    """Which variant it is, whether content follows, and whether a break ends the map."""

    index: int
    has_content: bool
    is_open_map: bool


@dataclass(slots=True)
class _OpenTuple:
    """A tuple variant some of whose elements have been read."""

    shape: ExternallyTaggedShape[Any]
    plan: RecordPlan[Any]
    cursor: ElementCursor
    is_open_map: bool
    values: list[Any] = field(default_factory=list)


class ContentReader(Protocol):
    """What reads the contents of variants, and holds the reader of unions itself."""

    def read(self, shape: Shape[Any]) -> Any:
        """Return the next value as one of ``shape``."""

    def read_fields(self, plan: RecordPlan[Any], pairs: Iterator[None]) -> Any:
        """Return the record whose fields are the pairs of a map."""

    def read_elements(self, plan: RecordPlan[Any], cursor: ElementCursor, phrase: str) -> Any:
        """Return the record whose fields are the elements of an array."""

    def read_identifier(self, expected: str) -> str | bytes | int:
        """Return a key: a name as text or bytes, or an index."""

    def wrong_type(self, header: Header, expected: str) -> DecodeError:
        """Return the error of the value that ``header`` starts not being ``expected``."""


class UnionReader:
    """Read one enum or union; make a new one for each.

    A map of indefinite length shows only at its end that it has more than one
    key, while the specification's decoder knows that before it looks inside.
    So when anything is wrong inside, the open maps are looked through before
    the error is passed on: a second key is the error that counts.
    """

    __slots__ = ("_open_tuples", "_parser", "_reader", "_variant_start")

    def __init__(self, reader: ContentReader, parser: PullParser) -> None:
        self._reader = reader
        self._parser = parser
        self._open_tuples: list[_OpenTuple] = []
        # Set while a variant's head and content are being read.
        self._variant_start: int | None = None

    def read_unit_enum(self, shape: UnitEnumShape[Any]) -> Any:
        """Return the next value as a member of an enum (DEC-20)."""
        self._variant_start = self._parser.position
        try:
            head = self._read_head(tuple(shape.members))
            self._require_no_content(head)
            self._close_map(head.is_open_map)
        except DecodeError as error:
            raise self._error_that_counts(error) from None
        return tuple(shape.members.values())[head.index]

    def read_union(self, shape: ExternallyTaggedShape[Any]) -> Any:
        """Return the next value as a variant of a union (DEC-21)."""
        try:
            value = self._read_variant(shape)
            while self._open_tuples:
                current = self._open_tuples[-1]
                if value is not _STILL_OPEN:
                    current.values.append(value)
                if len(current.values) < len(current.plan.shapes):
                    value = self._read_element(current)
                else:
                    value = self._close_tuple(current)
        except DecodeError as error:
            raise self._error_that_counts(error) from None
        return value

    def _read_variant(self, shape: Shape[Any]) -> Any:
        """Return the next variant, or leave a tuple variant open."""
        if not isinstance(shape, ExternallyTaggedShape):
            raise TypeError("the elements of a tuple variant are unions")
        self._variant_start = self._parser.position
        head = self._read_head(tuple(shape.by_name))
        variant = shape.variants[head.index]
        if variant.variant_style == "tuple":
            value = self._open_tuple(shape, variant, head)
        else:
            value = self._read_content(shape, variant, head)
            self._close_map(head.is_open_map)
        self._variant_start = None
        return value

    def _read_head(self, names: tuple[str, ...]) -> _Head:
        """Read the bare name, or the head of the map and its key."""
        header = self._parser.pull()
        if header.kind is HeaderKind.TEXT:
            index = variant_index(names, self._parser.read_text(header))
            return _Head(index, has_content=False, is_open_map=False)
        if header.kind is not HeaderKind.MAP:
            raise self._reader.wrong_type(header, "string or map")
        is_open_map = header.argument is None
        is_empty = self._parser.take_break() if is_open_map else header.argument == 0
        if is_empty or not (is_open_map or header.argument == 1):
            raise _not_a_single_key()
        key = self._reader.read_identifier("variant identifier")
        return _Head(variant_index(names, key), has_content=True, is_open_map=is_open_map)

    def _read_content(self, shape: ExternallyTaggedShape[Any], variant: Any, head: _Head) -> Any:
        """Return a variant that is not a tuple."""
        if variant.variant_style == "unit":
            self._require_no_content(head)
            return variant()
        if not head.has_content:
            raise invalid_type("unit variant", f"{variant.variant_style} variant")
        plan = record_plan(variant)
        if variant.variant_style == "newtype":
            return variant(self._reader.read(plan.shapes[0]))
        header = self._parser.pull()
        if header.kind is HeaderKind.MAP:
            return self._reader.read_fields(plan, each_item(self._parser, header.argument))
        if header.kind is HeaderKind.ARRAY:
            cursor = ElementCursor(self._parser, header.argument)
            return self._reader.read_elements(plan, cursor, variant_phrase(shape, variant))
        raise self._reader.wrong_type(header, "struct variant")

    def _require_no_content(self, head: _Head) -> None:
        """Step over the content of a unit variant, which may only be an empty map."""
        if not head.has_content:
            return
        header = self._parser.pull()
        if header.kind is HeaderKind.MAP:
            is_open_map = header.argument is None
            if self._parser.take_break() if is_open_map else header.argument == 0:
                return
        raise self._reader.wrong_type(header, "unit")

    def _open_tuple(self, shape: ExternallyTaggedShape[Any], variant: Any, head: _Head) -> object:
        if not head.has_content:
            raise invalid_type("unit variant", "tuple variant")
        header = self._parser.pull()
        if header.kind is not HeaderKind.ARRAY:
            raise self._reader.wrong_type(header, "tuple variant")
        cursor = ElementCursor(self._parser, header.argument)
        plan = record_plan(variant)
        self._open_tuples.append(_OpenTuple(shape, plan, cursor, head.is_open_map))
        return _STILL_OPEN

    def _read_element(self, current: _OpenTuple) -> Any:
        index = len(current.values)
        if not current.cursor.advance():
            phrase = variant_phrase(current.shape, current.plan.record_class)
            expected = f"{phrase} with {elements_in_words(len(current.plan.shapes))}"
            raise invalid_length(index, expected)
        return self._read_variant(current.plan.shapes[index])

    def _close_tuple(self, current: _OpenTuple) -> Any:
        current.cursor.finish()
        self._close_map(current.is_open_map)
        self._open_tuples.pop()
        return current.plan.record_class(*current.values)

    def _close_map(self, is_open_map: bool) -> None:
        if is_open_map and not self._parser.take_break():
            raise _not_a_single_key()

    def _error_that_counts(self, error: DecodeError) -> DecodeError:
        """Return ``error``, unless an open map around it has a second key."""
        surplus_count = 0
        if self._variant_start is not None:
            self._parser.position = self._variant_start
            surplus_count += self._skip_variant()
        for current in reversed(self._open_tuples):
            # The parser stands behind the element that was being read.
            current.cursor.skip_rest()
            if current.is_open_map:
                surplus_count += self._skip_pairs()
        return _not_a_single_key() if surplus_count else error

    def _skip_variant(self) -> int:
        """Step over a variant and return how many keys too many it has."""
        header = self._parser.pull()
        if header.kind is HeaderKind.MAP and header.argument is None:
            return max(0, self._skip_pairs() - 1)
        self._parser.rewind(header)
        skip_buffered(self._parser)
        return 0

    def _skip_pairs(self) -> int:
        """Step over the rest of a map of indefinite length and return its number of pairs."""
        pairs_count = 0
        while not self._parser.take_break():
            skip_buffered(self._parser)
            skip_buffered(self._parser)
            pairs_count += 1
        return pairs_count


def _not_a_single_key() -> DecodeError:
    return invalid_value("map", "map with a single key")
