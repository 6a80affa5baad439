"""Numbers for scripts: drawn from a seed, the same in every version of Python."""

from __future__ import annotations

from typing import Final

__all__ = ["NEIGHBOURING_LENGTHS", "Numbers", "cycle_of_windows"]

NEIGHBOURING_LENGTHS: Final = (*range(520), *range(3_400, 4_100))
"""Lengths of a text: among them, in any encoding, those that fill blocks of up to 4,096 bytes."""

_BITS: Final = (1 << 64) - 1


class Numbers:
    """A stream of 64-bit numbers (the generator known as SplitMix64)."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _BITS

    def below(self, bound: int) -> int:
        """Return a number from zero up to, and without, a bound of at least one."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _BITS
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _BITS
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _BITS
        return (mixed ^ (mixed >> 31)) % bound


def cycle_of_windows(letters: int, length: int) -> list[int]:
    """Return the shortest sequence in which all words of a length over some letters stand.

    Letters are numbered from 0. It is a de Bruijn cycle, begun again so that it need not be read as
    a ring: ``letters ** length + length - 1`` numbers.
    """
    word = [0] * letters * length
    cycle: list[int] = []

    def extend(place: int, period: int) -> None:
        if place > length:
            if length % period == 0:
                cycle.extend(word[1 : period + 1])
            return
        word[place] = word[place - period]
        extend(place + 1, period)
        for letter in range(word[place - period] + 1, letters):
            word[place] = letter
            extend(place + 1, place)

    extend(1, 1)
    return [*cycle, *cycle[: length - 1]]
