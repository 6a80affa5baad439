"""``handles``: several handles on one stored log, each append in its smallest steps.

A slot is a handle that appends two entries of its own, or dies in between. The
faithful variant reads the file and overwrites it, as the specification's file
variants do. The others are the ways of the alternatives: a lock around both
steps (what a database transaction that begins as a writer does), a write that
succeeds only where nothing was written since the read, and a single append at
the end of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from conformance.checker.model import (
    FAITHFUL,
    HARDENED,
    Action,
    Model,
    PairProperty,
    Progress,
    Property,
)

__all__ = ["COMPARE_AND_SWAP", "SINGLE_APPEND", "Handle", "Store", "handles"]

NAME: Final = "handles"

COMPARE_AND_SWAP: Final = "compare-and-swap"
SINGLE_APPEND: Final = "single-append"

_APPENDS_MAX: Final = 2


@dataclass(frozen=True, slots=True)
class Store:
    """What is stored: entries as (handle, number), ascending; and whether a lock is held."""

    entries: tuple[tuple[int, int], ...] = ()
    is_locked: bool = False


@dataclass(frozen=True, slots=True)
class Handle:
    """One handle: how many of its appends were acknowledged, what it read, whether it lives."""

    index: int
    acknowledged_count: int = 0
    read: tuple[tuple[int, int], ...] | None = None
    is_alive: bool = True
    has_lock: bool = False


def _with_own(entries: tuple[tuple[int, int], ...], handle: Handle) -> tuple[tuple[int, int], ...]:
    return tuple(sorted({*entries, (handle.index, handle.acknowledged_count)}))


def _has_more(handle: Handle) -> bool:
    return handle.is_alive and handle.acknowledged_count < _APPENDS_MAX


def _actions(variant: str) -> Iterator[Action]:
    if variant == SINGLE_APPEND:
        yield Action(
            "appends at the end of the file",
            ("WAL-01",),
            lambda _store, handle: _has_more(handle),
            lambda store, handle: (
                replace(store, entries=_with_own(store.entries, handle)),
                replace(handle, acknowledged_count=handle.acknowledged_count + 1),
            ),
        )
    else:
        yield from _read_and_write(variant)
    yield Action(
        "dies",
        ("WAL-08",),
        lambda _store, handle: bool(handle.is_alive),
        # A lock of the operating system goes with its holder.
        lambda store, handle: (
            replace(store, is_locked=store.is_locked and not handle.has_lock),
            replace(handle, is_alive=False, has_lock=False, read=None),
        ),
    )


def _read_and_write(variant: str) -> Iterator[Action]:
    locks = variant == HARDENED

    def can_read(store: Store, handle: Handle) -> bool:
        return _has_more(handle) and handle.read is None and not store.is_locked

    def read(store: Store, handle: Handle) -> tuple[Store, Handle]:
        return (
            replace(store, is_locked=locks),
            replace(handle, read=store.entries, has_lock=locks),
        )

    def can_write(store: Store, handle: Handle) -> bool:
        return handle.read is not None

    def write(store: Store, handle: Handle) -> tuple[Store, Handle]:
        if variant == COMPARE_AND_SWAP and store.entries != handle.read:
            # Nothing is written and nothing acknowledged: the handle reads again.
            return store, replace(handle, read=None)
        known = handle.read or ()
        return (
            Store(_with_own(known, handle)),
            replace(
                handle,
                read=None,
                has_lock=False,
                acknowledged_count=handle.acknowledged_count + 1,
            ),
        )

    yield Action("reads the file", ("WAL-11",), can_read, read)
    yield Action("writes the file", ("WAL-11", "F27"), can_write, write)


def _keeps_its_own(store: Store, handle: Handle) -> bool:
    return all(
        (handle.index, number) in store.entries for number in range(handle.acknowledged_count)
    )


def _promise(variant: str) -> Progress:
    steps = ("reads the file", "writes the file")
    return Progress(
        "an append ends",
        ("WAL-01", "WAL-11"),
        "a handle that lives has all of its appends acknowledged at last",
        lambda _store, handle: _has_more(handle),
        lambda _store, handle: not _has_more(handle),
        strongly_fair=("appends at the end of the file",) if variant == SINGLE_APPEND else steps,
    )


def _is_alone_inside(left: bool, right: bool) -> bool:
    return not (left and right)


def handles(variant: str) -> Model:
    """Return the model of several handles; a slot is a handle."""
    pairs = (
        PairProperty(
            "one writer",
            ("F27",),
            "no two handles hold the lock",
            lambda _store, handle: handle.has_lock,
            _is_alone_inside,
            lambda left, _right: left,
        ),
    )
    return Model(
        NAME,
        variant,
        {
            FAITHFUL: "handles that read the file and overwrite it",
            HARDENED: "handles that hold a lock from the read to the write",
            COMPARE_AND_SWAP: "handles whose write fails where another was faster",
            SINGLE_APPEND: "handles that append to the file in one step",
        }[variant],
        (Store(),),
        lambda index: Handle(index),
        tuple(_actions(variant)),
        (
            Property(
                "acknowledged stays",
                ("F27", "WAL-01"),
                "what was acknowledged to a handle is in the store",
                _keeps_its_own,
                lambda _store, handle: handle.acknowledged_count > 0,
            ),
        ),
        pair_properties=pairs if variant == HARDENED else (),
        slots_default=2,
        symmetric=False,
        promises=(_promise(variant),),
    )
