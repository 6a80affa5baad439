"""Pieces that both regimes share: items of a container, regions of a tagged union.

An internally tagged union is read in two passes: the first finds the tag,
wherever it stands, and steps over everything else; the second reads the fields
of the variant out of the same bytes. A :class:`TaggedRegion` is what the first
pass leaves for the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from telltale_spec.wire.pull import (
    SIMPLE_FALSE,
    SIMPLE_TRUE,
    Header,
    HeaderKind,
    PullParser,
)
from telltale_spec.wire.shapes import InternallyTaggedShape
from telltale_spec.wire.tolerant_errors import (
    duplicate_field,
    invalid_length,
    invalid_value,
    missing_field,
    quoted,
    rust_float,
    unknown_variant,
)
from telltale_spec.wire.tolerant_plans import elements_in_words
from telltale_spec.wire.tolerant_skip import (
    BUFFERED,
    CONTAINERS_MAX,
    ValuePolicy,
    skip_value,
)

__all__ = [
    "ElementCursor",
    "TaggedRegion",
    "describe_value",
    "each_item",
    "find_tagged_region",
    "skip_buffered",
    "variant_index",
]


class ElementCursor:
    """Count the elements of an array while they are read."""

    __slots__ = ("_parser", "_remaining", "taken_count")

    def __init__(self, parser: PullParser, elements_count: int | None) -> None:
        self._parser = parser
        self._remaining = elements_count
        self.taken_count = 0

    def advance(self) -> bool:
        """Say whether another element follows, and count it as taken."""
        if self._remaining is None:
            if self._parser.take_break():
                self._remaining = 0
                return False
        elif self._remaining == 0:
            return False
        else:
            self._remaining -= 1
        self.taken_count += 1
        return True

    def skip_rest(self) -> int:
        """Step over the elements that were not taken and return their number."""
        count = 0
        while self.advance():
            skip_buffered(self._parser)
            count += 1
        return count

    def finish(self) -> None:
        """Raise the length error if elements are left (DEC-07: exact arity)."""
        taken_count = self.taken_count
        left_count = self.skip_rest()
        if left_count:
            expected = f"{elements_in_words(taken_count)} in sequence"
            raise invalid_length(taken_count + left_count, expected)


@dataclass(frozen=True, slots=True)
class TaggedRegion:
    """The fields of one variant of ``shape`` and where they are.

    ``start`` is the first key of a map, or the element behind the tag of an
    array. ``items_count`` counts pairs, the tag's included, or elements, the
    tag's left out; ``None`` means that a break ends them. ``end`` is the byte
    behind the whole value.
    """

    shape: InternallyTaggedShape[Any]
    variant: type[Any]
    is_map: bool
    start: int
    items_count: int | None
    tag_start: int
    tag_end: int
    end: int

    def pairs(self, parser: PullParser) -> Iterator[None]:
        """Stop before every key of the map but the tag."""
        for _ in each_item(parser, self.items_count):
            if parser.position == self.tag_start:
                parser.position = self.tag_end
            else:
                yield


def each_item(parser: PullParser, items_count: int | None) -> Iterator[None]:
    """Stop before every element, or every key, of a container whose head was pulled.

    The caller takes the element, or the pair, before it goes on.
    """
    if items_count is None:
        while not parser.take_break():
            yield
    else:
        for _ in range(items_count):
            yield


def skip_buffered(parser: PullParser) -> None:
    """Step over a value in a region that is known to be well-formed."""
    skip_value(parser, CONTAINERS_MAX, BUFFERED)


def find_tagged_region(
    parser: PullParser,
    shape: InternallyTaggedShape[Any],
    header: Header,
    read_variant_index: Callable[[], int],
    containers_left: int = CONTAINERS_MAX,
) -> TaggedRegion:
    """Find the tag of the map or array that ``header`` starts, and step over the rest.

    ``read_variant_index`` reads the tag's value, in the manner of the regime.
    ``containers_left`` counts what may be opened inside. Raises for a missing
    or repeated tag and for values that cannot be buffered.
    """
    if header.kind is HeaderKind.MAP:
        return _find_in_map(parser, shape, header.argument, read_variant_index, containers_left)
    cursor = ElementCursor(parser, header.argument)
    if not cursor.advance():
        raise missing_field(shape.tag)
    if header.argument is None:
        # The end was looked for first, so the tag counts as pushed back once.
        parser.push(parser.pull())
    variant = shape.variants[read_variant_index()]
    start = parser.position
    while cursor.advance():
        skip_value(parser, containers_left, BUFFERED)
    return TaggedRegion(
        shape=shape,
        variant=variant,
        is_map=False,
        start=start,
        items_count=None if header.argument is None else header.argument - 1,
        tag_start=start,
        tag_end=start,
        end=parser.position,
    )


def _find_in_map(
    parser: PullParser,
    shape: InternallyTaggedShape[Any],
    pairs_count: int | None,
    read_variant_index: Callable[[], int],
    containers_left: int,
) -> TaggedRegion:
    start = parser.position
    key_policy = ValuePolicy(
        takes_tags=False,
        expected=f"a type tag `{shape.tag}` or any other value",
        tag_message=BUFFERED.tag_message,
    )
    variant: type[Any] | None = None
    tag_start = tag_end = -1
    for _ in each_item(parser, pairs_count):
        key_start = parser.position
        skip_value(parser, containers_left, key_policy)
        if not _is_text(parser, key_start, shape.tag):
            skip_value(parser, containers_left, BUFFERED)
            continue
        if variant is not None:
            raise duplicate_field(shape.tag)
        variant = shape.variants[read_variant_index()]
        tag_start, tag_end = key_start, parser.position
    if variant is None:
        raise missing_field(shape.tag)
    return TaggedRegion(
        shape=shape,
        variant=variant,
        is_map=True,
        start=start,
        items_count=pairs_count,
        tag_start=tag_start,
        tag_end=tag_end,
        end=parser.position,
    )


def _is_text(parser: PullParser, start: int, text: str) -> bool:
    """Say whether the value between ``start`` and the parser is ``text``, as text or bytes."""
    end = parser.position
    if end - start <= len(text):
        return False
    parser.position = start
    header = parser.pull()
    is_equal = False
    if header.kind is HeaderKind.TEXT:
        is_equal = parser.read_text(header) == text
    elif header.kind is HeaderKind.BYTES:
        is_equal = parser.read_bytes(header) == text.encode()
    parser.position = end
    return is_equal


def variant_index(names: tuple[str, ...], key: str | bytes | int) -> int:
    """Return the index of the variant that ``key`` means, or raise.

    A byte string is a name as well, an integer the index itself (DEC-21).
    """
    if isinstance(key, int):
        if key < len(names):
            return key
        raise invalid_value(f"integer `{key}`", f"variant index 0 <= i < {len(names)}")
    name = key if isinstance(key, str) else key.decode(errors="replace")
    if name in names:
        return names.index(name)
    raise unknown_variant(name, names)


def describe_value(parser: PullParser) -> str:
    """Return what error texts call the next value, which is known to be well-formed."""
    header = parser.pull()
    argument = header.argument or 0
    match header.kind:
        case HeaderKind.POSITIVE:
            return f"integer `{argument}`"
        case HeaderKind.NEGATIVE:
            return f"integer `{-1 - argument}`"
        case HeaderKind.TEXT:
            return f"string {quoted(parser.read_text(header))}"
        case HeaderKind.BYTES:
            return "byte array"
        case HeaderKind.ARRAY:
            return "sequence"
        case HeaderKind.MAP:
            return "map"
        case HeaderKind.FLOAT:
            return f"floating point `{rust_float(header.number)}`"
        case _:
            return _SIMPLE_NAMES.get(argument, "Option value")


_SIMPLE_NAMES = {SIMPLE_FALSE: "boolean `false`", SIMPLE_TRUE: "boolean `true`"}
