"""What a wire value looks like, as data.

A shape describes one position in the wire format: an integer, a text, a list,
a record, one of the tagged unions. Four things are derived from the same
shape, so that they cannot drift apart: the check at construction (``check``),
the writer (``to_tree``), the plain reader (``from_tree``) and, in another
module, the tolerant reader. A *tree* is the value as plain dicts, lists, texts,
integers, booleans and ``None``; it is what both the CBOR and the JSON form say
(WIRE-01..WIRE-12 use one data model for both).

Trees of records are dicts in declared field order, which is the order on the
wire: the writer never sorts (WIRE-01).
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, Final, Generic, TypeAlias, TypeVar

from dataclasses_json import config

from telltale_spec.errors import DomainError

__all__ = [
    "BOOL",
    "TEXT",
    "U32",
    "U64",
    "AdjacentlyTaggedShape",
    "BoolShape",
    "ExternallyTaggedShape",
    "IntegerShape",
    "InternallyTaggedShape",
    "ListShape",
    "OptionShape",
    "RecordShape",
    "Shape",
    "TaggedShape",
    "TextShape",
    "Tree",
    "UnitEnumShape",
    "WireField",
    "wire",
    "wire_fields",
]

Tree: TypeAlias = dict[str, "Tree"] | list["Tree"] | str | int | bool | None

ValueType = TypeVar("ValueType")
EnumType = TypeVar("EnumType", bound=enum.Enum)

U64_MAX: Final = 2**64 - 1
U32_MAX: Final = 2**32 - 1


class Shape(ABC, Generic[ValueType]):
    """Describe one position of the wire format."""

    @abstractmethod
    def check(self, value: object, owner: str, field: str) -> ValueType:
        """Return ``value`` in its stored form, or raise :class:`DomainError`."""

    @abstractmethod
    def to_tree(self, value: ValueType) -> Tree:
        """Return the tree of a checked value."""

    @abstractmethod
    def from_tree(self, tree: Any) -> ValueType:
        """Return the value of a tree; scalars are checked by the record that holds them."""


class IntegerShape(Shape[int]):
    """An unsigned integer from zero to ``maximum``. Source: DOM-01, DOM-02."""

    def __init__(self, maximum: int, expected: str) -> None:
        self.maximum = maximum
        self.expected = expected

    def check(self, value: object, owner: str, field: str) -> int:
        # The exact type is asked for, because bool is an int to Python only.
        if type(value) is int and 0 <= value <= self.maximum:
            return value
        raise DomainError(owner, field, value, self.expected)

    def to_tree(self, value: int) -> Tree:
        return value

    def from_tree(self, tree: Any) -> int:
        return tree  # type: ignore[no-any-return]


class TextShape(Shape[str]):
    """Unicode scalar text of any length. Source: DOM-03."""

    expected = "text without lone surrogates"

    def check(self, value: object, owner: str, field: str) -> str:
        if isinstance(value, str):
            # Drivers have classes of texts of their own; what is kept is the text alone.
            plain = value if type(value) is str else str.__str__(value)
            if plain.isascii() or _is_scalar_text(plain):
                return plain
        raise DomainError(owner, field, value, self.expected)

    def to_tree(self, value: str) -> Tree:
        return value

    def from_tree(self, tree: Any) -> str:
        return tree  # type: ignore[no-any-return]


class BoolShape(Shape[bool]):
    """A truth value."""

    expected = "True or False"

    def check(self, value: object, owner: str, field: str) -> bool:
        if value is True or value is False:
            return value
        raise DomainError(owner, field, value, self.expected)

    def to_tree(self, value: bool) -> Tree:
        return value

    def from_tree(self, tree: Any) -> bool:
        return tree  # type: ignore[no-any-return]


class OptionShape(Shape[ValueType | None]):
    """A value or nothing; nothing is written as null, never left out (WIRE-01)."""

    def __init__(self, inner: Shape[ValueType]) -> None:
        self.inner = inner

    def check(self, value: object, owner: str, field: str) -> ValueType | None:
        return None if value is None else self.inner.check(value, owner, field)

    def to_tree(self, value: ValueType | None) -> Tree:
        return None if value is None else self.inner.to_tree(value)

    def from_tree(self, tree: Any) -> ValueType | None:
        return None if tree is None else self.inner.from_tree(tree)


class ListShape(Shape[tuple[ValueType, ...]]):
    """A sequence of values, held as a tuple."""

    def __init__(self, inner: Shape[ValueType]) -> None:
        self.inner = inner

    def check(self, value: object, owner: str, field: str) -> tuple[ValueType, ...]:
        if not isinstance(value, (tuple, list)):
            raise DomainError(owner, field, value, "a tuple or a list")
        check = self.inner.check
        checked = tuple([check(item, owner, field) for item in value])
        # The caller's own tuple is kept when nothing changed, so that large logs are not copied.
        return value if isinstance(value, tuple) and checked == value else checked

    def to_tree(self, value: tuple[ValueType, ...]) -> Tree:
        to_tree = self.inner.to_tree
        return [to_tree(item) for item in value]

    def from_tree(self, tree: Any) -> tuple[ValueType, ...]:
        if not isinstance(tree, list):
            raise DomainError("list", "items", tree, "a list")
        from_tree = self.inner.from_tree
        return tuple([from_tree(item) for item in tree])


class UnitEnumShape(Shape[EnumType]):
    """One of the fixed names of an enum whose values are the wire names (WIRE-04)."""

    def __init__(self, enum_class: type[EnumType]) -> None:
        self.enum_class = enum_class
        self.members: dict[str, EnumType] = {str(item.value): item for item in enum_class}
        self.expected = f"one of {', '.join(self.members)}"

    def check(self, value: object, owner: str, field: str) -> EnumType:
        if isinstance(value, self.enum_class):
            return value
        raise DomainError(owner, field, value, f"a {self.enum_class.__name__}")

    def to_tree(self, value: EnumType) -> Tree:
        return value.value  # type: ignore[no-any-return]

    def from_tree(self, tree: Any) -> EnumType:
        member = self.members.get(tree) if isinstance(tree, str) else None
        if member is None:
            raise DomainError(self.enum_class.__name__, "name", tree, self.expected)
        return member


@dataclass(frozen=True, slots=True)
class WireField:
    """Bind one attribute of a record to its wire name and shape.

    ``has_default`` marks a list that may be absent on the wire and then reads
    as empty (DEC-02).
    """

    attribute: str
    name: str
    shape: Shape[Any]
    has_default: bool


def wire(
    shape: Shape[Any], *, name: str | None = None, has_default: bool = False
) -> dict[str, Any]:
    """Return the dataclass field metadata that gives a field its shape.

    ``name`` is the wire name where it differs from the attribute. The same
    metadata configures dataclasses-json, which makes the JSON form.
    """
    json_config = config(encoder=shape.to_tree, decoder=shape.from_tree, field_name=name)
    return {"wire": (shape, name, has_default), **json_config}


_WIRE_FIELDS: dict[type[Any], tuple[WireField, ...]] = {}


def wire_fields(record_class: type[Any]) -> tuple[WireField, ...]:
    """Return the wire fields of a record class in declared order."""
    known = _WIRE_FIELDS.get(record_class)
    if known is not None:
        return known
    found = []
    for field in fields(record_class):
        if "wire" not in field.metadata:
            continue
        shape, name, has_default = field.metadata["wire"]
        found.append(WireField(field.name, name or field.name, shape, has_default))
    _WIRE_FIELDS[record_class] = tuple(found)
    return _WIRE_FIELDS[record_class]


class RecordShape(Shape[ValueType]):
    """A struct: a map with every declared field, in declared order."""

    def __init__(self, record_class: type[ValueType]) -> None:
        self.record_class = record_class

    def check(self, value: object, owner: str, field: str) -> ValueType:
        if isinstance(value, self.record_class):
            return value
        expected = f"{_article(self.record_class.__name__)}"
        raise DomainError(owner, field, value, expected)

    def to_tree(self, value: ValueType) -> Tree:
        return fields_to_tree(value)

    def from_tree(self, tree: Any) -> ValueType:
        return fields_from_tree(self.record_class, tree)


def fields_to_tree(record: Any) -> dict[str, Tree]:
    """Return the map of a record's own fields, without any tag."""
    return {
        field.name: field.shape.to_tree(getattr(record, field.attribute))
        for field in wire_fields(type(record))
    }


