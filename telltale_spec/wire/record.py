"""The base of every wire record: validation at construction and the JSON form."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from dataclasses_json import DataClassJsonMixin

from telltale_spec.errors import DomainError
from telltale_spec.wire.compiled_checks import compiled_check
from telltale_spec.wire.shapes import (
    RecordShape,
    Shape,
    TaggedShape,
    Tree,
)

__all__ = ["Record", "Variant"]


class _Checks(dict[type[Any], Callable[[Any], None]]):
    """The check of each record class, made when its first record is."""

    def __missing__(self, record_class: type[Any]) -> Callable[[Any], None]:
        self[record_class] = check = compiled_check(record_class)
        return check


_CHECKS: Final = _Checks()


@dataclass(frozen=True, slots=True)
class Record:
    """A frozen value whose fields were checked against their shapes.

    A record that exists is a record that can be written: construction raises
    :class:`~telltale_spec.errors.DomainError` naming field and value for
    anything outside the domain (DOM-01..DOM-06).
    """

    def __post_init__(self) -> None:
        _CHECKS[type(self)](self)

    @classmethod
    def shape(cls) -> Shape[Any]:
        """Return the shape of this class where it stands alone."""
        return RecordShape(cls)

    def to_dict(self) -> Tree:
        """Return serde's JSON form of this value as plain Python values."""
        # dataclasses-json walks the fields; each field's shape encodes what it holds.
        mixin: Any = DataClassJsonMixin
        tree: dict[str, Tree] = mixin.to_dict(self, encode_json=False)
        return tree

    def to_json(self, *, indent: int | None = None) -> str:
        """Return serde's JSON form of this value as text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)

    @classmethod
    def from_dict(cls, tree: Any) -> Self:
        """Return the value of a JSON form, or raise :class:`DomainError`.

        A missing optional field reads as ``None`` and unknown keys are
        ignored, as serde does (DEC-01, DEC-04).
        """
        value = cls.shape().from_tree(tree)
        if not isinstance(value, cls):
            raise DomainError(cls.__name__, "variant", tree, f"a {cls.__name__}")
        return value

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the value of a JSON text, or raise :class:`DomainError`."""
        try:
            tree = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DomainError(cls.__name__, "json", text, f"JSON ({error})") from None
        return cls.from_dict(tree)


@dataclass(frozen=True, slots=True)
class Variant(Record):
    """A record that is one variant of a tagged union.

    ``union`` is the shape of the union and ``variant_name`` the variant's name
    on the wire; ``variant_style`` matters to externally tagged unions only.
    """

    union: ClassVar[TaggedShape[Any]]
    variant_name: ClassVar[str]
    variant_style: ClassVar[str] = "struct"

    @classmethod
    def shape(cls) -> Shape[Any]:
        """Return the shape of the union, which is how a variant stands alone."""
        return cls.union

    def to_dict(self) -> Tree:
        """Return serde's JSON form of this value, tag included."""
        return self.union.to_tree(self)
