"""Ways that never end: found where there are any, fair, and those of the real components."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from conformance.__main__ import main
from conformance.checker.comparing.arbitrary import arbitrary_model
from conformance.checker.components import components
from conformance.checker.concrete import carry_out
from conformance.checker.expected_progress import (
    EXPECTED_PROGRESS,
    ExpectedProgress,
    progress_differences,
)
from conformance.checker.model import FAITHFUL, HARDENED, Action, GlobalAction, Model, Progress
from conformance.checker.models.effects import Outcome, effects
from conformance.checker.models.handles import handles
from conformance.checker.models.registry import build
from conformance.checker.models.write_ahead import MACHINE_LIKE, write_ahead
from conformance.checker.plain import successors
from conformance.checker.progress import check_progress
from conformance.checker.promises import Lasso
from conformance.checker.results import Budget, Judgement, State, Step, Trace
from conformance.checker.worlds.effects import EffectsWorld
from conformance.errors import ModelError

_QUICK = [each for each in EXPECTED_PROGRESS if each.states_count < 30_000]


@pytest.mark.parametrize(
    "expected", _QUICK, ids=lambda each: f"{each.model}-{each.variant}-{each.slots_count}"
)
def test_promises_are_as_the_table_has_them(expected: ExpectedProgress) -> None:
    model = build(expected.model, expected.variant)
    search = check_progress(model, expected.slots_count)

    assert list(progress_differences(search)) == []
    for each in search.promises:
        if each.lasso is not None:
            _check_lasso(model, each.name, each.lasso)


def _promise(model: Model, name: str) -> Progress:
    return next(each for each in model.promises if each.name == name)


def _check_lasso(model: Model, name: str, lasso: Lasso) -> None:
    """The way is one of the model, its end comes back, and everybody is treated fairly on it."""
    promise = _promise(model, name)
    states = [lasso.stem.start]
    for step in (*lasso.stem.steps, *lasso.cycle):
        assert step in list(successors(model, states[-1]))
        states.append(step.state)
    end = lasso.stem.end
    assert states[-1] == end
    repeated = [end, *(step.state for step in lasso.cycle)]
    owing = [index for index, slot in enumerate(end.slots) if not promise.paid(end.shared, slot)]
    assert any(
        _owes(promise, index, states)
        and not any(promise.paid(state.shared, state.slots[index]) for state in repeated)
        for index in owing
    )
    taken = {(step.action, step.slot) for step in lasso.cycle}
    assert not {action for action, _ in taken} & set(promise.finite)
    enabled = [
        {(step.action, step.slot) for step in successors(model, state)} for state in repeated
    ]
    for each in set().union(*enabled) - taken:
        if each[0] in promise.strongly_fair:
            pytest.fail(f"{each} is possible again and again and never taken")
        if each[0] in promise.weakly_fair:
            assert any(each not in those for those in enabled), f"{each} stays possible"


def _owes(promise: Progress, index: int, states: list[State]) -> bool:
    is_owed = False
    for state in states:
        values = (state.shared, state.slots[index])
        is_owed = not promise.paid(*values) and (is_owed or promise.owed(*values))
    return is_owed


# A search as one would write it on paper: every set of states that could be the repeated one.


def _is_broken(model: Model, promise: Progress) -> bool:
    nodes: dict[tuple[State, bool], list[Step]] = {}

    def node(state: State, was_owed: bool) -> tuple[State, bool]:
        values = (state.shared, state.slots[0])
        return state, not promise.paid(*values) and (was_owed or promise.owed(*values))

    waiting = [node(State(shared, model.initial_slots(1)), False) for shared in model.shared]
    while waiting:
        state, is_owed = waiting.pop()
        if (state, is_owed) not in nodes:
            nodes[state, is_owed] = steps = list(successors(model, state))
            waiting += [node(step.state, is_owed) for step in steps]
    owing = {state: steps for (state, is_owed), steps in nodes.items() if is_owed}
    assert len(owing) <= 12
    return any(
        _may_be_repeated(promise, {state: owing[state] for state in chosen})
        for size in range(1, len(owing) + 1)
        for chosen in itertools.combinations(owing, size)
    )


def _may_be_repeated(promise: Progress, steps: dict[State, list[Step]]) -> bool:
    inner = {
        state: [step for step in each if step.state in steps and step.action not in promise.finite]
        for state, each in steps.items()
    }
    taken = {step.action for each in inner.values() for step in each}
    if len(steps) > 1 and not all(set(steps) == _reached(inner, state) for state in steps):
        return False
    enabled = [{step.action for step in each} for each in steps.values()]
    if not taken:
        return not enabled[0] & {*promise.weakly_fair, *promise.strongly_fair}
    return not any(
        name in set().union(*enabled) - taken for name in promise.strongly_fair
    ) and not any(
        name not in taken and all(name in each for each in enabled) for name in promise.weakly_fair
    )


def _reached(inner: dict[State, list[Step]], begin: State) -> set[State]:
    found: set[State] = set()
    waiting = [step.state for step in inner[begin]]
    while waiting:
        state = waiting.pop()
        if state not in found:
            found.add(state)
            waiting += [step.state for step in inner[state]]
    return found


def _with_an_arbitrary_promise(seed: int) -> Model:
    model = arbitrary_model(seed)
    draw = random.Random(f"promise {seed}")  # noqa: S311 - no secret
    names = [step.name for step in model.steps]
    finite = draw.sample(names, draw.randint(0, len(names) // 2))
    fair = [name for name in names if name not in finite]
    weak = tuple(name for name in fair if draw.random() < 0.5)
    strong = tuple(name for name in fair if name not in weak and draw.random() < 0.8)
    owed, paid = draw.randrange(6), draw.randrange(6)
    promise = Progress(
        "p",
        ("X-1",),
        "arbitrary",
        lambda h, s: owed in (s.number, 0) or h.number == owed,
        lambda _h, s: s.number in (paid, 1),
        weak,
        strong,
        tuple(finite),
    )
    return replace(model, properties=(), pair_properties=(), promises=(promise,))


def test_arbitrary_graphs_are_judged_as_every_set_of_their_states_is() -> None:
    """Weakly fair, strongly fair and finite actions of every kind, and ways that end."""
    judged = {Judgement.HOLDS: 0, Judgement.VIOLATED: 0}
    at_rest = 0
    for seed in range(800):
        model = _with_an_arbitrary_promise(seed)
        try:
            (result,) = check_progress(model, 1).promises
        except ModelError:
            # It is never owed.
            continue
        if result.owed_count > 12:
            continue
        assert (result.judgement is Judgement.VIOLATED) == _is_broken(model, model.promises[0])
        judged[result.judgement] += 1
        if result.lasso is not None:
            _check_lasso(model, "p", result.lasso)
            at_rest += not result.lasso.cycle
    assert min(judged.values()) > 50
    assert at_rest > 10


def test_lassos_of_two_arbitrary_slots_are_fair_to_both() -> None:
    found = 0
    for seed in range(120):
        model = replace(_with_an_arbitrary_promise(seed), symmetric=seed % 2 == 0)
        try:
            (result,) = check_progress(model, 2).promises
        except ModelError:
            continue
        if result.lasso is not None:
            found += 1
            _check_lasso(model, "p", result.lasso)
    assert found > 20


@dataclass(frozen=True)
class Light:
    is_on: bool = False


def _switch(**assumptions: tuple[str, ...]) -> Model:
    """One slot waits while the shared light goes on and off."""
    return Model(
        "switch",
        FAITHFUL,
        "a light, and who goes when it is on",
        (Light(),),
        lambda _index: False,
        (
            Action("switches", ("X-1",), lambda _h, s: not s, lambda h, s: (Light(not h.is_on), s)),
            Action("goes", ("X-1",), lambda h, s: h.is_on and not s, lambda h, _s: (h, True)),
        ),
        (),
        promises=(
            Progress(
                "p", ("X-1",), "everybody goes", lambda _h, _s: True, lambda _h, s: s, **assumptions
            ),
        ),
    )


@pytest.mark.parametrize(
    ("assumptions", "cycle"),
    [
        # Nothing has to happen, so it stays dark.
        ({}, []),
        ({"weakly_fair": ("goes",)}, []),
        # It is possible to go again and again, but never for long.
        ({"weakly_fair": ("goes", "switches")}, ["switches", "switches"]),
        ({"strongly_fair": ("switches",)}, ["switches", "switches"]),
        ({"strongly_fair": ("goes",), "weakly_fair": ("switches",)}, None),
        # It may have been switched on for the last time, or never.
        ({"weakly_fair": ("goes",), "finite": ("switches",)}, []),
    ],
)
def test_what_is_assumed_decides(
    assumptions: dict[str, tuple[str, ...]], cycle: list[str] | None
) -> None:
    (result,) = check_progress(_switch(**assumptions), 1).promises

    if cycle is None:
        assert result.judgement is Judgement.HOLDS
    else:
        assert result.lasso is not None
        assert [step.action for step in result.lasso.cycle] == cycle


# Seeded faults: each is a hang, a livelock or a starvation that no property of a state shows.


def _changed(model: Model, name: str, **changes: Any) -> Model:
    actions = tuple(
        replace(each, **changes) if each.name == name else each for each in model.actions
    )
    assert actions != model.actions
    return replace(model, actions=actions)


def _lock_kept_by_the_dead() -> Model:
    return _changed(
        handles(HARDENED),
        "dies",
        effect=lambda store, handle: (store, replace(handle, is_alive=False, read=None)),
    )


def _lock_kept_after_a_failed_store() -> Model:
    model = effects(HARDENED)
    failing = next(each for each in model.actions if each.name == "cannot store the outcome")

    def keep(world: Any, caller: Any) -> tuple[Any, Any]:
        after, answered = failing.effect(world, caller)
        return replace(after, is_held=world.is_held), answered

    return _changed(model, failing.name, effect=keep)


def _blocked_stored() -> Model:
    model = effects(HARDENED)
    storing = next(each for each in model.actions if each.name == "stores the outcome")

    def store(world: Any, caller: Any) -> tuple[Any, Any]:
        after, answered = storing.effect(world, caller)
        return (
            replace(after, cached=caller.outcome) if caller.asked == "step" else after
        ), answered

    return _changed(model, storing.name, effect=store)


def _writer_who_never_wins() -> Model:
    """Compare-and-swap that notes a failed attempt in the store, so that each spoils another's."""
    model = handles("compare-and-swap")

    def write(store: Any, handle: Any) -> tuple[Any, Any]:
        return store, replace(handle, read=None)

    return _changed(model, "writes the file", effect=write)


