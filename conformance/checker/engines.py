"""Which engine searches: the fast one where NumPy is installed, else the plain one."""

from __future__ import annotations

import importlib.util
from typing import Final

from conformance.checker.model import Model
from conformance.checker.plain import PLAIN
from conformance.checker.plain import search as plain_search
from conformance.checker.results import Budget, SearchResult
from conformance.errors import ModelError, UsageError

__all__ = ["ENGINES", "available_engine", "check_model"]

VECTOR: Final = "numpy"

ENGINES: Final = (PLAIN, VECTOR)
"""The names of all engines."""


def available_engine() -> str:
    """Return the name of the fastest engine that is installed."""
    return PLAIN if importlib.util.find_spec("numpy") is None else VECTOR


def check_model(
    model: Model,
    slots_count: int | None = None,
    *,
    engine: str | None = None,
    budget: Budget | None = None,
    symmetry: bool = False,
) -> SearchResult:
    """Search every reachable state of a model.

    ``slots_count`` is the bound, the model's own if ``None``. ``symmetry``
    counts states that differ in the order of their slots once. Raises
    :class:`~conformance.errors.ModelError` for a model that says less than it
    seems to or has no symmetry, and ``UsageError`` for an engine that is not
    there.
    """
    count = model.slots_default if slots_count is None else slots_count
    if symmetry and not model.symmetric:
        raise ModelError(model.title, "its slots differ, so that their order matters")
    chosen = available_engine() if engine is None else engine
    used = Budget() if budget is None else budget
    if chosen == PLAIN:
        return plain_search(model, count, used, symmetry=symmetry)
    if chosen != VECTOR:
        raise UsageError(f"engine `{chosen}`: expected one of {', '.join(ENGINES)}")
    if available_engine() != VECTOR:
        raise UsageError("engine `numpy` needs NumPy: pip install 'telltale-spec[checker]'")
    from conformance.checker.vector import search as vector_search

    return vector_search(model, count, used, symmetry=symmetry)
