"""Lists that shrink well although their elements are large."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

__all__ = ["sparse_lists"]

Element = TypeVar("Element")


def sparse_lists(
    elements: SearchStrategy[Element], *, max_size: int
) -> SearchStrategy[list[Element]]:
    """Describe lists of at most ``max_size`` elements, none of which is ``None``.

    Hypothesis deletes short runs of choices only, and a large element takes a
    long run. Here each place of a list may be empty, so an element that does
    not matter first shrinks to an empty place, and those are left out.
    """
    return st.lists(st.none() | elements, max_size=max_size).map(_without_empty_places)


def _without_empty_places(places: list[Element | None]) -> list[Element]:
    return [element for element in places if element is not None]
