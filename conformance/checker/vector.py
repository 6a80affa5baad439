"""The fast engine: the same search as arrays of packed states.

A state is one integer, ``shared + shared_count * (slot 0 + slot_count * (slot 1
+ ..))``. An action of slot *i* adds a number that depends on the pair of that
slot alone, so that a whole level advances by one look-up and one addition an
action and slot, and no state is touched by Python code.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy
import numpy.typing

from conformance.checker.model import Model
from conformance.checker.results import Budget, SearchResult, Step, Trace, finish
from conformance.checker.tables import GlobalTable, Tables, tabulate
from conformance.checker.visited import DenseVisited, SparseVisited, Visited, Words
from conformance.errors import ModelError

__all__ = ["VECTOR", "DenseVisited", "SparseVisited", "Words", "search"]

VECTOR: Final = "numpy"

_CHUNK: Final = 1 << 17
_WORD_MAX: Final = 2**62

Numbers: TypeAlias = numpy.typing.NDArray[numpy.int64]
_Pair: TypeAlias = tuple[int, int]


class _Arrays:
    """Tables as arrays over pair numbers."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.shared_count = len(tables.shared_values)
        self.slot_count = len(tables.slot_values)
        self.pairs_count = self.shared_count * self.slot_count
        self.weights: list[int] = [
            self.shared_count * self.slot_count**index for index in range(tables.slots_count)
        ]
        self.moves = [self._distinct_moves(weight) for weight in self.weights]
        self.global_moves = [self._global_move(each) for each in tables.global_moves]

    def number(self, pair: tuple[int, int]) -> int:
        return pair[0] + self.shared_count * pair[1]

    def mask(self, pairs: frozenset[tuple[int, int]]) -> numpy.typing.NDArray[numpy.bool_]:
        mask = numpy.zeros(self.pairs_count, dtype=numpy.bool_)
        mask[[self.number(pair) for pair in sorted(pairs)]] = True
        return mask

    def _distinct_moves(self, weight: int) -> list[Numbers]:
        """Return what to add for the first, second, .. distinct move of each pair; 0 for none.

        Which action leads there is of no interest to the search, and neither is
        one that changes nothing.
        """
        ways: dict[tuple[int, int], dict[tuple[int, int], None]] = {}
        for move in self.tables.moves.values():
            for pair, target in move.items():
                if pair != target:
                    ways.setdefault(pair, {})[target] = None
        rows = max(map(len, ways.values()), default=0)
        arrays = [numpy.zeros(self.pairs_count, dtype=numpy.int64) for _ in range(rows)]
        for pair, targets in ways.items():
            for row, target in enumerate(targets):
                added = target[0] - pair[0] + weight * (target[1] - pair[1])
                arrays[row][self.number(pair)] = added
        return arrays

    def _global_move(self, table: GlobalTable) -> tuple[Numbers, Numbers]:
        """Return new shared number by shared number and new slot number by pair; -1 for none."""
        shared = numpy.full(self.shared_count, -1, dtype=numpy.int64)
        slots = numpy.full(self.pairs_count, -1, dtype=numpy.int64)
        for before, after in table.shared.items():
            shared[before] = after
        for pair, slot in table.slots.items():
            slots[self.number(pair)] = slot
        return shared, slots

    def pairs_of(self, words: Words) -> tuple[Numbers, list[Numbers]]:
        """Return the shared number of each word, and the pair number of each of its slots."""
        rest = words // self.shared_count
        shared = words - rest * self.shared_count
        pairs = []
        for index in range(self.tables.slots_count):
            last = index == self.tables.slots_count - 1
            higher = rest if last else rest // self.slot_count
            slot = rest if last else rest - higher * self.slot_count
            pairs.append(shared + slot * self.shared_count)
            rest = higher
        return shared, pairs

    def pack(self, shared: int, slots: tuple[int, ...]) -> int:
        """Return the word of some numbers."""
        word = shared
        for weight, slot in zip(self.weights, slots, strict=True):
            word += weight * slot
        return word

    def unpack(self, word: int) -> tuple[int, tuple[int, ...]]:
        """Return the shared number and the slot numbers of a word."""
        rest, shared = divmod(word, self.shared_count)
        slots = []
        for _ in range(self.tables.slots_count):
            rest, slot = divmod(rest, self.slot_count)
            slots.append(slot)
        return shared, tuple(slots)

    def apply_globally(
        self, move: tuple[Numbers, Numbers], shared: Numbers, pairs: list[Numbers]
    ) -> tuple[Words, numpy.typing.NDArray[numpy.bool_]]:
        """Return where a global action leads, and in which states it is enabled."""
        new_shared = move[0][shared]
        enabled = new_shared >= 0
        target = new_shared.copy()
        for pair, weight in zip(pairs, self.weights, strict=True):
            new_slot = move[1][pair]
            enabled &= new_slot >= 0
            target += weight * new_slot
        return target[enabled], enabled


