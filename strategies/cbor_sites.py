"""Where a value's bytes are what: the positions of an encoding and their roles.

Which byte forms a reader accepts depends on what stands at a position and on
whether an enclosing tagged union makes the reader buffer it (DEC-00).
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from telltale_spec.wire.record import Record, Variant
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
    TextShape,
    UnitEnumShape,
    WireField,
    wire_fields,
)
from telltale_spec.wire.values import Duration

__all__ = ["Role", "Site", "sites"]


class Role(enum.Enum):
    """What stands at a position of an encoding."""

    RECORD = "record"
    PAYLOAD = "payload"
    DURATION = "duration"
    ONE_KEY_MAP = "one_key_map"
    LIST = "list"
    PAIR = "pair"
    TEXT = "text"
    INTEGER = "integer"
    BOOL = "bool"
    NULL = "null"
    NAME = "name"
    TAG_VALUE = "tag_value"
    PAYLOAD_KIND = "payload_kind"


@dataclass(frozen=True, slots=True)
class Site:
    """Describe one position of an encoding.

    ``path`` leads to it (see :func:`~strategies.cbor_forms.replaced`).
    ``buffered`` names the regime that reads it (DEC-00), ``optional`` says that
    null would be accepted. ``fields`` are those of a record without its tag,
    ``tag`` is the key of the tag if it has one; ``names`` are the names that a
    name or a one-key map may have.
    """

    path: tuple[int, ...]
    role: Role
    buffered: bool
    optional: bool = False
    fields: tuple[WireField, ...] = ()
    tag: str | None = None
    names: tuple[str, ...] = ()


def sites(record: Record) -> tuple[Site, ...]:
    """Return every position of the encoding of ``record``, outermost first."""
    return tuple(_walk(record.shape(), record, _Context((), buffered=False)))


@dataclass(frozen=True, slots=True)
class _Context:
    """Carry what is known about a position before its shape is looked at."""

    path: tuple[int, ...]
    buffered: bool
    optional: bool = False

    def inside(self, index: int) -> _Context:
        return _Context((*self.path, index), self.buffered)


_SCALAR_ROLES: dict[type, Role] = {
    TextShape: Role.TEXT,
    IntegerShape: Role.INTEGER,
    BoolShape: Role.BOOL,
}


def _walk(shape: Shape[object], value: object, context: _Context) -> Iterator[Site]:
    path, buffered, optional = context.path, context.buffered, context.optional
    if isinstance(shape, OptionShape):
        if value is None:
            yield Site(path, Role.NULL, buffered, optional=True)
        else:
            yield from _walk(shape.inner, value, _Context(path, buffered, optional=True))
    elif isinstance(shape, ListShape):
        yield Site(path, Role.LIST, buffered, optional)
        yield from _walk_items(shape.inner, value, context)
    elif isinstance(shape, RecordShape):
        fields = wire_fields(shape.record_class)
        role = Role.DURATION if shape.record_class is Duration else Role.RECORD
        yield Site(path, role, buffered, optional, fields)
        yield from _walk_fields(fields, value, context)
    elif isinstance(shape, InternallyTaggedShape):
        yield from _walk_internally_tagged(shape, value, context)
    elif isinstance(shape, AdjacentlyTaggedShape):
        yield Site(path, Role.PAYLOAD, buffered, optional)
        yield Site((*path, 0), Role.PAYLOAD_KIND, buffered, names=tuple(shape.by_name))
        yield from _walk_fields(wire_fields(type(value)), value, context, first_index=1)
    elif isinstance(shape, ExternallyTaggedShape):
        yield from _walk_externally_tagged(shape, value, context)
    elif isinstance(shape, UnitEnumShape):
        yield Site(path, Role.NAME, buffered, optional, names=tuple(shape.members))
    else:
        yield Site(path, _SCALAR_ROLES[type(shape)], buffered, optional)


def _walk_items(shape: Shape[object], value: object, context: _Context) -> Iterator[Site]:
    assert isinstance(value, tuple)  # noqa: S101
    for index, item in enumerate(value):
        yield from _walk(shape, item, context.inside(index))


def _walk_fields(
    fields: tuple[WireField, ...], value: object, context: _Context, first_index: int = 0
) -> Iterator[Site]:
    for index, field in enumerate(fields, first_index):
        yield from _walk(field.shape, getattr(value, field.attribute), context.inside(index))


def _walk_internally_tagged(
    shape: InternallyTaggedShape[object], value: object, context: _Context
) -> Iterator[Site]:
    fields = wire_fields(type(value))
    buffered = _Context(context.path, buffered=True, optional=context.optional)
    yield Site(context.path, Role.RECORD, True, context.optional, fields, shape.tag)
    yield Site((*context.path, 0), Role.TAG_VALUE, True, names=tuple(shape.by_name))
    yield from _walk_fields(fields, value, buffered, first_index=1)


def _walk_externally_tagged(
    shape: ExternallyTaggedShape[object], value: object, context: _Context
) -> Iterator[Site]:
    assert isinstance(value, Variant)  # noqa: S101
    names = tuple(shape.by_name)
    if value.variant_style == "unit":
        yield Site(context.path, Role.NAME, context.buffered, context.optional, names=names)
        return
    yield Site(context.path, Role.ONE_KEY_MAP, context.buffered, context.optional, names=names)
    content = context.inside(0)
    fields = wire_fields(type(value))
    if value.variant_style == "newtype":
        (field,) = fields
        yield from _walk(field.shape, getattr(value, field.attribute), content)
        return
    role = Role.PAIR if value.variant_style == "tuple" else Role.RECORD
    yield Site(content.path, role, content.buffered, fields=fields)
    yield from _walk_fields(fields, value, content)
