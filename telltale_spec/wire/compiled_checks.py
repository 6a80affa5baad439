"""The check of a record at construction, written out for each record class.

The rule is ``Shape.check`` of every field, in declared order. Here a field whose value is plainly
in its domain is passed over, and only the others are given to the rule: so the rule alone decides
what is refused, with which words, and what is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telltale_spec.wire.compiled_source import FunctionSource
from telltale_spec.wire.shapes import (
    BoolShape,
    IntegerShape,
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

__all__ = ["check_field", "check_fields", "compiled_check"]


def check_fields(record: Any) -> None:
    """Check every field of a record by the rule; this is what a compiled check does."""
    for field in wire_fields(type(record)):
        check_field(record, field)


def check_field(record: Any, field: WireField) -> None:
    """Check one field and keep its stored form, or raise :class:`DomainError`."""
    value = getattr(record, field.attribute)
    checked = field.shape.check(value, type(record).__name__, field.attribute)
    if checked is not value:
        object.__setattr__(record, field.attribute, checked)


def compiled_check(record_class: type[Any]) -> Callable[[Any], None]:
    """Return the function that checks the fields of one record class."""
    source = FunctionSource(f"check_{record_class.__name__}", "record")
    rule = source.value(check_field)
    for field in wire_fields(record_class):
        source.line(f"value = record.{field.attribute}")
        with source.block(f"if not ({_in_domain(source, field.shape, 'value')}):"):
            source.line(f"{rule}(record, {source.value(field)})")
    source.line("return None")
    return source.finish()


def _in_domain(source: FunctionSource, shape: Shape[Any], name: str) -> str:
    """Return a condition under which the shape's check returns the very value it is given."""
    match shape:
        case IntegerShape():
            return f"type({name}) is int and 0 <= {name} <= {shape.maximum}"
        case TextShape():
            return f"type({name}) is str and {name}.isascii()"
        case BoolShape():
            return f"{name} is True or {name} is False"
        case OptionShape():
            return f"{name} is None or {_in_domain(source, shape.inner, name)}"
        case UnitEnumShape():
            return f"type({name}) is {source.value(shape.enum_class)}"
        case RecordShape():
            return f"type({name}) is {source.value(shape.record_class)}"
        case TaggedShape():
            return f"type({name}) in {source.value(frozenset(shape.variants))}"
        case ListShape():
            return f"type({name}) is tuple and {_items_in_domain(source, shape.inner, name)}"
    # A shape that this module does not know is left to its own check.
    return "False"


def _items_in_domain(source: FunctionSource, inner: Shape[Any], name: str) -> str:
    """Return the same for all items of a tuple, without a step of Python for each."""
    match inner:
        case TextShape():
            types = source.value(frozenset({str}))
            return f"{types}.issuperset(map(type, {name})) and all(map(str.isascii, {name}))"
        case RecordShape():
            types = source.value(frozenset({inner.record_class}))
        case TaggedShape():
            types = source.value(frozenset(inner.variants))
        case _:
            return f"not {name}"
    return f"{types}.issuperset(map(type, {name}))"
