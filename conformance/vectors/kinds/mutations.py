"""Other spellings of an artifact, some of which a reader accepts and some not.

A mutation takes an artifact apart, changes one thing, and says in its name
what it changed. It does not know the verdict; the tolerant reader has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import cbor2

from conformance.vectors.kinds.nodes import (
    ListNode,
    MapNode,
    Node,
    Place,
    head,
    places,
    scalar,
    to_nodes,
    write_node,
)
from conformance.vectors.kinds.value_source import ValueSource
from telltale_spec.wire.persisted import PersistedDurabilityArtifact

__all__ = ["NODE_MUTATIONS", "NodeMutation", "mutate"]

NodeMutation: TypeAlias = Callable[[ValueSource, MapNode], bool]
ByteMutation: TypeAlias = Callable[[ValueSource, bytes], bytes]

_NULL: Final = b"\xf6"
_UNDEFINED: Final = b"\xf7"
_TEXT_MAJOR: Final = 3
_OPEN_TEXT: Final = 0x7F
_INTEGER_LENGTHS: Final = {24: 1, 25: 2, 26: 4, 27: 8}
_OTHER_VALUES: Final = (
    _NULL,
    _UNDEFINED,
    b"\x20",  # minus one
    b"\xf9\x3c\x00",  # one as a half float
    b"\x18\x2a",
    b"\x60",
    b"\x40",
    b"\x80",
    b"\xa0",
    b"\xf5",
    b"\xf8\x14",  # false in two bytes
    b"\xc2\x41\x05",  # five as a big number
    b"\xd9\xd9\xf7\x05",  # five behind a tag
    b"\xa1\x64none\xa0",  # a plain name as the key of a map
    b"\xa1\x01\xa0",
)
_UNKNOWN_VALUES: Final = (b"\x00", b"\x20", b"\xf5", b"\xf9\x3c\x00", b"\xc2\x41\x05", b"\x61x")


def mutate(source: ValueSource, artifact: PersistedDurabilityArtifact) -> tuple[str, bytes]:
    """Return the name of a mutation and the mutated bytes of an artifact."""
    while True:
        name = source.take_turns(sorted({**NODE_MUTATIONS, **_BYTE_MUTATIONS}))
        if name in _BYTE_MUTATIONS:
            return name, _BYTE_MUTATIONS[name](source, artifact.to_cbor())
        root = to_nodes(artifact.to_dict())
        # Not every artifact has a place for every mutation.
        if isinstance(root, MapNode) and NODE_MUTATIONS[name](source, root):
            return name, write_node(root)


def _pick_map(source: ValueSource, root: MapNode) -> MapNode:
    maps = [place.node for place in places(root) if isinstance(place.node, MapNode)]
    return source.pick([root, *maps])


def _pick_place(
    source: ValueSource, root: MapNode, wanted: Callable[[Place], bool]
) -> Place | None:
    found = [place for place in places(root) if wanted(place)]
    if len(found) > 1 and source.chance(50):
        # Inner places come later, and most of the rules are about those (DEC-00).
        found = found[len(found) // 2 :]
    return source.pick(found) if found else None


def _major(node: Node) -> int | None:
    return node[0] >> 5 if isinstance(node, bytes) and node else None


def _is_whole_text(place: Place) -> bool:
    """Say whether a text stands here in one piece: chunks may each be broken characters."""
    node = place.node
    return isinstance(node, bytes) and _major(node) == _TEXT_MAJOR and node[0] != _OPEN_TEXT


def _missing_field(source: ValueSource, root: MapNode) -> bool:
    node = _pick_map(source, root)
    if not node.pairs:
        return False
    del node.pairs[source.below(len(node.pairs))]
    return True


def _unknown_field(source: ValueSource, root: MapNode) -> bool:
    node = _pick_map(source, root)
    pair = (scalar("zz_unknown"), source.pick(_UNKNOWN_VALUES))
    node.pairs.insert(source.below(len(node.pairs) + 1), pair)
    return True


def _duplicate_field(source: ValueSource, root: MapNode) -> bool:
    node = _pick_map(source, root)
    if not node.pairs:
        return False
    node.pairs.append(source.pick(node.pairs))
    return True


def _reordered_fields(source: ValueSource, root: MapNode) -> bool:
    node = _pick_map(source, root)
    if len(node.pairs) < 2:
        return False
    node.pairs.append(node.pairs.pop(source.below(len(node.pairs) - 1)))
    return True


def _replaced_value(source: ValueSource, root: MapNode) -> bool:
    place = _pick_place(source, root, lambda _: True)
    if place is None:
        return False
    place.put(source.pick(_OTHER_VALUES))
    return True


def _tagged_value(source: ValueSource, root: MapNode) -> bool:
    place = _pick_place(source, root, lambda _: True)
    if place is None:
        return False
    place.put(head(6, source.pick((1, 24, 55799))) + write_node(place.node))
    return True


def _struct_as_array(source: ValueSource, root: MapNode) -> bool:
    place = _pick_place(source, root, lambda place: isinstance(place.node, MapNode))
    if place is None or not isinstance(place.node, MapNode):
        return False
    place.put(ListNode([value for _, value in place.node.pairs]))
    return True


def _byte_string_key(source: ValueSource, root: MapNode) -> bool:
    place = _pick_place(source, root, lambda place: _major(place.key) == _TEXT_MAJOR)
    if place is None:
        return False
    place.put_key(scalar(cbor2.loads(place.key).encode()))
    return True


def _integer_key(source: ValueSource, root: MapNode) -> bool:
    place = _pick_place(source, root, lambda place: isinstance(place.container, MapNode))
    if place is None:
        return False
    place.put_key(scalar(source.pick((place.index, max(place.index - 1, 0), 99, -1))))
    return True


def _byte_string_text(source: ValueSource, root: MapNode) -> bool:
    place = _pick_place(source, root, _is_whole_text)
    if place is None or not isinstance(place.node, bytes):
        return False
    place.put(scalar(cbor2.loads(place.node).encode()))
    return True


def _text_in_chunks(source: ValueSource, root: MapNode) -> bool:
    place = _pick_place(source, root, _is_whole_text)
    if place is None or not isinstance(place.node, bytes):
        return False
    octets = cbor2.loads(place.node).encode()
    cut = source.below(len(octets) + 1)
    chunks = [head(_TEXT_MAJOR, len(part)) + part for part in (octets[:cut], octets[cut:])]
    place.put(bytes([_OPEN_TEXT]) + b"".join(chunks) + b"\xff")
    return True


def _indefinite_container(source: ValueSource, root: MapNode) -> bool:
    nodes = [place.node for place in places(root) if not isinstance(place.node, bytes)]
    source.pick([root, *nodes]).indefinite = True
    return True


def _longer_head(source: ValueSource, root: MapNode) -> bool:
    place = _pick_place(source, root, lambda place: _major(place.node) in (0, _TEXT_MAJOR))
    if place is None or not isinstance(place.node, bytes):
        return False
    place.put(_with_longer_head(place.node, source.pick((24, 25, 26, 27))))
    return True


def _with_longer_head(item: bytes, minor: int) -> bytes:
    """Return an item whose head takes the given number of bytes, if it takes fewer now."""
    now = item[0] & 0x1F
    if now >= minor:
        return item
    size = _INTEGER_LENGTHS.get(now, 0)
    argument = int.from_bytes(item[1 : 1 + size], "big") if size else now
    length = _INTEGER_LENGTHS[minor]
    return bytes([item[0] & 0xE0 | minor]) + argument.to_bytes(length, "big") + item[1 + size :]


def _payload_first(source: ValueSource, root: MapNode) -> bool:
    """Put the payload before its kind, which makes a reader buffer the whole of it (DEC-00)."""
    _, payload = root.pairs[1]
    if not isinstance(payload, MapNode):
        return False
    payload.pairs.reverse()
    if source.chance(60):
        _struct_as_array(source, payload)
    return True


def _kind_without_value(source: ValueSource, root: MapNode) -> bool:
    """Write the payload's kind as a map of one name with its value left out (DEC-22)."""
    _, payload = root.pairs[1]
    if not isinstance(payload, MapNode):
        return False
    place = Place(payload, 0)
    value = b"" if source.chance(70) else _NULL
    place.put(b"\xa1" + write_node(place.node) + value)
    if source.chance(50):
        payload.pairs.reverse()
    return True


