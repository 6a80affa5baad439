"""Both engines give one answer, and the answer is right where it can be worked out by hand."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from conformance.checker import plain
from conformance.checker import tables as tables_module
from conformance.checker.comparing.arbitrary import arbitrary_model
from conformance.checker.engines import ENGINES as ALL_ENGINES
from conformance.checker.engines import check_model, is_installed
from conformance.checker.model import (
    FAITHFUL,
    Action,
    GlobalAction,
    Model,
    PairProperty,
    Property,
    always,
)
from conformance.checker.plain import successors
from conformance.checker.results import Budget, Judgement, SearchResult, State
from conformance.checker.tests.toys import Process, Turn, mutual_exclusion
from conformance.errors import ModelError, UsageError

pytest.importorskip("numpy", reason="the fast engine needs NumPy")

from conformance.checker import vector

ENGINES = tuple(each for each in ALL_ENGINES if is_installed(each))


def check_sparse(
    monkeypatch: pytest.MonkeyPatch,
    model: Model,
    slots_count: int,
    engine: str = "numpy",
    **options: Any,
) -> SearchResult:
    """Search with sorted arrays, however few states are possible."""
    with monkeypatch.context() as patch:
        patch.setattr(vector, "DenseVisited", lambda _count: vector.SparseVisited())
        return check_model(model, slots_count, engine=engine, **options)


def counts(result: SearchResult) -> tuple[object, ...]:
    """All that has to be the same whichever engine searched."""
    return (
        result.judgement,
        result.states_count,
        result.transitions_count,
        result.depth,
        result.enabled_counts,
        result.stopped_because,
        [
            (each.name, each.judgement, each.checked_count, each.trace and len(each.trace.steps))
            for each in result.properties
        ],
    )


def assert_traces_can_be_walked(model: Model, result: SearchResult) -> None:
    for each in result.properties:
        if each.trace is None:
            continue
        state = each.trace.start
        assert state.shared in model.shared
        assert state.slots == model.initial_slots(result.slots_count)
        for step in each.trace.steps:
            assert step in list(successors(model, state))
            state = step.state


@pytest.mark.parametrize("engine", ENGINES)
def test_a_lock_by_hand(engine: str) -> None:
    """With the count bounded by 2 each process has 6 values, both inside is unreachable."""
    result = check_model(mutual_exclusion(), 2, engine=engine)

    # Nobody inside: 3 * 3 counts; one inside: 2 * 3 * 3.
    assert result.states_count == 9 + 18
    assert result.property("one inside").judgement is Judgement.HOLDS
    assert result.property("one inside").checked_count == 27 * 2
    trace = result.property("counts end at one").trace
    assert trace is not None
    assert [step.action for step in trace.steps] == ["take", "leave"] * 2


@pytest.mark.parametrize("engine", ENGINES)
def test_a_broken_lock_is_shown_by_a_shortest_way(engine: str) -> None:
    result = check_model(mutual_exclusion(is_broken=True), 2, engine=engine)

    trace = result.property("one inside").trace
    assert trace is not None
    assert sorted(step.action for step in trace.steps) == ["look", "look", "take", "take"]
    assert [slot.place for slot in trace.end.slots] == ["inside", "inside"]


@pytest.mark.parametrize("slots_count", [1, 2, 3])
@pytest.mark.parametrize("seed", range(40))
def test_engines_agree_on_arbitrary_models(
    seed: int, slots_count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts, depth, verdicts and lengths are equal, dense and sparse, and traces can be walked."""
    model = arbitrary_model(seed)
    answers: list[object] = []
    ways = [(engine, False) for engine in ENGINES]
    ways += [(engine, True) for engine in ENGINES if engine != "plain"]
    for engine, is_sparse in ways:
        try:
            if is_sparse:
                result = check_sparse(monkeypatch, model, slots_count, engine)
            else:
                result = check_model(model, slots_count, engine=engine)
        except ModelError as error:
            answers.append(str(error))
            continue
        assert_traces_can_be_walked(model, result)
        answers.append(counts(result))

    assert len(answers) in (3, 5)
    assert all(answer == answers[0] for answer in answers)


def test_sparse_search_is_exercised(monkeypatch: pytest.MonkeyPatch) -> None:
    """More possible states than bytes: the sorted representation gives the same answer."""
    model = mutual_exclusion(is_broken=True)
    dense = check_model(model, 5, engine="numpy")
    sparse = check_sparse(monkeypatch, model, 5)

    assert dense.visited_bytes == tables_module.tabulate(model, 5).states_max
    assert sparse.visited_bytes == 16 * sparse.states_count
    assert counts(dense) == counts(sparse)
    assert_traces_can_be_walked(model, sparse)


