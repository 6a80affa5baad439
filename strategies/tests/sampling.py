"""Draw examples of a strategy, and the minimal one that meets a condition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.strategies import SearchStrategy

Drawn = TypeVar("Drawn")

SETTINGS: Final = hypothesis.settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)


def examples(strategy: SearchStrategy[Drawn], *, count: int = 60) -> list[Drawn]:
    found: list[Drawn] = []

    @hypothesis.settings(SETTINGS, max_examples=count, phases=[Phase.generate])
    @hypothesis.given(strategy)
    def collect(value: Drawn) -> None:
        found.append(value)

    collect()
    return found


def minimal(
    strategy: SearchStrategy[Drawn], condition: Callable[[Drawn], Any] = lambda _value: True
) -> Drawn:
    # Explaining a minimal example takes longer than finding it.
    phases = [Phase.generate, Phase.shrink]
    settings = hypothesis.settings(SETTINGS, max_examples=2_000, phases=phases)
    return hypothesis.find(strategy, condition, settings=settings)
