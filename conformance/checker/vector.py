"""The fast engine: the same search as arrays of packed states.

A state is one integer, ``shared + shared_count * (slot 0 + slot_count * (slot 1
+ ..))``. An action of slot *i* adds a number that depends on the pair of that
slot alone, so that a whole level advances by one look-up and one addition an
action and slot, and no state is touched by Python code.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy
import numpy.typing

from conformance.checker.arrays import Arrays, Counts
from conformance.checker.checkpoints import Checkpoint, Keeper, identity_of
from conformance.checker.model import Model
from conformance.checker.results import Budget, SearchResult, Step, Trace, finish
from conformance.checker.spilled import SpilledVisited, shortage_text, spill_folder
from conformance.checker.tables import Tables, tabulate
from conformance.checker.visited import DenseVisited, SparseVisited, Visited, Words
from conformance.errors import CheckpointDamagedError, ModelError

__all__ = [
    "VECTOR",
    "DenseVisited",
    "Search",
    "SparseVisited",
    "Words",
    "search",
]

VECTOR: Final = "numpy"

_CHUNK: Final = 1 << 17
# A checkpoint is as large as the visited set, so it is not written at every level.
_KEEP_SECONDS: Final = 60.0
_WORD_MAX: Final = 2**62

_Pair: TypeAlias = tuple[int, int]


def _is_dense(states_max: int, bytes_max: int) -> bool:
    """Say whether there is a byte for every possible state."""
    return states_max <= bytes_max


class Search:
    """One search by levels; ``engine`` is what it is called in results."""

    engine = VECTOR

    def __init__(
        self,
        tables: Tables,
        budget: Budget,
        symmetry: bool,
        begin: float,
        spill: Path | None = None,
    ) -> None:
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
        self.arrays = Arrays(tables)
        self.counts = Counts(self.arrays)
        self.spill = spill
        self.visited = self._new_visited()
        starts = [self.arrays.pack(shared, slots) for shared, slots in tables.starts]
        self.visited.add(self.canonical(numpy.array(starts, dtype=numpy.int64)))
        self.broken: dict[str, tuple[int, int]] = {}
        self.states_count = 0
        self.level = 0
        self.is_resumed = False
        self.taken: Checkpoint | None = None

    def _new_visited(self) -> Visited:
        states_max, bytes_max = self.tables.states_max, self.budget.bytes_max
        if _is_dense(states_max, bytes_max):
            return DenseVisited(states_max)
        return SparseVisited() if self.spill is None else SpilledVisited(self.spill, bytes_max)

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
        """Return what has run out, if anything has."""
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

    def snapshot(self) -> Checkpoint:
        """Return the counts at the beginning of a level; what was visited is added at its end."""
        counts = self.counts
        arrays = {"pairs": counts.pairs.copy()}
        for index, each in enumerate(counts.view_counts):
            arrays[f"views{index}"] = each.copy()
        return Checkpoint(
            self.level, self.states_count, tuple(counts.globals), dict(self.broken), arrays
        )

    def kept(self) -> Checkpoint:
        """Return the last level that was begun as what can be gone on with."""
        taken = self.taken
        if taken is None:
            raise RuntimeError("a search that has not begun has nothing to be kept")
        return replace(taken, arrays={**taken.arrays, **self.visited.saved(taken.level)})

    def restore(self, kept: Checkpoint) -> None:
        """Go on from a level; raises ``ValueError`` or ``KeyError`` for what does not fit."""
        counts, states_max = self.counts, self.tables.states_max
        if len(kept.global_counts) != len(counts.globals):
            raise ValueError(f"counts of {len(kept.global_counts)} global actions")
        if not kept.broken.keys() <= counts.broken.keys() | counts.broken_views.keys():
            raise ValueError(f"violations of {', '.join(kept.broken)}")
        for name, own in (
            ("pairs", counts.pairs),
            *((f"views{index}", each) for index, each in enumerate(counts.view_counts)),
        ):
            if kept.arrays[name].shape != own.shape or kept.arrays[name].dtype != own.dtype:
                raise ValueError(f"{name} of shape {kept.arrays[name].shape}")
            own[:] = kept.arrays[name]
        counts.globals = list(kept.global_counts)
        counts.found = {name: word for name, (_, word) in kept.broken.items()}
        if "marks" not in kept.arrays and isinstance(self.visited, SpilledVisited):
            self.visited.resume(kept.arrays, states_max, kept.level)
        else:
            visited_of = DenseVisited if "marks" in kept.arrays else SparseVisited
            self.visited = visited_of.restored(kept.arrays, states_max, kept.level)
        self.broken = dict(kept.broken)
        self.level, self.states_count = kept.level, kept.states_count
        self.is_resumed = True

    def run(self, keep: Callable[[], None] | None = None) -> str | None:
        """Search; return why it ended early, if it did.

        ``keep`` is called now and then at the beginning of a level.
        """
        frontier = self.visited.level(self.level) if self.is_resumed else self.visited.next_level()
        self.states_count = self.states_count if self.is_resumed else frontier.size
        kept_at = self.budget.clock()
        while True:
            if keep is not None:
                self.taken = self.snapshot()
                if self.budget.clock() - kept_at > _KEEP_SECONDS:
                    keep()
                    kept_at = self.budget.clock()
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
        """Keep the first violations of some properties, met at a level."""
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


def search(
    model: Model,
    slots_count: int,
    budget: Budget,
    *,
    symmetry: bool,
    kind: type[Search] = Search,
    keeper: Keeper | None = None,
    spill: Path | None = None,
) -> SearchResult:
    """Tabulate a model and search all its reachable states, breadth first.

    With a ``keeper`` a search that ends early, be it by its budget or by an
    interrupt, can be gone on with. Where the bytes of the budget are too few, what was
    visited goes to the folder ``spill``, if there is one.
    """
    begin = budget.clock()
    tables = tabulate(model, slots_count)
    with spill_folder(spill) as place:
        run = kind(tables, budget, symmetry, begin, place)
        stopped = _searched(run) if keeper is None else _kept(run, keeper)
        return finish(
            model,
            slots_count,
            engine=kind.engine,
            states_count=run.states_count,
            depth=run.level,
            enabled_counts=run.counts.enabled(),
            checked_counts=run.counts.checked(),
            traces={name: run.trace(*found) for name, found in run.broken.items()},
            stopped_because=stopped,
            seconds=budget.clock() - begin,
            visited_bytes=run.visited.bytes_count,
        )


def _searched(run: Search, keep: Callable[[], None] | None = None) -> str | None:
    try:
        return run.run(keep)
    except MemoryError:
        # A level's own arrays are not counted in the budget, which is for what stays.
        return f"the memory ran out at level {run.level} with {run.states_count} states"
    except OSError as error:
        text = shortage_text(error, run.spill)
        return f"{text} (level {run.level}, {run.states_count} states)"


def _kept(run: Search, keeper: Keeper) -> str | None:
    """Search, and keep what there is wherever it ends early."""
    identity = identity_of(run.tables, symmetry=run.symmetry)
    if keeper.resume:
        try:
            run.restore(keeper.read(identity))
        except (KeyError, ValueError) as error:
            raise CheckpointDamagedError(str(keeper.folder), str(error)) from error

    def keep() -> None:
        keeper.write(identity, run.kept())

    try:
        stopped = _searched(run, keep)
    except KeyboardInterrupt:
        stopped = f"interrupted at level {run.level}"
    if stopped is None:
        keeper.remove()
        return None
    if run.taken is None:
        return f"{stopped}, before the first level"
    keep()
    return f"{stopped}; go on with --checkpoint {keeper.folder} --resume"
