"""CBOR with freedom of form: the same value in many byte forms.

The project's own writer has one form for each value. Tests of readers need all
the others, so a form says how every head, length and string is spelled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from telltale_spec.wire.shapes import Tree

__all__ = [
    "BREAK",
    "FALSE",
    "NULL",
    "TRUE",
    "UNDEFINED",
    "ArrayForm",
    "BytesForm",
    "Form",
    "IntegerForm",
    "MapForm",
    "RawForm",
    "TagForm",
    "TextForm",
    "form_at",
    "form_of",
    "head",
    "nested_arrays",
    "render",
    "replaced",
]

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)
_INDEFINITE: Final = 31
_INFORMATION_OF_WIDTH: Final = {1: 24, 2: 25, 4: 26, 8: 27}


@dataclass(frozen=True, slots=True)
class IntegerForm:
    """An integer; ``width`` is the number of bytes after the head, ``None`` the least."""

    value: int
    width: int | None = None


@dataclass(frozen=True, slots=True)
class TextForm:
    """A text; ``chunked`` spells it with indefinite length, one character in each chunk."""

    text: str
    width: int | None = None
    chunked: bool = False


@dataclass(frozen=True, slots=True)
class BytesForm:
    """A byte string."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ArrayForm:
    """An array, by default of definite length."""

    items: tuple[Form, ...]
    width: int | None = None
    indefinite: bool = False


@dataclass(frozen=True, slots=True)
class MapForm:
    """A map with its pairs in order, repetitions included."""

    pairs: tuple[tuple[Form, Form], ...]
    width: int | None = None
    indefinite: bool = False


@dataclass(frozen=True, slots=True)
class TagForm:
    """A tag before a content."""

    number: int
    content: Form


@dataclass(frozen=True, slots=True)
class RawForm:
    """Bytes that stand where a form is expected, well-formed or not."""

    data: bytes


Form: TypeAlias = IntegerForm | TextForm | BytesForm | ArrayForm | MapForm | TagForm | RawForm

FALSE: Final = RawForm(b"\xf4")
TRUE: Final = RawForm(b"\xf5")
NULL: Final = RawForm(b"\xf6")
UNDEFINED: Final = RawForm(b"\xf7")
BREAK: Final = RawForm(b"\xff")


def form_of(tree: Tree) -> Form:
    """Return the canonical form of a tree (WIRE-01)."""
    if tree is None:
        return NULL
    if isinstance(tree, bool):
        return TRUE if tree else FALSE
    if isinstance(tree, int):
        return IntegerForm(tree)
    if isinstance(tree, str):
        return TextForm(tree)
    if isinstance(tree, list):
        return ArrayForm(tuple(form_of(item) for item in tree))
    return MapForm(tuple((TextForm(key), form_of(value)) for key, value in tree.items()))


def render(form: Form) -> bytes:
    """Return the bytes of a form."""
    if isinstance(form, RawForm):
        return form.data
    if isinstance(form, IntegerForm):
        if form.value < 0:
            return head(_NEGATIVE, -1 - form.value, form.width)
        return head(_UNSIGNED, form.value, form.width)
    if isinstance(form, BytesForm):
        return head(_BYTES, len(form.data), None) + form.data
    if isinstance(form, TextForm):
        return _rendered_text(form)
    if isinstance(form, TagForm):
        return head(_TAG, form.number, None) + render(form.content)
    if isinstance(form, ArrayForm):
        items = b"".join([render(item) for item in form.items])
        return _enclosed(_ARRAY, len(form.items), items, form.width, form.indefinite)
    pairs = b"".join([render(key) + render(value) for key, value in form.pairs])
    return _enclosed(_MAP, len(form.pairs), pairs, form.width, form.indefinite)


def replaced(form: Form, path: tuple[int, ...], new: Form) -> Form:
    """Return ``form`` with ``new`` at ``path``.

    Each number of a path chooses an item of an array or the value of a pair of
    a map.
    """
    if not path:
        return new
    index, rest = path[0], path[1:]
    if isinstance(form, ArrayForm):
        items = list(form.items)
        items[index] = replaced(items[index], rest, new)
        return replace(form, items=tuple(items))
    if isinstance(form, MapForm):
        pairs = list(form.pairs)
        key, value = pairs[index]
        pairs[index] = (key, replaced(value, rest, new))
        return replace(form, pairs=tuple(pairs))
    raise AssertionError(f"a path leads into {form!r}")


def form_at(form: Form, path: tuple[int, ...]) -> Form:
    """Return the form at ``path``; see :func:`replaced`."""
    for index in path:
        if isinstance(form, ArrayForm):
            form = form.items[index]
        elif isinstance(form, MapForm):
            form = form.pairs[index][1]
        else:
            raise AssertionError(f"a path leads into {form!r}")
    return form


def nested_arrays(count: int) -> RawForm:
    """Return ``count`` arrays inside each other, the innermost one empty."""
    return RawForm(b"\x81" * (count - 1) + b"\x80")


def head(major_type: int, argument: int, width: int | None = None) -> bytes:
    """Return the first bytes of an item: its major type, 0 to 7, and its number or length.

    ``width`` is how many bytes the argument has behind the first one, ``None``
    for the least that hold it. Source: RFC 8949, section 3.
    """
    if width is None and argument < 24:
        return bytes([major_type << 5 | argument])
    if width is None:
        width = next(size for size in _INFORMATION_OF_WIDTH if argument < 1 << 8 * size)
    return bytes([major_type << 5 | _INFORMATION_OF_WIDTH[width]]) + argument.to_bytes(width)


def _enclosed(
    major_type: int, count: int, content: bytes, width: int | None, indefinite: bool
) -> bytes:
    if indefinite:
        return bytes([major_type << 5 | _INDEFINITE]) + content + BREAK.data
    return head(major_type, count, width) + content


def _rendered_text(form: TextForm) -> bytes:
    if form.chunked:
        chunks = b"".join([_rendered_text(TextForm(character)) for character in form.text])
        return _enclosed(_TEXT, 0, chunks, None, indefinite=True)
    data = form.text.encode()
    return head(_TEXT, len(data), form.width) + data
