"""Alphabets: how the texts and integers inside all other values are drawn.

An alphabet is the one place where size and collisions are decided. Every
strategy of values takes one, so that a test chooses between the few colliding
names that find bugs of identity (:data:`COLLIDING`) and everything that the
domain allows (:data:`FULL_RANGE`). To narrow one kind of text or number, make
a new alphabet with ``dataclasses.replace``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from telltale_spec.errors import DomainError
from telltale_spec.wire.shapes import U32_MAX, U64_MAX

__all__ = ["COLLIDING", "FULL_RANGE", "Alphabet"]


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Say how texts and integers are drawn, one strategy for each role they play.

    ``operation_ids``, ``evidence_ids`` and ``coroutine_ids`` are the texts that
    identities are made of; ``texts`` are all others. ``ticks`` are points in
    time; ``numbers`` are all other integers from 0 to 2^64-1. Raises
    :class:`~telltale_spec.errors.DomainError` for a field that is not a
    strategy. Source: DOM-01, DOM-03.
    """

    operation_ids: SearchStrategy[str]
    evidence_ids: SearchStrategy[str]
    coroutine_ids: SearchStrategy[str]
    texts: SearchStrategy[str]
    ticks: SearchStrategy[int]
    numbers: SearchStrategy[int]

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, SearchStrategy):
                raise DomainError("Alphabet", field.name, value, "a strategy")


def _repeated(text: str, times: int) -> str:
    return text * times


def _scalar_texts() -> SearchStrategy[str]:
    """Describe Unicode scalar text: NUL, combining marks and non-BMP included, to some KiB."""
    short = st.text(st.characters(codec="utf-8"), max_size=40)
    long = st.builds(_repeated, short, st.integers(1, 200))
    return st.one_of(short, long)


# The first item of each list is what a shrunk example shows, so the plainest
# name comes first. The others collide once they are joined with ":" (F2), look
# like an absent id ("-"), or contain "proof" where nobody means one (F14).
COLLIDING: Final = Alphabet(
    operation_ids=st.sampled_from(("a", "b", "a:b", "-", "")),
    evidence_ids=st.sampled_from(("e", "e:f", "x-proof", "waterproof", "-", "")),
    coroutine_ids=st.sampled_from(("c", "b:c", "coro:0", "b:coro:0", "")),
    texts=st.sampled_from(("t", "", 'say "hi"', "caf\u00e9", "\x00", "\U0001f600")),
    ticks=st.sampled_from((1, 2, 3, 5, 0, U64_MAX)),
    # Both sides of every length of an integer head (WIRE-01).
    numbers=st.sampled_from(
        (0, 1, 23, 24, 255, 256, 65_535, 65_536, U32_MAX, U32_MAX + 1, 2**63, U64_MAX)
    ),
)
"""Few names and ticks that collide with each other (C3): the default everywhere."""

FULL_RANGE: Final = Alphabet(
    operation_ids=_scalar_texts(),
    evidence_ids=_scalar_texts(),
    coroutine_ids=_scalar_texts(),
    texts=_scalar_texts(),
    ticks=st.integers(0, U64_MAX),
    numbers=st.integers(0, U64_MAX),
)
"""Everything that the domain allows: any scalar text, any unsigned 64-bit integer."""
