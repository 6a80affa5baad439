"""The compiled engine: the search of ``vector``, its inner loop in machine code by Numba.

Levels, budgets, counts, properties and traces are those of ``vector``; only what
is done with each state of a level is not. So it gives the same answers, and a
test holds it to that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy

from conformance.checker import kernel
from conformance.checker.checkpoints import Checkpoint
from conformance.checker.results import Budget
from conformance.checker.tables import Tables
from conformance.checker.vector import Search
from conformance.checker.visited import DenseVisited, Words

__all__ = ["COMPILED", "CompiledSearch"]

# As much as stays near the processor while it is looked up.
_BUFFER: Final = 1 << 15
_WORD_MAX_FOR_INVERSES: Final = 1 << 52
COMPILED: Final = "compiled"
_NO_WORD: Final = numpy.iinfo(numpy.int64).max


class CompiledSearch(Search):
    """A search whose every state is advanced by compiled loops."""

    engine = COMPILED

    def __init__(
        self,
        tables: Tables,
        budget: Budget,
        symmetry: bool,
        begin: float,
        spill: Path | None = None,
    ) -> None:
        super().__init__(tables, budget, symmetry, begin, spill)
        arrays = self.arrays
        self._weights = numpy.array(arrays.weights, dtype=numpy.int64)
        self._steps, steps_max = self._local_steps()
        globals_count = len(arrays.global_moves)
        self._global_shared = numpy.full((globals_count, arrays.shared_count), -1, numpy.int64)
        self._global_slots = numpy.full((globals_count, arrays.pairs_count), -1, numpy.int64)
        for index, (shared, slots) in enumerate(arrays.global_moves):
            self._global_shared[index], self._global_slots[index] = shared, slots
        self._global_counts = numpy.zeros(globals_count, dtype=numpy.int64)
        successors_max = tables.slots_count * steps_max + globals_count
        # Below this a product with the inverse is off by one at most.
        is_small = tables.states_max < _WORD_MAX_FOR_INVERSES
        self._sizes = (
            arrays.shared_count,
            arrays.slot_count,
            1.0 / arrays.shared_count if is_small else 0.0,
            1.0 / arrays.slot_count if is_small else 0.0,
            self.symmetry,
            max(1, successors_max),
        )
        self._buffer = numpy.empty(max(_BUFFER, 2 * successors_max), dtype=numpy.int64)
        self._prepare_properties()

    def _local_steps(self) -> tuple[tuple[Words, Words, Words], int]:
        """Return where the steps of each pair begin, and what each adds to shared and slot."""
        arrays = self.arrays
        steps: list[dict[tuple[int, int], None]] = [{} for _ in range(arrays.pairs_count)]
        for move in self.tables.moves.values():
            for pair, target in move.items():
                if pair != target:
                    step = (target[0] - pair[0], target[1] - pair[1])
                    steps[arrays.number(pair)][step] = None
        lengths = [len(each) for each in steps]
        offsets = numpy.zeros(arrays.pairs_count + 1, dtype=numpy.int64)
        numpy.cumsum(lengths, out=offsets[1:])
        flat = [step for each in steps for step in each]
        shared = numpy.array([step[0] for step in flat], dtype=numpy.int64)
        slots = numpy.array([step[1] for step in flat], dtype=numpy.int64)
        return (offsets, shared, slots), max(lengths, default=0)

    def _prepare_properties(self) -> None:
        counts, pairs_count = self.counts, self.arrays.pairs_count
        self._names = list(counts.broken)
        self._broken = numpy.zeros((len(self._names), pairs_count), dtype=numpy.bool_)
        for index, name in enumerate(self._names):
            self._broken[index] = counts.broken[name]
        tables = self.tables.pair_tables
        self._views = numpy.zeros((len(tables), pairs_count), dtype=numpy.int64)
        for index, view in enumerate(counts.views):
            self._views[index] = view
        self._views_counts = numpy.array([each.views_count for each in tables], dtype=numpy.int64)
        sizes = [each.views_count**2 for each in tables]
        self._view_offsets = numpy.zeros(len(tables) + 1, dtype=numpy.int64)
        numpy.cumsum(sizes, out=self._view_offsets[1:])
        self._view_counts = numpy.zeros(int(self._view_offsets[-1]), dtype=numpy.int64)
        self._view_broken = numpy.concatenate(
            [counts.broken_views[each.name] for each in tables]
            or [numpy.zeros(0, dtype=numpy.bool_)]
        )
        # The counts of the search are parts of the one array that the loops count in.
        counts.view_counts = [
            self._view_counts[begin:end]
            for begin, end in zip(self._view_offsets[:-1], self._view_offsets[1:], strict=True)
        ]

    def restore(self, kept: Checkpoint) -> None:
        """Go on from a level, with the counts of the loops too."""
        super().restore(kept)
        self._global_counts[:] = kept.global_counts

    def advance(self, words: Words) -> dict[str, int]:
        """Count some states of the frontier and add everything that they lead to."""
        found = self._count(words)
        moves = (self._global_shared, self._global_slots, self._global_counts)
        done = 0
        while done < words.size:
            count, added = kernel.advance(
                words[done:], self._sizes, self._weights, self._steps, moves, self._buffer
            )
            done += int(count)
            reached = self._buffer[:added]
            if isinstance(self.visited, DenseVisited):
                visited = self.visited
                new = kernel.mark_new(reached, visited.marks, visited.next_mark)
                visited.take_marked(reached[:new].copy())
            else:
                self.visited.add(reached.copy())
        self.counts.globals = [int(each) for each in self._global_counts]
        return found

    def _count(self, words: Words) -> dict[str, int]:
        lowest = numpy.full(len(self._names), _NO_WORD, dtype=numpy.int64)
        pair_names = [each.name for each in self.tables.pair_tables]
        view_lowest = numpy.full(len(pair_names), _NO_WORD, dtype=numpy.int64)
        view_tables = (
            self._views_counts,
            self._view_offsets,
            self._view_counts,
            self._view_broken,
        )
        # What was found at an earlier level is of no interest any more.
        wanted = self._broken.copy()
        wanted[[name in self.counts.found for name in self._names]] = False
        kernel.count_states(
            words,
            self._sizes,
            self._weights,
            self.counts.pairs,
            wanted.any(axis=0),
            wanted,
            lowest,
            self._views,
            view_tables,
            view_lowest,
        )
        met = [*zip(self._names, lowest, strict=True), *zip(pair_names, view_lowest, strict=True)]
        return {
            name: int(word)
            for name, word in met
            if word != _NO_WORD and name not in self.counts.found
        }
