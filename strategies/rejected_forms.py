"""Byte forms that every reader must reject.

Each rewrite takes one position of an encoding and yields forms that make the
whole input unacceptable. The table at the end names them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from strategies.accepted_forms import (
    CONTAINERS_MAX,
    Rewrite,
    near_name,
    near_names,
    unknown_field_pairs,
)
from strategies.cbor_forms import (
    BREAK,
    FALSE,
    NULL,
    TRUE,
    ArrayForm,
    BytesForm,
    Form,
    IntegerForm,
    MapForm,
    RawForm,
    TagForm,
    TextForm,
    nested_arrays,
)
from strategies.cbor_sites import Role, Site
from telltale_spec.wire.shapes import U32_MAX, U64_MAX, OptionShape

__all__ = ["REJECTED_FORMS"]

_STRUCTS: Final = frozenset({Role.RECORD, Role.PAYLOAD, Role.DURATION})
_NO_NAME: Final = TextForm("unheard_of")
_FLOAT_ONE: Final = RawForm(b"\xf9\x3c\x00")
_FLOATS: Final = (
    _FLOAT_ONE,
    RawForm(b"\xf9\x00\x00"),
    RawForm(b"\xf9\x80\x00"),
    RawForm(b"\xf9\x7e\x00"),
    RawForm(b"\xfa\x3f\x80\x00\x00"),
    RawForm(b"\xfb\x3f\xf0" + bytes(6)),
    RawForm(b"\xfb\x41\xe0" + bytes(6)),
)
"""One, both zeros, not a number, one in both other widths, and 2^31."""

_BIGNUM_TAG: Final = 2
_SELF_DESCRIBED_TAG: Final = 55799
_LONE_SURROGATE: Final = RawForm(b"\x63\xed\xa0\x80")
_RESERVED_HEAD: Final = RawForm(b"\x1c")

# Forms of a type that the position does not take; null is added unless it is optional.
_WRONG_FORMS: Final[dict[Role, tuple[Form, ...]]] = {
    Role.RECORD: (IntegerForm(0), TextForm("x"), TRUE),
    Role.PAYLOAD: (IntegerForm(0), TextForm("x"), TRUE),
    Role.DURATION: (IntegerForm(0), TextForm("x"), TRUE),
    Role.ONE_KEY_MAP: (IntegerForm(0), TRUE, ArrayForm(())),
    Role.LIST: (IntegerForm(0), TextForm("x"), TextForm(""), TRUE, FALSE, MapForm(())),
    Role.PAIR: (IntegerForm(0), TextForm("x"), TRUE),
    Role.TEXT: (IntegerForm(0), TRUE, FALSE, ArrayForm(()), MapForm(()), _FLOAT_ONE),
    Role.INTEGER: (
        *(TextForm(each) for each in ("1", "51", "", "0x1", " 1")),
        *(
            TRUE,
            FALSE,
            ArrayForm(()),
            ArrayForm((IntegerForm(1),)),
            MapForm(()),
            BytesForm(b"\x01"),
        ),
        *_FLOATS,
    ),
    Role.BOOL: (
        *(IntegerForm(1), IntegerForm(0), TextForm("true"), TextForm("false"), TextForm("")),
        *(ArrayForm(()), _FLOAT_ONE),
    ),
    Role.NAME: (IntegerForm(0), TRUE, ArrayForm(())),
    Role.TAG_VALUE: (IntegerForm(0), TRUE, ArrayForm(())),
    Role.PAYLOAD_KIND: (IntegerForm(0), TRUE, ArrayForm(())),
}


def _missing_field(site: Site, form: Form) -> Iterator[Form]:
    if site.role not in _STRUCTS or not isinstance(form, MapForm):
        return
    not_required = {
        field.name
        for field in site.fields
        if field.has_default or isinstance(field.shape, OptionShape)
    }
    for index, (key, _value) in enumerate(form.pairs):
        if isinstance(key, TextForm) and key.text not in not_required:
            before, after = form.pairs[:index], form.pairs[index + 1 :]
            yield replace(form, pairs=before + after)
            near = TextForm(near_name(key.text, len(site.path) + index))
            yield replace(form, pairs=(*before, (near, form.pairs[index][1]), *after))


def _duplicate_field(site: Site, form: Form) -> Iterator[Form]:
    if site.role in _STRUCTS and isinstance(form, MapForm):
        for pair in form.pairs:
            yield replace(form, pairs=(*form.pairs, pair))
            yield replace(form, pairs=(pair, *form.pairs))


def _array_for_direct_struct(site: Site, form: Form) -> Iterator[Form]:
    if not site.buffered and site.role in _STRUCTS and isinstance(form, MapForm):
        yield ArrayForm(tuple(value for _key, value in form.pairs))


def _integer_keys_of_direct_struct(site: Site, form: Form) -> Iterator[Form]:
    if not site.buffered and site.role in _STRUCTS and isinstance(form, MapForm):
        values = enumerate(value for _key, value in form.pairs)
        yield replace(form, pairs=tuple((IntegerForm(index), value) for index, value in values))


def _byte_string_for_direct_text(site: Site, form: Form) -> Iterator[Form]:
    if not site.buffered and site.role is Role.TEXT and isinstance(form, TextForm):
        yield BytesForm(form.text.encode())


def _tagged_value_in_buffer(site: Site, form: Form) -> Iterator[Form]:
    if site.buffered and site.role is not Role.TAG_VALUE:
        yield TagForm(_SELF_DESCRIBED_TAG, form)


def _tagged_null(site: Site, form: Form) -> Iterator[Form]:
    if not site.buffered and site.role is Role.NULL:
        yield TagForm(_SELF_DESCRIBED_TAG, form)


def _integer_too_large(site: Site, _form: Form) -> Iterator[Form]:
    if site.role is Role.INTEGER:
        yield TagForm(_BIGNUM_TAG, BytesForm((U64_MAX + 1).to_bytes(9)))


def _negative_integer(site: Site, _form: Form) -> Iterator[Form]:
    if site.role is Role.INTEGER:
        yield from (IntegerForm(-1), IntegerForm(-(2**63)), IntegerForm(-(2**64)))


def _wrong_type(site: Site, _form: Form) -> Iterator[Form]:
    yield from _WRONG_FORMS.get(site.role, ())
    if site.role in _WRONG_FORMS and not site.optional:
        yield NULL


def _unknown_variant(site: Site, form: Form) -> Iterator[Form]:
    if site.role in (Role.NAME, Role.TAG_VALUE, Role.PAYLOAD_KIND):
        yield _NO_NAME
        if isinstance(form, TextForm):
            near = [each for each in near_names(form.text) if each not in site.names]
            yield from map(TextForm, near)
    elif site.role is Role.ONE_KEY_MAP and isinstance(form, MapForm):
        ((key, value),) = form.pairs
        yield MapForm(((_NO_NAME, value),))
        if isinstance(key, TextForm):
            near = [each for each in near_names(key.text) if each not in site.names]
            yield from (MapForm(((TextForm(each), value),)) for each in near)


def _name_with_content(site: Site, form: Form) -> Iterator[Form]:
    if site.role is Role.NAME:
        yield MapForm(((form, NULL),))


def _second_key(site: Site, form: Form) -> Iterator[Form]:
    if site.role is Role.ONE_KEY_MAP and isinstance(form, MapForm):
        yield from unknown_field_pairs(form, IntegerForm(0))


def _duration_out_of_range(site: Site, form: Form) -> Iterator[Form]:
    if site.role is Role.DURATION and isinstance(form, MapForm):
        (secs_key, secs), (nanos_key, nanos) = form.pairs
        yield MapForm(((secs_key, secs), (nanos_key, IntegerForm(U32_MAX + 1))))
        overflowing = (secs_key, IntegerForm(U64_MAX)), (nanos_key, IntegerForm(10**9))
        yield MapForm(overflowing)
        yield from unknown_field_pairs(form, nanos)


def _too_deep(site: Site, form: Form) -> Iterator[Form]:
    if site.role is Role.RECORD and isinstance(form, MapForm):
        containers_count = len(site.path) + 1
        yield from unknown_field_pairs(form, nested_arrays(CONTAINERS_MAX - containers_count + 1))


def _lone_surrogate(site: Site, _form: Form) -> Iterator[Form]:
    if site.role is Role.TEXT:
        yield _LONE_SURROGATE


def _not_well_formed(site: Site, _form: Form) -> Iterator[Form]:
    if site.role in (Role.TEXT, Role.INTEGER, Role.LIST):
        yield _RESERVED_HEAD
        yield BREAK


REJECTED_FORMS: Final = (
    Rewrite("missing required field", "DEC-03", _missing_field),
    Rewrite("duplicate field", "DEC-05", _duplicate_field),
    Rewrite("array for a struct", "DEC-07", _array_for_direct_struct),
    Rewrite("integer keys", "DEC-09", _integer_keys_of_direct_struct),
    Rewrite("byte string for a text", "DEC-11", _byte_string_for_direct_text),
    Rewrite("CBOR tag in a buffer", "DEC-12", _tagged_value_in_buffer),
    Rewrite("tagged null", "DEC-12", _tagged_null),
    Rewrite("integer over 2^64-1", "DEC-13", _integer_too_large),
    Rewrite("negative integer", "DEC-15", _negative_integer),
    Rewrite("value of another type", "DEC-16", _wrong_type),
    Rewrite("name with content", "DEC-20", _name_with_content),
    Rewrite("unknown variant", "DEC-21", _unknown_variant),
    Rewrite("second key beside a variant", "DEC-21", _second_key),
    Rewrite("duration out of range", "DEC-24", _duration_out_of_range),
    Rewrite("nested too deep", "DEC-28", _too_deep),
    Rewrite("lone surrogate", "DOM-03", _lone_surrogate),
    Rewrite("not well-formed", "DEC-29", _not_well_formed),
)
"""Every rewrite that makes an encoding unacceptable."""
