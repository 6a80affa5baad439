"""Tables as arrays over pair numbers, and how often pairs were met: what both fast engines use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy
import numpy.typing

from conformance.checker.tables import GlobalTable, Tables
from conformance.checker.visited import Words

__all__ = ["Arrays", "Counts", "Numbers"]

Numbers: TypeAlias = numpy.typing.NDArray[numpy.int64]


class Arrays:
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
        """Return the number of a pair."""
        return pair[0] + self.shared_count * pair[1]

    def mask(self, pairs: frozenset[tuple[int, int]]) -> numpy.typing.NDArray[numpy.bool_]:
        """Say of each pair number whether it is one of some pairs."""
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


class Counts:
    """How often pairs, and pairs of views, were met in reached states."""

    def __init__(self, arrays: Arrays) -> None:
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
