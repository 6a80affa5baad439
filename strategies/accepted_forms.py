"""Byte forms that are not canonical and that a tolerant reader must accept.

Each rewrite takes one position of an encoding and yields other forms for it
that decode to the same value. The table at the end names them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from strategies.cbor_forms import (
    FALSE,
    NULL,
    TRUE,
    UNDEFINED,
    ArrayForm,
    BytesForm,
    Form,
    IntegerForm,
    MapForm,
    RawForm,
    TagForm,
    TextForm,
    nested_arrays,
    render,
)
from strategies.cbor_sites import Role, Site
from telltale_spec.wire.shapes import U32_MAX, OptionShape

__all__ = [
    "ACCEPTED_FORMS",
    "CONTAINERS_MAX",
    "Rewrite",
    "near_name",
    "near_names",
    "unknown_field_pairs",
]

CONTAINERS_MAX: Final = 256
"""Most arrays and maps that may be open at once (DEC-28)."""

Alternatives: TypeAlias = Callable[[Site, Form], Iterator[Form]]

_MAP_OF_ONE: Final = MapForm(((TextForm("y"), IntegerForm(2)),))
# Who leaves a value out has to leave out all that is in it.
_NESTED: Final = (
    ArrayForm((IntegerForm(1), _MAP_OF_ONE)),
    MapForm(((TextForm("y"), ArrayForm((_MAP_OF_ONE, NULL))), (TextForm("z"), ArrayForm(())))),
)
_STRUCTS: Final = frozenset({Role.RECORD, Role.PAYLOAD, Role.DURATION})
_BIGNUM_TAG: Final = 2
_SELF_DESCRIBED_TAG: Final = 55799
_SECOND_NANOSECONDS: Final = 10**9


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Name a way to spell positions differently, and the requirement that rules on it.

    ``alternatives`` yields the other forms of one position, none where the
    rewrite does not apply.
    """

    label: str
    requirement: str
    alternatives: Alternatives


def unknown_field_pairs(form: MapForm, value: Form) -> Iterator[Form]:
    """Yield the map with one unknown field, first and last."""
    pair = (TextForm("unknown"), value)
    yield replace(form, pairs=(pair, *form.pairs))
    yield replace(form, pairs=(*form.pairs, pair))


def near_names(name: str) -> tuple[str, ...]:
    """Return names that only a careless reader takes for this one."""
    first, *others = name.split("_")
    camel = first + "".join(map(str.capitalize, others))
    near = [name.upper(), name.lower(), name.capitalize(), camel, name.replace("_", "-")]
    near += [f"{name} ", f"{name}\0", name[:-1], f"{name}s"]
    return tuple([each for each in dict.fromkeys(near) if each != name])


def near_name(name: str, number: int, known: Sequence[str] = ()) -> str:
    """Return one of the names near this one, a number's own, that is not known."""
    near = [each for each in near_names(name) if each not in known]
    return near[number % len(near)]


def _reordered_fields(site: Site, form: Form) -> Iterator[Form]:
    if site.role in _STRUCTS and isinstance(form, MapForm) and len(form.pairs) > 1:
        yield replace(form, pairs=form.pairs[::-1])
        yield replace(form, pairs=(*form.pairs[1:], form.pairs[0]))


def _unknown_field(site: Site, form: Form) -> Iterator[Form]:
    if site.role in (Role.RECORD, Role.PAYLOAD) and isinstance(form, MapForm):
        for unknown in (NULL, IntegerForm(0), TextForm(""), TRUE):
            yield from unknown_field_pairs(form, unknown)
        for nested in _NESTED:
            yield replace(form, pairs=(*form.pairs, (TextForm("unknown"), nested)))
        known = [key.text for key, _value in form.pairs if isinstance(key, TextForm)]
        for index, (key, value) in enumerate(form.pairs):
            if isinstance(key, TextForm):
                near = near_name(key.text, len(site.path) + index, known)
                yield replace(form, pairs=(*form.pairs, (TextForm(near), _other(value))))


def _repeated_unknown_field(site: Site, form: Form) -> Iterator[Form]:
    if site.role in (Role.RECORD, Role.PAYLOAD) and isinstance(form, MapForm):
        for values in ((0, 0), (0, 1)):
            repeated = tuple([(TextForm("unknown"), IntegerForm(value)) for value in values])
            yield replace(form, pairs=(*repeated, *form.pairs))
            yield replace(form, pairs=(repeated[0], *form.pairs, repeated[1]))


def _other(form: Form) -> Form:
    """Return a value of the same type, so that only the name tells that it is not meant."""
    if isinstance(form, IntegerForm):
        return IntegerForm(int(form.value == 0))
    return TextForm(f"{form.text}'") if isinstance(form, TextForm) else form


