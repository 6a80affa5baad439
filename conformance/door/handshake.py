"""What the two ends tell each other first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

from conformance.backend import Backend, Capability, DurabilityClass
from conformance.door.errors import MessageError
from conformance.door.protocol import PROTOCOL, SPECIFICATION_VERSION
from conformance.requirements.mending import unknown_mending
from telltale_spec.model.machine import RejectionMode

__all__ = ["Handshake", "handshake_of", "handshake_tree", "hello_arguments"]


@dataclass(frozen=True)
class Handshake:
    """What a harness says of itself."""

    name: str
    version: str
    capabilities: frozenset[Capability]
    rejection_mode: RejectionMode
    durability_class: DurabilityClass
    concurrent_calls: bool
    mends: frozenset[str] = frozenset()


def hello_arguments() -> dict[str, Any]:
    """Return the arguments of the first request."""
    # It takes long to import, and the other end does without it.
    from importlib import metadata

    try:
        version = metadata.version("telltale-spec")
    except metadata.PackageNotFoundError:
        version = "not installed"
    return {
        "protocol": PROTOCOL,
        "specification": SPECIFICATION_VERSION,
        "runner": {"name": "telltale-conformance", "version": version},
    }


def handshake_tree(backend: Backend) -> dict[str, Any]:
    """Return what a served Python backend says of itself."""
    return {
        "protocol": PROTOCOL,
        "specification": SPECIFICATION_VERSION,
        "name": backend.name,
        "version": backend.version,
        "capabilities": sorted(each.value for each in backend.capabilities),
        "rejection_mode": backend.rejection_mode.value,
        "durability_class": backend.durability_class.value,
        "concurrent_calls": True,
        "mends": sorted(backend.mends),
    }


def handshake_of(tree: Any) -> Handshake:
    """Return the handshake of an answer, or raise :class:`MessageError`."""
    if not isinstance(tree, dict):
        raise MessageError(f"it is {tree!r}, not an object")
    for key, wanted in (("protocol", PROTOCOL), ("specification", SPECIFICATION_VERSION)):
        found = _text(tree, key)
        if found != wanted:
            raise MessageError(f"its `{key}` is `{found}`, and this runner speaks `{wanted}` only")
    name = _text(tree, "name")
    if not name:
        raise MessageError("its `name` is empty")
    concurrent_calls = tree.get("concurrent_calls", False)
    if not isinstance(concurrent_calls, bool):
        raise MessageError(f"its `concurrent_calls` is {concurrent_calls!r}, not true or false")
    handshake = Handshake(
        name,
        _text(tree, "version"),
        _capabilities(tree),
        _member(RejectionMode, "rejection_mode", _text(tree, "rejection_mode")),
        _member(DurabilityClass, "durability_class", _text(tree, "durability_class")),
        concurrent_calls,
        _mends(tree),
    )
    _check_durability(handshake)
    return handshake


def _capabilities(tree: dict[str, Any]) -> frozenset[Capability]:
    names = tree.get("capabilities")
    if not isinstance(names, list):
        raise MessageError(f"its `capabilities` are {names!r}, not a list of names")
    return frozenset(_member(Capability, "capabilities", name) for name in names)


def _mends(tree: dict[str, Any]) -> frozenset[str]:
    names = tree.get("mends", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise MessageError(f"its `mends` are {names!r}, not a list of findings")
    problem = unknown_mending(names)
    if problem is not None:
        raise MessageError(f"it {problem}")
    return frozenset(names)


def _check_durability(handshake: Handshake) -> None:
    """Hold class and capabilities together: a class is the capabilities that it needs."""
    for weaker, stronger in pairwise(
        (Capability.REOPEN, Capability.PROCESS_KILL, Capability.POWER_LOSS)
    ):
        if stronger in handshake.capabilities and weaker not in handshake.capabilities:
            raise MessageError(f"its capability `{stronger.value}` needs `{weaker.value}` too")
    declared = handshake.durability_class
    missing = declared.capabilities - handshake.capabilities
    if missing:
        names = ", ".join(sorted(each.value for each in missing))
        text = f"its `durability_class` is `{declared.value}`, which needs the capability {names}"
        raise MessageError(text)
    strongest = next(
        each for each in reversed(DurabilityClass) if each.capabilities <= handshake.capabilities
    )
    if strongest is not declared:
        raise MessageError(
            f"its `durability_class` is `{declared.value}`, and its capabilities are those of "
            f"`{strongest.value}`"
        )


def _text(tree: dict[str, Any], key: str) -> str:
    found = tree.get(key)
    if not isinstance(found, str):
        raise MessageError(f"its `{key}` is {found!r}, not a text")
    return found


MemberType = TypeVar("MemberType", Capability, RejectionMode, DurabilityClass)


def _member(kind: type[MemberType], key: str, name: object) -> MemberType:
    try:
        return kind(name)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise MessageError(f"its `{key}` has {name!r}; there are {known}") from None
