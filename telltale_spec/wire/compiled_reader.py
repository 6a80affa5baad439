"""From canonical bytes straight to records, written out for each record and each union.

The rule is in ``plain_codec``: build the record from its tree, and accept it only if writing it
again gives the very bytes of the input. Here the input is compared, piece by piece, with what the
writer would write: the heads and names of a class are one constant after the other, and between
them stand the values, each with the shortest head there is. So no byte is passed over, nothing is
written again, and of a hostile input nothing is kept behind its first wrong byte (F41).

A function that this module writes takes the input, a position and the number of containers that
may still be opened, and returns a value and the position behind it. What it cannot take raises one
of :data:`REFUSALS`, which is no verdict: the bytes may still be acceptable in another form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import cbor2

from telltale_spec.errors import DomainError
from telltale_spec.wire.compiled_source import FunctionSource
from telltale_spec.wire.draft import draft_of
from telltale_spec.wire.record import Record
from telltale_spec.wire.shapes import (
    U64_MAX,
    AdjacentlyTaggedShape,
    BoolShape,
    IntegerShape,
    InternallyTaggedShape,
    ListShape,
    OptionShape,
    RecordShape,
    Shape,
    TaggedShape,
    TextShape,
    UnitEnumShape,
    WireField,
    wire_fields,
)

__all__ = ["REFUSALS", "Reader", "reader_of"]

Reader: TypeAlias = Callable[[bytes, int, int], tuple[Any, int]]


class NotCanonical(Exception):  # noqa: N818 - an answer, not an error
    """Say that the bytes are not what the writer writes."""


REFUSALS: Final = (
    NotCanonical,
    # The input ends, or a text is no UTF-8.
    IndexError,
    UnicodeDecodeError,
    # A name is none of an enum or of a union.
    KeyError,
    # A record with a check of its own refuses; and Python's stack is at its end.
    DomainError,
    RecursionError,
)

_TEXT: Final = 0x60
_ARRAY: Final = 0x80
_MAP: Final = 0xA0
_NULL: Final = 0xF6

# The size of a text with a head of one byte, by that byte; zero for every other byte.
_SHORT_TEXTS: Final = tuple(
    byte - _TEXT + 1 if _TEXT <= byte < _TEXT + 24 else 0 for byte in range(256)
)
_BOOLS: Final = {0xF4: False, 0xF5: True}


def read_argument(data: bytes, position: int, major: int) -> tuple[int, int]:
    """Return the number in the head at ``position``, and the position behind the head.

    ``major`` is the initial byte of the kind of item. Only the shortest head is taken.
    """
    short = data[position] - major
    if 0 <= short < 24:
        return short, position + 1
    if not 24 <= short <= 27:
        raise NotCanonical
    width = 1 << (short - 24)
    end = position + 1 + width
    argument = int.from_bytes(data[position + 1 : end], "big")
    # Half of the width, or one byte less than one, would have done for anything smaller.
    if end > len(data) or argument < (24 if width == 1 else 1 << (4 * width)):
        raise NotCanonical
    return argument, end


def read_long_text(data: bytes, position: int) -> tuple[int, int]:
    """Return the last byte of the head of a text, and the end of the text."""
    length, start = read_argument(data, position, _TEXT)
    if start + length > len(data):
        raise NotCanonical
    return start - 1, start + length


def reader_of(record_class: type[Record]) -> Reader:
    """Return the function that reads a record, or a union by the class its variants derive from."""
    return _READERS.get(record_class) or _new_reader(record_class)


_READERS: Final[dict[type[Record], Reader]] = {}


def _new_reader(record_class: type[Record]) -> Reader:
    source = _ReaderSource("read", ())
    source.read(record_class.shape(), "value")
    _READERS[record_class] = reader = source.finish("value")
    return reader


class _Union:
    """The readers of a union's variants, by as many first bytes as tell them apart."""

    def __init__(self, shape: TaggedShape[Any]) -> None:
        openings = [_opening(shape, variant) for variant in shape.variants]
        self.width = min(map(len, openings))
        self.contains_itself = shape in _shapes_below(shape)
        self.readers: dict[bytes, Reader] = {}
        # Known before its readers are made, because they may need it.
        _UNIONS[shape] = self
        for opening, variant in zip(openings, shape.variants, strict=True):
            self.readers[opening[: self.width]] = self._reader(shape, opening, variant)
        if len(self.readers) < len(shape.variants):
            raise TypeError(f"{shape.name}: variants begin with the same {self.width} bytes")

    def _reader(self, shape: TaggedShape[Any], opening: bytes, variant: type[Any]) -> Reader:
        source = _ReaderSource(f"read_{variant.__name__}", wire_fields(variant))
        source.expect(opening)
        if opening[0] >= _MAP:
            source.open()
        if isinstance(shape, InternallyTaggedShape):
            source.read_fields()
        elif isinstance(shape, AdjacentlyTaggedShape):
            source.expect(cbor2.dumps(shape.content))
            source.read_values()
        elif variant.variant_style == "struct":
            source.expect_head(_MAP, len(wire_fields(variant)))
            source.open()
            source.read_fields()
        elif variant.variant_style == "tuple":
            source.expect_head(_ARRAY, len(wire_fields(variant)))
            source.open()
            source.read_values()
        else:
            source.read_values()
        source.make(variant, "value")
        return source.finish("value", bounded=self.contains_itself)