def _deepest_unknown_field(site: Site, form: Form) -> Iterator[Form]:
    measured = not site.buffered or len(site.path) == 4
    if site.role is Role.RECORD and measured and isinstance(form, MapForm):
        containers_count = len(site.path) + 1
        yield from unknown_field_pairs(form, nested_arrays(CONTAINERS_MAX - containers_count))


def _indefinite_map(_site: Site, form: Form) -> Iterator[Form]:
    if isinstance(form, MapForm):
        yield replace(form, indefinite=True)


def _indefinite_array(_site: Site, form: Form) -> Iterator[Form]:
    if isinstance(form, ArrayForm):
        yield replace(form, indefinite=True)


def _indefinite_text(site: Site, form: Form) -> Iterator[Form]:
    if site.role is Role.TEXT and isinstance(form, TextForm):
        yield replace(form, chunked=True)


def _indefinite_key(site: Site, form: Form) -> Iterator[Form]:
    in_buffer = site.buffered and site.tag is None
    if site.role is Role.RECORD and in_buffer and isinstance(form, MapForm):
        (key, value), *rest = form.pairs
        if isinstance(key, TextForm):
            yield replace(form, pairs=((replace(key, chunked=True), value), *rest))


def _longer_head(site: Site, form: Form) -> Iterator[Form]:
    if site.role is Role.PAYLOAD_KIND or isinstance(form, (RawForm, BytesForm, TagForm)):
        return
    canonical_bytes_count = len(render(form))
    for width in (1, 2, 4, 8):
        longer = replace(form, width=width)
        if _holds(form, width) and len(render(longer)) > canonical_bytes_count:
            yield longer


def _holds(form: IntegerForm | TextForm | ArrayForm | MapForm, width: int) -> bool:
    """Say whether a head of ``width`` bytes can hold the form's argument."""
    if isinstance(form, IntegerForm):
        argument = form.value
    elif isinstance(form, TextForm):
        argument = len(form.text.encode())
    else:
        argument = len(form.items if isinstance(form, ArrayForm) else form.pairs)
    return 0 <= argument < 1 << 8 * width


def _missing_optional_field(site: Site, form: Form) -> Iterator[Form]:
    if site.role is Role.RECORD and isinstance(form, MapForm):
        for index, field in enumerate(site.fields, int(site.tag is not None)):
            if isinstance(field.shape, OptionShape) and form.pairs[index][1] == NULL:
                yield _without_pair(form, index)


def _missing_default_list(site: Site, form: Form) -> Iterator[Form]:
    if site.role is Role.RECORD and isinstance(form, MapForm):
        for index, field in enumerate(site.fields, int(site.tag is not None)):
            if field.has_default and form.pairs[index][1] == ArrayForm(()):
                yield _without_pair(form, index)


def _without_pair(form: MapForm, index: int) -> MapForm:
    return replace(form, pairs=form.pairs[:index] + form.pairs[index + 1 :])


def _byte_string_keys(site: Site, form: Form) -> Iterator[Form]:
    if site.role in _STRUCTS and isinstance(form, MapForm):
        yield replace(form, pairs=tuple((_as_bytes(key), value) for key, value in form.pairs))


def _byte_string_name(site: Site, form: Form) -> Iterator[Form]:
    if site.role is Role.ONE_KEY_MAP and isinstance(form, MapForm):
        ((key, value),) = form.pairs
        yield replace(form, pairs=((_as_bytes(key), value),))


def _as_bytes(form: Form) -> Form:
    return BytesForm(form.text.encode()) if isinstance(form, TextForm) else form


def _byte_string_text(site: Site, form: Form) -> Iterator[Form]:
    if site.buffered and site.role in (Role.TEXT, Role.TAG_VALUE):
        yield _as_bytes(form)


def _tagged_value(site: Site, form: Form) -> Iterator[Form]:
    tagged_roles = (Role.RECORD, Role.PAYLOAD, Role.LIST, Role.TEXT, Role.INTEGER)
    if not site.buffered and site.role in tagged_roles:
        yield TagForm(_SELF_DESCRIBED_TAG, form)
        yield TagForm(0, TagForm(_SELF_DESCRIBED_TAG, form))


def _array_of_fields(site: Site, form: Form) -> Iterator[Form]:
    struct = site.role in (Role.RECORD, Role.DURATION)
    if site.buffered and struct and isinstance(form, MapForm):
        yield ArrayForm(tuple(value for _key, value in form.pairs))


