"""Walks of the bounded ``wal_sync`` and of the bounded evidence handler, as scripts.

They are those of a tour, in its order, and as many as the histories of a profile have acts; where
that is enough for it, a whole tour. Each is carried out while there is time to spare.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from conformance.backend import Backend
from conformance.checker.models.tour_handlers import Mending, mending_of, tour_handler, tour_sync
from conformance.checker.tours import HISTORY_MAX
from conformance.engine.acts import Act, act_forms
from conformance.engine.budget import Budget
from conformance.engine.scripts import Script, ScriptedPart
from conformance.machines.bounded import walks_of
from conformance.machines.tour_acts import handler_acts, sync_acts

__all__ = ["handler_walks", "sync_walks"]

SYNC_WALK: Final = "walk of the bounded wal_sync"
HANDLER_WALK: Final = "walk of the bounded evidence handler"


def sync_walks(part: type[ScriptedPart], budget: Budget) -> Iterator[Script]:
    """Yield walks that take the transitions of the bounded ``wal_sync``."""
    walks = _sync_walks(budget.histories * HISTORY_MAX)
    return _scripts(SYNC_WALK, walks, sync_acts(act_forms(part)))


def handler_walks(part: type[ScriptedPart], backend: Backend, budget: Budget) -> Iterator[Script]:
    """Yield walks that take the transitions of the bounded evidence handler."""
    walks = _handler_walks(mending_of(backend.mends), budget.histories * HISTORY_MAX)
    return _scripts(HANDLER_WALK, walks, handler_acts(act_forms(part)))


@functools.cache
def _sync_walks(acts_count: int) -> tuple[tuple[str, ...], ...]:
    return tuple(walks_of(tour_sync(), acts_count))


@functools.cache
def _handler_walks(mending: Mending, acts_count: int) -> tuple[tuple[str, ...], ...]:
    return tuple(walks_of(tour_handler(mending), acts_count))


def _scripts(
    situation: str, walks: Iterable[tuple[str, ...]], acts: Mapping[str, Act]
) -> Iterator[Script]:
    for number, walk in enumerate(walks):
        steps = tuple(acts[name] for name in walk)
        yield Script(f"walk {number}", situation, steps, is_spare=True)