def fields_from_tree(record_class: type[ValueType], tree: Any) -> ValueType:
    """Return a record read from a map; unknown keys are ignored as in DEC-04.

    Raises :class:`DomainError` for anything but a map, for a missing field
    that has no default (DEC-03) and for values outside their domain.
    """
    if not isinstance(tree, dict):
        raise DomainError(record_class.__name__, "record", tree, "a map")
    values: dict[str, Any] = {}
    for field in wire_fields(record_class):
        if field.name in tree:
            values[field.attribute] = field.shape.from_tree(tree[field.name])
        elif isinstance(field.shape, OptionShape):
            values[field.attribute] = None
        elif field.has_default:
            values[field.attribute] = ()
        else:
            raise DomainError(record_class.__name__, field.name, tree, f"a field `{field.name}`")
    return record_class(**values)


class TaggedShape(Shape[ValueType]):
    """A union of variant records; ``define`` names the variants once they exist.

    Every variant class carries ``variant_name``, its name on the wire.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.variants: tuple[type[ValueType], ...] = ()
        self.by_name: dict[str, type[ValueType]] = {}

    def define(self, *variants: type[Any]) -> None:
        """Set the variants, in the order in which the specification declares them."""
        self.variants = variants
        self.by_name = {variant.variant_name: variant for variant in variants}

    def check(self, value: object, owner: str, field: str) -> ValueType:
        if isinstance(value, self.variants):
            return value
        names = ", ".join(variant.__name__ for variant in self.variants)
        raise DomainError(owner, field, value, f"{_article(self.name)} ({names})")

    def variant(self, name: object) -> type[ValueType]:
        """Return the variant class of a wire name, or raise :class:`DomainError`."""
        found = self.by_name.get(name) if isinstance(name, str) else None
        if found is None:
            raise DomainError(self.name, "variant", name, f"one of {', '.join(self.by_name)}")
        return found


class InternallyTaggedShape(TaggedShape[ValueType]):
    """A union whose tag is a key beside the variant's own fields (WIRE-03, 06, 07)."""

    def __init__(self, name: str, tag: str) -> None:
        super().__init__(name)
        self.tag = tag

    def to_tree(self, value: ValueType) -> Tree:
        return {self.tag: value.variant_name, **fields_to_tree(value)}  # type: ignore[attr-defined]

    def from_tree(self, tree: Any) -> ValueType:
        if not isinstance(tree, dict):
            raise DomainError(self.name, self.tag, tree, "a map")
        if self.tag not in tree:
            raise DomainError(self.name, self.tag, tree, f"a field `{self.tag}`")
        return fields_from_tree(self.variant(tree[self.tag]), tree)


