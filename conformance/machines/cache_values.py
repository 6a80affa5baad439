"""What is put into a cache to try it: ids that nearly collide, outcomes nested deep."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from telltale_spec.wire.effects import AcquireResponse, EffectOutcome
from telltale_spec.wire.values import NatValue, ProdValue, UnitValue, Value

__all__ = ["NEAR_MISSES", "deep_outcomes"]

# One more level and no reader could take the outcome back (DEC-28, F23).
_READABLE_DEPTH_MAX: Final = 124
_DEEP_MIN: Final = 100

NEAR_MISSES: Final[tuple[Callable[[str], str], ...]] = (
    str.swapcase,
    lambda key: f"{key} ",
    lambda key: f"{key}\x00",
    lambda key: f" {key}",
    lambda key: key[:-1],
    lambda key: f"{key}%",
    lambda key: unicodedata.normalize("NFD", key),
)
"""Ids that a store takes for another when it folds, trims, cuts or normalises its keys."""


def deep_outcomes() -> SearchStrategy[EffectOutcome]:
    """Describe outcomes nested as deep as can be read back, or nearly so. Source: I-13, F23."""
    return st.integers(_DEEP_MIN, _READABLE_DEPTH_MAX).map(_nested)


def _nested(depth: int) -> EffectOutcome:
    value: Value = NatValue(depth)
    for _ in range(depth):
        value = ProdValue(value, UnitValue())
    return EffectOutcome.success(AcquireResponse(value))
