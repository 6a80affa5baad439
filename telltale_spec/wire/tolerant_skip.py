"""Stepping over one whole value, with the verdict of the specification's decoder.

Two kinds of stepping over exist. An *ignored* value is an unknown field read
directly; almost anything well-formed passes. A *buffered* value is one that
serde copies into its own tree first, because the variant is not known yet; it
must have a place in that tree, so CBOR tags and integers outside 64 bits are
refused (DEC-04, DEC-12, DEC-13).

Nothing is copied and nothing recurses: what is kept is one count for each open
container, of which there are at most 256 (DEC-28). So a hostile value costs
time in proportion to its size, and no memory (F41).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from telltale_spec.wire.pull import (
    SIMPLE_FALSE,
    SIMPLE_UNDEFINED,
    Header,
    HeaderKind,
    PullParser,
)
from telltale_spec.wire.tolerant_errors import (
    input_ended,
    invalid_type,
    recursion_limit_exceeded,
    semantic_error,
)

__all__ = [
    "BIG_INTEGER_BYTES_MAX",
    "BIG_INTEGER_TAGS",
    "BUFFERED",
    "CONTAINERS_MAX",
    "IGNORED",
    "TAG_BIG_NEGATIVE",
    "ValuePolicy",
    "skip_value",
]

CONTAINERS_MAX: Final = 256
"""Containers that may be open at once. Source: DEC-28 (ciborium de/mod.rs 823)."""

TAG_BIG_NEGATIVE: Final = 3
BIG_INTEGER_TAGS: Final = (2, TAG_BIG_NEGATIVE)
BIG_INTEGER_BYTES_MAX: Final = 16
_BREAK_BYTE: Final = 0xFF
_I128_MAX: Final = 2**127 - 1
_I64_MAX: Final = 2**63 - 1

# Bounds what the pattern matcher keeps for one run.
_RUN_ITEMS_MAX: Final = 4096

# What is still to come in an open container: a count of items, or one of these.
_ANY_ITEMS: Final = -1
_ANY_PAIRS_KEY_NEXT: Final = -2
_ANY_PAIRS_VALUE_NEXT: Final = -3


@dataclass(frozen=True, slots=True)
class ValuePolicy:
    """Say which well-formed values are let through, and how others are refused.

    ``takes_tags`` lets tags and integers outside 64 bits through. Otherwise
    ``expected`` and ``tag_message`` make the error text for the value itself;
    inside of it the words are always those of a buffered value.
    """

    takes_tags: bool
    expected: str
    tag_message: str


_ANY_VALUE: Final = "any value"
_NO_ENUM_INPUT: Final = "untagged and internally tagged enums do not support enum input"


class _Run(NamedTuple):
    """A pattern that matches any number of scalars which take ``item_bytes`` each."""

    match: Callable[[bytes, int, int], re.Match[bytes] | None]
    item_bytes: int


def _make_runs() -> tuple[_Run | None, ...]:
    """Return, by the first byte of an item, the run that the item starts.

    Long lists of small scalars are the cheapest hostile input (F41), and a run
    of them needs no look at each one. Only scalars that every policy takes are
    in a run: of texts only ASCII ones, of negative integers only those with a
    clear top bit, because eight bytes may hold one that 64 bits do not.
    """
    bodies: dict[int, tuple[int, bytes]] = {}
    for initial in (*range(0x18), *range(0x20, 0x38), *range(0xF4, 0xF8)):
        bodies[initial] = (0, b"")
    for length in range(24):
        bodies[0x40 + length] = (length, rb"[\x00-\xff]{%d}" % length)
        bodies[0x60 + length] = (length, rb"[\x00-\x7f]{%d}" % length)
    for initial, length in ((0x18, 1), (0x19, 2), (0x1A, 4), (0x1B, 8)):
        bodies[initial] = (length, rb"[\x00-\xff]{%d}" % length)
        bodies[initial + 0x20] = (length, rb"[\x00-\x7f][\x00-\xff]{%d}" % (length - 1))
        # The same lengths behind 0xf8..0xfb: a simple value and three floats.
        bodies[initial + 0xE0] = (length, rb"[\x00-\xff]{%d}" % length)
    bodies[0xF8] = (1, rb"[\x14-\x17]")
    runs: list[_Run | None] = [None] * 256
    for body_bytes in {length for length, _ in bodies.values()}:
        same_size = {i: body for i, (length, body) in bodies.items() if length == body_bytes}
        items = b"|".join(rb"\x%02x%s" % item for item in same_size.items())
        # Possessive and bounded, because what could be given back costs memory.
        pattern = re.compile(rb"(?:%s){1,%d}+" % (items, _RUN_ITEMS_MAX))
        for initial in same_size:
            runs[initial] = _Run(pattern.match, 1 + body_bytes)
    return tuple(runs)


_RUNS: Final = _make_runs()

# Number of items by the first byte of an array or map with fewer than 24 of them.
_SMALL_CONTAINERS: Final = {
    **{0x80 + length: length for length in range(24)},
    **{0xA0 + length: 2 * length for length in range(24)},
}

IGNORED: Final = ValuePolicy(takes_tags=True, expected="anything at all", tag_message="")
BUFFERED: Final = ValuePolicy(takes_tags=False, expected=_ANY_VALUE, tag_message=_NO_ENUM_INPUT)


def skip_value(parser: PullParser, containers_left: int, policy: ValuePolicy) -> None:
    """Step over the next value, at most ``containers_left`` containers deep.

    Raises the error that the specification's decoder meets first.
    """
    data, position = parser.data, parser.position
    run = _RUNS[data[position]] if position < len(data) else None
    if run is not None and run.match(data, position, position + run.item_bytes):
        parser.position = position + run.item_bytes
        return
    _Skipper(parser, containers_left).skip(policy)


class _Skipper:
    """The open containers of one value."""

    __slots__ = ("_containers_left", "_open", "_parser", "_policy")

    def __init__(self, parser: PullParser, containers_left: int) -> None:
        self._parser = parser
        self._containers_left = containers_left
        self._open: list[int] = []
        self._policy = IGNORED

    def skip(self, policy: ValuePolicy) -> None:
        """Step over the next value."""
        parser, open_containers = self._parser, self._open
        data = parser.data
        self._policy = policy
        self._skip_item()
        self._policy = IGNORED if policy.takes_tags else BUFFERED
        while open_containers:
            remaining = open_containers[-1]
            if remaining == 0:
                open_containers.pop()
                continue
            position = parser.position
            if position >= len(data):
                raise input_ended()
            initial = data[position]
            run = _RUNS[initial]
            if run is not None:
                self._skip_run(run, remaining)
            elif initial == _BREAK_BYTE and remaining in (_ANY_ITEMS, _ANY_PAIRS_KEY_NEXT):
                parser.position = position + 1
                open_containers.pop()
            else:
                open_containers[-1] = _remaining_after(remaining, 1)
                items_count = _SMALL_CONTAINERS.get(initial)
                if items_count is None:
                    self._skip_item()
                else:
                    parser.position = position + 1
                    self._open_container(items_count)

    def _skip_run(self, run: _Run, remaining: int) -> None:
        """Step over items of the same size, as many as there are and fit in the container."""
        parser = self._parser
        start = parser.position
        end = len(parser.data)
        if remaining > 0:
            end = min(end, start + remaining * run.item_bytes)
        matched = run.match(parser.data, start, end)
        if matched is None:
            # The item is cut off, or a text that is not plain ASCII.
            self._open[-1] = _remaining_after(remaining, 1)
            self._skip_item()
            return
        parser.position = matched.end()
        items_count = (matched.end() - start) // run.item_bytes
        self._open[-1] = _remaining_after(remaining, items_count)

    def _skip_item(self) -> None:
        """Step over a scalar or the head of a container."""
        header = self._parser.pull()
        kind = header.kind
        if kind is HeaderKind.TEXT:
            self._parser.skip_text(header)
        elif kind is HeaderKind.BYTES:
            self._parser.skip_bytes(header)
        elif kind is HeaderKind.ARRAY:
            self._open_container(_ANY_ITEMS if header.argument is None else header.argument)
        elif kind is HeaderKind.MAP:
            pairs_count = header.argument
            self._open_container(_ANY_PAIRS_KEY_NEXT if pairs_count is None else 2 * pairs_count)
        elif kind is HeaderKind.TAG:
            self._skip_tag(header)
        elif kind is HeaderKind.NEGATIVE:
            self._require_64_bits(header)
        elif kind is HeaderKind.SIMPLE:
            _require_known_simple(header)
        elif kind is HeaderKind.BREAK:
            raise invalid_type("break", "non-break")

    def _open_container(self, remaining: int) -> None:
        if len(self._open) >= self._containers_left:
            raise recursion_limit_exceeded()
        if remaining:
            self._open.append(remaining)

    def _skip_tag(self, tag: Header) -> None:
        """Step over a tag; the tagged value comes next unless it is a short big integer."""
        header = self._parser.pull()
        is_big = tag.argument in BIG_INTEGER_TAGS
        length = header.argument if header.kind is HeaderKind.BYTES else None
        if is_big and length is not None and length <= BIG_INTEGER_BYTES_MAX:
            magnitude = int.from_bytes(self._parser.take(length), "big")
            self._judge_big_integer(magnitude, is_negative=tag.argument == TAG_BIG_NEGATIVE)
            return
        self._parser.rewind(header)
        # Unlike a tag in front of a typed value, this one counts as a container.
        self._open_container(1)
        if not self._policy.takes_tags:
            raise semantic_error(self._policy.tag_message)

    def _judge_big_integer(self, magnitude: int, *, is_negative: bool) -> None:
        if is_negative and magnitude > _I128_MAX:
            raise semantic_error("integer too large")
        if self._policy.takes_tags:
            return
        value, type_name = (-1 - magnitude, "i128") if is_negative else (magnitude, "u128")
        raise invalid_type(f"integer `{value}` as {type_name}", self._policy.expected)

    def _require_64_bits(self, header: Header) -> None:
        argument = header.argument or 0
        if argument > _I64_MAX and not self._policy.takes_tags:
            raise invalid_type(f"integer `{-1 - argument}` as i128", self._policy.expected)


def _remaining_after(remaining: int, items_count: int) -> int:
    """Return what is still to come in a container after ``items_count`` more items."""
    if remaining > 0:
        return remaining - items_count
    if remaining == _ANY_ITEMS or items_count % 2 == 0:
        return remaining
    # A key was taken, so that a value comes next, or the other way round.
    return _ANY_PAIRS_KEY_NEXT + _ANY_PAIRS_VALUE_NEXT - remaining


def _require_known_simple(header: Header) -> None:
    if header.argument is None or not SIMPLE_FALSE <= header.argument <= SIMPLE_UNDEFINED:
        raise invalid_type("simple", "known simple value")
