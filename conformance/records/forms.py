"""The JSON form of any value that an act is made of, derived from its type.

Records have serde's form of themselves. Around them there are plain values,
tuples, enums, bytes (as hex) and small dataclasses (as maps of their fields); a
value of several types is a map of its type's name to its form.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Sequence
from typing import Any, Final

from telltale_spec.errors import DomainError

__all__ = ["decoded", "encoded"]

_PLAIN: Final = (bool, int, str)
_SEQUENCES: Final = (tuple, Sequence)


def encoded(hint: Any, value: Any) -> Any:
    """Return the JSON form of a value of a type, as plain Python values."""
    if value is None or hint in _PLAIN:
        return value
    if _is_union(hint):
        members = _members(hint)
        if len(members) == 1:
            return encoded(members[0], value)
        return {type(value).__name__: encoded(type(value), value)}
    if typing.get_origin(hint) in _SEQUENCES:
        return [encoded(each, item) for each, item in _paired(hint, value)]
    if hint is bytes:
        return value.hex()
    if issubclass(hint, enum.Enum):
        return value.value
    if _has_own_form(hint):
        return value.to_dict()
    hints = typing.get_type_hints(hint)
    names = [field.name for field in dataclasses.fields(hint)]
    return {name: encoded(hints[name], getattr(value, name)) for name in names}


def decoded(hint: Any, tree: Any, where: str) -> Any:
    """Return the value of a JSON form.

    ``where`` names the place for the error: raises :class:`DomainError` for a
    form that no value of the type has.
    """
    if hint in _PLAIN:
        return _expected(type(tree) is hint, tree, where, f"a JSON {hint.__name__}") and tree
    if _is_union(hint):
        return _decoded_union(hint, tree, where)
    if typing.get_origin(hint) in _SEQUENCES:
        _expected(isinstance(tree, list), tree, where, "a list")
        return tuple([decoded(each, item, where) for each, item in _paired(hint, tree, where)])
    if hint is bytes:
        return _decoded_bytes(tree, where)
    if issubclass(hint, enum.Enum):
        return _decoded_member(hint, tree, where)
    if _has_own_form(hint):
        return hint.from_dict(tree)
    return _decoded_fields(hint, tree, where)


def _decoded_union(hint: Any, tree: Any, where: str) -> Any:
    members = _members(hint)
    if tree is None and types.NoneType in typing.get_args(hint):
        return None
    if len(members) == 1:
        return decoded(members[0], tree, where)
    by_name = {member.__name__: member for member in members}
    names = f"a map of one of {', '.join(by_name)}"
    _expected(isinstance(tree, dict) and len(tree) == 1, tree, where, names)
    ((name, content),) = tree.items()
    _expected(name in by_name, tree, where, names)
    return decoded(by_name[name], content, where)


def _decoded_fields(hint: Any, tree: Any, where: str) -> Any:
    _expected(isinstance(tree, dict), tree, where, "a map")
    hints = typing.get_type_hints(hint)
    values = {}
    for field in dataclasses.fields(hint):
        if field.name in tree:
            name = f"{where}.{field.name}"
            values[field.name] = decoded(hints[field.name], tree[field.name], name)
        else:
            optional = field.default is not dataclasses.MISSING
            _expected(optional, tree, where, f"a field `{field.name}`")
    return hint(**values)


def _decoded_bytes(tree: Any, where: str) -> bytes:
    try:
        return bytes.fromhex(tree)
    except (TypeError, ValueError):
        raise DomainError("act", where, tree, "bytes as hex digits") from None


def _decoded_member(hint: Any, tree: Any, where: str) -> Any:
    try:
        return hint(tree)
    except ValueError:
        names = ", ".join(str(member.value) for member in hint)
        raise DomainError("act", where, tree, f"one of {names}") from None


def _paired(hint: Any, items: Any, where: str = "") -> list[tuple[Any, Any]]:
    """Return each item of a tuple with its type."""
    hints = typing.get_args(hint)
    if hints[-1] is Ellipsis or typing.get_origin(hint) is Sequence:
        return [(hints[0], item) for item in items]
    _expected(len(hints) == len(items), items, where, f"{len(hints)} items")
    return list(zip(hints, items, strict=True))


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _members(hint: Any) -> list[Any]:
    return [each for each in typing.get_args(hint) if each is not types.NoneType]


def _has_own_form(hint: Any) -> bool:
    return hasattr(hint, "to_dict") and hasattr(hint, "from_dict")


def _expected(holds: bool, tree: Any, where: str, expected: str) -> bool:
    if not holds:
        raise DomainError("act", where, tree, expected)
    return True
