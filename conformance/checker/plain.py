"""The search as one would write it on paper: the oracle of the fast engine.

It knows nothing of tables: every step calls the functions of the model on the
records themselves.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Final

from conformance.checker.calls import call, truth
from conformance.checker.model import Model
from conformance.checker.results import Budget, SearchResult, State, Step, Trace, finish

__all__ = ["PLAIN", "search", "successors"]

PLAIN: Final = "plain"

# Of a tuple, its slots and its entry in the table of visited states; measured, and good enough.
_BYTES_PER_STATE: Final = 400
_CLOCK_EVERY: Final = 256


def successors(model: Model, state: State) -> Iterator[Step]:
    """Yield every step that is possible in a state, in the order of the model."""
    for action in model.actions:
        for index, slot in enumerate(state.slots):
            what = f"action `{action.name}`"
            if truth(model.title, f"the guard of {what}", action.guard, state.shared, slot):
                shared, new = call(
                    model.title, f"the effect of {what}", action.effect, state.shared, slot
                )
                slots = (*state.slots[:index], new, *state.slots[index + 1 :])
                yield Step(action.name, index, State(shared, slots))
    for each in model.global_actions:
        what = f"action `{each.name}`"
        if not truth(model.title, f"the guard of {what}", each.guard, state.shared):
            continue
        if all(
            truth(model.title, f"the slot guard of {what}", each.slot_guard, state.shared, slot)
            for slot in state.slots
        ):
            shared = call(
                model.title, f"the shared effect of {what}", each.shared_effect, state.shared
            )
            slots = tuple(
                call(
                    model.title, f"the slot effect of {what}", each.slot_effect, state.shared, slot
                )
                for slot in state.slots
            )
            yield Step(each.name, None, State(shared, slots))


class _Search:
    def __init__(self, model: Model, slots_count: int, symmetry: bool) -> None:
        self.model = model
        self.symmetry = symmetry
        self.level_of: dict[State, int] = {}
        self.enabled = {each.name: 0 for each in model.steps}
        self.checked = {each.name: 0 for each in model.claims}
        self.broken: dict[str, tuple[int, State]] = {}
        slots = model.initial_slots(slots_count)
        self.levels = [
            list(dict.fromkeys(self.canonical(State(shared, slots)) for shared in model.shared))
        ]
        self.level_of.update((state, 0) for state in self.levels[0])

    def canonical(self, state: State) -> State:
        """Return the state itself, or the one that stands for all orders of its slots."""
        if not self.symmetry:
            return state
        return State(state.shared, tuple(sorted(state.slots, key=repr)))

    def advance(self, is_late: Callable[[], bool]) -> bool:
        """Search one level further; say whether there was time for all of it."""
        found = []
        for number, state in enumerate(self.levels[-1]):
            if number % _CLOCK_EVERY == 0 and is_late():
                return False
            self.judge(state)
            for step in successors(self.model, state):
                self.enabled[step.action] += 1
                reached = self.canonical(step.state)
                if reached not in self.level_of:
                    self.level_of[reached] = len(self.levels)
                    found.append(reached)
        self.levels.append(found)
        return True

    def judge(self, state: State) -> None:
        """Put every property to one state."""
        model, level = self.model, len(self.levels) - 1
        for each in model.properties:
            for slot in state.slots:
                arguments = (state.shared, slot)
                what = f"property `{each.name}`"
                if not truth(model.title, f"the condition of {what}", each.applies, *arguments):
                    continue
                self.checked[each.name] += 1
                if not truth(model.title, what, each.holds, *arguments):
                    self.broken.setdefault(each.name, (level, state))
        for pair in model.pair_properties:
            what = f"property `{pair.name}`"
            views = [
                call(model.title, f"the view of {what}", pair.view, state.shared, slot)
                for slot in state.slots
            ]
            for two in itertools.permutations(views, 2):
                if not truth(model.title, f"the condition of {what}", pair.applies, *two):
                    continue
                self.checked[pair.name] += 1
                if not truth(model.title, what, pair.holds, *two):
                    self.broken.setdefault(pair.name, (level, state))

    def trace(self, level: int, state: State) -> Trace:
        """Walk back through the levels to a beginning."""
        steps: list[tuple[str, int | None]] = []
        path = [state]
        for earlier in reversed(self.levels[:level]):
            before, step = next(
                (before, step)
                for before in earlier
                for step in successors(self.model, before)
                if self.canonical(step.state) == path[-1]
            )
            path.append(before)
            steps.append((step.action, step.slot))
        forwards = zip(reversed(steps), reversed(path[:-1]), strict=True)
        return Trace(path[-1], tuple(Step(*step, state) for step, state in forwards))


def search(model: Model, slots_count: int, budget: Budget, *, symmetry: bool) -> SearchResult:
    """Search all reachable states of a model, breadth first."""
    begin = budget.clock()
    run = _Search(model, slots_count, symmetry)
    stopped = None

    def is_late() -> bool:
        return budget.clock() - begin > budget.seconds_max

    while run.levels[-1]:
        states_count = sum(map(len, run.levels))
        if states_count > budget.states_max:
            stopped = f"{states_count} states were reached, the budget is {budget.states_max}"
        elif states_count * _BYTES_PER_STATE > budget.bytes_max:
            stopped = f"visited states need more than the budget of {budget.bytes_max} bytes"
        elif not run.advance(is_late):
            stopped = f"the time ran out, the budget is {budget.seconds_max:g} seconds"
        if stopped is not None:
            break
    return finish(
        model,
        slots_count,
        engine=PLAIN,
        states_count=sum(map(len, run.levels)),
        # The last level is empty, or was reached and not searched.
        depth=len(run.levels) - (2 if stopped is None else 1),
        enabled_counts=tuple(run.enabled.items()),
        checked_counts=run.checked,
        traces={name: run.trace(*found) for name, found in run.broken.items()},
        stopped_because=stopped,
        seconds=budget.clock() - begin,
        visited_bytes=len(run.level_of) * _BYTES_PER_STATE,
    )
