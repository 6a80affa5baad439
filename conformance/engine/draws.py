"""What the engine draws from: prepared in time, and equal wherever a run is started."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers

__all__ = ["engine_notes", "equal_draws", "prepare_engine"]


def prepare_engine() -> None:
    """Build the tables of characters that texts are drawn from.

    The first process on a machine needs seconds for them, which must not count
    against the budget of a search.
    """
    st.characters().validate()
    st.characters(codec="utf-8").validate()


def engine_notes() -> list[str]:
    """Return what a report has to say of the engine: that its draws cannot be kept equal."""
    private: Any = providers
    if hasattr(private, "_get_local_constants") and hasattr(private, "CONSTANTS_CACHE"):
        return []
    return [
        f"Hypothesis {hypothesis.__version__} draws literals of imported modules and cannot be "
        "kept from it: equal seeds may give other reports from another folder"
    ]


@contextmanager
def equal_draws() -> Iterator[None]:
    """Let the engine draw the same values whichever modules happen to be imported.

    Hypothesis mixes literals from the source of imported modules into what it
    draws (and keeps them in a folder where the run was started), so that equal
    seeds would give other reports from another place. It has no setting for that.
    """
    private: Any = providers
    if engine_notes():
        yield
        return
    collect = private._get_local_constants
    nothing = private.Constants()
    private._get_local_constants = lambda: nothing
    private.CONSTANTS_CACHE.cache.clear()
    try:
        yield
    finally:
        private._get_local_constants = collect
        private.CONSTANTS_CACHE.cache.clear()
