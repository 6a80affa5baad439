"""Rust's Debug rendering of whole values, driven by the shapes of the wire format.

The one place where a Debug form and a wire form differ is a length of time,
which Debug prints in the largest unit that is not zero.
"""

from __future__ import annotations

import enum
from typing import Any, TypeAlias

from telltale_spec.wire.record import Record
from telltale_spec.wire.rust_debug import debug_name, debug_string
from telltale_spec.wire.shapes import (
    AdjacentlyTaggedShape,
    ListShape,
    OptionShape,
    RecordShape,
    Shape,
    TaggedShape,
    WireField,
    wire_fields,
)
from telltale_spec.wire.values import Duration

__all__ = ["debug_form", "debug_value"]

# A text that is finished, or a value that is still to be rendered by its shape.
_Part: TypeAlias = str | tuple[Shape[Any], Any]

_DURATION_UNITS = ((1_000_000, "ms"), (1_000, "µs"), (1, "ns"))
_NANOSECONDS_PER_SECOND = 1_000_000_000


def debug_value(record: Record) -> str:
    """Return a record or variant as Rust's ``{:?}`` prints it.

    Strings are escaped as :func:`~telltale_spec.wire.rust_debug.debug_string`
    does. Source: OUT-01, INSPECT-02.
    """
    return debug_form(type(record).shape(), record)


def debug_form(shape: Shape[Any], value: Any) -> str:
    """Return a value of the given shape as Rust's ``{:?}`` prints it.

    The shape tells apart what looks alike in Python: a value that may be
    absent is printed inside ``Some(..)``, the same value elsewhere is not.
    """
    # A stack instead of recursion, because a value may hold hundreds of pairs inside each other.
    rendered: list[str] = []
    pending: list[_Part] = [(shape, value)]
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            rendered.append(part)
        else:
            pending.extend(reversed(_parts(*part)))
    return "".join(rendered)


def _parts(shape: Shape[Any], value: Any) -> list[_Part]:
    if isinstance(shape, OptionShape):
        return ["None"] if value is None else ["Some(", (shape.inner, value), ")"]
    if isinstance(shape, ListShape):
        return _enclosed("[", [[(shape.inner, item)] for item in value], "]")
    if isinstance(shape, RecordShape):
        if isinstance(value, Duration):
            return [_debug_duration(value)]
        return _struct_parts(type(value).__name__, value)
    if isinstance(shape, TaggedShape):
        return _variant_parts(shape, value)
    return [_debug_scalar(value)]


def _variant_parts(shape: TaggedShape[Any], value: Any) -> list[_Part]:
    name = debug_name(value.variant_name)
    positional = value.variant_style in ("newtype", "tuple")
    if positional or isinstance(shape, AdjacentlyTaggedShape):
        items: list[list[_Part]] = [
            [_field_part(field, value)] for field in wire_fields(type(value))
        ]
        return _enclosed(f"{name}(", items, ")")
    return _struct_parts(name, value)


def _struct_parts(name: str, value: Any) -> list[_Part]:
    fields = wire_fields(type(value))
    if not fields:
        return [name]
    items: list[list[_Part]] = [[f"{field.name}: ", _field_part(field, value)] for field in fields]
    return _enclosed(f"{name} {{ ", items, " }")


def _field_part(field: WireField, value: Any) -> _Part:
    return field.shape, getattr(value, field.attribute)


def _enclosed(opening: str, items: list[list[_Part]], closing: str) -> list[_Part]:
    parts: list[_Part] = [opening]
    for index, item in enumerate(items):
        if index:
            parts.append(", ")
        parts.extend(item)
    parts.append(closing)
    return parts


def _debug_scalar(value: object) -> str:
    if isinstance(value, enum.Enum):
        return debug_name(str(value.value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return debug_string(value) if isinstance(value, str) else str(value)


def _debug_duration(duration: Duration) -> str:
    if duration.secs:
        return _decimal(duration.secs, duration.nanos, _NANOSECONDS_PER_SECOND, "s")
    for unit_nanoseconds, suffix in _DURATION_UNITS:
        if duration.nanos >= unit_nanoseconds:
            whole, rest = divmod(duration.nanos, unit_nanoseconds)
            return _decimal(whole, rest, unit_nanoseconds, suffix)
    return "0ns"


def _decimal(whole: int, rest: int, rest_per_whole: int, suffix: str) -> str:
    """Write ``whole`` and a fraction ``rest / rest_per_whole``, a power of ten, without zeros."""
    digits_count = len(str(rest_per_whole)) - 1
    fraction = f"{rest:0{digits_count}d}".rstrip("0") if rest else ""
    return f"{whole}.{fraction}{suffix}" if fraction else f"{whole}{suffix}"