class _Counts:
    """How often pairs, and pairs of views, were met in reached states."""

    def __init__(self, arrays: _Arrays) -> None:
        tables = arrays.tables
        self.arrays = arrays
        self.pairs: Numbers = numpy.zeros(arrays.pairs_count, dtype=numpy.int64)
        self.globals = [0] * len(tables.global_moves)
        self.views = []
        self.view_counts = []
        for each in tables.pair_tables:
            view_of = numpy.zeros(arrays.pairs_count, dtype=numpy.int64)
            for pair, view in each.view_of.items():
                view_of[arrays.number(pair)] = view
            self.views.append(view_of)
            self.view_counts.append(numpy.zeros(each.views_count**2, dtype=numpy.int64))
        self.broken = {name: arrays.mask(pairs) for name, pairs in tables.broken.items()}
        self.broken_views = {}
        for each in tables.pair_tables:
            mask = numpy.zeros(each.views_count**2, dtype=numpy.bool_)
            mask[[left * each.views_count + right for left, right in sorted(each.broken)]] = True
            self.broken_views[each.name] = mask
        self.found: dict[str, int] = {}

    def take(self, words: Words, pairs: list[Numbers]) -> dict[str, int]:
        """Count some states; return the first of them that breaks each property for the first time.

        First is the state of the lowest word.
        """
        found = {}
        counted = numpy.zeros_like(self.pairs)
        for pair in pairs:
            counted += numpy.bincount(pair, minlength=self.pairs.size)
        self.pairs += counted
        for name, mask in self.broken.items():
            if name not in self.found and counted[mask].any():
                found[name] = int(words[numpy.any([mask[pair] for pair in pairs], axis=0)].min())
        for index, table in enumerate(self.arrays.tables.pair_tables):
            mask = self.broken_views[table.name]
            for two in self._pairs_of_views(index, table.views_count, pairs):
                counts = numpy.bincount(two, minlength=mask.size)
                self.view_counts[index] += counts
                if table.name not in self.found and numpy.any(counts[mask]):
                    lowest = int(words[mask[two]].min())
                    found[table.name] = min(lowest, found.get(table.name, lowest))
        return found

    def _pairs_of_views(
        self, index: int, views_count: int, pairs: list[Numbers]
    ) -> Iterator[Numbers]:
        views = [self.views[index][pair] for pair in pairs]
        for left in range(len(views)):
            for right in range(len(views)):
                if left != right:
                    yield views[left] * views_count + views[right]

    def enabled(self) -> tuple[tuple[str, int], ...]:
        """Return how often each action was enabled."""
        tables = self.arrays.tables
        local = [
            (name, sum(int(self.pairs[self.arrays.number(pair)]) for pair in move))
            for name, move in tables.moves.items()
        ]
        return (
            *local,
            *((each.name, n) for each, n in zip(tables.global_moves, self.globals, strict=True)),
        )

    def checked(self) -> dict[str, int]:
        """Return how often each property was not vacuous."""
        tables = self.arrays.tables
        checked = {
            name: int(self.pairs[self.arrays.mask(pairs)].sum())
            for name, pairs in tables.applies.items()
        }
        for table, counts in zip(tables.pair_tables, self.view_counts, strict=True):
            checked[table.name] = sum(
                int(counts[left * table.views_count + right]) for left, right in table.applies
            )
        return checked | {
            each.name: 0 for each in tables.model.pair_properties if each.name not in checked
        }