def _sync_that_forgets_the_outcome() -> Model:
    model = write_ahead(HARDENED)
    syncing = next(each for each in model.actions if each.name == "a sync succeeds")

    def forget(tick: Any, slot: Any) -> tuple[Any, Any]:
        after, synced = syncing.effect(tick, slot)
        return after, synced if slot.phase != "finalized" else slot

    return _changed(model, syncing.name, effect=forget)


def _recovery_without_a_retry() -> Model:
    model = write_ahead(MACHINE_LIKE)
    advancing = next(each for each in model.actions if each.name == "the machine advances")
    return _changed(
        model,
        advancing.name,
        # A machine that was recovered waits for somebody.
        guard=lambda tick, slot: advancing.guard(tick, slot) and not slot.is_touched,
    )


@pytest.mark.parametrize(
    ("model", "name", "slots_count"),
    [
        (_lock_kept_by_the_dead(), "an append ends", 2),
        (_lock_kept_after_a_failed_store(), "a retry ends", 2),
        (_blocked_stored(), "a retry ends", 1),
        (_writer_who_never_wins(), "an append ends", 2),
        (_sync_that_forgets_the_outcome(), "a recovery ends", 1),
        (_recovery_without_a_retry(), "a recovery ends", 1),
    ],
    ids=[
        "a lock kept by the dead",
        "a lock kept after a failed store",
        "blocked stored",
        "a writer who never wins",
        "a sync that forgets the outcome",
        "a recovery that waits",
    ],
)
def test_a_seeded_fault_is_a_promise_that_is_not_kept(
    model: Model, name: str, slots_count: int
) -> None:
    result = check_progress(model, slots_count).promise(name)

    assert result.judgement is Judgement.VIOLATED
    assert result.lasso is not None
    _check_lasso(model, name, result.lasso)


