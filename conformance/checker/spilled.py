"""Visited states on disk: where there are more of them than memory holds.

Every level is one ascending part of one file that only grows. What a level leads to is collected
in memory, and written as an ascending run whenever there is enough of it. What is new among it is
known only when the level is over: the runs are merged block by block, and what an earlier level has
is left out on the way. So memory holds blocks, never a level.
"""

from __future__ import annotations

import contextlib
import errno
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy

from conformance.checker.visited import Mask, Numbers, Words, contains
from conformance.errors import UsageError

__all__ = ["SpilledVisited", "shortage_text", "spill_folder"]

_WORD_BYTES: Final = 8
# What waits, what of it is sorted, and the blocks of a merge each take a part of the budget.
_WAITING_SHARE: Final = 4
_BLOCK_SHARE: Final = 16
_WORDS_MIN: Final = 512
# More runs than this are merged into one first, as each takes a block of its own.
_RUNS_MAX: Final = 64


class SpilledVisited:
    """Levels and runs in a folder, which somebody else takes away."""

    def __init__(self, folder: Path, bytes_max: int) -> None:
        words_max = bytes_max // _WORD_BYTES
        self._waiting_max = max(_WORDS_MIN, words_max // _WAITING_SHARE)
        self._block = max(_WORDS_MIN, words_max // _BLOCK_SHARE)
        self._folder = folder
        self._file = folder / "levels"
        self._file.touch()
        self._ends = [0]
        self._words = _mapped(self._file)
        self._added: list[Words] = []
        self._waiting = 0
        self._runs: list[Path] = []
        self._runs_count = 0

    @property
    def bytes_count(self) -> int:
        """Bytes of memory: of what waits to be written."""
        return self._waiting * _WORD_BYTES

    @property
    def disk_bytes_count(self) -> int:
        """Bytes of the levels on disk."""
        return self._ends[-1] * _WORD_BYTES

    def add(self, words: Words) -> None:
        """Add states to the next level, unless they were reached before."""
        if not words.size:
            return
        fresh = numpy.unique(words)
        self._added.append(fresh)
        self._waiting += fresh.size
        if self._waiting > self._waiting_max:
            self._write_run()

    def _write_run(self) -> None:
        added, self._added, self._waiting = self._added, [], 0
        self._write_blocks([numpy.unique(numpy.concatenate(added))])
        if len(self._runs) > _RUNS_MAX:
            merged, self._runs = self._runs, []
            self._write_blocks(_merged([_mapped(each) for each in merged], self._block))
            for each in merged:
                each.unlink()

    def _write_blocks(self, blocks: Iterator[Words] | Sequence[Words]) -> None:
        path = self._folder / f"run-{self._runs_count}"
        self._runs_count += 1
        self._runs.append(path)
        with path.open("wb") as file:
            for block in blocks:
                file.write(block.tobytes())

    def next_level(self) -> Words:
        """Make the next level the current one and return it, ascending."""
        sources = [_mapped(each) for each in self._runs]
        if self._added:
            sources.append(numpy.unique(numpy.concatenate(self._added)))
        levels = [self.level(index) for index in range(len(self._ends) - 1)]
        count = 0
        with self._file.open("r+b") as file:
            # An earlier try may have left the beginning of a level.
            file.truncate(self.disk_bytes_count)
            file.seek(self.disk_bytes_count)
            for block in _merged(sources, self._block):
                fresh = block
                for level in levels:
                    fresh = _without(fresh, level)
                count += fresh.size
                file.write(fresh.tobytes())
        self._added, self._waiting = [], 0
        for each in self._runs:
            each.unlink()
        self._runs = []
        self._ends.append(self._ends[-1] + count)
        self._words = _mapped(self._file)
        return self.level(len(self._ends) - 2)

    def level(self, level: int) -> Words:
        """Return the states of a level, ascending."""
        return self._words[self._ends[level] : self._ends[level + 1]]

    def at_level(self, words: Words, level: int) -> Mask:
        """Say which states are of a level."""
        return contains(self.level(level), words)

    def saved(self, level: int) -> dict[str, Numbers]:
        """Return the states of all levels, one after the other, and how many each has."""
        ends = numpy.array(self._ends[: level + 2], dtype=numpy.int64)
        return {"words": self._words[: self._ends[level + 1]], "sizes": numpy.diff(ends)}

    def resume(self, arrays: Mapping[str, Numbers], states_max: int, level: int) -> None:
        """Take what was saved at a level; raises ``ValueError`` for anything else."""
        words, sizes = arrays["words"], arrays["sizes"]
        if words.dtype != numpy.int64 or words.ndim != 1 or sizes.shape != (level + 1,):
            raise ValueError(
                f"words of type {words.dtype} in {sizes.shape} levels, not {level + 1}"
            )
        if int(sizes.sum()) != words.size or (words.size and int(words.max()) >= states_max):
            raise ValueError("words that are none of the model's")
        self._added, self._waiting = [], 0
        with self._file.open("wb") as file:
            for begin in range(0, words.size, self._block):
                file.write(words[begin : begin + self._block].tobytes())
        self._ends = [0, *(int(each) for each in numpy.cumsum(sizes))]
        self._words = _mapped(self._file)


def _mapped(path: Path) -> Words:
    """Return the words of a file, which are read where they are looked at."""
    if path.stat().st_size < _WORD_BYTES:
        # Nothing cannot be mapped.
        return numpy.empty(0, dtype=numpy.int64)
    count = path.stat().st_size // _WORD_BYTES
    return numpy.memmap(path, dtype=numpy.int64, mode="r", shape=(count,))


def _without(words: Words, level: Words) -> Words:
    """Return ascending words but those of a level; the fewer ones are looked up in the others."""
    if not words.size or not level.size:
        return words
    begin = int(numpy.searchsorted(level, words[0]))
    end = int(numpy.searchsorted(level, words[-1], side="right"))
    near = numpy.asarray(level[begin:end])
    if near.size > words.size:
        return words[~contains(near, words)]
    places = numpy.searchsorted(words, near)
    keep = numpy.ones(words.size, dtype=numpy.bool_)
    keep[places[words[places] == near]] = False
    return words[keep]


def _merged(sources: Sequence[Words], block: int) -> Iterator[Words]:
    """Yield the words of ascending sources in ascending blocks, each word once."""
    waiting = [each for each in sources if each.size]
    while waiting:
        share = max(1, block // len(waiting))
        # Up to here every source has been looked at, whatever the rest of it is.
        bound = min(int(each[min(share, each.size) - 1]) for each in waiting)
        cuts = [int(numpy.searchsorted(each, bound, side="right")) for each in waiting]
        parts = [each[:cut] for each, cut in zip(waiting, cuts, strict=True)]
        yield numpy.unique(numpy.concatenate(parts))
        rests = [each[cut:] for each, cut in zip(waiting, cuts, strict=True)]
        waiting = [each for each in rests if each.size]


@contextlib.contextmanager
def spill_folder(folder: Path | None) -> Iterator[Path | None]:
    """Make a folder inside of another one for a search, and take away what was made.

    Raises :class:`~conformance.errors.UsageError` for a folder that cannot be used.
    """
    if folder is None:
        yield None
        return
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = tempfile.TemporaryDirectory(dir=folder, prefix="visited-")
    except OSError as error:
        raise UsageError(f"--spill {folder}: {error.strerror or error}") from error
    try:
        with place as name:
            yield Path(name)
    finally:
        for each in made:
            # Somebody else may have put something into it.
            with contextlib.suppress(OSError):
                each.rmdir()


def shortage_text(error: OSError, folder: Path | None) -> str:
    """Return what to say of a disk that takes no more; any other error is raised again."""
    if folder is None or error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        raise error
    return f"the disk of {folder.parent} is full; give --spill a folder on a larger one"