def _integer_keys(site: Site, form: Form) -> Iterator[Form]:
    if site.buffered and site.role is Role.RECORD and isinstance(form, MapForm) and site.fields:
        first = int(site.tag is not None)
        indexed = tuple(
            (IntegerForm(index), value) for index, (_key, value) in enumerate(form.pairs[first:])
        )
        yield replace(form, pairs=(*form.pairs[:first], *indexed))


def _variant_index(site: Site, form: Form) -> Iterator[Form]:
    if site.role is Role.ONE_KEY_MAP and isinstance(form, MapForm):
        ((key, value),) = form.pairs
        if isinstance(key, TextForm):
            yield replace(form, pairs=((IntegerForm(site.names.index(key.text)), value),))


def _name_as_map(site: Site, form: Form) -> Iterator[Form]:
    if site.buffered and site.role is Role.NAME and isinstance(form, TextForm):
        yield MapForm(((form, MapForm(())),))
        yield MapForm(((IntegerForm(site.names.index(form.text)), MapForm(())),))


def _undefined_for_null(site: Site, _form: Form) -> Iterator[Form]:
    if site.role is Role.NULL:
        yield UNDEFINED


def _byte_string_for_empty_list(site: Site, form: Form) -> Iterator[Form]:
    if not site.buffered and site.role is Role.LIST and form == ArrayForm(()):
        yield BytesForm(b"")


def _bignum(site: Site, form: Form) -> Iterator[Form]:
    if not site.buffered and isinstance(form, IntegerForm):
        for bytes_count in (8, 16, 20):
            yield TagForm(_BIGNUM_TAG, BytesForm(form.value.to_bytes(bytes_count)))


def _two_byte_bool(_site: Site, form: Form) -> Iterator[Form]:
    if form in (FALSE, TRUE):
        yield RawForm(b"\xf8\x15" if form == TRUE else b"\xf8\x14")


def _payload_kind_without_value(site: Site, form: Form) -> Iterator[Form]:
    if site.role is Role.PAYLOAD_KIND:
        # A map of one pair whose value is missing: not even well-formed CBOR.
        yield RawForm(b"\xa1" + render(form))


def _carried_nanoseconds(site: Site, form: Form) -> Iterator[Form]:
    if site.role is Role.DURATION and isinstance(form, MapForm):
        (secs_key, secs), (nanos_key, nanos) = form.pairs
        if isinstance(secs, IntegerForm) and isinstance(nanos, IntegerForm) and secs.value > 0:
            carried = IntegerForm(nanos.value + _SECOND_NANOSECONDS)
            if carried.value <= U32_MAX:
                fewer = IntegerForm(secs.value - 1)
                yield MapForm(((secs_key, fewer), (nanos_key, carried)))


ACCEPTED_FORMS: Final = (
    Rewrite("reordered fields", "DEC-06", _reordered_fields),
    Rewrite("unknown field", "DEC-04", _unknown_field),
    Rewrite("repeated unknown field", "DEC-04", _repeated_unknown_field),
    Rewrite("missing optional field", "DEC-01", _missing_optional_field),
    Rewrite("missing list with a default", "DEC-02", _missing_default_list),
    Rewrite("struct as an array", "DEC-07", _array_of_fields),
    Rewrite("byte-string keys", "DEC-08", _byte_string_keys),
    Rewrite("field index as key", "DEC-09", _integer_keys),
    Rewrite("indefinite-length key in a buffer", "DEC-10", _indefinite_key),
    Rewrite("byte string for a text in a buffer", "DEC-11", _byte_string_text),
    Rewrite("CBOR tag before a value", "DEC-12", _tagged_value),
    Rewrite("bignum for an integer", "DEC-13", _bignum),
    Rewrite("longer head than needed", "DEC-14", _longer_head),
    Rewrite("undefined for null", "DEC-17", _undefined_for_null),
    Rewrite("indefinite-length map", "DEC-18", _indefinite_map),
    Rewrite("indefinite-length array", "DEC-18", _indefinite_array),
    Rewrite("indefinite-length text", "DEC-18", _indefinite_text),
    Rewrite("byte string for an empty list", "DEC-19", _byte_string_for_empty_list),
    Rewrite("unit variant as a map", "DEC-20", _name_as_map),
    Rewrite("variant index for its name", "DEC-21", _variant_index),
    Rewrite("byte-string variant name", "DEC-21", _byte_string_name),
    Rewrite("payload kind as a map without its value", "DEC-22", _payload_kind_without_value),
    Rewrite("truth value in two bytes", "DEC-23", _two_byte_bool),
    Rewrite("nanoseconds of more than a second", "DEC-24", _carried_nanoseconds),
    Rewrite("unknown field nested to the limit", "DEC-28", _deepest_unknown_field),
)
"""Every rewrite that keeps the value."""
