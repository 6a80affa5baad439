"""The buffered regime: typed values out of a region that was stepped over before.

serde copies the value into a tree and reads the tree. Here the region itself is
read again, front to back, which costs no memory. The region is known to be
well-formed, free of tags and of integers outside 64 bits (``tolerant_skip``),
so only semantic errors are left.

This regime takes more than the direct one: records as arrays, fields by index,
texts as byte strings, unit variants as maps (DEC-07, DEC-09, DEC-11, DEC-20,
DEC-21). Source: DEC-00..DEC-25, buffered column (serde private/de.rs).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from telltale_spec.errors import DecodeError
from telltale_spec.wire.pull import (
    SIMPLE_FALSE,
    SIMPLE_NULL,
    SIMPLE_TRUE,
    SIMPLE_UNDEFINED,
    Header,
    HeaderKind,
    PullParser,
)
from telltale_spec.wire.shapes import (
    U64_MAX,
    BoolShape,
    ExternallyTaggedShape,
    IntegerShape,
    InternallyTaggedShape,
    ListShape,
    OptionShape,
    RecordShape,
    Shape,
    TextShape,
    UnitEnumShape,
)
from telltale_spec.wire.tolerant_errors import (
    duplicate_field,
    invalid_length,
    invalid_type,
    invalid_value,
    missing_field,
    semantic_error,
    unknown_field,
)
from telltale_spec.wire.tolerant_plans import (
    FieldCollector,
    RecordPlan,
    elements_in_words,
    integer_name,
    record_plan,
    variant_phrase,
)
from telltale_spec.wire.tolerant_regions import (
    ElementCursor,
    TaggedRegion,
    describe_value,
    each_item,
    find_tagged_region,
    skip_buffered,
    variant_index,
)
from telltale_spec.wire.tolerant_unions import UnionReader
from telltale_spec.wire.values import NANOSECONDS_MAX, Duration

__all__ = ["ContentReader"]

_NANOSECONDS_PER_SECOND = NANOSECONDS_MAX + 1


class ContentReader:
    """Read values of any shape out of well-formed regions of the parser's input.

    The parser has to stand at the start of the value and stands behind it
    afterwards.
    """

    __slots__ = ("_parser", "_read_by_shape")

    def __init__(self, parser: PullParser) -> None:
        self._parser = parser
        self._read_by_shape: dict[type[Shape[Any]], Callable[[Any], Any]] = {
            BoolShape: self._read_bool,
            ExternallyTaggedShape: self._read_externally_tagged,
            IntegerShape: self._read_integer,
            InternallyTaggedShape: self._read_internally_tagged,
            ListShape: self._read_list,
            OptionShape: self._read_option,
            RecordShape: self._read_record,
            TextShape: self._read_text,
            UnitEnumShape: self._read_unit_enum,
        }

    def read(self, shape: Shape[Any]) -> Any:
        """Return the next value as one of ``shape``, or raise a semantic error."""
        return self._read_by_shape[type(shape)](shape)

    def read_region(self, region: TaggedRegion) -> Any:
        """Return the variant whose fields are in ``region``, and stand behind the region."""
        parser = self._parser
        parser.position = region.start
        plan = record_plan(region.variant)
        if not region.is_map:
            cursor = ElementCursor(parser, region.items_count)
            phrase = variant_phrase(region.shape, region.variant)
            value = self.read_elements(plan, cursor, phrase)
        elif plan.fields:
            value = self.read_fields(plan, region.pairs(parser))
        else:
            # A unit variant looks at no key, not even at one that no field could have.
            value = plan.make({})
        parser.position = region.end
        return value

    def read_fields(self, plan: RecordPlan[Any], pairs: Iterator[None]) -> Any:
        """Return the record whose fields are the pairs of a map (DEC-04, DEC-05, DEC-09)."""
        collector = FieldCollector(plan)
        for _ in pairs:
            index = plan.index_of(self.read_identifier("field identifier"))
            if index is None:
                skip_buffered(self._parser)
            else:
                shape = collector.require_new(index)
                collector.add(index, self.read(shape))
        return collector.finish()

    def read_elements(self, plan: RecordPlan[Any], cursor: ElementCursor, phrase: str) -> Any:
        """Return the record whose fields are the elements of an array (DEC-07)."""
        values: dict[int, Any] = {}
        for index, shape in enumerate(plan.shapes):
            if cursor.advance():
                values[index] = self.read(shape)
            elif not plan.may_miss_at_end(index):
                expected = f"{phrase} with {elements_in_words(len(plan.shapes))}"
                raise invalid_length(index, expected)
        cursor.finish()
        return plan.make(values)

    def read_identifier(self, expected: str) -> str | bytes | int:
        """Return a key: a name as text or bytes, or an index (DEC-08, DEC-09)."""
        header = self._parser.pull()
        if header.kind is HeaderKind.TEXT:
            return self._parser.read_text(header)
        if header.kind is HeaderKind.BYTES:
            return self._parser.read_bytes(header)
        if header.kind is HeaderKind.POSITIVE and header.argument is not None:
            return header.argument
        raise self.wrong_type(header, expected)

    def wrong_type(self, header: Header, expected: str) -> DecodeError:
        """Return the error of the value that ``header`` starts not being ``expected``."""
        self._parser.rewind(header)
        return invalid_type(describe_value(self._parser), expected)

    def _read_bool(self, _: BoolShape) -> bool:
        header = self._parser.pull()
        if header.kind is HeaderKind.SIMPLE and header.argument in (SIMPLE_FALSE, SIMPLE_TRUE):
            return header.argument == SIMPLE_TRUE
        raise self.wrong_type(header, "a boolean")

    def _read_integer(self, shape: IntegerShape) -> int:
        header = self._parser.pull()
        argument = header.argument
        if header.kind is HeaderKind.POSITIVE and argument is not None:
            if argument <= shape.maximum:
                return argument
            raise invalid_value(f"integer `{argument}`", integer_name(shape))
        if header.kind is HeaderKind.NEGATIVE and argument is not None:
            raise invalid_value(f"integer `{-1 - argument}`", integer_name(shape))
        raise self.wrong_type(header, integer_name(shape))

    def _read_text(self, _: TextShape) -> str:
        header = self._parser.pull()
        if header.kind is HeaderKind.TEXT:
            return self._parser.read_text(header)
        if header.kind is not HeaderKind.BYTES:
            raise self.wrong_type(header, "a string")
        try:
            return self._parser.read_bytes(header).decode()
        except UnicodeDecodeError:
            raise invalid_value("byte array", "a string") from None

    def _read_option(self, shape: OptionShape[Any]) -> Any:
        header = self._parser.pull()
        if header.kind is HeaderKind.SIMPLE and header.argument in (SIMPLE_NULL, SIMPLE_UNDEFINED):
            return None
        self._parser.rewind(header)
        return self.read(shape.inner)

    def _read_list(self, shape: ListShape[Any]) -> tuple[Any, ...]:
        header = self._parser.pull()
        if header.kind is not HeaderKind.ARRAY:
            raise self.wrong_type(header, "a sequence")
        read, inner = self.read, shape.inner
        return tuple([read(inner) for _ in each_item(self._parser, header.argument)])

    def _read_record(self, shape: RecordShape[Any]) -> Any:
        if shape.record_class is Duration:
            return self._read_duration()
        plan = record_plan(shape.record_class)
        header = self._parser.pull()
        if header.kind is HeaderKind.MAP:
            return self.read_fields(plan, each_item(self._parser, header.argument))
        if header.kind is HeaderKind.ARRAY:
            cursor = ElementCursor(self._parser, header.argument)
            return self.read_elements(plan, cursor, plan.phrase)
        raise self.wrong_type(header, plan.phrase)

    def _read_unit_enum(self, shape: UnitEnumShape[Any]) -> Any:
        return UnionReader(self, self._parser).read_unit_enum(shape)

    def _read_externally_tagged(self, shape: ExternallyTaggedShape[Any]) -> Any:
        return UnionReader(self, self._parser).read_union(shape)

    def _read_internally_tagged(self, shape: InternallyTaggedShape[Any]) -> Any:
        header = self._parser.pull()
        if header.kind not in (HeaderKind.MAP, HeaderKind.ARRAY):
            raise self.wrong_type(header, f"internally tagged enum {shape.name}")
        names = tuple(shape.by_name)

        def read_variant_index() -> int:
            return variant_index(names, self.read_identifier("variant identifier"))

        return self.read_region(find_tagged_region(self._parser, shape, header, read_variant_index))

    def _read_duration(self) -> Duration:
        """Return a duration; surplus nanoseconds become seconds (DEC-24)."""
        header = self._parser.pull()
        if header.kind is HeaderKind.MAP:
            return self._duration_of_pairs(each_item(self._parser, header.argument))
        if header.kind is not HeaderKind.ARRAY:
            raise self.wrong_type(header, "struct Duration")
        cursor = ElementCursor(self._parser, header.argument)
        parts: list[int] = []
        for shape in record_plan(Duration).shapes:
            if not cursor.advance():
                raise invalid_length(len(parts), "struct Duration")
            parts.append(self.read(shape))
        duration = _carried(*parts)
        cursor.finish()
        return duration

    def _duration_of_pairs(self, pairs: Iterator[None]) -> Duration:
        """Return the duration of a map, which takes no unknown key and no index."""
        plan = record_plan(Duration)
        values: dict[str, int] = {}
        for _ in pairs:
            key = self._read_duration_key(plan.names)
            if key in values:
                raise duplicate_field(key)
            values[key] = self.read(plan.shapes[plan.names.index(key)])
        for name in plan.names:
            if name not in values:
                raise missing_field(name)
        return _carried(*(values[name] for name in plan.names))

    def _read_duration_key(self, names: tuple[str, ...]) -> str:
        header = self._parser.pull()
        if header.kind is HeaderKind.TEXT:
            key = self._parser.read_text(header)
        elif header.kind is HeaderKind.BYTES:
            key = self._parser.read_bytes(header).decode(errors="replace")
        else:
            raise self.wrong_type(header, " or ".join(f"`{name}`" for name in names))
        if key not in names:
            raise unknown_field(key, names)
        return key


def _carried(secs: int, nanos: int) -> Duration:
    """Return the duration with less than a second of nanoseconds, or raise on overflow."""
    secs += nanos // _NANOSECONDS_PER_SECOND
    if secs > U64_MAX:
        raise semantic_error("overflow deserializing Duration")
    return Duration(secs, nanos % _NANOSECONDS_PER_SECOND)
