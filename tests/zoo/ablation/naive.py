"""Naive strategies in the place of alphabets and pools, for the whole life of a process.

The machines build their strategies when they are imported. So this is installed before any of them
is, in a process of its own, and never taken back.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from hypothesis import strategies as st

import strategies.artifacts
from strategies.alphabets import COLLIDING, FULL_RANGE, Alphabet
from strategies.outcomes import OutcomeConsistency, effect_outcomes
from strategies.requests import effect_requests
from telltale_spec.wire.shapes import U64_MAX

__all__ = ["install_naive_strategies"]

_TEXTS: Final = st.text()
_NUMBERS: Final = st.integers(0, U64_MAX)
_NAIVE: Final[dict[str, Any]] = {
    "operation_ids": _TEXTS,
    "evidence_ids": _TEXTS,
    "coroutine_ids": _TEXTS,
    "texts": _TEXTS,
    "ticks": _NUMBERS,
    "numbers": _NUMBERS,
}
_MACHINES: Final = "conformance.machines."


def install_naive_strategies() -> None:
    """Make every alphabet and pool of drawn values a naive one.

    Raises :class:`RuntimeError` where a machine has been imported already, as it has drawn its
    strategies from the alphabets as they were.
    """
    imported = [name for name in sys.modules if name.startswith(_MACHINES)]
    if imported:
        raise RuntimeError(f"{imported[0]} is imported already: this needs a process of its own")
    for alphabet in (COLLIDING, FULL_RANGE):
        _widen(alphabet)
    # An alphabet that is made from another one later must not bring its pools back.
    setattr(Alphabet, "__post_init__", _widen)  # noqa: B010 - it is a method of another type
    strategies.artifacts.checkpoints = lambda entries: _NUMBERS
    _install_pools()


def _widen(alphabet: Alphabet) -> None:
    for name, strategy in _NAIVE.items():
        object.__setattr__(alphabet, name, strategy)


def _install_pools() -> None:
    from conformance.machines import cache_values, evidence_values

    outcomes = effect_outcomes(consistency=OutcomeConsistency.ANY)
    evidence_values.requests = effect_requests
    evidence_values.inner_outcomes = lambda: outcomes
    cache_values.deep_outcomes = lambda: outcomes
    # Another id, but none that any store would take for the same.
    cache_values.NEAR_MISSES = (lambda key: f"{key} and more",)  # type: ignore[misc]
