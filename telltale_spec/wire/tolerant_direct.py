"""The direct regime: typed values straight from the input.

This is how the envelope, the payload, the artifacts, cache entries, outcomes
and recovery metadata are read (DEC-00). CBOR tags in front of a value are
passed over, a big integer may stand for an integer, and a byte string for an
empty list; but names must be short and records must be maps (DEC-07..DEC-13,
DEC-19). Log entries, statuses and responses are stepped over as a whole first
and then read in the buffered regime.

Only the shapes that occur here are read; see ``DirectReader.read``. Source:
DEC-00..DEC-25, direct column (ciborium de/mod.rs, serde private/de.rs).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from telltale_spec.errors import DecodeError
from telltale_spec.wire.pull import (
    SCRATCH_BYTES,
    SIMPLE_FALSE,
    SIMPLE_NULL,
    SIMPLE_TRUE,
    SIMPLE_UNDEFINED,
    Header,
    HeaderKind,
    PullParser,
)
from telltale_spec.wire.shapes import (
    AdjacentlyTaggedShape,
    IntegerShape,
    InternallyTaggedShape,
    ListShape,
    OptionShape,
    RecordShape,
    Shape,
    TextShape,
    wire_fields,
)
from telltale_spec.wire.tolerant_content import ContentReader
from telltale_spec.wire.tolerant_errors import (
    duplicate_field,
    invalid_type,
    missing_field,
    recursion_limit_exceeded,
    rust_float,
    semantic_error,
)
from telltale_spec.wire.tolerant_plans import FieldCollector, expected_text, record_plan
from telltale_spec.wire.tolerant_regions import (
    describe_value,
    find_tagged_region,
    variant_index,
)
from telltale_spec.wire.tolerant_skip import (
    BIG_INTEGER_BYTES_MAX,
    BIG_INTEGER_TAGS,
    BUFFERED,
    CONTAINERS_MAX,
    IGNORED,
    TAG_BIG_NEGATIVE,
    ValuePolicy,
    skip_value,
)

__all__ = ["DirectReader"]


class DirectReader:
    """Read a persisted artifact from the parser's input, front to back."""

    __slots__ = ("_containers_left", "_content", "_parser", "_read_by_shape")

    def __init__(self, parser: PullParser) -> None:
        self._parser = parser
        self._content = ContentReader(parser)
        self._containers_left = CONTAINERS_MAX
        self._read_by_shape: dict[type[Shape[Any]], Callable[[Any], Any]] = {
            AdjacentlyTaggedShape: self._read_adjacently_tagged,
            IntegerShape: self._read_integer,
            InternallyTaggedShape: self._read_internally_tagged,
            ListShape: self._read_list,
            OptionShape: self._read_option,
            RecordShape: self._read_record,
            TextShape: self._read_text,
        }

    def read(self, shape: Shape[Any]) -> Any:
        """Return the next value as one of ``shape``, or raise the decode error."""
        return self._read_by_shape[type(shape)](shape)

    def _read_record(self, shape: RecordShape[Any]) -> Any:
        plan = record_plan(shape.record_class)
        collector = FieldCollector(plan)
        for _ in self._items_of(self._pull_untagged(), HeaderKind.MAP):
            index = plan.index_of(self._read_identifier())
            if index is None:
                skip_value(self._parser, self._containers_left, IGNORED)
            else:
                field_shape = collector.require_new(index)
                collector.add(index, self.read(field_shape))
        return collector.finish()

    def _read_list(self, shape: ListShape[Any]) -> tuple[Any, ...]:
        header = self._pull_untagged()
        if header.kind is HeaderKind.BYTES:
            content = self._parser.read_bytes(header)
            if content:
                # The bytes stand for integers, and no list in this regime has integers.
                raise invalid_type(f"integer `{content[0]}`", expected_text(shape.inner))
            return ()
        read, inner = self.read, shape.inner
        return tuple([read(inner) for _ in self._items_of(header, HeaderKind.ARRAY)])

    def _read_option(self, shape: OptionShape[Any]) -> Any:
        header = self._parser.pull()
        if header.kind is HeaderKind.SIMPLE and header.argument in (SIMPLE_NULL, SIMPLE_UNDEFINED):
            return None
        self._parser.push(header)
        return self.read(shape.inner)

    def _read_text(self, _: TextShape) -> str:
        header = self._pull_untagged()
        if header.kind is HeaderKind.TEXT:
            return self._parser.read_text(header)
        raise _unexpected(header, "string")

    def _read_integer(self, shape: IntegerShape) -> int:
        header = self._parser.pull()
        while header.kind is HeaderKind.TAG and header.argument not in BIG_INTEGER_TAGS:
            header = self._parser.pull()
        if header.kind is HeaderKind.TAG:
            value = self._read_big_magnitude()
        elif header.kind in (HeaderKind.POSITIVE, HeaderKind.NEGATIVE):
            value = header.argument or 0
        else:
            raise _unexpected(header, "integer")
        is_big_negative = header.kind is HeaderKind.TAG and header.argument == TAG_BIG_NEGATIVE
        if header.kind is HeaderKind.NEGATIVE or is_big_negative:
            raise semantic_error("unexpected negative integer")
        if value > shape.maximum:
            raise semantic_error("integer too large")
        return value

    def _read_big_magnitude(self) -> int:
        """Return the magnitude of a big integer, leading zeros ignored (DEC-13)."""
        parser = self._parser
        header = parser.pull()
        if header.kind is not HeaderKind.BYTES:
            raise _unexpected(header, "bytes")
        significant = b""
        for length, _ in parser.segments(header):
            # What is cut off is judged as far as it was read, sixteen bytes at a time.
            available = min(length, len(parser.data) - parser.position)
            if available < length:
                available -= available % BIG_INTEGER_BYTES_MAX
            content = bytes(parser.take(available))
            significant += content if significant else content.lstrip(b"\0")
            if len(significant) > BIG_INTEGER_BYTES_MAX:
                raise semantic_error("bigint too large")
            parser.take(length - available)
        return int.from_bytes(significant, "big")

    def _read_internally_tagged(self, shape: InternallyTaggedShape[Any]) -> Any:
        """Step over the value to find its tag, then read it in the buffered regime."""
        parser = self._parser
        header = parser.pull()
        if header.kind not in (HeaderKind.MAP, HeaderKind.ARRAY):
            parser.rewind(header)
            raise self._not_a_container(f"internally tagged enum {shape.name}")
        names = tuple(shape.by_name)

        def read_variant_index() -> int:
            return variant_index(names, self._read_identifier())

        self._enter()
        region = find_tagged_region(
            parser, shape, header, read_variant_index, self._containers_left
        )
        self._leave()
        return self._content.read_region(region)

    def _not_a_container(self, expected: str) -> DecodeError:
        """Return the error of the next value, which is neither a map nor an array."""
        start = self._parser.position
        tag_message = f"invalid type: enum, expected {expected}"
        policy = ValuePolicy(takes_tags=False, expected=expected, tag_message=tag_message)
        skip_value(self._parser, self._containers_left, policy)
        self._parser.position = start
        return invalid_type(describe_value(self._parser), expected)

    def _read_adjacently_tagged(self, shape: AdjacentlyTaggedShape[Any]) -> Any:
        """Return the variant; content that comes before the tag is buffered (DEC-00)."""
        parser = self._parser
        keys = self._tag_and_content_keys(shape)
        first_key = next(keys, None)
        if first_key is None:
            raise missing_field(shape.tag)
        if first_key == shape.tag:
            variant = self._read_payload_variant(shape)
            self._require_key(keys, shape.content)
            content = self.read(wire_fields(variant)[0].shape)
        else:
            start = parser.position
            skip_value(parser, self._containers_left, BUFFERED)
            self._require_key(keys, shape.tag)
            variant = self._read_payload_variant(shape)
            end, parser.position = parser.position, start
            content = self._content.read(wire_fields(variant)[0].shape)
            parser.position = end
        for repeated_key in keys:
            raise duplicate_field(repeated_key)
        return variant(content)

    def _tag_and_content_keys(self, shape: AdjacentlyTaggedShape[Any]) -> Iterator[str]:
        """Stop behind every key that is the tag's or the content's, and ignore others."""
        name_of_key: dict[str | bytes, str] = {}
        for name in (shape.tag, shape.content):
            name_of_key[name] = name_of_key[name.encode()] = name
        for _ in self._items_of(self._pull_untagged(), HeaderKind.MAP):
            key = self._read_identifier()
            if key in name_of_key:
                yield name_of_key[key]
            else:
                skip_value(self._parser, self._containers_left, IGNORED)

    def _require_key(self, keys: Iterator[str], wanted: str) -> None:
        key = next(keys, None)
        if key is None:
            raise missing_field(wanted)
        if key != wanted:
            raise duplicate_field(key)

    def _read_payload_variant(self, shape: AdjacentlyTaggedShape[Any]) -> Any:
        """Return the variant that the tag names.

        The name may stand in the head of a map with one pair whose value is
        missing (DEC-22), which is not well-formed and accepted all the same.
        """
        header = self._pull_untagged()
        if header.kind is HeaderKind.TEXT:
            self._parser.push(header)
        elif header.kind is not HeaderKind.MAP or header.argument != 1:
            raise _unexpected(header, "enum")
        self._enter()
        index = variant_index(tuple(shape.by_name), self._read_identifier())
        self._leave()
        return shape.variants[index]

    def _read_identifier(self) -> str | bytes:
        """Return a short name as text or bytes (DEC-08, DEC-10)."""
        parser = self._parser
        while True:
            offset = parser.offset
            header = parser.pull()
            is_short = header.argument is not None and header.argument <= SCRATCH_BYTES
            if header.kind is HeaderKind.TEXT and is_short:
                return parser.take_text(header.argument or 0, offset)
            if header.kind is HeaderKind.BYTES and is_short:
                return bytes(parser.take(header.argument or 0))
            if header.kind is not HeaderKind.TAG:
                raise _unexpected(header, "str or bytes")

    def _pull_untagged(self) -> Header:
        """Return the next header that is not a tag (DEC-12)."""
        header = self._parser.pull()
        while header.kind is HeaderKind.TAG:
            header = self._parser.pull()
        return header

    def _items_of(self, header: Header, kind: HeaderKind) -> Iterator[None]:
        """Stop before every element or key of the container that ``header`` starts."""
        if header.kind is not kind:
            raise _unexpected(header, kind.value)
        self._enter()
        if header.argument is not None:
            for _ in range(header.argument):
                yield
        else:
            parser = self._parser
            while (item := parser.pull()).kind is not HeaderKind.BREAK:
                parser.push(item)
                yield
        self._leave()

    def _enter(self) -> None:
        if self._containers_left == 0:
            raise recursion_limit_exceeded()
        self._containers_left -= 1

    def _leave(self) -> None:
        self._containers_left += 1


