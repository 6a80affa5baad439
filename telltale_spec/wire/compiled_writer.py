"""From a record to its canonical bytes, written out for each record class.

The rule is ``plain_codec``: the tree of the record, as cbor2 writes it. Here heads and names are
constants, and only the values between them are written, each with the shortest head there is. A
class derived from a variant is written as the rule writes it, because writers are found by the
class of the value.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import cbor2

from telltale_spec.wire.compiled_source import FunctionSource
from telltale_spec.wire.shapes import (
    AdjacentlyTaggedShape,
    BoolShape,
    ExternallyTaggedShape,
    IntegerShape,
    InternallyTaggedShape,
    ListShape,
    OptionShape,
    RecordShape,
    Shape,
    TaggedShape,
    TextShape,
    UnitEnumShape,
    wire_fields,
)

__all__ = ["canonical_bytes"]

_Writer: TypeAlias = Callable[[Any], bytes]

_TEXT: Final = 0x60
_ARRAY: Final = 0x80
_MAP: Final = 0xA0
_NULL: Final = cbor2.dumps(None)


def canonical_bytes(record: Any) -> bytes:
    """Return the canonical bytes of a record, or of a variant in its union."""
    return _WRITERS_BY_CLASS[type(record)](record)


def head(major: int, argument: int) -> bytes:
    """Return the shortest head; ``major`` is the initial byte of the kind of item."""
    if argument < 24:
        return bytes((major + argument,))
    if argument < 1 << 8:
        return bytes((major + 24, argument))
    if argument < 1 << 16:
        return _pack_2(major + 25, argument)
    if argument < 1 << 32:
        return _pack_4(major + 26, argument)
    return _pack_8(major + 27, argument)


_pack_2: Final = struct.Struct(">BH").pack
_pack_4: Final = struct.Struct(">BI").pack
_pack_8: Final = struct.Struct(">BQ").pack


class _Writers(dict[type[Any], _Writer]):
    """The writers of one union, or of records outside of any, by the class of the value."""

    def __init__(self, union: TaggedShape[Any] | None) -> None:
        super().__init__()
        self.union = union

    def __missing__(self, record_class: type[Any]) -> _Writer:
        source = _WriterSource(f"write_{record_class.__name__}")
        source.write_framed(self.union, record_class)
        self[record_class] = writer = source.finish()
        return writer


_WRITERS_OF_RECORDS: Final = _Writers(None)
_WRITERS_OF_UNIONS: Final[dict[TaggedShape[Any], _Writers]] = {}


def _writers(shape: Shape[Any]) -> _Writers:
    if not isinstance(shape, TaggedShape):
        return _WRITERS_OF_RECORDS
    if shape not in _WRITERS_OF_UNIONS:
        _WRITERS_OF_UNIONS[shape] = _Writers(shape)
    return _WRITERS_OF_UNIONS[shape]


class _WritersByClass(dict[type[Any], _Writer]):
    """The writer of each class by itself: in its union if it is a variant."""

    def __missing__(self, record_class: type[Any]) -> _Writer:
        self[record_class] = writer = _writers(record_class.shape())[record_class]
        return writer


_WRITERS_BY_CLASS: Final = _WritersByClass()


class _WriterSource:
    """Writes one writer: expressions of bytes, constants among them put together."""

    def __init__(self, name: str) -> None:
        self.source = FunctionSource(name, "value")
        self.parts: list[str] = []
        self.constant = b""
        self.head = self.source.value(head)

    def finish(self) -> _Writer:
        """Return the function."""
        self._end_constant()
        parts = ", ".join(self.parts)
        join = self.source.value(b"".join)
        only = len(self.parts) == 1 and not parts.startswith("*")
        self.source.line(f"return {parts}" if only else f"return {join}(({parts}))")
        return self.source.finish()

    def write_framed(self, union: TaggedShape[Any] | None, record_class: type[Any]) -> None:
        """Write the fields of a class as the given union frames them."""
        fields = wire_fields(record_class)
        match union:
            case None:
                self._write_map(record_class)
            case InternallyTaggedShape():
                self._add(head(_MAP, 1 + len(fields)) + cbor2.dumps(union.tag))
                self._add(cbor2.dumps(record_class.variant_name))
                self._write_fields(record_class)
            case AdjacentlyTaggedShape():
                self._add(head(_MAP, 2) + cbor2.dumps(union.tag))
                self._add(cbor2.dumps(record_class.variant_name) + cbor2.dumps(union.content))
                self._write_values(record_class)
            case ExternallyTaggedShape():
                self._write_external(record_class)
            case _:
                raise TypeError(f"{type(union).__name__} has no compiled writer")

    def _write_external(self, record_class: type[Any]) -> None:
        style = record_class.variant_style
        if style != "unit":
            self._add(head(_MAP, 1))
        self._add(cbor2.dumps(record_class.variant_name))
        if style == "struct":
            self._write_map(record_class)
        elif style == "tuple":
            self._add(head(_ARRAY, len(wire_fields(record_class))))
            self._write_values(record_class)
        elif style == "newtype":
            self._write_values(record_class)

    def _write_map(self, record_class: type[Any]) -> None:
        self._add(head(_MAP, len(wire_fields(record_class))))
        self._write_fields(record_class)

    def _write_fields(self, record_class: type[Any]) -> None:
        for field in wire_fields(record_class):
            self._add(cbor2.dumps(field.name))
            self._write(field.shape, f"value.{field.attribute}")

    def _write_values(self, record_class: type[Any]) -> None:
        for field in wire_fields(record_class):
            self._write(field.shape, f"value.{field.attribute}")

    def _add(self, constant: bytes) -> None:
        self.constant += constant

    def _end_constant(self) -> None:
        if self.constant:
            self.parts.append(self.source.value(self.constant))
            self.constant = b""

    def _write(self, shape: Shape[Any], value: str) -> None:
        self._end_constant()
        self.parts += self._expressions(shape, value)

    def _expressions(self, shape: Shape[Any], value: str) -> list[str]:
        """Return the expressions of the bytes of one value."""
        known = self.source.value
        match shape:
            case IntegerShape():
                return [self._head(0, value)]
            case TextShape():
                return [self._head(_TEXT, f"(size := len(text := {value}.encode()))"), "text"]
            case BoolShape():
                return [f"({known(cbor2.dumps(True))} if {value} else {known(cbor2.dumps(False))})"]
            case UnitEnumShape():
                members = {text: cbor2.dumps(text) for text in shape.members}
                # What `value` gives too, without the descriptor in between.
                return [f"{known(members)}[{value}._value_]"]
            case RecordShape() | TaggedShape():
                return [f"{known(_writers(shape))}[type({value})]({value})"]
            case OptionShape():
                inner = " + ".join(self._expressions(shape.inner, value))
                return [f"({known(_NULL)} if {value} is None else {inner})"]
            case ListShape():
                write = known(_item_writer(shape.inner))
                return [self._head(_ARRAY, f"len({value})"), f"*map({write}, {value})"]
        raise TypeError(f"{type(shape).__name__} has no compiled writer")

    def _head(self, major: int, number: str) -> str:
        short = self.source.value(tuple(head(major, argument) for argument in range(24)))
        name = "size" if ":=" in number else number
        return f"({short}[{name}] if {number} < 24 else {self.head}({major}, {name}))"


def _item_writer(shape: Shape[Any]) -> _Writer:
    """Return the writer of one item of a list."""
    if isinstance(shape, (RecordShape, TaggedShape)):
        writers = _writers(shape)
        return lambda item: writers[type(item)](item)
    source = _WriterSource("write_item")
    source._write(shape, "value")
    return source.finish()
