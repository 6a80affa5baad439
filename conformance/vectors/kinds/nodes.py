"""A CBOR item in parts, so that one part can be spelled in another way.

The canonical writer has one spelling for each value. To make the others, an
artifact is taken apart into nodes, one node is changed, and the nodes are put
together again. A piece of raw bytes may stand anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import cbor2

__all__ = [
    "ListNode",
    "MapNode",
    "Node",
    "Place",
    "head",
    "places",
    "scalar",
    "to_nodes",
    "write_node",
]


@dataclass(slots=True)
class MapNode:
    """A map: keys and values in order, as they are written."""

    pairs: list[tuple[Node, Node]]
    indefinite: bool = False


@dataclass(slots=True)
class ListNode:
    """A list, as it is written."""

    items: list[Node]
    indefinite: bool = False


Node: TypeAlias = MapNode | ListNode | bytes


@dataclass(frozen=True, slots=True)
class Place:
    """One value inside a map or list, which can be replaced where it stands."""

    container: MapNode | ListNode
    index: int

    @property
    def node(self) -> Node:
        """The value that stands here."""
        if isinstance(self.container, MapNode):
            return self.container.pairs[self.index][1]
        return self.container.items[self.index]

    @property
    def key(self) -> bytes:
        """The key that the value stands under, or nothing in a list."""
        if isinstance(self.container, MapNode):
            key = self.container.pairs[self.index][0]
            return key if isinstance(key, bytes) else b""
        return b""

    def put(self, node: Node) -> None:
        """Put another value here."""
        if isinstance(self.container, MapNode):
            key, _ = self.container.pairs[self.index]
            self.container.pairs[self.index] = (key, node)
        else:
            self.container.items[self.index] = node

    def put_key(self, key: Node) -> None:
        """Put another key here; a list has none."""
        if isinstance(self.container, MapNode):
            _, value = self.container.pairs[self.index]
            self.container.pairs[self.index] = (key, value)


def scalar(value: Any) -> bytes:
    """Return the canonical bytes of a value that is neither map nor list."""
    return cbor2.dumps(value)


def to_nodes(tree: Any) -> Node:
    """Return the nodes of a value in JSON form."""
    if isinstance(tree, dict):
        return MapNode([(scalar(key), to_nodes(value)) for key, value in tree.items()])
    if isinstance(tree, list):
        return ListNode([to_nodes(item) for item in tree])
    return scalar(tree)


def places(node: Node) -> Iterator[Place]:
    """Yield every value inside a node, outer before inner, in order."""
    if isinstance(node, bytes):
        return
    count = len(node.pairs) if isinstance(node, MapNode) else len(node.items)
    for index in range(count):
        place = Place(node, index)
        yield place
        yield from places(place.node)


def write_node(node: Node) -> bytes:
    """Return the bytes of a node."""
    if isinstance(node, bytes):
        return node
    if isinstance(node, MapNode):
        major, count = 5, len(node.pairs)
        parts = [write_node(part) for pair in node.pairs for part in pair]
    else:
        major, count = 4, len(node.items)
        parts = [write_node(part) for part in node.items]
    if node.indefinite:
        return bytes([major << 5 | 31]) + b"".join(parts) + b"\xff"
    return head(major, count) + b"".join(parts)


def head(major: int, argument: int) -> bytes:
    """Return the shortest head of a major type and argument."""
    spelled = bytearray(cbor2.dumps(argument))
    spelled[0] |= major << 5
    return bytes(spelled)
