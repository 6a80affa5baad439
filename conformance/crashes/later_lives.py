"""Whether a storage that was opened after a crash goes on as any other, for many operations.

What comes after so many entries or bytes - another file, a compaction, an index - is done by a
storage that has mended itself, too, and may rest on what the mending forgot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from conformance.crashes.conduct import Component, Deed, Problem
from conformance.crashes.oracle import Aspect, Difference, Expected, Stored
from conformance.crashes.rare import long_history
from conformance.rules.narration import difference_text
from telltale_spec.model.machine import order_error
from telltale_spec.model.operations import (
    Append,
    LoadCache,
    LoadLog,
    Operation,
    PutOutcome,
    Reopen,
)

__all__ = ["asked_again", "later_life", "wrong_in_life"]

# One more than the numbers at which most storages that do something now and then do it.
_STORES: Final = 66


def later_life(component: Component) -> tuple[Operation, ...]:
    """Return what is done behind a crash: a load, many stores, and a load behind a reopening."""
    load = LoadLog() if component is Component.LOG else LoadCache()
    history = long_history(component, 0)
    stores = (each for each in history if isinstance(each, (Append, PutOutcome)))
    return (load, *islice(stores, _STORES), load, Reopen(), load)


def asked_again(component: Component, store: Operation) -> tuple[Operation, ...]:
    """Return what is done by who never had an answer: the same store, and loads of what it gave."""
    load = LoadLog() if component is Component.LOG else LoadCache()
    return (load, store, load, Reopen(), load)


def wrong_in_life(
    component: Component, deeds: Sequence[Deed], problem: Problem | None
) -> tuple[Aspect, Difference] | None:
    """Return the first thing that is wrong in such a life, and which promise it breaks.

    How it begins is judged elsewhere: what does not open or load at first is no matter here, and
    neither is what was out of order already. A store may be refused, as what is full is; whether it
    is there all the same is no matter either.
    """
    started = next((place for place, deed in enumerate(deeds) if deed.loaded is not None), None)
    if started is None:
        return None
    first = deeds[started].loaded or ()
    if component is Component.LOG and order_error(first) is not None:
        return None
    held = Expected.exactly(component, first)
    for deed in deeds[started + 1 :]:
        wanted = f"{len(held.items) - len(first)} stores later, {deed.text}"
        if deed.loaded is not None and not held.allows(deed.loaded):
            expected = f"{wanted}: what was loaded at first, and what was stored since"
            actual = difference_text(deed.loaded, held.acknowledged)
            return Aspect.PROGRESS, Difference(expected, actual)
        if deed.entry is not None:
            held = replace(held, items=(*held.items, Stored(deed.entry, deed.accepted)))
        elif isinstance(deed.operation, Reopen) and not deed.accepted:
            return Aspect.RECOVERY, Difference(f"{wanted}: an answer", deed.answer)
    if problem is None:
        return None
    return Aspect.RECOVERY, Difference(f"{_STORES} stores and an opening", problem.text)
