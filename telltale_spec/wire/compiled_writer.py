"""The tree of a record, written out for each record class.

The rule is ``Shape.to_tree``. Here the same dict is one expression a class, with the names in it
as constants. Classes of a union are found by the class of the value, so a class derived from a
variant is written as the rule writes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

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
    Tree,
    UnitEnumShape,
    wire_fields,
)

__all__ = ["tree_of"]

_Writer: TypeAlias = Callable[[Any], Tree]


def tree_of(value: Any) -> Tree:
    """Return what ``shape.to_tree(value)`` returns, for a record or variant and its own shape."""
    return _WRITERS_BY_CLASS[type(value)](value)


class _Writers(dict[type[Any], _Writer]):
    """The writers of one union, or of records outside of any, by the class of the value."""

    def __init__(self, union: TaggedShape[Any] | None) -> None:
        super().__init__()
        self.union = union

    def __missing__(self, record_class: type[Any]) -> _Writer:
        source = FunctionSource(f"write_{record_class.__name__}", "value")
        source.line(f"return {_variant(source, self.union, record_class)}")
        self[record_class] = writer = source.finish()
        return writer


_WRITERS_OF_RECORDS: Final = _Writers(None)
_WRITERS_OF_UNIONS: Final[dict[TaggedShape[Any], _Writers]] = {}


def _writers(shape: Shape[Any]) -> _Writers:
    if not isinstance(shape, TaggedShape):
        return _WRITERS_OF_RECORDS
    known = _WRITERS_OF_UNIONS.get(shape)
    return _new_writers(shape) if known is None else known


def _new_writers(union: TaggedShape[Any]) -> _Writers:
    _WRITERS_OF_UNIONS[union] = writers = _Writers(union)
    return writers


class _WritersByClass(dict[type[Any], _Writer]):
    """The writer of each class by itself: in its union if it is a variant."""

    def __missing__(self, record_class: type[Any]) -> _Writer:
        self[record_class] = writer = _writers(record_class.shape())[record_class]
        return writer


_WRITERS_BY_CLASS: Final = _WritersByClass()


def _variant(
    source: FunctionSource, union: TaggedShape[Any] | None, record_class: type[Any]
) -> str:
    """Return the expression of one class as the given union frames it."""
    fields = [
        (field.name, _expression(source, field.shape, f"value.{field.attribute}"))
        for field in wire_fields(record_class)
    ]
    if union is None:
        return _map(fields)
    name = repr(record_class.variant_name)
    match union:
        case InternallyTaggedShape():
            return _map([(union.tag, name), *fields])
        case AdjacentlyTaggedShape():
            return _map([(union.tag, name), (union.content, fields[0][1])])
        case ExternallyTaggedShape():
            content = {
                "unit": "",
                "newtype": fields[0][1] if fields else "",
                "tuple": f"[{', '.join(expression for _, expression in fields)}]",
                "struct": _map(fields),
            }[record_class.variant_style]
            return _map([(record_class.variant_name, content)]) if content else name
    raise TypeError(f"{type(union).__name__} has no compiled writer")


def _map(pairs: list[tuple[str, str]]) -> str:
    return f"{{{', '.join(f'{name!r}: {expression}' for name, expression in pairs)}}}"


def _expression(source: FunctionSource, shape: Shape[Any], value: str) -> str:
    match shape:
        case IntegerShape() | TextShape() | BoolShape():
            return value
        case UnitEnumShape():
            # What `value` gives too, without the descriptor in between.
            return f"{value}._value_"
        case RecordShape() | TaggedShape():
            return f"{source.value(_writers(shape))}[type({value})]({value})"
        case OptionShape():
            inner = _expression(source, shape.inner, value)
            return value if inner == value else f"(None if {value} is None else {inner})"
        case ListShape():
            inner = _expression(source, shape.inner, "item")
            return f"list({value})" if inner == "item" else f"[{inner} for item in {value}]"
    return f"{source.value(shape)}.to_tree({value})"
