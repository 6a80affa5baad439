"""Bytes for two readers: artifacts, their other spellings, and what is nearly one of those.

The number of a batch and the seed decide its bytes, so that a run can go on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from conformance.differential.items import draw_item, nested
from conformance.vectors.kinds.mutations import NODE_MUTATIONS, mutate
from conformance.vectors.kinds.nodes import (
    ListNode,
    MapNode,
    Place,
    places,
    scalar,
    to_nodes,
    write_node,
)
from conformance.vectors.kinds.value_source import ValueSource
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import AcquireResponse, EffectOutcome
from telltale_spec.wire.persisted import PersistedDurabilityArtifact as Artifact
from telltale_spec.wire.values import UnitValue

__all__ = ["BATCH_INPUTS", "Input", "batch_inputs"]

BATCH_INPUTS: Final = 1_000
"""Inputs in one batch."""

# These need the artifact as it was; the others find a place in whatever is left of it.
_FIRST_ONLY: Final = ("kind_without_value", "other_version", "payload_first")
# These leave the meaning of an artifact alone, in most places.
_GENTLE: Final = (
    *("byte_string_key", "byte_string_text", "indefinite_container", "longer_head"),
    *("reordered_fields", "struct_as_array", "text_in_chunks", "unknown_field"),
)


@dataclass(frozen=True, slots=True)
class Input:
    """One input: its number in the run, how it was made, its bytes."""

    number: int
    origin: str
    data: bytes


_Maker: TypeAlias = Callable[[ValueSource], tuple[str, bytes]]


def batch_inputs(seed: int, batch: int) -> Iterator[Input]:
    """Yield the inputs of one batch."""
    source = ValueSource(f"differential/{seed}/{batch}")
    for index in range(BATCH_INPUTS):
        # Not by the source's own turns: those are for what a maker takes in turn.
        origin, data = _MAKERS[index % len(_MAKERS)](source)
        yield Input(batch * BATCH_INPUTS + index, origin, data)


def _one_mutation(source: ValueSource) -> tuple[str, bytes]:
    return mutate(source, source.artifact())


def _several_mutations(source: ValueSource) -> tuple[str, bytes]:
    """Change one artifact several times over."""
    names: list[str] = []
    if source.chance(30):
        names.append(source.pick(_FIRST_ONLY))
    others = sorted(set(NODE_MUTATIONS) - set(_FIRST_ONLY))
    names += [source.pick(others) for _ in range(2 + source.below(4))]
    return _mutated(source, names)


def _gentle_mutations(source: ValueSource) -> tuple[str, bytes]:
    """Change one artifact so that a tolerant reader may well still take it."""
    names = ["payload_first"] if source.chance(40) else []
    names += [source.pick(_GENTLE) for _ in range(1 + source.below(6))]
    return _mutated(source, names)


def _mutated(source: ValueSource, names: list[str]) -> tuple[str, bytes]:
    root = _taken_apart(source)
    kept = [name for name in names if NODE_MUTATIONS[name](source, root)]
    return f"mutations: {', '.join(kept) or 'none'}", write_node(root)


def _foreign_item(source: ValueSource) -> tuple[str, bytes]:
    """Put any item at all where a value, a key, a field or an element belongs."""
    root = _prepared(source)
    put = source.pick(sorted(_PUTS))
    _PUTS[put](source, root, draw_item(source))
    return f"item as {put}", write_node(root)


def _deep_item(source: ValueSource) -> tuple[str, bytes]:
    """Put an item inside many others anywhere, or where a deep value belongs (DEC-28)."""
    item = nested(source, draw_item(source) if source.chance(30) else scalar("Unit"))
    if source.chance(50):
        root = _prepared(source)
        put = source.pick(sorted(_PUTS))
        _PUTS[put](source, root, item)
        return f"deep item as {put}", write_node(root)
    outcome = EffectOutcome.success(AcquireResponse(UnitValue()))
    entry = EvidenceOutcomeCacheEntry("e", "i", "o", outcome)
    cache = EvidenceOutcomeCacheArtifact((entry,))
    node = to_nodes(Artifact.evidence_outcome_cache(cache).to_dict())
    evidence = scalar("evidence")
    next(place for place in places(node) if place.key == evidence).put(item)
    return "deep evidence", write_node(node)


def _known_names(source: ValueSource) -> tuple[str, bytes]:
    """Put the name, key or value of one place into another."""
    root = _prepared(source)
    found = list(places(root))
    for _ in range(1 + source.below(2)):
        target, origin = source.pick(found), source.pick(found)
        if source.chance(50):
            target.put_key(origin.key or scalar(origin.index))
        else:
            # Written out, so that a part does not end up inside itself.
            target.put(origin.key if source.chance(20) else write_node(origin.node))
    return "names and values exchanged", write_node(root)


def _edited_bytes(source: ValueSource) -> tuple[str, bytes]:
    """Edit bytes without a thought for what they mean."""
    data = bytearray(write_node(_prepared(source)))
    for _ in range(1 + source.below(4)):
        position = source.below(len(data) + 1)
        match source.below(6):
            case 0:
                data[position : position + 1] = bytes([source.below(256)])
            case 1:
                data[position:position] = bytes([source.below(256)])
            case 2:
                del data[position : position + 1 + source.below(4)]
            case 3:
                start = source.below(len(data) + 1)
                data[position:position] = data[start : start + 1 + source.below(24)]
            case 4:
                data[position:position] = draw_item(source, 1)
            case _:
                flipped = min(position, len(data) - 1)
                if data:
                    data[flipped] ^= 1 << source.below(8)
    return "bytes edited", bytes(data)


def _spliced(source: ValueSource) -> tuple[str, bytes]:
    """Join the start of one artifact with the end of another."""
    start, end = source.artifact().to_cbor(), source.artifact().to_cbor()
    return "spliced", start[: source.below(len(start))] + end[source.below(len(end)) :]


def _raw_item(source: ValueSource) -> tuple[str, bytes]:
    """Send an item with nothing of an artifact about it."""
    return "item alone", draw_item(source) + (b"\x00" if source.chance(20) else b"")


_MAKERS: Final[tuple[_Maker, ...]] = (
    _one_mutation,
    _gentle_mutations,
    _foreign_item,
    _edited_bytes,
    _gentle_mutations,
    _several_mutations,
    _foreign_item,
    _known_names,
    _one_mutation,
    _gentle_mutations,
    _edited_bytes,
    _deep_item,
    _several_mutations,
    _spliced,
    _known_names,
    _foreign_item,
    _raw_item,
)


def _taken_apart(source: ValueSource) -> MapNode:
    root = to_nodes(source.artifact().to_dict())
    if not isinstance(root, MapNode):
        raise TypeError("an artifact is a map")
    return root


def _prepared(source: ValueSource) -> MapNode:
    """Return an artifact in parts, sometimes in a form that is read in another way (DEC-00)."""
    root = _taken_apart(source)
    if source.chance(25):
        NODE_MUTATIONS["payload_first"](source, root)
    if source.chance(15):
        NODE_MUTATIONS["struct_as_array"](source, root)
    if source.chance(15):
        NODE_MUTATIONS["indefinite_container"](source, root)
    return root


def _deeper_half(source: ValueSource, found: list[Place]) -> Place:
    # Inner places come later, and most of the rules are about those.
    return source.pick(found[len(found) // 2 :] if source.chance(60) else found)


def _put_value(source: ValueSource, root: MapNode, item: bytes) -> None:
    _deeper_half(source, list(places(root))).put(item)


def _put_key(source: ValueSource, root: MapNode, item: bytes) -> None:
    _deeper_half(source, list(places(root))).put_key(item)


def _put_field(source: ValueSource, root: MapNode, item: bytes) -> None:
    """Add a field that is unknown, or known and there twice."""
    maps = [root, *(place.node for place in places(root) if isinstance(place.node, MapNode))]
    chosen = source.pick(maps)
    known = chosen.pairs[source.below(len(chosen.pairs))][0] if chosen.pairs else scalar("kind")
    key = source.pick((scalar("unknown"), draw_item(source, 1), known))
    chosen.pairs.insert(source.below(len(chosen.pairs) + 1), (key, item))


def _put_element(source: ValueSource, root: MapNode, item: bytes) -> None:
    """Add an element to a list, or a field where there is no list."""
    lists = [place.node for place in places(root) if isinstance(place.node, ListNode)]
    if not lists:
        _put_field(source, root, item)
        return
    chosen = source.pick(lists)
    chosen.items.insert(source.below(len(chosen.items) + 1), item)


_PUTS: Final[dict[str, Callable[[ValueSource, MapNode, bytes], None]]] = {
    "element": _put_element,
    "field": _put_field,
    "key": _put_key,
    "value": _put_value,
}
