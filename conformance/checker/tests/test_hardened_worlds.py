"""The hardened components are what the hardened models are about: step and mapping commute."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.checker.model import HARDENED
from conformance.checker.models.decisions import CLAUSE_SENTENCES, Decision, clause_holds
from conformance.checker.models.effects import effects
from conformance.checker.models.recovery import (
    LETTERS,
    Letter,
    Operation,
    append,
    facts,
    recovery,
)
from conformance.checker.models.write_ahead import write_ahead
from conformance.checker.plain import successors
from conformance.checker.results import State
from conformance.checker.tables import tabulate
from conformance.checker.worlds.hardened_effects import HardenedEffectsWorld
from conformance.checker.worlds.recovery import CHECKPOINT, entry_of, slot_of
from conformance.checker.worlds.write_ahead import HardenedWriteAheadWorld, WriteAheadWorld
from conformance.rules.soundness import violations
from strategies import wal_entries
from telltale_spec.hardened.recovery import HardenedRecoveryPlan
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact

_OPERATION = "op:0"


def _plan(
    entries: list[AgreementWalEntry], checkpoint_tick: int = CHECKPOINT
) -> HardenedRecoveryPlan[None]:
    return HardenedRecoveryPlan.from_checkpoint(
        checkpoint_tick,
        None,
        AgreementWalArtifact(tuple(entries)),
        EvidenceOutcomeCacheArtifact(),
    )


def _assert_the_plan_is_the_slots(
    entries: list[AgreementWalEntry], slot: Operation, gate_before: int | None
) -> None:
    """The plan decides as the hardened rule does, and refuses what breaks a clause under it."""
    plan = _plan(entries)
    if slot.is_out_of_order:
        # What such an escalation says is of no interest to the model; the plan names it.
        is_behind = any(entry.tick > CHECKPOINT for entry in entries)
        assert (plan.decisions, len(plan.refused)) == ((), int(is_behind))
        return
    if not slot.is_touched:
        assert (plan.decisions, plan.refused) == ((), ())
        return
    decided = Decision(
        max(slot.level, slot.checkpoint_level), slot.last_outcome, slot.gate_level is not None
    )
    broken = {n for n in CLAUSE_SENTENCES if not clause_holds(n, facts(slot, decided))}
    if gate_before is not None:
        # The model forgets gates before the checkpoint; the plan holds its decisions against them.
        before = slot._replace(gate_level=max(gate_before, slot.gate_level or 0))
        crossed = Decision(decided.level, decided.outcome, True)
        broken |= {n for n in CLAUSE_SENTENCES if not clause_holds(n, facts(before, crossed))}
    if broken:
        assert [each.operation_id for each in plan.refused] == [_OPERATION]
        assert plan.decisions == ()
        return
    assert plan.refused == ()
    (decision,) = plan.decisions
    outcome = None if decision.finalization is None else decision.finalization.value
    assert Decision(decision.level.rank, outcome, decision.gate_crossed) == decided


def _grown(letters: tuple[Letter, ...]) -> tuple[list[AgreementWalEntry], Operation, int | None]:
    entries: list[AgreementWalEntry] = []
    slot, gate_before = Operation(), None
    for letter in letters:
        entries.append(entry_of(letter, _OPERATION, slot))
        slot = append(slot, letter)
        if letter.kind == "gate" and letter.side == "before":
            gate_before = max(gate_before or 0, letter.level)
    # An escalation from the last level to a lower one is out of order in the real log.
    return entries, slot_of(entries, _OPERATION), gate_before


@pytest.mark.requirement("RECOV-01", "RECOV-04", "RECOV-05")
@pytest.mark.parametrize("length", [0, 1, 2, 3])
def test_plans_of_all_short_logs_are_the_hardened_rule(length: int) -> None:
    """Every log of up to three entries, over all kinds of entries on both sides."""
    for letters in itertools.product(LETTERS, repeat=length):
        _assert_the_plan_is_the_slots(*_grown(letters))


@given(st.lists(st.sampled_from(LETTERS), max_size=12).map(tuple))
def test_plans_of_long_logs_are_the_hardened_rule(letters: tuple[Letter, ...]) -> None:
    _assert_the_plan_is_the_slots(*_grown(letters))


def test_nothing_that_the_hardened_log_admits_is_refused() -> None:
    """Every reachable value of the hardened model has a log, and a plan that decides."""
    tables = tabulate(recovery(HARDENED), 1)
    by_name = {letter.name: letter for letter in LETTERS}
    start = (tables.starts[0][0], tables.starts[0][1][0])
    ways: dict[tuple[int, int], tuple[Letter, ...]] = {start: ()}
    waiting = [start]
    for pair in waiting:
        entries, slot, gate_before = _grown(ways[pair])
        assert slot == tables.slot_values[pair[1]]
        _assert_the_plan_is_the_slots(entries, slot, gate_before)
        assert not _plan(entries).refused or slot.is_out_of_order
        for name, moves in tables.moves.items():
            target = moves.get(pair)
            if target is not None and target not in ways:
                ways[target] = (*ways[pair], by_name[name])
                waiting.append(target)
    assert len(ways) > 1_000


@settings(max_examples=300)
@given(st.lists(wal_entries(), max_size=10), st.integers(0, 12))
def test_no_decision_about_any_log_breaks_a_clause(
    entries: list[AgreementWalEntry], checkpoint_tick: int
) -> None:
    """Whatever a log holds, clauses 1 to 8 hold of every decision; the rest is refused."""
    plan = _plan(entries, checkpoint_tick)
    authoritative = [
        entry
        for entry in entries
        if not isinstance(entry, EvidenceProduced) or entry.evidence.authoritative
    ]

    assert violations(authoritative, checkpoint_tick, plan) == ()
    planned = {each.operation_id for each in plan.decisions}
    refused = {each.operation_id for each in plan.refused}
    touched = {entry.operation_id for entry in entries if entry.tick > checkpoint_tick}
    assert planned | refused == touched
    assert not planned & refused


@pytest.mark.requirement("SYNC-03", "SYNC-04", "SYNC-05", "SYNC-09")
def test_every_transition_of_one_operation_is_the_hardened_handlers() -> None:
    """From every state, every action leads real handler, log and plan to where the model says."""
    model = write_ahead(HARDENED)
    start = State(model.shared[0], model.initial_slots(1))
    worlds: dict[State, WriteAheadWorld] = {start: HardenedWriteAheadWorld(1)}
    waiting, count = [start], 0
    for state in waiting:
        for step in successors(model, state):
            world = worlds[state].copy()
            world.perform(step.action, step.slot)
            assert State(world.shared(), world.slots()) == step.state, step.action
            assert world.violations() == frozenset()
            count += 1
            if step.state not in worlds:
                worlds[step.state] = world
                waiting.append(step.state)
    assert (len(worlds), count) == (264, 2_077)


def test_walks_of_two_operations_are_the_hardened_handlers() -> None:
    model = write_ahead(HARDENED)
    draw = random.Random(0)  # noqa: S311 - no secret
    start = State(model.shared[0], model.initial_slots(2))
    for _ in range(100):
        state, world = start, HardenedWriteAheadWorld(2)
        for _ in range(25):
            step = draw.choice(list(successors(model, state)))
            world.perform(step.action, step.slot)
            state = step.state
            assert State(world.shared(), world.slots()) == state
            assert world.violations() == frozenset()


@pytest.mark.parametrize("seed", range(60))
def test_walks_of_callers_are_those_of_the_hardened_wrappers(seed: int) -> None:
    """Random walks of two callers: the real wrapper is where the model is after every step."""
    model = effects(HARDENED)
    draw = random.Random(seed)  # noqa: S311 - no secret
    shared = model.shared[seed % 4 if seed % 4 < 3 else 0]
    state = State(shared, model.initial_slots(2))
    world = HardenedEffectsWorld(2, state.shared.nesting)
    try:
        for _ in range(60):
            step = draw.choice(list(successors(model, state)))
            world.perform(step.action, step.slot)
            state = step.state
            assert State(world.shared(), world.slots()) == state, step.action
            assert world.violations() == frozenset()
    finally:
        world.close()


@given(st.lists(wal_entries(), max_size=8))
def test_evidence_without_authority_decides_nothing(entries: list[AgreementWalEntry]) -> None:
    """Decisions are those of the log without such evidence, where its operation has more (F25)."""
    kept = [
        entry
        for entry in entries
        if not isinstance(entry, EvidenceProduced) or entry.evidence.authoritative
    ]
    whole = {each.operation_id: each for each in _plan(entries, 0).decisions}
    for decision in _plan(kept, 0).decisions:
        assert whole[decision.operation_id] == decision


def test_a_gate_before_the_checkpoint_is_not_forgotten() -> None:
    gate = Letter("gate", "before", 1)
    entries, _, _ = _grown((gate, Letter("evidence", "after", 1)))
    plan = _plan(entries)

    assert isinstance(entries[0], VisibilityGateCrossing)
    assert not any(isinstance(entry, Escalation) for entry in entries)
    assert "run again" in plan.refused[0].reason