class AdjacentlyTaggedShape(TaggedShape[ValueType]):
    """A union written as a map of tag and content, both named (WIRE-02).

    Each variant class holds its content in its single field.
    """

    def __init__(self, name: str, tag: str, content: str) -> None:
        super().__init__(name)
        self.tag = tag
        self.content = content

    def to_tree(self, value: ValueType) -> Tree:
        (field,) = wire_fields(type(value))
        content = field.shape.to_tree(getattr(value, field.attribute))
        return {self.tag: value.variant_name, self.content: content}  # type: ignore[attr-defined]

    def from_tree(self, tree: Any) -> ValueType:
        if not isinstance(tree, dict) or self.tag not in tree or self.content not in tree:
            expected = f"a map with `{self.tag}` and `{self.content}`"
            raise DomainError(self.name, self.tag, tree, expected)
        variant: Any = self.variant(tree[self.tag])
        (field,) = wire_fields(variant)
        return variant(field.shape.from_tree(tree[self.content]))  # type: ignore[no-any-return]


class ExternallyTaggedShape(TaggedShape[ValueType]):
    """A union written as the bare variant name or as a map of name to content (WIRE-08).

    Each variant class carries ``variant_style``: ``unit`` (the bare name),
    ``newtype`` (its one field), ``tuple`` (its fields as a list) or ``struct``
    (its fields as a map).
    """

    def to_tree(self, value: ValueType) -> Tree:
        variant: Any = type(value)
        if variant.variant_style == "unit":
            return variant.variant_name  # type: ignore[no-any-return]
        return {variant.variant_name: self._content_tree(value, variant.variant_style)}

    def _content_tree(self, value: ValueType, style: str) -> Tree:
        if style == "struct":
            return fields_to_tree(value)
        trees = [
            field.shape.to_tree(getattr(value, field.attribute))
            for field in wire_fields(type(value))
        ]
        return trees[0] if style == "newtype" else trees

    def from_tree(self, tree: Any) -> ValueType:
        name, content = self._name_and_content(tree)
        variant: Any = self.variant(name)
        style = variant.variant_style
        if (style == "unit") != isinstance(tree, str):
            raise DomainError(self.name, name, tree, f"the {style} form")
        if style == "unit":
            return variant()  # type: ignore[no-any-return]
        if style == "struct":
            return fields_from_tree(variant, content)  # type: ignore[no-any-return]
        shapes = [field.shape for field in wire_fields(variant)]
        items = [content] if style == "newtype" else content
        if not isinstance(items, list) or len(items) != len(shapes):
            raise DomainError(self.name, name, tree, f"{len(shapes)} items")
        values = [shape.from_tree(item) for shape, item in zip(shapes, items, strict=True)]
        return variant(*values)  # type: ignore[no-any-return]

    def _name_and_content(self, tree: Any) -> tuple[str, Any]:
        if isinstance(tree, str):
            return tree, None
        if isinstance(tree, dict) and len(tree) == 1:
            ((name, content),) = tree.items()
            return name, content
        raise DomainError(self.name, "variant", tree, "a name or a map with one key")


U64: Final = IntegerShape(U64_MAX, "an integer from 0 to 2^64-1")
U32: Final = IntegerShape(U32_MAX, "an integer from 0 to 2^32-1")
TEXT: Final = TextShape()
BOOL: Final = BoolShape()


def _is_scalar_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _article(noun: str) -> str:
    return f"an {noun}" if noun[:1] in "AEIO" else f"a {noun}"
