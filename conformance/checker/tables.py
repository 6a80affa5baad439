"""A model as tables of integers.

Values of the shared fields and of slots are numbered as they are found. A
*pair* is one shared value with one slot, numbered ``shared + shared_count *
slot``. What an action does is a table from pairs to pairs. Pairs are found by
closing the beginning under every action, and under what the other slots do to
the shared fields meanwhile: each slot is followed alone, so a few pairs may be
tabulated that no state has, and every pair that a state has is among them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from conformance.checker.calls import call, truth
from conformance.checker.model import GlobalAction, Model
from conformance.checker.results import State, fields_of
from conformance.errors import ModelError

__all__ = ["PAIRS_MAX", "GlobalTable", "PairTable", "Tables", "tabulate"]

PAIRS_MAX: Final = 500_000
"""The most pairs that are tabulated; beyond it a slot counts as not closing."""

_VIEWS_MAX: Final = 2_000

ValueType = TypeVar("ValueType", bound=Hashable)


class _Numbers(Generic[ValueType]):
    """Numbers for values of one model, from 0 in the order of their first use."""

    def __init__(self, model: str) -> None:
        self.values: list[ValueType] = []
        self._model = model
        self._number_of: dict[ValueType, int] = {}

    def of(self, value: ValueType, what: str) -> int:
        """Return the number of a value that ``what`` gave.

        Raises ``ModelError`` for one that can change: it cannot be told whether it was met before.
        """
        values = self.values
        try:
            number = self._number_of.setdefault(value, len(values))
        except TypeError as error:
            raise ModelError(
                self._model,
                f"{what} gave {value!r}, which cannot be kept as a part of a state ({error}); "
                "use frozen records, tuples and plain values",
            ) from error
        if number == len(values):
            values.append(value)
        return number


@dataclass(frozen=True, slots=True)
class GlobalTable:
    """One global action: the new shared number by the old one, the new slot number by pair.

    A shared number is absent where the guard does not hold, a pair where its
    slot guard does not.
    """

    name: str
    shared: dict[int, int]
    slots: dict[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class PairTable:
    """One property of two slots: the view number by pair, and what holds of two views."""

    name: str
    view_of: dict[tuple[int, int], int]
    views_count: int
    applies: frozenset[tuple[int, int]]
    broken: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Tables:
    """All of one model for one number of slots.

    ``moves`` has for each action the pairs where it is enabled and the pair it
    leads to. ``applies`` and ``broken`` have the pairs of each property.
    ``starts`` are beginnings: a shared number and the number of each slot.
    Pairs are written as (shared number, slot number).
    """

    model: Model
    slots_count: int
    shared_values: tuple[Any, ...]
    slot_values: tuple[Any, ...]
    pairs: frozenset[tuple[int, int]]
    starts: tuple[tuple[int, tuple[int, ...]], ...]
    moves: dict[str, dict[tuple[int, int], tuple[int, int]]]
    global_moves: tuple[GlobalTable, ...]
    applies: dict[str, frozenset[tuple[int, int]]]
    broken: dict[str, frozenset[tuple[int, int]]]
    pair_tables: tuple[PairTable, ...]

    @property
    def states_max(self) -> int:
        """How many states there are at most: every shared value with any slots."""
        states_max: int = len(self.shared_values) * len(self.slot_values) ** self.slots_count
        return states_max

    def state(self, shared: int, slots: tuple[int, ...]) -> State:
        """Return the state of some numbers."""
        return State(
            self.shared_values[shared], tuple(self.slot_values[number] for number in slots)
        )


class _Closure:
    """The search for all pairs of one model."""

    def __init__(self, model: Model, slots_count: int) -> None:
        self.model = model
        self.alone = slots_count == 1
        self.shared_numbers: _Numbers[Any] = _Numbers(model.title)
        self.slot_numbers: _Numbers[Any] = _Numbers(model.title)
        self.pairs: dict[tuple[int, int], None] = {}
        self.waiting: list[tuple[int, int]] = []
        self.slots_at: dict[int, list[int]] = {}
        self.shared_after: dict[int, dict[int, None]] = {}
        self.moves: dict[str, dict[tuple[int, int], tuple[int, int]]] = {
            action.name: {} for action in model.actions
        }
        self.global_moves = {
            each.name: GlobalTable(each.name, {}, {}) for each in model.global_actions
        }
        self.global_guards: dict[tuple[str, int], bool] = {}

    def add(self, shared: int, slot: int) -> None:
        pair = (shared, slot)
        if pair in self.pairs:
            return
        self.pairs[pair] = None
        if len(self.pairs) > PAIRS_MAX:
            raise ModelError(self.model.title, _growth_text(self))
        self.waiting.append(pair)

    def close(self) -> None:
        while self.waiting:
            # In the order of discovery, so that numbers and errors do not depend on anything else.
            waiting, self.waiting = self.waiting, []
            for shared, slot in waiting:
                self.slots_at.setdefault(shared, []).append(slot)
                self.act(shared, slot)
                self.act_globally(shared, slot)
                for after in list(self.shared_after.get(shared, ())):
                    self.add(after, slot)

    def act(self, shared: int, slot: int) -> None:
        values = self.shared_numbers.values[shared], self.slot_numbers.values[slot]
        for action in self.model.actions:
            what = f"action `{action.name}`"
            if not truth(self.model.title, f"the guard of {what}", action.guard, *values):
                continue
            effect = f"the effect of {what}"
            new = call(self.model.title, effect, action.effect, *values)
            if not isinstance(new, tuple) or len(new) != 2:
                raise ModelError(
                    self.model.title,
                    f"{effect} gave {new!r} instead of a pair of shared value and slot",
                )
            # What did not change is not looked up again: hashing a record takes its time.
            target = (
                shared if new[0] is values[0] else self.shared_numbers.of(new[0], effect),
                slot if new[1] is values[1] else self.slot_numbers.of(new[1], effect),
            )
            self.moves[action.name][shared, slot] = target
            self.add(*target)
            self.change_for_others(shared, target[0])

    def change_for_others(self, shared: int, after: int) -> None:
        """Note what one slot does to the shared value while others stay as they are."""
        known = self.shared_after.setdefault(shared, {})
        if self.alone or shared == after or after in known:
            return
        known[after] = None
        for slot in self.slots_at[shared]:
            self.add(after, slot)

    def act_globally(self, shared: int, slot: int) -> None:
        values = self.shared_numbers.values[shared], self.slot_numbers.values[slot]
        for each in self.model.global_actions:
            what = f"action `{each.name}`"
            if not self.is_possible(each, shared):
                continue
            if not truth(self.model.title, f"the slot guard of {what}", each.slot_guard, *values):
                continue
            table = self.global_moves[each.name]
            effect = f"the slot effect of {what}"
            new = call(self.model.title, effect, each.slot_effect, *values)
            table.slots[shared, slot] = self.slot_numbers.of(new, effect)
            self.add(table.shared[shared], table.slots[shared, slot])

    def is_possible(self, each: GlobalAction, shared: int) -> bool:
        known = self.global_guards.get((each.name, shared))
        if known is None:
            value = self.shared_numbers.values[shared]
            what = f"action `{each.name}`"
            known = truth(self.model.title, f"the guard of {what}", each.guard, value)
            self.global_guards[each.name, shared] = known
            if known:
                effect = f"the shared effect of {what}"
                new = call(self.model.title, effect, each.shared_effect, value)
                self.global_moves[each.name].shared[shared] = self.shared_numbers.of(new, effect)
        return known


def _growth_text(closure: _Closure) -> str:
    """Say which field keeps a model from closing: the one with the most values."""
    kinds = (("shared field", closure.shared_numbers), ("slot field", closure.slot_numbers))
    counts: Counter[str] = Counter()
    for kind, numbers in kinds:
        for name in fields_of(numbers.values[0]):
            seen = {fields_of(other).get(name) for other in numbers.values}
            counts[f"{kind} `{name}`"] = len(seen)
    name, count = max(counts.items(), key=lambda item: item[1])
    return (
        f"more than {PAIRS_MAX} pairs of shared value and slot were found and there may be no "
        f"end; {name} has {count} values so far: bound it, or leave it out"
    )


def tabulate(model: Model, slots_count: int) -> Tables:
    """Return the tables of a model for some number of slots.

    Raises :class:`~conformance.errors.ModelError` for a function of the model
    that raises or gives something unusable, and for slots that do not close.
    """
    closure = _Closure(model, slots_count)
    begin = "the beginning"
    slots = tuple(closure.slot_numbers.of(slot, begin) for slot in model.initial_slots(slots_count))
    # A beginning that is named twice is one.
    shared_starts = dict.fromkeys(closure.shared_numbers.of(each, begin) for each in model.shared)
    starts = tuple((shared, slots) for shared in shared_starts)
    for shared, _ in starts:
        for slot in dict.fromkeys(slots):
            closure.add(shared, slot)
    closure.close()
    applies, broken = {}, {}
    for each in model.properties:
        what = f"property `{each.name}`"
        applies[each.name] = frozenset(
            pair
            for pair, values in _valued(closure)
            if truth(model.title, f"the condition of {what}", each.applies, *values)
        )
        broken[each.name] = frozenset(
            pair
            for pair, values in _valued(closure)
            if pair in applies[each.name] and not truth(model.title, what, each.holds, *values)
        )
    return Tables(
        model=model,
        slots_count=slots_count,
        shared_values=tuple(closure.shared_numbers.values),
        slot_values=tuple(closure.slot_numbers.values),
        pairs=frozenset(closure.pairs),
        starts=starts,
        moves=closure.moves,
        global_moves=tuple(closure.global_moves.values()),
        applies=applies,
        broken=broken,
        pair_tables=tuple(_pair_tables(closure)) if slots_count > 1 else (),
    )


def _valued(closure: _Closure) -> Iterator[tuple[tuple[int, int], tuple[Any, Any]]]:
    for shared, slot in closure.pairs:
        values = closure.shared_numbers.values[shared], closure.slot_numbers.values[slot]
        yield (shared, slot), values


def _pair_tables(closure: _Closure) -> Iterator[PairTable]:
    model = closure.model
    for each in model.pair_properties:
        what = f"property `{each.name}`"
        view = f"the view of {what}"
        numbers: _Numbers[Any] = _Numbers(model.title)
        view_of = {
            pair: numbers.of(call(model.title, view, each.view, *values), view)
            for pair, values in _valued(closure)
        }
        views = numbers.values
        if len(views) > _VIEWS_MAX:
            raise ModelError(
                model.title,
                f"{what} has {len(views)} views of a slot, at most {_VIEWS_MAX} can be paired; "
                "show it less of the slot",
            )
        applies = frozenset(
            (left, right)
            for left in range(len(views))
            for right in range(len(views))
            if truth(
                model.title, f"the condition of {what}", each.applies, views[left], views[right]
            )
        )
        broken = frozenset(
            (left, right)
            for left, right in applies
            if not truth(model.title, what, each.holds, views[left], views[right])
        )
        yield PairTable(each.name, view_of, len(views), applies, broken)