def _other_version(source: ValueSource, root: MapNode) -> bool:
    Place(root, 0).put(scalar(source.pick(("", "v1", "telltale.machine.durability.v2"))))
    if source.chance(30):
        _missing_field(source, root)
    return True


def _trailing_bytes(source: ValueSource, data: bytes) -> bytes:
    return data + source.pick((b"\x00", b"\xff", b"\x1c\x1c", data[:9]))


def _truncated(source: ValueSource, data: bytes) -> bytes:
    return data[: source.below(len(data))]


def _bit_flip(source: ValueSource, data: bytes) -> bytes:
    flipped = bytearray(data)
    flipped[source.below(len(data))] ^= 1 << source.below(8)
    return bytes(flipped)


def _canonical(_: ValueSource, data: bytes) -> bytes:
    return data


NODE_MUTATIONS: Final[dict[str, NodeMutation]] = {
    "byte_string_key": _byte_string_key,
    "byte_string_text": _byte_string_text,
    "duplicate_field": _duplicate_field,
    "indefinite_container": _indefinite_container,
    "integer_key": _integer_key,
    "kind_without_value": _kind_without_value,
    "longer_head": _longer_head,
    "missing_field": _missing_field,
    "other_version": _other_version,
    "payload_first": _payload_first,
    "reordered_fields": _reordered_fields,
    "replaced_value": _replaced_value,
    "struct_as_array": _struct_as_array,
    "tagged_value": _tagged_value,
    "text_in_chunks": _text_in_chunks,
    "unknown_field": _unknown_field,
}
"""Changes of an artifact that was taken apart; each says whether it found a place for itself."""

_BYTE_MUTATIONS: Final[dict[str, ByteMutation]] = {
    "bit_flip": _bit_flip,
    "canonical": _canonical,
    "trailing_bytes": _trailing_bytes,
    "truncated": _truncated,
}
