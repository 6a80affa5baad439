"""Numbers for scripts: drawn from a seed, the same in every version of Python."""

from __future__ import annotations

from typing import Final

__all__ = ["Numbers"]

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