@pytest.mark.parametrize("seed", [2, 5, 7, 11])
@pytest.mark.parametrize("engine", ENGINES)
def test_symmetry_counts_orbits(seed: int, engine: str) -> None:
    """Each state of the reduced search stands for all orders of its slots."""
    model = mutual_exclusion(is_broken=bool(seed % 2))
    whole = check_model(model, 3, engine="plain")
    reduced = check_model(model, 3, engine=engine, symmetry=True)
    states = _reachable(model, 3)
    orbits = Counter((state.shared, tuple(sorted(map(repr, state.slots)))) for state in states)

    assert len(states) == whole.states_count
    assert reduced.states_count == len(orbits)
    assert all(
        size == math.factorial(3) // math.prod(map(math.factorial, Counter(slots).values()))
        for (_, slots), size in orbits.items()
    )
    assert [each.judgement for each in whole.properties] == [
        each.judgement for each in reduced.properties
    ]
    assert [each.trace and len(each.trace.steps) for each in whole.properties] == [
        each.trace and len(each.trace.steps) for each in reduced.properties
    ]


def _reachable(model: Model, slots_count: int) -> set[State]:
    seen = {State(shared, model.initial_slots(slots_count)) for shared in model.shared}
    waiting = list(seen)
    while waiting:
        for step in successors(model, waiting.pop()):
            if step.state not in seen:
                seen.add(step.state)
                waiting.append(step.state)
    return seen


def test_more_levels_than_a_byte_has_values() -> None:
    """A long chain: levels beyond 254 keep their places."""

    @dataclass(frozen=True)
    class Place:
        number: int

    model = Model(
        "chain",
        FAITHFUL,
        "a chain",
        (None,),
        lambda _index: Place(0),
        (
            Action(
                "on",
                ("X-1",),
                lambda _h, s: s.number < 700,
                lambda h, s: (h, Place(s.number + 1)),
            ),
        ),
        (Property("before the end", ("X-2",), "never 650", lambda _h, s: s.number != 650),),
    )
    for engine in ENGINES:
        result = check_model(model, 1, engine=engine)
        trace = result.properties[0].trace

        assert (result.states_count, result.depth) == (701, 700)
        assert trace is not None
        assert len(trace.steps) == 650


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        (Budget(states_max=5), "states were reached, the budget is 5"),
        (Budget(bytes_max=10), "bytes"),
        (Budget(seconds_max=-1.0), "the time ran out"),
    ],
)
def test_a_budget_that_ran_out_is_never_a_pass(engine: str, budget: Budget, reason: str) -> None:
    model = mutual_exclusion()
    sound = replace(model, properties=(), name="sound")
    result = check_model(sound, 2, engine=engine, budget=budget)

    assert result.judgement is Judgement.INCONCLUSIVE
    assert result.stopped_because is not None
    assert reason in result.stopped_because
    assert {each.judgement for each in result.properties} == {Judgement.INCONCLUSIVE}


def test_the_plain_search_looks_at_the_clock_within_a_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plain, "_CLOCK_EVERY", 1)
    ticks = iter(range(1_000))
    budget = Budget(seconds_max=2.5, clock=lambda: float(next(ticks)))
    result = check_model(mutual_exclusion(is_broken=True), 4, engine="plain", budget=budget)

    assert result.stopped_because == "the time ran out, the budget is 2.5 seconds"
    assert result.depth == 1


def test_memory_that_runs_out_is_never_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(vector.DenseVisited):
        def next_level(self) -> vector.Words:
            if self._next_mark == 3:
                raise MemoryError
            return super().next_level()

    monkeypatch.setattr(vector, "DenseVisited", Full)
    result = check_model(mutual_exclusion(), 2, engine="numpy")

    assert result.judgement is Judgement.INCONCLUSIVE
    assert result.stopped_because is not None
    assert result.stopped_because.startswith("the memory ran out at level 1")


def _with_action(action: Action) -> Model:
    model = mutual_exclusion()
    return replace(model, actions=(*model.actions, action))