def _unexpected(header: Header, expected: str) -> DecodeError:
    """Return the error of a header that does not start what was expected."""
    return invalid_type(_header_in_words(header), expected)


def _header_in_words(header: Header) -> str:
    argument = header.argument or 0
    match header.kind:
        case HeaderKind.POSITIVE:
            return f"integer `{argument}`"
        case HeaderKind.NEGATIVE:
            return f"integer `{_negative_as_64_bits(argument)}`"
        case HeaderKind.FLOAT:
            return f"floating point `{rust_float(header.number)}`"
        case HeaderKind.SIMPLE:
            return _SIMPLE_NAMES.get(argument, "simple")
        case kind:
            return _KIND_NAMES[kind]


def _negative_as_64_bits(argument: int) -> int:
    """Return ``-1 - argument`` wrapped to a signed 64-bit integer, as error texts show it."""
    return (-1 - argument + 2**63) % 2**64 - 2**63


_SIMPLE_NAMES: Final = {
    SIMPLE_FALSE: "boolean `false`",
    SIMPLE_TRUE: "boolean `true`",
    SIMPLE_NULL: "null",
    SIMPLE_UNDEFINED: "undefined",
}

_KIND_NAMES: Final = {
    HeaderKind.BYTES: "bytes",
    HeaderKind.TEXT: "string",
    HeaderKind.ARRAY: "sequence",
    HeaderKind.MAP: "map",
    HeaderKind.TAG: "tag",
    HeaderKind.BREAK: "break",
}