_UNIONS: Final[dict[TaggedShape[Any], _Union]] = {}


def _union(shape: TaggedShape[Any]) -> _Union:
    return _UNIONS.get(shape) or _Union(shape)


def _opening(shape: TaggedShape[Any], variant: type[Any]) -> bytes:
    """Return what a variant begins with: up to its name, which tells it from the others."""
    name = cbor2.dumps(variant.variant_name)
    match shape:
        case InternallyTaggedShape():
            return _head(_MAP, 1 + len(wire_fields(variant))) + cbor2.dumps(shape.tag) + name
        case AdjacentlyTaggedShape():
            return _head(_MAP, 2) + cbor2.dumps(shape.tag) + name
        case _:
            return name if variant.variant_style == "unit" else _head(_MAP, 1) + name


def _head(major: int, count: int) -> bytes:
    if count >= 24:
        raise TypeError(f"{count} fields or items need a longer head")
    return bytes([major + count])


def _shapes_below(shape: Shape[Any]) -> set[Shape[Any]]:
    """Return every shape that a value of one shape can hold; itself only if it can hold itself."""
    found: set[Shape[Any]] = set()
    pending = [*_inner_shapes(shape)]
    while pending:
        each = pending.pop()
        if each not in found:
            found.add(each)
            pending += _inner_shapes(each)
    return found


def _inner_shapes(shape: Shape[Any]) -> Iterator[Shape[Any]]:
    match shape:
        case ListShape() | OptionShape():
            yield shape.inner
        case RecordShape():
            yield from (field.shape for field in wire_fields(shape.record_class))
        case TaggedShape():
            for variant in shape.variants:
                yield from (field.shape for field in wire_fields(variant))


