"""The model of syncs is an abstraction of the real handler, log and recovery."""

from __future__ import annotations

import functools
import random

import pytest

from conformance.checker.concrete import carry_out
from conformance.checker.engines import check_model
from conformance.checker.model import FAITHFUL
from conformance.checker.models.write_ahead import MACHINE_LIKE, write_ahead
from conformance.checker.plain import successors
from conformance.checker.results import Judgement, SearchResult, State
from conformance.checker.worlds.write_ahead import WriteAheadWorld


@functools.cache
def _result(variant: str) -> SearchResult:
    return check_model(write_ahead(variant), 1)


def _worlds(variant: str) -> dict[State, WriteAheadWorld]:
    """Return a real world for every reachable state, each by a shortest way."""
    model = write_ahead(variant)
    start = State(model.shared[0], model.initial_slots(1))
    worlds = {start: WriteAheadWorld(1)}
    waiting = [start]
    for state in waiting:
        for step in successors(model, state):
            if step.state not in worlds:
                world = worlds[state].copy()
                world.perform(step.action, step.slot)
                worlds[step.state] = world
                waiting.append(step.state)
    return worlds


def _assert_equal(world: WriteAheadWorld, state: State) -> None:
    assert State(world.shared(), world.slots()) == state
    model = write_ahead(FAITHFUL)
    broken = {
        each.name
        for each in model.properties
        for slot in state.slots
        if each.applies(state.shared, slot) and not each.holds(state.shared, slot)
    }
    assert world.violations() == broken


@pytest.mark.requirement("SYNC-03", "SYNC-04", "SYNC-05", "SYNC-06", "SYNC-08", "SYNC-09")
@pytest.mark.nightly
def test_every_transition_of_machine_like_histories_is_the_references() -> None:
    """From every state, every action leads the real world to where the model says."""
    model = write_ahead(MACHINE_LIKE)
    count = 0
    for state, world in _worlds(MACHINE_LIKE).items():
        _assert_equal(world, state)
        for step in successors(model, state):
            after = world.copy()
            after.perform(step.action, step.slot)
            assert State(after.shared(), after.slots()) == step.state
            count += 1
    assert count == _result(MACHINE_LIKE).transitions_count


@pytest.mark.nightly
@pytest.mark.requirement("SYNC-05", "SYNC-08", "SYNC-10")
def test_a_sample_of_all_transitions_is_the_references() -> None:
    """As above with every request that a caller can make; the seed is fixed."""
    model = write_ahead(FAITHFUL)
    draw = random.Random(0)  # noqa: S311 - no secret
    start = State(model.shared[0], model.initial_slots(2))
    for _ in range(300):
        state, world = start, WriteAheadWorld(2)
        for _ in range(20):
            step = draw.choice(list(successors(model, state)))
            world.perform(step.action, step.slot)
            state = step.state
            _assert_equal(world, state)


@pytest.mark.parametrize("variant", [FAITHFUL, MACHINE_LIKE])
@pytest.mark.by_day(2)
def test_counterexamples_are_shown_by_the_reference(variant: str) -> None:
    """What the model finds is carried out on the real handler and shows the same."""
    violated = [
        each for each in _result(variant).properties if each.judgement is Judgement.VIOLATED
    ]

    assert len(violated) >= 7
    for each in violated:
        assert each.trace is not None
        assert each.name in carry_out(WriteAheadWorld(1), each.trace)
