"""The hardened models, each with one mistake in one action that breaks something.

They show that a search finds what a small slip in a model does, and they are compared with other
checkers like any model: all have to find the same first violation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from conformance.checker.model import HARDENED, Action, Model
from conformance.checker.models.decisions import FINALIZED, NONE
from conformance.checker.models.effects import STEP, SYNC, Outcome
from conformance.checker.models.handles import COMPARE_AND_SWAP, SINGLE_APPEND
from conformance.checker.models.recovery import LETTERS, append
from conformance.checker.models.registry import build
from conformance.checker.models.sync_slots import Request, own_request, sync

__all__ = ["MISTAKES", "Mistake", "model_with"]


@dataclass(frozen=True)
class Mistake:
    """One mistake: in which action of which model, and what is done in place of what is right.

    ``effect`` gets what the right effect gave as well. ``slots_count`` is a bound at
    which the mistake breaks something.
    """

    name: str
    model: str
    variant: str
    action: str
    slots_count: int = 1
    guard: Callable[[Any, Any], bool] | None = None
    effect: Callable[[Any, Any, Any], Any] | None = None


def model_with(mistake: Mistake) -> Model:
    """Return the model with the mistake in it, whose variant says so."""
    model = build(mistake.model, mistake.variant)
    return replace(
        model,
        variant=f"{mistake.variant}, {mistake.name}",
        actions=tuple(
            _wrong(each, mistake) if each.name == mistake.action else each for each in model.actions
        ),
        promises=(),
    )


def _wrong(right: Action, mistake: Mistake) -> Action:
    def effect(shared: Any, slot: Any) -> tuple[Any, Any]:
        after = right.effect(shared, slot)
        if mistake.effect is None:
            return after
        wrong: tuple[Any, Any] = mistake.effect(shared, slot, after)
        return wrong

    return replace(right, guard=mistake.guard or right.guard, effect=effect)


def _appended(name: str) -> Callable[[Any, Any, Any], Any]:
    """Append an entry of recovery as another kind of entry."""
    letter = next(each for each in LETTERS if each.name == name)
    return lambda log, slot, _after: (log, append(slot, letter))


def _synced(request: Callable[[Any], Request], stored: int | None) -> Callable[..., Any]:
    return lambda tick, slot, _after: sync(tick, slot, request(slot), stored)


def _is_in_order(log: Any, _slot: Any) -> bool:
    return bool(log.in_order)


def _answered_without_asking(world: Any, caller: Any, _after: Any) -> Any:
    return world, replace(
        caller, place="answered", outcome=Outcome("success", caller.asked or STEP)
    )


def _stored_for_all(_world: Any, caller: Any, after: Any) -> Any:
    return replace(after[0], cached=caller.outcome), after[1]


MISTAKES: Final = (
    Mistake(
        "a gate is admitted at any level",
        "recovery",
        HARDENED,
        "gate at none after the checkpoint",
        guard=_is_in_order,
    ),
    Mistake(
        "a high gate is admitted at any level",
        "recovery",
        HARDENED,
        "gate at finalized after the checkpoint",
        guard=_is_in_order,
    ),
    Mistake(
        "a second outcome is admitted",
        "recovery",
        HARDENED,
        "the outcome aborted after the checkpoint",
        guard=_is_in_order,
    ),
    Mistake(
        "evidence is final without an outcome",
        "recovery",
        HARDENED,
        "evidence at finalized after the checkpoint",
        guard=_is_in_order,
    ),
    Mistake(
        "an outcome is kept as evidence",
        "recovery",
        HARDENED,
        "the outcome finalized after the checkpoint",
        effect=_appended("evidence at finalized after the checkpoint"),
    ),
    Mistake(
        "an outcome forgets that it is final",
        "recovery",
        HARDENED,
        "the outcome finalized before the checkpoint",
        effect=lambda log, slot, _after: (log, slot._replace(last_outcome="finalized")),
    ),
    Mistake(
        "that a step begins is not noted",
        "effects",
        HARDENED,
        "looks into the cache",
        2,
        effect=lambda world, _caller, after: (replace(after[0], begun=world.begun), after[1]),
    ),
    Mistake(
        "the note is taken back though nothing was stored",
        "effects",
        HARDENED,
        "cannot store the outcome",
        effect=lambda _world, _caller, after: (replace(after[0], begun=False), after[1]),
    ),
    Mistake(
        "what blocked is stored", "effects", HARDENED, "stores the outcome", effect=_stored_for_all
    ),
    Mistake(
        "a sync is not forwarded",
        "effects",
        HARDENED,
        "the outer wrapper answers",
        effect=lambda _world, _caller, after: (after[0], replace(after[1], was_reached=False)),
    ),
    Mistake(
        "an acquire is granted outside",
        "effects",
        HARDENED,
        "the outer wrapper answers",
        effect=_answered_without_asking,
    ),
    Mistake(
        "a sync is answered where a step waits",
        "effects",
        HARDENED,
        "looks into the cache",
        effect=lambda world, caller, after: (
            _answered_without_asking(world, caller, after) if caller.asked == SYNC else after
        ),
    ),
    Mistake(
        "a held lock is taken",
        "handles",
        HARDENED,
        "reads the file",
        2,
        guard=lambda _store, handle: bool(
            handle.is_alive and handle.read is None and handle.acknowledged_count < 2
        ),
    ),
    Mistake(
        "the lock is released by the read",
        "handles",
        HARDENED,
        "reads the file",
        2,
        effect=lambda _store, _handle, after: (replace(after[0], is_locked=False), after[1]),
    ),
    Mistake(
        "nothing is compared",
        "handles",
        COMPARE_AND_SWAP,
        "writes the file",
        2,
        effect=lambda store, handle, after: (
            after
            if after[1].acknowledged_count > handle.acknowledged_count
            else (
                replace(
                    store,
                    entries=tuple(
                        sorted({*handle.read, (handle.index, handle.acknowledged_count)})
                    ),
                ),
                replace(handle, read=None, acknowledged_count=handle.acknowledged_count + 1),
            )
        ),
    ),
    Mistake(
        "an append is acknowledged and left out",
        "handles",
        SINGLE_APPEND,
        "appends at the end of the file",
        2,
        effect=lambda store, handle, after: (
            store if handle.acknowledged_count else after[0],
            after[1],
        ),
    ),
    Mistake(
        "acknowledged before the sync",
        "storage",
        HARDENED,
        "acknowledges",
        guard=lambda _system, log: bool(log.crash is None and log.place in ("unsynced", "done")),
    ),
    Mistake(
        "a sync that syncs nothing",
        "storage",
        HARDENED,
        "syncs the file",
        effect=lambda system, log, after: (system, replace(after[1], on_disk=log.on_disk)),
    ),
    Mistake(
        "a new file is renamed before its sync",
        "storage",
        "rename-sync-folder",
        "renames the new file",
        guard=lambda _system, log: bool(log.crash is None and log.place in ("unsynced", "written")),
    ),
    Mistake(
        "the folder is not synced",
        "storage",
        "rename-sync-folder",
        "syncs the folder",
        effect=lambda system, log, after: (system, replace(after[1], on_disk=log.on_disk)),
    ),
    Mistake(
        "a sync forgets its evidence",
        "visibility",
        HARDENED,
        "a sync stores evidence and gate",
        effect=lambda none, _output, after: (none, replace(after[1], has_evidence=False)),
    ),
    Mistake(
        "a sync is acknowledged and not stored",
        "write-ahead",
        HARDENED,
        "a sync succeeds",
        effect=lambda tick, slot, _after: (tick, slot._replace(acknowledged_now=True)),
    ),
    Mistake(
        "a failing sync leaves its first entries",
        "write-ahead",
        HARDENED,
        "a sync fails with 0 entries stored",
        effect=_synced(own_request, 3),
    ),
    Mistake(
        "evidence is stored twice",
        "write-ahead",
        HARDENED,
        "a sync with its evidence twice succeeds",
        effect=_synced(lambda slot: own_request(slot, 2), None),
    ),
    Mistake(
        "a sync without a state is taken",
        "write-ahead",
        HARDENED,
        "a sync without a state succeeds",
        effect=_synced(lambda _slot: Request(None, None, FINALIZED, 0, "stateless"), None),
    ),
    Mistake(
        "the state of another operation is taken",
        "write-ahead",
        HARDENED,
        "a sync with the state of another operation succeeds",
        effect=_synced(lambda _slot: Request(FINALIZED, "finalized", NONE, 0, "foreign"), None),
    ),
)
"""All mistakes, in the order of the models."""