class _Search:
    def __init__(self, tables: Tables, budget: Budget, symmetry: bool, begin: float) -> None:
        if tables.states_max > _WORD_MAX:
            raise ModelError(
                tables.model.title,
                f"{tables.slots_count} slots of {len(tables.slot_values)} values do not fit in a "
                "packed state; use fewer slots",
            )
        self.tables = tables
        self.budget = budget
        self.begin = begin
        self.symmetry = symmetry and tables.slots_count > 1
        self.arrays = _Arrays(tables)
        self.counts = _Counts(self.arrays)
        self.visited: Visited = (
            DenseVisited(tables.states_max)
            if tables.states_max <= budget.bytes_max
            else SparseVisited()
        )
        starts = [self.arrays.pack(shared, slots) for shared, slots in tables.starts]
        self.visited.add(self.canonical(numpy.array(starts, dtype=numpy.int64)))
        self.broken: dict[str, tuple[int, int]] = {}
        self.states_count = 0
        self.level = 0

    def canonical(self, words: Words) -> Words:
        """Return words whose slots are in order, if the order of slots is of no interest."""
        if not self.symmetry:
            return words
        arrays = self.arrays
        rest = words // arrays.shared_count
        result = words - rest * arrays.shared_count
        slots = numpy.empty((arrays.tables.slots_count, words.size), dtype=numpy.int64)
        for index in range(arrays.tables.slots_count):
            higher = rest // arrays.slot_count
            slots[index] = rest - higher * arrays.slot_count
            rest = higher
        slots.sort(axis=0)
        for slot, weight in zip(slots, arrays.weights, strict=True):
            result += slot * weight
        return result

    def over_budget(self, states_count: int) -> str | None:
        if states_count > self.budget.states_max:
            return f"{states_count} states were reached, the budget is {self.budget.states_max}"
        if self.visited.bytes_count > self.budget.bytes_max:
            return (
                f"visited states take {self.visited.bytes_count} bytes, "
                f"the budget is {self.budget.bytes_max}"
            )
        if self.budget.clock() - self.begin > self.budget.seconds_max:
            return f"the time ran out, the budget is {self.budget.seconds_max:g} seconds"
        return None

    def run(self) -> str | None:
        """Search; return why it ended early, if it did."""
        frontier = self.visited.next_level()
        self.states_count = frontier.size
        while True:
            stopped = self.over_budget(self.states_count)
            if stopped is not None:
                return stopped
            first: dict[str, int] = {}
            for begin in range(0, frontier.size, _CHUNK):
                for name, word in self.advance(frontier[begin : begin + _CHUNK]).items():
                    first[name] = min(word, first.get(name, word))
                if self.budget.clock() - self.begin > self.budget.seconds_max:
                    self.note(first, self.level)
                    return self.over_budget(self.states_count)
            self.note(first, self.level)
            frontier = self.visited.next_level()
            if frontier.size == 0:
                return None
            self.states_count += frontier.size
            self.level += 1

    def note(self, first: dict[str, int], level: int) -> None:
        for name, word in first.items():
            self.broken[name] = (level, word)
        self.counts.found.update(first)

    def advance(self, words: Words) -> dict[str, int]:
        """Count some states of the frontier and add everything that they lead to."""
        arrays = self.arrays
        shared, pairs = arrays.pairs_of(words)
        found = self.counts.take(words, pairs)
        for pair, moves in zip(pairs, arrays.moves, strict=True):
            for added in moves:
                step = added[pair]
                chosen = numpy.flatnonzero(step)
                self.visited.add(self.canonical(words[chosen] + step[chosen]))
        for index, move in enumerate(arrays.global_moves):
            targets, enabled = arrays.apply_globally(move, shared, pairs)
            self.counts.globals[index] += int(numpy.count_nonzero(enabled))
            self.visited.add(self.canonical(targets))
        return found

    def trace(self, level: int, word: int) -> Trace:
        """Walk back through the levels from a state to a beginning."""
        names, words = [], [word]
        for earlier in range(level - 1, -1, -1):
            before, action, slot = self.before(earlier, words[-1])
            names.append((action, slot))
            words.append(before)
        tables, arrays = self.tables, self.arrays
        states = [tables.state(*arrays.unpack(each)) for each in reversed(words)]
        steps = zip(reversed(names), states[1:], strict=True)
        return Trace(states[0], tuple(Step(*name, state) for name, state in steps))

    def before(self, level: int, word: int) -> tuple[int, str, int | None]:
        """Return a state of a level with a step to a word, and the step."""
        for slot, name, candidates in self.sources(word):
            hits = numpy.flatnonzero(self.visited.at_level(self.canonical(candidates), level))
            if hits.size:
                return int(self.canonical(candidates[hits[:1]])[0]), name, slot
        level_words = self.visited.level(level)
        for begin in range(0, level_words.size, _CHUNK):
            words = level_words[begin : begin + _CHUNK]
            shared, pairs = self.arrays.pairs_of(words)
            for table, move in zip(self.tables.global_moves, self.arrays.global_moves, strict=True):
                targets, enabled = self.arrays.apply_globally(move, shared, pairs)
                hits = numpy.flatnonzero(self.canonical(targets) == word)
                if hits.size:
                    return int(words[enabled][hits[0]]), table.name, None
        raise AssertionError(f"no state of level {level} leads to {word}")

    def sources(self, word: int) -> Iterator[tuple[int, str, Words]]:
        """Yield slot, action and every word from which that slot's action leads to a word."""
        shared, slots = self.arrays.unpack(word)
        for slot, (number, weight) in enumerate(zip(slots, self.arrays.weights, strict=True)):
            for name, sources in self.sources_by_action.items():
                pairs = sources.get((shared, number))
                if pairs:
                    steps = [(pair[0] - shared) + weight * (pair[1] - number) for pair in pairs]
                    yield slot, name, word + numpy.array(steps, dtype=numpy.int64)

    @functools.cached_property
    def sources_by_action(self) -> dict[str, dict[_Pair, list[_Pair]]]:
        """For each action and pair, the pairs from which the action leads to it."""
        result: dict[str, dict[_Pair, list[_Pair]]] = {}
        for name, move in self.tables.moves.items():
            sources = result[name] = {}
            for pair, target in move.items():
                sources.setdefault(target, []).append(pair)
        return result


def search(model: Model, slots_count: int, budget: Budget, *, symmetry: bool) -> SearchResult:
    """Tabulate a model and search all its reachable states, breadth first."""
    begin = budget.clock()
    tables = tabulate(model, slots_count)
    run = _Search(tables, budget, symmetry, begin)
    stopped: str | None
    try:
        stopped = run.run()
    except MemoryError:
        # A level's own arrays are not counted in the budget, which is for what stays.
        stopped = f"the memory ran out at level {run.level} with {run.states_count} states"
    return finish(
        model,
        slots_count,
        engine=VECTOR,
        states_count=run.states_count,
        depth=run.level,
        enabled_counts=run.counts.enabled(),
        checked_counts=run.counts.checked(),
        traces={name: run.trace(*found) for name, found in run.broken.items()},
        stopped_because=stopped,
        seconds=budget.clock() - begin,
        visited_bytes=run.visited.bytes_count,
    )
