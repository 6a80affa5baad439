"""Draws from small alphabets that collide, in an order that a seed alone decides.

Nothing else has a say: not the clock, the hash seed or the order of a set. The
alphabets are apart from those of the strategies on purpose, because every
change here changes the vectors that are shipped.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

__all__ = ["Draws"]

Item = TypeVar("Item")

_OPERATIONS: Final = ("a", "b", "a:b", "-", "", "åtgärd")
_EVIDENCE: Final = ("e", "e:f", "-", "x-proof", "waterproof", "")
_COROUTINES: Final = ("coro:0", "b:coro:0", "c", "b:c", "")
_TEXTS: Final = ("", "plain", 'two "words"', "back\\slash", "line\nbreak", "名前", "a" * 24)
_TICKS: Final = (1, 2, 3, 4, 5, 0, 23, 24, 255, 256, 65536, 2**32, 2**64 - 1)


class Draws:
    """Draw values in an order that the seed alone decides."""

    def __init__(self, seed: str) -> None:
        # A text as seed is hashed by its bytes, the same in every process.
        self._random = random.Random(seed)  # noqa: S311 - nothing here is a secret
        self._turns_count = 0

    def below(self, bound: int) -> int:
        """Return an integer from zero to ``bound`` - 1."""
        return self._random.randrange(bound)

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of ``items``."""
        return items[self.below(len(items))]

    def take_turns(self, items: Sequence[Item]) -> Item:
        """Return each of ``items`` in turn, so that none is left out by chance."""
        self._turns_count += 1
        return items[(self._turns_count - 1) % len(items)]

    def octets(self, count: int) -> bytes:
        """Return ``count`` bytes of any value."""
        return self._random.randbytes(count)

    def chance(self, percent: int) -> bool:
        """Say yes in ``percent`` of 100 cases."""
        return self.below(100) < percent

    def optional(self, draw: Callable[[], Item]) -> Item | None:
        """Return a drawn value or nothing."""
        return draw() if self.chance(60) else None

    def some(self, draw: Callable[[], Item], count_max: int) -> tuple[Item, ...]:
        """Return up to ``count_max`` drawn values."""
        return tuple([draw() for _ in range(self.below(count_max + 1))])

    def operation_id(self) -> str:
        """Return an operation id."""
        return self.pick(_OPERATIONS)

    def evidence_id(self) -> str:
        """Return an evidence id."""
        return self.pick(_EVIDENCE)

    def coroutine_id(self) -> str:
        """Return the id of a coroutine behind a gate."""
        return self.pick(_COROUTINES)

    def text(self) -> str:
        """Return any other text."""
        return self.pick(_TEXTS)

    def tick(self) -> int:
        """Return a tick, mostly a small one."""
        return self.pick(_TICKS[:6]) if self.chance(80) else self.pick(_TICKS)
