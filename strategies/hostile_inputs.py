"""Inputs that are made to hurt a reader: lengths that lie, depth without end, broken items.

Every input is a value of a table with a name of its own, and its bytes are made
only when they are asked for: some have millions of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product
from typing import Final

from strategies.accepted_forms import unknown_field_pairs
from strategies.cbor_forms import (
    ArrayForm,
    BytesForm,
    Form,
    MapForm,
    RawForm,
    TextForm,
    form_at,
    form_of,
    head,
    render,
    replaced,
)
from strategies.cbor_sites import Role, Site, sites
from strategies.exemplars import EXEMPLARS
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    VisibilityGateCrossing,
)
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.recovery import DurableRecoveryMetadata
from telltale_spec.wire.shapes import U64_MAX

__all__ = ["HostileInput", "hostile_inputs"]

_BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(2, 7)
_KINDS: Final = {_BYTES: "bytes", _TEXT: "text", _ARRAY: "array", _MAP: "map"}

_EXCESSES: Final = {
    **{f"2^{power}": 1 << power for power in (16, 31, 32, 40, 63)},
    "2^64-1": U64_MAX,
}
"""How much more a length declares than there is; the last one is the length itself.

A reader that keeps too few bits of a length takes some of them for right ones.
"""

_CONTAINERS_MAX: Final = 256
_DEPTHS: Final = (100, 1_000, 10_000)
_GREAT_DEPTHS: Final = (100_000, 1_000_000)
_REPEATED: Final = 10_000


@dataclass(frozen=True, slots=True)
class HostileInput:
    """Hold what is known about one input.

    ``requirement`` is the ID of what rules on it. ``refused`` says that every
    reader refuses it; otherwise a reader may do that or read ``value``, where
    that is known. ``make`` gives the bytes.
    """

    label: str
    requirement: str
    make: Callable[[], bytes]
    refused: bool = True
    value: PersistedDurabilityArtifact | None = None


@lru_cache(maxsize=2)
def hostile_inputs(*, every_place: bool) -> dict[str, HostileInput]:
    """Return the inputs by their labels, in the order in which they are worth trying.

    Without ``every_place`` there is one place of each role and regime, some of the
    prefixes, and no depth of a million, which takes a slow reader seconds.
    Source: DEC-28, DEC-29, DEC-30, F40.
    """
    found = (
        *_lengths_alone(),
        *_lengths_inside(every_place),
        *_broken_items(),
        *_odd_keys(),
        *_nested((*_DEPTHS, *(_GREAT_DEPTHS if every_place else _GREAT_DEPTHS[:1]))),
        *_prefixes(1 if every_place else 7),
    )
    by_label = {each.label: each for each in found}
    assert len(by_label) == len(found)  # noqa: S101 - a name leads to one input
    return by_label


# Lengths


def _declared(major_type: int, present: int, excess_name: str) -> bytes:
    """Return a head that declares more than the ``present`` items or bytes."""
    return head(major_type, min(present + _EXCESSES[excess_name], U64_MAX))


def _lengths_alone() -> Iterator[HostileInput]:
    for excess_name in _EXCESSES:
        for major_type, kind in _KINDS.items():
            for content in (b"", b"\x00", b"abc"):
                data = _declared(major_type, len(content), excess_name) + content
                label = f"nothing but {kind} of {excess_name} and {len(content)} bytes"
                yield HostileInput(label, "DEC-29", partial(bytes, data))


def _lengths_inside(every_place: bool) -> Iterator[HostileInput]:
    """Yield documents in which one length is a lie, whether or not its kind belongs there."""
    for artifact in EXEMPLARS:
        whole = form_of(artifact.to_dict())
        known: set[tuple[Role, bool]] = set()
        for site in sites(artifact):
            is_new = (site.role, site.buffered) not in known
            known.add((site.role, site.buffered))
            if not (is_new or every_place):
                continue
            own = tuple(_own_lengths(form_at(whole, site.path)))
            foreign = _FOREIGN_LENGTHS if is_new else ()
            for lies, excess_names in ((own, tuple(_EXCESSES)), (foreign, _WORST_EXCESSES)):
                for lie, excess_name in product(lies, excess_names):
                    data = partial(_rendered_at, whole, site.path, lie.form(excess_name))
                    label = f"{lie.name} of {excess_name} more, {_place_text(artifact, site)}"
                    yield HostileInput(label, "DEC-29", data)


@dataclass(frozen=True, slots=True)
class _Lie:
    """One item whose length is a lie: what comes before its head, and what behind it."""

    name: str
    major_type: int
    present: int = 0
    content: bytes = b""
    opening: bytes = b""

    def form(self, excess_name: str) -> RawForm:
        declared = _declared(self.major_type, self.present, excess_name)
        return RawForm(self.opening + declared + self.content)


# What need not belong where it stands: its length is read before anybody can tell.
_FOREIGN_LENGTHS: Final = (
    *(_Lie(f"foreign {kind}", major_type) for major_type, kind in _KINDS.items()),
    _Lie("chunk of a text", _TEXT, opening=b"\x7f"),
    _Lie("chunk of a byte string", _BYTES, opening=b"\x5f"),
    _Lie("big number", _BYTES, opening=b"\xc2"),
    _Lie("array in an array", _ARRAY, opening=b"\x81"),
)
_WORST_EXCESSES: Final = ("2^32", "2^40", "2^64-1")


def _own_lengths(form: Form) -> Iterator[_Lie]:
    """Yield the lies about a form that are of its own kind, and about its first key."""
    if isinstance(form, TextForm):
        data = form.text.encode()
        yield _Lie("text", _TEXT, len(data), data)
    elif isinstance(form, ArrayForm):
        yield _Lie("array", _ARRAY, len(form.items), b"".join(map(render, form.items)))
    elif isinstance(form, MapForm):
        pairs = [render(key) + render(value) for key, value in form.pairs]
        yield _Lie("map", _MAP, len(pairs), b"".join(pairs))
        name = _name(form.pairs[0][0]).encode()
        opening = head(_MAP, len(pairs))
        behind = b"".join([name, render(form.pairs[0][1]), *pairs[1:]])
        yield _Lie("key", _TEXT, len(name), behind, opening)


def _name(key: Form) -> str:
    assert isinstance(key, TextForm)  # noqa: S101 - as form_of makes it
    return key.text


def _place_text(artifact: PersistedDurabilityArtifact, site: Site) -> str:
    path = ".".join(map(str, site.path)) or "top"
    return f"for {site.role.value} {path} of {type(artifact.payload).variant_name}"


def _rendered_at(whole: Form, path: tuple[int, ...], form: Form) -> bytes:
    return render(replaced(whole, path, form))


# Items that no reader can take


def _gate_document() -> tuple[PersistedDurabilityArtifact, Form]:
    gate = VisibilityGateCrossing("a", "c", AgreementLevel.NONE, 1)
    artifact = PersistedDurabilityArtifact.agreement_wal(AgreementWalArtifact((gate,)))
    return artifact, form_of(artifact.to_dict())


def _reserved_heads() -> Iterator[tuple[str, bytes]]:
    """Yield what has no meaning in any place (RFC 8949, sections 3 and 3.3)."""
    for major_type in range(8):
        for information in (28, 29, 30):
            first = major_type << 5 | information
            yield f"reserved head {first:02x}", bytes([first])
    for major_type in (0, 1, _TAG):
        first = major_type << 5 | 31
        yield f"head {first:02x} of no length", bytes([first])
    yield "end of nothing", b"\xff"
    yield "text in chunks of bytes", b"\x7f\x41a\xff"
    yield "bytes in chunks of text", b"\x5f\x61a\xff"
    yield "tag of nothing", b"\xc1\xff"
    yield "map that ends behind a key", b"\xbf\x61a\xff"


def _odd_items() -> Iterator[tuple[str, bytes]]:
    """Yield what is well-formed and has no meaning here, or is nearly well-formed."""
    for number in range(20):
        yield f"simple value {number}", bytes([7 << 5 | number])
    for number in (0, 19, 23, 24, 31, 32, 255):
        yield f"simple value {number} in two bytes", bytes([0xF8, number])
    yield from (
        ("text of a stray byte", b"\x61\xff"),
        ("text that is cut off", b"\x62\xe2\x82"),
        ("text of a surrogate", b"\x63\xed\xa0\x80"),
        ("text that is too long for what it says", b"\x62\xc0\x80"),
        ("text beyond the last plane", b"\x64\xf5\x80\x80\x80"),
        ("character in two chunks", b"\x7f\x61\xc3\x61\xa9\xff"),
        ("undefined", b"\xf7"),
        ("half not-a-number", b"\xf9\x7e\x00"),
        ("single infinity", b"\xfa\x7f\x80\x00\x00"),
        ("double negative zero", b"\xfb\x80" + bytes(7)),
        ("largest negative integer", b"\x3b" + b"\xff" * 8),
        ("huge big number", b"\xc2\x59\x10\x00" + b"\xff" * 4096),
        ("negative big number", b"\xc3\x49" + b"\xff" * 9),
        ("big number of text", b"\xc2\x61a"),
        ("big number of an array", b"\xc2\x80"),
        ("date of text", b"\xc0\x63not"),
        ("date far away", b"\xc1\x1b" + b"\xff" * 8),
        ("decimal fraction of a huge power", b"\xc4\x82\x1b\x7f" + b"\xff" * 7 + b"\x01"),
        ("regular expression that is none", b"\xd8\x23\x61("),
        ("reference to nothing shared", b"\xd8\x1d\x00"),
        ("value that holds itself", b"\xd8\x1c\x81\xd8\x1d\x00"),
        ("address that is none", b"\xd9\x01\x04\x41x"),
        ("largest tag", b"\xdb" + b"\xff" * 8 + b"\x00"),
    )


def _broken_items() -> Iterator[HostileInput]:
    artifact, whole = _gate_document()
    places = [site for site in sites(artifact) if site.role in (Role.TEXT, Role.INTEGER, Role.LIST)]
    first_of = {site.role: site for site in reversed(places)}
    for refused, items in ((True, _reserved_heads()), (False, _odd_items())):
        for name, item in items:
            yield HostileInput(f"nothing but this: {name}", "DEC-29", partial(bytes, item))
            for site in first_of.values():
                data = partial(_rendered_at, whole, site.path, RawForm(item))
                label = f"{name}, {_place_text(artifact, site)}"
                yield HostileInput(label, "DEC-29", data, refused)
            forms = unknown_field_pairs(_map(whole), RawForm(item))
            for position, form in zip(("first", "last"), forms, strict=True):
                label = f"{name}, for an unknown field, {position}"
                value = None if refused else artifact
                yield HostileInput(label, "DEC-29", partial(render, form), refused, value)


def _map(form: Form) -> MapForm:
    assert isinstance(form, MapForm)  # noqa: S101 - an artifact is a map
    return form


# Keys


def _odd_keys() -> Iterator[HostileInput]:
    artifact, whole = _gate_document()
    top = _map(whole)
    keys: tuple[tuple[str, Form], ...] = (
        ("array", ArrayForm(())),
        ("map", MapForm(())),
        ("map in an array", ArrayForm((MapForm(()),))),
        ("byte string", BytesForm(b"\xff")),
        ("null", RawForm(b"\xf6")),
        ("undefined", RawForm(b"\xf7")),
        ("not-a-number", RawForm(b"\xf9\x7e\x00")),
        ("negative integer", RawForm(b"\x20")),
        ("large integer", RawForm(b"\x1b" + b"\xff" * 8)),
        ("tag", RawForm(b"\xc1\x00")),
        ("simple value", RawForm(b"\xe0")),
        ("empty text", TextForm("")),
        ("text in chunks", TextForm("ab", chunked=True)),
    )
    for name, key in keys:
        for number in (1, 2):
            pairs = ((key, RawForm(b"\x00")),) * number
            form = MapForm((*pairs, *top.pairs))
            label = f"key that is {name}, {number} times"
            yield HostileInput(label, "DEC-04", partial(render, form), False, artifact)
    unknown = (TextForm("unknown"), RawForm(b"\x00"))
    form = MapForm((*top.pairs, *((unknown,) * _REPEATED)))
    label = f"an unknown field {_REPEATED} times"
    yield HostileInput(label, "DEC-04", partial(render, form), False, artifact)
    for pair in top.pairs:
        form = MapForm((*top.pairs, *((pair,) * 3)))
        label = f"the field {_name(pair[0])} four times"
        yield HostileInput(label, "DEC-05", partial(render, form))


# Depth


@dataclass(frozen=True, slots=True)
class _Opener:
    """What opens one level, what closes it, and whether it counts as a container."""

    name: str
    opening: bytes
    closing: bytes = b""
    is_container: bool = True
    innermost: bytes = b"\x00"


_OPENERS: Final = (
    _Opener("arrays", b"\x81"),
    _Opener("tags", b"\xc1", is_container=False),
    _Opener("maps", b"\xa1\x61a"),
    _Opener("maps as keys", b"\xa1", b"\x00"),
    _Opener("arrays without length", b"\x9f", b"\xff"),
    _Opener("maps without length", b"\xbf\x61a", b"\xff"),
    _Opener("texts without length", b"\x7f", b"\xff", is_container=False, innermost=b"\x61a"),
    _Opener("bytes without length", b"\x5f", b"\xff", is_container=False, innermost=b"\x41a"),
    _Opener("arrays of eight", b"\x88" + bytes(7)),
    _Opener("long tags", b"\xd9\xd9\xf7", is_container=False),
)
_DEEPEST_OPENERS: Final = _OPENERS[:2]


def _nest(opener: _Opener, depth: int, *, ends: bool = True) -> bytes:
    opened = opener.opening * depth
    return opened + opener.innermost + opener.closing * depth if ends else opened


def _nested(depths: Iterable[int]) -> Iterator[HostileInput]:
    for depth in depths:
        for opener in _OPENERS if depth in _DEPTHS else _DEEPEST_OPENERS:
            yield from _nested_so_deep(opener, depth)


def _nested_so_deep(opener: _Opener, depth: int) -> Iterator[HostileInput]:
    artifact, whole = _gate_document()
    what = f"{depth} {opener.name} inside each other"
    alone = partial(_nest, opener, depth)
    yield HostileInput(f"nothing but {what}", "DEC-29", alone)
    unfinished = partial(_nest, opener, depth, ends=False)
    yield HostileInput(f"nothing but {what}, and no end", "DEC-29", unfinished)
    # Where the depth is more than anybody has to follow, refusing it is what is recommended.
    too_deep = opener.is_container and depth > _CONTAINERS_MAX
    rule = "DEC-28" if too_deep else "DEC-04"
    unknown = partial(_with_unknown, whole, alone)
    label = f"{what} for an unknown field"
    yield HostileInput(label, rule, unknown, too_deep, None if too_deep else artifact)
    entry = (1, 1, 0, 0)
    inside = partial(_at_entry, whole, entry, alone)
    yield HostileInput(f"{what} for a log entry", "DEC-29", inside)


def _with_unknown(whole: Form, make: Callable[[], bytes]) -> bytes:
    form, _ = unknown_field_pairs(_map(whole), RawForm(make()))
    return render(form)


def _at_entry(whole: Form, path: tuple[int, ...], make: Callable[[], bytes]) -> bytes:
    return render(replaced(whole, path, RawForm(make())))


# Ends


def _prefixes(stride: int) -> Iterator[HostileInput]:
    """Yield documents that stop early, spelled in the canonical form and without lengths."""
    metadata = PersistedDurabilityArtifact.recovery_metadata(
        DurableRecoveryMetadata(2**40, 300, None, ("a" * 30,))
    )
    for name, artifact in (("gate", _gate_document()[0]), ("metadata", metadata)):
        whole = form_of(artifact.to_dict())
        for spelling, rule, form in (
            ("canonical", "DEC-30", whole),
            ("without lengths", "DEC-29", _without_lengths(whole)),
        ):
            data = render(form)
            for count in range(0, len(data), stride):
                label = f"{count} of {len(data)} bytes of a {name}, {spelling}"
                yield HostileInput(label, rule, partial(bytes, data[:count]))


def _without_lengths(form: Form) -> Form:
    if isinstance(form, ArrayForm):
        return ArrayForm(tuple(map(_without_lengths, form.items)), indefinite=True)
    if isinstance(form, MapForm):
        pairs = tuple((key, _without_lengths(value)) for key, value in form.pairs)
        return MapForm(pairs, indefinite=True)
    return form