def _weaker(promise: Progress) -> Iterator[tuple[str, Progress]]:
    """Yield the promise without each of its assumptions."""

    def without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
        return tuple(each for each in names if each != name)

    for name in promise.weakly_fair:
        yield name, replace(promise, weakly_fair=without(promise.weakly_fair, name))
    for name in promise.strongly_fair:
        yield name, replace(promise, strongly_fair=without(promise.strongly_fair, name))
    for name in promise.finite:
        yield name, replace(promise, finite=without(promise.finite, name))


@pytest.mark.parametrize(
    ("model", "slots_count"),
    [
        (effects(HARDENED), 2),
        (handles(HARDENED), 2),
        (handles("single-append"), 2),
        (write_ahead(HARDENED), 1),
        (write_ahead(MACHINE_LIKE), 1),
    ],
    ids=["effects", "handles", "handles-single-append", "write-ahead", "write-ahead-machine-like"],
)
def test_every_assumption_is_needed(model: Model, slots_count: int) -> None:
    """Without any one of them the promise is not kept: it claims no less than it could."""
    for promise in model.promises:
        for name, weaker in _weaker(promise):
            search = check_progress(replace(model, promises=(weaker,)), slots_count)
            assert search.judgement is Judgement.VIOLATED, (promise.name, name)


@pytest.mark.requirement("EVID-05")
def test_a_retry_without_end_is_that_of_the_real_wrapper() -> None:
    """F11: who asks again is told of the block from the cache, however often; no effect is run."""
    lasso = check_progress(effects(FAITHFUL), 2).promise("a retry ends").lasso
    assert lasso is not None
    world = EffectsWorld(2, lasso.stem.start.shared.nesting)
    try:
        carry_out(world, lasso.stem)
        for _ in range(3):
            carry_out(world, Trace(lasso.stem.end, lasso.cycle))
            assert State(world.shared(), world.slots()) == lasso.stem.end
        assert world.shared().cached == Outcome("blocked", "step")
        assert world.shared().runs_count == 0
    finally:
        world.close()