@pytest.mark.parametrize("engine", ENGINES)
def test_an_action_that_is_never_enabled_is_an_error(engine: str) -> None:
    idle = Action("sleep", ("X-9",), lambda _h, s: s.place == "asleep", lambda h, s: (h, s))

    with pytest.raises(ModelError, match="action `sleep` is never enabled with 2 slots"):
        check_model(_with_action(idle), 2, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_property_that_is_always_vacuous_is_an_error(engine: str) -> None:
    model = mutual_exclusion()
    idle = Property("never", ("X-9",), "?", lambda _h, _s: True, lambda _h, s: s.count > 2)

    with pytest.raises(ModelError, match="property `never` is vacuous in every state"):
        check_model(replace(model, properties=(idle,)), 2, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_function_that_raises_is_named_with_its_arguments(engine: str) -> None:
    def guard(_shared: Turn, slot: Process) -> bool:
        return slot.missing == 1  # type: ignore[attr-defined, no-any-return]

    with pytest.raises(ModelError, match=r"guard of action `bad` raised AttributeError.*Turn\("):
        check_model(
            _with_action(Action("bad", ("X-9",), guard, lambda h, s: (h, s))), 2, engine=engine
        )


@pytest.mark.parametrize("engine", ENGINES)
def test_a_guard_has_to_say_yes_or_no(engine: str) -> None:
    vague = Action("vague", ("X-9",), lambda _h, s: s.count, lambda h, s: (h, s))

    with pytest.raises(ModelError, match="guard of action `vague` gave 0 instead of a bool"):
        check_model(_with_action(vague), 2, engine=engine)


def _changeable(_shared: Turn, slot: Process) -> Any:
    return [slot]


def _nothing(_shared: Turn, _slot: Process) -> Any:
    return None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda model: replace(
                model,
                actions=(Action("bad", ("X-9",), always, lambda h, s: (h, _changeable(h, s))),),
            ),
            r"effect of action `bad` gave \[Process\(.*use frozen records",
        ),
        (
            lambda model: replace(
                model, actions=(Action("bad", ("X-9",), always, lambda _h, s: ([1], s)),)
            ),
            r"effect of action `bad` gave \[1\], which cannot be kept",
        ),
        (
            lambda model: replace(model, actions=(Action("bad", ("X-9",), always, _nothing),)),
            "effect of action `bad` gave None instead of a pair",
        ),
        (
            lambda model: replace(
                model,
                global_actions=(
                    GlobalAction("bad", ("X-9",), lambda _h: True, lambda h: h, _changeable),
                ),
            ),
            "slot effect of action `bad` gave",
        ),
        (
            lambda model: replace(
                model,
                global_actions=(GlobalAction("bad", ("X-9",), lambda _h: True, lambda _h: {}),),
            ),
            r"shared effect of action `bad` gave \{\}",
        ),
        (lambda model: replace(model, shared=({},)), r"the beginning gave \{\}"),
        (
            lambda model: replace(model, slot=lambda index: [index]),
            r"the beginning gave \[0\]",
        ),
        (
            lambda model: replace(model, slot=lambda index: 1 // index),
            "the beginning of a slot raised ZeroDivisionError",
        ),
        (
            lambda model: replace(
                model,
                pair_properties=(
                    PairProperty("p", ("X-9",), "?", _changeable, lambda _a, _b: True),
                ),
            ),
            "view of property `p` gave",
        ),
    ],
)
def test_a_value_that_cannot_be_a_part_of_a_state_is_named(
    change: Callable[[Model], Model], told: str
) -> None:
    with pytest.raises(ModelError, match=told):
        check_model(change(mutual_exclusion()), 2)


def test_a_slot_that_does_not_close_names_the_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables_module, "PAIRS_MAX", 1_000)
    grow = Action(
        "grow", ("X-9",), lambda _h, _s: True, lambda h, s: (h, replace(s, count=s.count + 1))
    )

    with pytest.raises(ModelError, match=r"slot field `count` has .* values so far"):
        check_model(_with_action(grow), 2, engine="numpy")


def test_too_many_slots_for_a_word_are_refused() -> None:
    with pytest.raises(ModelError, match="do not fit in a packed state"):
        check_model(mutual_exclusion(), 40, engine="numpy")


def test_names_and_ids_are_required() -> None:
    model = mutual_exclusion()

    with pytest.raises(ModelError, match="used twice"):
        replace(model, actions=model.actions * 2)
    with pytest.raises(ModelError, match="refers to no requirement"):
        _with_action(replace(model.actions[0], name="other", ids=()))
    with pytest.raises(ModelError, match="at least 1"):
        check_model(model, 0, engine="plain")
    with pytest.raises(ModelError, match="their order matters"):
        check_model(replace(model, symmetric=False), 2, symmetry=True)
    with pytest.raises(UsageError, match="expected one of plain, numpy"):
        check_model(model, 2, engine="abacus")
