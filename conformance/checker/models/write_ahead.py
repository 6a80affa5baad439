"""``write-ahead``: a machine that syncs, a log, checkpoints, failing appends, crashes.

A slot is one operation: where its machine is, what its log says of it (folded
as recovery folds it), and what of this tick's sync is stored already. A sync
appends evidence, escalation, finalization and gate in this order (SYNC-04),
leaves out what it finds in the log (SYNC-05), and ends at the first append
that fails; whether a failed append was stored or not is the same as failing
one append later or earlier. A tick, a checkpoint and a crash happen to all
operations at once; a restart takes a tick. The hardened variant stores a sync
whole or not at all, refuses what does not fit, stores nothing of a settled
state twice, and recovers from the whole log. The machine-like variant does as
specified and leaves out what only a faulty caller asks for, so that what is
left can befall anyone. Identities are taken as unambiguous here (F2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from conformance.checker.model import (
    HARDENED,
    Action,
    GlobalAction,
    Model,
    Progress,
    Property,
    always,
)
from conformance.checker.models.decisions import (
    CLAUSE_SENTENCES,
    FINALIZED,
    NONE,
    Decision,
    Facts,
    clause_holds,
)
from conformance.checker.models.sync_slots import (
    ADVANCES,
    PHASES,
    Operation,
    Request,
    Tick,
    decision,
    hardened_decision,
    hardened_sync,
    new_entries,
    own_request,
    recovered_phase,
    sync,
)

__all__ = ["MACHINE_LIKE", "write_ahead"]

NAME: Final = "write-ahead"

MACHINE_LIKE: Final = "machine-like"
"""The variant without requests that no machine with an agreement state makes."""


def _machine_actions(variant: str) -> Iterator[Action]:
    def can_advance(_tick: Tick, slot: Operation) -> bool:
        return slot.is_fresh and slot.phase in ADVANCES

    def advance(tick: Tick, slot: Operation) -> tuple[Tick, Operation]:
        return tick, slot._replace(phase=ADVANCES[slot.phase])

    def abort(tick: Tick, slot: Operation) -> tuple[Tick, Operation]:
        return tick, slot._replace(phase="aborted")

    def fall_back(tick: Tick, slot: Operation) -> tuple[Tick, Operation]:
        return tick, slot._replace(phase="fallen back")

    yield Action("the machine advances", ("SYNC-06",), can_advance, advance)
    yield Action(
        "the machine aborts",
        ("SYNC-07",),
        lambda _tick, slot: bool(slot.is_fresh and slot.phase == "provisional"),
        abort,
    )
    if variant == MACHINE_LIKE:
        return
    yield Action(
        "the machine falls back",
        ("F36", "F7"),
        lambda _tick, slot: bool(slot.is_fresh and slot.phase == "finalized"),
        fall_back,
    )


def _sync_actions(variant: str) -> Iterator[Action]:
    hardened = variant == HARDENED

    def run(tick: Tick, slot: Operation, request: Request) -> tuple[Tick, Operation]:
        if hardened:
            return hardened_sync(tick, slot, request)
        return sync(tick, slot, request, None)

    yield Action(
        "a sync succeeds",
        ("SYNC-03", "SYNC-04", "SYNC-05"),
        # Behind another's request a machine waits for the next tick with its own.
        lambda _tick, slot: slot.strange_now is None,
        lambda tick, slot: run(tick, slot, own_request(slot)),
    )
    for stored in range(1 if hardened else 5):
        yield _failing_sync(stored, hardened)
    if variant == MACHINE_LIKE:
        return
    yield Action(
        "a sync with its evidence twice succeeds",
        ("SYNC-05", "F3"),
        lambda _tick, slot: bool(slot.is_fresh and slot.phase != "new"),
        lambda tick, slot: run(tick, slot, own_request(slot, 1 if hardened else 2)),
    )
    yield Action(
        "a sync without a state succeeds",
        ("SYNC-08", "F5"),
        lambda _tick, slot: bool(slot.is_fresh),
        lambda tick, slot: run(tick, slot, Request(None, None, FINALIZED, 0, "stateless")),
    )
    yield Action(
        "a sync with the state of another operation succeeds",
        ("SYNC-10", "F15"),
        lambda _tick, slot: bool(slot.is_fresh and slot.phase != "finalized"),
        lambda tick, slot: run(tick, slot, Request(FINALIZED, "finalized", NONE, 0, "foreign")),
    )


def _failing_sync(stored: int, hardened: bool) -> Action:
    def guard(_tick: Tick, slot: Operation) -> bool:
        return not slot.acknowledged_now and len(new_entries(slot, own_request(slot))) >= stored

    return Action(
        f"a sync fails with {stored} entries stored",
        ("SYNC-09", "F20"),
        always if hardened else guard,
        lambda tick, slot: sync(tick, slot, own_request(slot), stored),
    )


def _global_actions(decide: Callable[[Operation], Decision]) -> Iterator[GlobalAction]:
    def at_a_new_tick(slot: Operation) -> Operation:
        return slot._replace(
            evidence_now=0,
            outcome_now=False,
            gate_now=False,
            acknowledged_now=False,
            repeated_now=False,
            strange_now=None,
        )

    def checkpoint(_tick: Tick, slot: Operation) -> Operation:
        return slot._replace(
            checkpoint_phase=slot.phase,
            checkpoint_level=max(slot.checkpoint_level, slot.level),
            is_touched=False,
            level=NONE,
            outcome=None,
            gate_level=None,
        )

    def crash(_tick: Tick, slot: Operation) -> Operation:
        return at_a_new_tick(slot._replace(phase=recovered_phase(slot, decide(slot))))

    def a_new_tick(_tick: Tick) -> Tick:
        return Tick()

    yield GlobalAction(
        "a tick passes", ("F4",), lambda _tick: True, a_new_tick, lambda _t, s: at_a_new_tick(s)
    )
    yield GlobalAction(
        "a checkpoint is taken",
        ("RECOV-02",),
        lambda _tick: True,
        lambda _tick: Tick(True),
        checkpoint,
    )
    yield GlobalAction(
        "a crash and a recovery", ("RECOV-05",), lambda _tick: True, a_new_tick, crash
    )


_CLAUSE_IDS: Final = {
    1: ("F6",),
    2: ("F5", "F6"),
    3: ("RECOV-10",),
    4: ("RECOV-10",),
    5: ("F5", "F6"),
    6: ("F6", "F20"),
    7: ("F7", "F36"),
    8: ("F20", "F7"),
}


def _properties(decide: Callable[[Operation], Decision]) -> Iterator[Property]:
    def acknowledged(_tick: Tick, slot: Operation) -> bool:
        return slot.acknowledged_now

    yield Property(
        "write-ahead",
        ("SYNC-08", "MONITOR-01"),
        "a sync that is acknowledged has its gate in the log",
        lambda _tick, slot: bool(slot.gate_now),
        acknowledged,
    )
    yield Property(
        "once a tick",
        ("SYNC-15", "F3"),
        "no evidence is stored twice at one tick",
        lambda _tick, slot: bool(slot.evidence_now <= 1),
    )
    yield Property(
        "settled once",
        ("F4",),
        "an outcome that the log has is not stored again",
        lambda _tick, slot: not slot.repeated_now,
        lambda _tick, slot: slot.last_outcome is not None,
    )
    yield Property(
        "own state only",
        ("SYNC-10", "F15"),
        "an operation's log has no level or outcome of another one",
        lambda _tick, slot: slot.strange_now != "foreign",
    )
    yield Property(
        "no silent fall",
        ("F36",),
        "a state that is acknowledged is not below the logged level",
        lambda _tick, slot: PHASES[slot.phase][0] >= slot.escalated_level,
        acknowledged,
    )
    yield Property(
        "ended stays ended",
        ("F6", "F20"),
        "an operation whose outcome is in the log is not executed any further",
        lambda _tick, slot: decide(slot).outcome is not None,
        lambda _tick, slot: bool(slot.is_touched and slot.last_outcome is not None),
    )
    for number, sentence in CLAUSE_SENTENCES.items():

        def holds(_tick: Tick, slot: Operation, number: int = number) -> bool:
            facts = Facts(
                decide(slot),
                slot.checkpoint_level,
                slot.gate_level or NONE,
                slot.last_outcome,
                slot.is_conflicting,
            )
            return clause_holds(number, facts)

        yield Property(
            f"clause {number}",
            _CLAUSE_IDS[number],
            sentence,
            holds,
            lambda _tick, slot: bool(slot.is_touched),
        )


def _promises(variant: str) -> Iterator[Progress]:
    # Hardened, a sync is stored whole or not at all, so none is ever halfway.
    if variant != HARDENED:
        yield Progress(
            "a retry ends",
            ("SYNC-09", "F20"),
            "a sync that failed halfway is acknowledged at last, if it is asked for again",
            lambda _tick, slot: bool(not slot.acknowledged_now and not slot.is_fresh),
            lambda _tick, slot: bool(slot.acknowledged_now),
            strongly_fair=("a sync succeeds",),
        )
    yield Progress(
        "a recovery ends",
        ("RECOV-05", "F20"),
        "an operation that is in the log has its outcome there at last, if crashes end",
        lambda _tick, slot: bool(slot.is_touched and slot.last_outcome is None),
        # Hardened, what fell back below a logged level is refused until it is recovered (F36).
        lambda _tick, slot: bool(
            slot.last_outcome is not None or (variant == HARDENED and slot.phase == "fallen back")
        ),
        weakly_fair=("a tick passes",),
        strongly_fair=("the machine advances", "a sync succeeds"),
        finite=("a crash and a recovery",),
    )


def write_ahead(variant: str) -> Model:
    """Return the model of syncs, crashes and recoveries; a slot is an operation."""
    decide = hardened_decision if variant == HARDENED else decision
    return Model(
        NAME,
        variant,
        "machines that sync, appends that fail, checkpoints, ticks, crashes and recoveries",
        (Tick(),),
        lambda _index: Operation(),
        (*_machine_actions(variant), *_sync_actions(variant)),
        tuple(_properties(decide)),
        tuple(_global_actions(decide)),
        promises=tuple(_promises(variant)),
    )