class _ReaderSource:
    """Writes one reader; what is certain to come next is collected and compared at once."""

    def __init__(self, name: str, fields: tuple[WireField, ...]) -> None:
        self.source = FunctionSource(name, "data", "position", "room")
        self.fields = fields
        self.names: list[str] = []
        self.expected = b""
        # The variable of a name that has not been read yet, and the shape of the name.
        self.unread: tuple[str, UnitEnumShape[Any]] | None = None
        self.open_count = 0
        self.open_count_max = 0
        self.names_count = 0
        self.refusal = f"raise {self.source.value(NotCanonical)}"
        self.read_argument = self.source.value(read_argument)

    def expect(self, data: bytes) -> None:
        """Take bytes that are certain to come next."""
        self.expected += data

    def expect_head(self, major: int, count: int) -> None:
        """Take the head of a container of a certain length."""
        self.expect(_head(major, count))

    def open(self) -> None:
        """Note that a container was opened."""
        self.open_count += 1
        self.open_count_max = max(self.open_count_max, self.open_count)

    def finish(self, name: str, *, bounded: bool = False) -> Reader:
        """Return the function; a ``bounded`` one refuses to open more containers than it may."""
        self._compare()
        self.source.line(f"return {name}, position")
        if bounded:
            self.source.first_line(f"if room < {self.open_count_max}: {self.refusal}")
        return self.source.finish()

    def read_fields(self) -> None:
        """Read all fields, each behind its name."""
        for field in self.fields:
            self.expect(cbor2.dumps(field.name))
            self._read_field(field)

    def read_values(self) -> None:
        """Read all fields without names."""
        for field in self.fields:
            self._read_field(field)

    def _read_field(self, field: WireField) -> None:
        name = self._new_name()
        self.names.append(name)
        self.read(field.shape, name)

    def _new_name(self) -> str:
        self.names_count += 1
        return f"field_{self.names_count}"

    def make(self, record_class: type[Any], target: str) -> None:
        """Make the record of the fields, which are known to be in their domains."""
        self._compare()
        line, value = self.source.line, self.source.value
        if record_class.__post_init__ is not Record.__post_init__ or not self.names:
            # A class with a check of its own is made as everyone makes it.
            line(f"{target} = {value(record_class)}({', '.join(self.names)})")
            return
        line(f"{target} = {value(draft_of(record_class))}()")
        for field, name in zip(self.fields, self.names, strict=True):
            line(f"{target}.{field.attribute} = {name}")
        line(f"{target}.__class__ = {value(record_class)}")

    def _compare(self) -> None:
        """Compare what was collected with the input, together with a name in front of it."""
        if self.unread is not None:
            self._read_name(*self.unread)
        elif self.expected:
            constant = self.source.value(self.expected)
            self._refuse_if(f"not data.startswith({constant}, position)")
            self.source.line(f"position += {len(self.expected)}")
        self.unread, self.expected = None, b""

    def _read_name(self, name: str, shape: UnitEnumShape[Any]) -> None:
        """Look a name of an enum up, with all that has to come behind it."""
        line, behind = self.source.line, self.expected
        members = {cbor2.dumps(text) + behind: each for text, each in shape.members.items()}
        line(f"end = position + {self.source.value(_SHORT_TEXTS)}[data[position]]")
        if any(len(text) >= 24 for text in shape.members):
            with self.source.block("if end == position:"):
                line(f"_, end = {self.source.value(read_long_text)}(data, position)")
        line(f"end += {len(behind)}")
        line(f"{name} = {self.source.value(members)}[data[position:end]]")
        line("position = end")

    def _refuse_if(self, condition: str) -> None:
        with self.source.block(f"if {condition}:"):
            self.source.line(self.refusal)

    @contextmanager
    def _block(self, head: str) -> Iterator[None]:
        """Open a block at whose end nothing that was collected is left."""
        with self.source.block(head):
            yield
            self._compare()

    def read(self, shape: Shape[Any], name: str) -> None:
        """Read the next value into the variable ``name``."""
        if isinstance(shape, RecordShape):
            self._read_record(shape, name)
            return
        self._compare()
        match shape:
            case IntegerShape():
                self._read_integer(shape, name)
            case TextShape():
                self._read_text(name)
            case BoolShape():
                self._read_bool(name)
            case UnitEnumShape():
                self.unread = name, shape
            case OptionShape():
                self._read_option(shape, name)
            case ListShape():
                self._read_list(shape, name)
            case TaggedShape():
                self._read_variant(shape, name)
            case _:
                raise TypeError(f"{type(shape).__name__} has no compiled reader")

    def _read_integer(self, shape: IntegerShape, name: str) -> None:
        line = self.source.line
        line(f"{name} = data[position]")
        with self.source.block(f"if {name} < 24:"):
            line("position += 1")
        # The lengths of ticks in practice; the function takes any.
        with self.source.block(f"elif {name} == 25:"):
            line(f"{name} = data[position + 1] << 8 | data[position + 2]")
            self._refuse_if(f"{name} < 256")
            line("position += 3")
        with self.source.block("else:"):
            line(f"{name}, position = {self.read_argument}(data, position, 0)")
        if shape.maximum < U64_MAX:
            self._refuse_if(f"{name} > {shape.maximum}")

    def _read_text(self, name: str) -> None:
        line = self.source.line
        line(f"end = position + {self.source.value(_SHORT_TEXTS)}[data[position]]")
        with self.source.block("if end == position:"):
            line(f"position, end = {self.source.value(read_long_text)}(data, position)")
        line(f"{name} = data[position + 1:end].decode()")
        line("position = end")

    def _read_bool(self, name: str) -> None:
        self.source.line(f"{name} = {self.source.value(_BOOLS)}[data[position]]")
        self.source.line("position += 1")

    def _read_option(self, shape: OptionShape[Any], name: str) -> None:
        with self.source.block(f"if data[position] == {_NULL}:"):
            self.source.line(f"{name} = None")
            self.source.line("position += 1")
        with self._block("else:"):
            self.read(shape.inner, name)

    def _read_list(self, shape: ListShape[Any], name: str) -> None:
        line = self.source.line
        items, item = self._new_name(), self._new_name()
        line(f"count, position = {self.read_argument}(data, position, {_ARRAY})")
        line(f"{items} = []")
        self.open()
        with self._block("for _ in range(count):"):
            self.read(shape.inner, item)
            self._compare()
            line(f"{items}.append({item})")
        self.open_count -= 1
        line(f"{name} = tuple({items})")

    def _read_variant(self, shape: TaggedShape[Any], name: str) -> None:
        union = _union(shape)
        readers = self.source.value(union.readers)
        opening = f"data[position:position + {union.width}]"
        room = f"room - {self.open_count}" if self.open_count else "room"
        self.source.line(f"{name}, position = {readers}[{opening}](data, position, {room})")

    def _read_record(self, shape: RecordShape[Any], name: str) -> None:
        """Read a record in place, without the call of another function."""
        outer, self.fields = (self.fields, self.names), wire_fields(shape.record_class)
        self.names = []
        self.expect_head(_MAP, len(self.fields))
        self.open()
        self.read_fields()
        self.open_count -= 1
        self.make(shape.record_class, name)
        self.fields, self.names = outer
