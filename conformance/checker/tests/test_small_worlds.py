"""The models of handles and of effects are abstractions of the real components."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from conformance.checker.concrete import carry_out
from conformance.checker.engines import check_model
from conformance.checker.model import FAITHFUL
from conformance.checker.models.effects import effects
from conformance.checker.models.handles import handles
from conformance.checker.plain import successors
from conformance.checker.results import State, Step
from conformance.checker.worlds.effects import EffectsWorld
from conformance.checker.worlds.handles import HandlesWorld


@pytest.mark.requirement("WAL-11")
def test_every_transition_of_two_handles_is_that_of_real_files(tmp_path: Path) -> None:
    """From every state, by a shortest way, every action leads the real files where it should."""
    model = handles(FAITHFUL)
    start = State(model.shared[0], model.initial_slots(2))
    ways: dict[State, list[Step]] = {start: []}
    folders = (tmp_path / str(number) for number in itertools.count())
    count = 0
    waiting = [start]
    for state in waiting:
        for step in successors(model, state):
            folder = next(folders)
            folder.mkdir()
            world = HandlesWorld(2, folder)
            for each in (*ways[state], step):
                world.perform(each.action, each.slot)
            assert State(world.shared(), world.slots()) == step.state
            holds = all(model.properties[0].holds(step.state.shared, s) for s in step.state.slots)
            assert (world.violations() == frozenset()) == holds
            count += 1
            if step.state not in ways:
                ways[step.state] = [*ways[state], step]
                waiting.append(step.state)
    assert count == check_model(model, 2).transitions_count


def test_a_lost_entry_is_shown_by_real_files(tmp_path: Path) -> None:
    trace = check_model(handles(FAITHFUL), 2).property("acknowledged stays").trace

    assert trace is not None
    assert carry_out(HandlesWorld(2, tmp_path), trace) == {"acknowledged stays"}


@pytest.mark.requirement("EVID-03", "EVID-04", "EVID-05", "EVID-06")
@pytest.mark.parametrize("seed", range(60))
def test_walks_of_callers_are_those_of_the_real_wrappers(seed: int) -> None:
    """Random walks of two callers: the real wrapper is where the model is after every step."""
    model = effects(FAITHFUL)
    draw = random.Random(seed)  # noqa: S311 - no secret
    shared = model.shared[seed % 4 if seed % 4 < 3 else 0]
    state = State(shared, model.initial_slots(2))
    world = EffectsWorld(2, state.shared.nesting)
    try:
        for _ in range(40):
            step = draw.choice(list(successors(model, state)))
            world.perform(step.action, step.slot)
            state = step.state
            assert State(world.shared(), world.slots()) == state
    finally:
        world.close()


def test_counterexamples_of_effects_are_shown_by_the_real_wrappers() -> None:
    """All seven properties that the model breaks are broken by real wrappers, the same way."""
    result = check_model(effects(FAITHFUL), 2)

    assert len(result.properties) == 7
    for each in result.properties:
        assert each.trace is not None
        world = EffectsWorld(2, each.trace.start.shared.nesting)
        try:
            assert each.name in carry_out(world, each.trace)
        finally:
            world.close()