def test_the_beginning_of_a_promise_says_what_is_wrong_with_it() -> None:
    model = _switch()
    (promise,) = model.promises
    with pytest.raises(ModelError, match="action `gone`, which there is not"):
        replace(model, promises=(replace(promise, weakly_fair=("gone",)),))
    with pytest.raises(ModelError, match="that it is taken no more"):
        replace(model, promises=(replace(promise, weakly_fair=("goes",), finite=("goes",)),))
    with pytest.raises(ModelError, match="refers to no requirement"):
        replace(model, promises=(replace(promise, ids=()),))
    with pytest.raises(ModelError, match="never owed with 1 slots"):
        check_progress(replace(model, promises=(replace(promise, paid=lambda _h, _s: True),)), 1)
    with pytest.raises(ModelError, match="promises nothing"):
        check_progress(replace(model, promises=()), 1)


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        (Budget(states_max=100), "the budget is 100"),
        (Budget(bytes_max=1_000), "budget of 1000 bytes"),
        (Budget(seconds_max=1.0, clock=iter(range(10_000)).__next__), "the time ran out"),
    ],
)
def test_a_budget_that_runs_out_is_no_verdict(budget: Budget, told: str) -> None:
    search = check_progress(effects(FAITHFUL), 2, budget=budget)

    assert search.judgement is Judgement.INCONCLUSIVE
    assert search.stopped_because is not None
    assert told in search.stopped_because
    assert [each.judgement for each in search.promises] == [Judgement.INCONCLUSIVE]


def test_components_are_those_that_lead_to_each_other() -> None:
    for seed in range(60):
        draw = random.Random(seed)  # noqa: S311 - no secret
        count = draw.randint(1, 9)
        edges = {
            state: [draw.randrange(count) for _ in range(draw.randint(0, 2))]
            for state in range(count)
        }
        reached = {state: {state} | set(_walked(edges, state)) for state in edges}
        wanted = {
            frozenset(
                other for other in edges if other in reached[state] and state in reached[other]
            )
            for state in edges
        }
        found = list(components(edges))
        assert set(found) == wanted
        assert len(found) == len(wanted)


def _walked(edges: dict[int, list[int]], begin: int) -> Iterator[int]:
    seen: set[int] = set()
    waiting = list(edges[begin])
    while waiting:
        state = waiting.pop()
        if state not in seen:
            seen.add(state)
            yield state
            waiting += edges[state]


def test_a_way_as_long_as_a_model_is_no_recursion() -> None:
    edges = {state: [state + 1] for state in range(50_000)} | {50_000: [0]}

    assert [len(each) for each in components(edges)] == [50_001]


def test_the_command_shows_the_way_and_what_is_repeated(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "progress.json"

    assert main(["model", "progress", "effects", "--bound", "1", "--json", str(file)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "    and then again and again:" in lines
    assert sum("looks into the cache" in line for line in lines) == 3
    (result,) = json.loads(file.read_text())["results"]
    (promise,) = result["promises"]
    assert promise["ids"] == ["F11", "EVID-05"]
    assert [step["action"] for step in promise["lasso"]["cycle"]] == [
        "looks into the cache",
        "asks again",
    ]
    assert main(["model", "progress", "effects", "--hardened", "--bound", "1"]) == 0


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["recovery"], 2, "it promises nothing that takes time"),
        (["nothing"], 2, "nothing"),
        (["--variant", "nothing"], 2, "no model has the variant `nothing`"),
        (["effects", "--expected"], 2, "--expected is for the whole table"),
        (["effects", "--states-max", "10"], 3, "the budget is 10"),
    ],
)
def test_the_command_says_why_there_is_no_verdict(
    arguments: list[str], status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "progress", *arguments]) == status
    captured = capsys.readouterr()
    assert told in captured.out + captured.err


def test_a_global_action_may_be_fair_too() -> None:
    """Its guard is of all slots, and it is owed to nobody in particular."""
    base = _switch()
    model = replace(
        base,
        global_actions=(
            GlobalAction("all go", ("X-1",), lambda h: h.is_on, lambda h: h, lambda _h, _s: True),
        ),
        promises=(replace(base.promises[0], weakly_fair=("switches",), strongly_fair=("all go",)),),
    )

    assert check_progress(model, 2).judgement is Judgement.HOLDS
    weaker = replace(model.promises[0], strongly_fair=(), weakly_fair=("switches", "all go"))
    assert check_progress(replace(model, promises=(weaker,)), 2).judgement is Judgement.VIOLATED
