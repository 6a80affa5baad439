"""Which packed states were reached, and at which level: one byte a possible state, or sorted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeAlias

import numpy
import numpy.typing

__all__ = ["DenseVisited", "SparseVisited", "Visited", "Words", "contains"]

Words: TypeAlias = numpy.typing.NDArray[numpy.int64]
Numbers: TypeAlias = numpy.typing.NDArray[Any]
Mask: TypeAlias = numpy.typing.NDArray[numpy.bool_]

# A level of at least one in so many possible states is found faster by looking at all of them.
_SCAN_SHARE: Final = 64


class Visited(Protocol):
    """Reached states by level. States are added to the level after the current one."""

    @property
    def bytes_count(self) -> int:
        """Bytes taken by what was reached."""

    def add(self, words: Words) -> None:
        """Add states to the next level, unless they were reached before."""

    def next_level(self) -> Words:
        """Make the next level the current one and return it, ascending."""

    def level(self, level: int) -> Words:
        """Return the states of a level, ascending."""

    def at_level(self, words: Words, level: int) -> Mask:
        """Say which states are of a level."""

    def saved(self, level: int) -> dict[str, Numbers]:
        """Return what was visited up to a level, to be kept."""


class DenseVisited:
    """One number for each possible state: 0, or its level and one more.

    The number takes one byte until level 254 and more behind it.
    """

    def __init__(self, states_max: int) -> None:
        self._marks: numpy.typing.NDArray[numpy.unsignedinteger] = numpy.zeros(
            states_max, dtype=numpy.uint8
        )
        self._next_mark = 1
        self._added: list[Words] = []
        self._may_repeat = False

    @property
    def bytes_count(self) -> int:
        """Bytes of all numbers."""
        return int(self._marks.nbytes)

    def add(self, words: Words) -> None:
        """Add states to the next level, unless they were reached before."""
        fresh = words[self._marks[words] == 0]
        if fresh.size:
            self._marks[fresh] = self._next_mark
            self._added.append(fresh)
            # From a single call a state may come more than once.
            self._may_repeat = True

    def saved(self, level: int) -> dict[str, Numbers]:
        """Return the numbers, without those of higher levels."""
        return {"marks": numpy.where(self._marks > level + 1, 0, self._marks)}

    @classmethod
    def restored(cls, arrays: Mapping[str, Numbers], states_max: int, level: int) -> DenseVisited:
        """Return what was saved at a level; raises ``ValueError`` for anything else."""
        marks = arrays["marks"]
        if marks.dtype not in (numpy.uint8, numpy.uint16, numpy.uint32):
            raise ValueError(f"marks of type {marks.dtype}")
        if marks.shape != (states_max,):
            raise ValueError(f"marks of shape {marks.shape} for {states_max} possible states")
        if int(marks.max(initial=0)) != level + 1:
            raise ValueError(f"the highest mark is {int(marks.max(initial=0))} at level {level}")
        visited = cls(0)
        visited._marks, visited._next_mark = marks, level + 2
        visited._widen()
        return visited

    def _widen(self) -> None:
        if self._next_mark > numpy.iinfo(self._marks.dtype).max:
            wider = {1: numpy.uint16, 2: numpy.uint32}[self._marks.itemsize]
            self._marks = self._marks.astype(wider)

    @property
    def marks(self) -> numpy.typing.NDArray[numpy.unsignedinteger]:
        """All numbers, to be set to :attr:`next_mark` by who hands over what he has marked."""
        return self._marks

    @property
    def next_mark(self) -> int:
        """The number of the states that are added now."""
        return self._next_mark

    def take_marked(self, words: Words) -> None:
        """Take states of the next level that were marked already, each of them once."""
        self._added.append(words)

    def next_level(self) -> Words:
        """Make the next level the current one and return it, ascending."""
        added, self._added = self._added, []
        if sum(each.size for each in added) * _SCAN_SHARE > self._marks.size:
            found = self.level(self._next_mark - 1)
        else:
            found = numpy.concatenate(added or [numpy.empty(0, dtype=numpy.int64)])
            found = numpy.unique(found) if self._may_repeat else numpy.sort(found)
        self._may_repeat = False
        self._next_mark += 1
        self._widen()
        return found

    def level(self, level: int) -> Words:
        """Return the states of a level, ascending."""
        return numpy.flatnonzero(self._marks == level + 1)

    def at_level(self, words: Words, level: int) -> Mask:
        """Say which states are of a level."""
        return numpy.asarray(self._marks[words] == level + 1)


class SparseVisited:
    """Sorted arrays of packed states: where there are far more possible states than bytes."""

    def __init__(self) -> None:
        self._all: Words = numpy.empty(0, dtype=numpy.int64)
        self._levels: list[Words] = []
        self._added: list[Words] = []

    @property
    def bytes_count(self) -> int:
        """Bytes of all states, of those of the levels, and of what waits to be sorted."""
        arrays = [self._all, *self._levels, *self._added]
        return sum(int(each.nbytes) for each in arrays)

    def add(self, words: Words) -> None:
        """Add states to the next level, unless they were reached before."""
        if words.size:
            fresh = numpy.unique(words)
            self._added.append(fresh[~contains(self._all, fresh)])

    def next_level(self) -> Words:
        """Make the next level the current one and return it, ascending."""
        added, self._added = self._added, []
        found = numpy.unique(numpy.concatenate(added or [self._all[:0]]))
        self._levels.append(found)
        # Two sorted runs: what is called stable is a merge here.
        self._all = numpy.sort(numpy.concatenate([self._all, found]), kind="stable")
        return found

    def level(self, level: int) -> Words:
        """Return the states of a level, ascending."""
        return self._levels[level]

    def at_level(self, words: Words, level: int) -> Mask:
        """Say which states are of a level."""
        return contains(self._levels[level], words)

    def saved(self, level: int) -> dict[str, Numbers]:
        """Return the states of all levels, one after the other, and how many each has."""
        levels = self._levels[: level + 1]
        sizes = numpy.array([each.size for each in levels], dtype=numpy.int64)
        return {"words": numpy.concatenate(levels), "sizes": sizes}

    @classmethod
    def restored(cls, arrays: Mapping[str, Numbers], states_max: int, level: int) -> SparseVisited:
        """Return what was saved at a level; raises ``ValueError`` for anything else."""
        words, sizes = arrays["words"], arrays["sizes"]
        if words.dtype != numpy.int64 or words.ndim != 1 or sizes.shape != (level + 1,):
            raise ValueError(
                f"words of type {words.dtype} in {sizes.shape} levels, not {level + 1}"
            )
        if int(sizes.sum()) != words.size or (words.size and int(words.max()) >= states_max):
            raise ValueError("words that are none of the model's")
        visited = cls()
        visited._levels = numpy.split(words, numpy.cumsum(sizes)[:-1])
        visited._all = numpy.sort(words)
        return visited


def contains(ascending: Words, words: Words) -> Mask:
    """Say which words are among ascending ones."""
    if not ascending.size:
        return numpy.zeros(words.shape, dtype=numpy.bool_)
    places = numpy.searchsorted(ascending, words)
    places[places == ascending.size] = 0
    return numpy.asarray(ascending[places] == words)
