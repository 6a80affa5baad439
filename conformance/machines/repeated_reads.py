"""Directed cases for reads of a log that come again, before and behind appends."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Final

from conformance.engine.acts import Act
from conformance.engine.scripts import Script
from conformance.machines.one_text_entries import MAKERS, evidence, finalization, gate
from conformance.machines.scripted_log import LOAD, append_act, read_act
from conformance.machines.scripted_numbers import cycle_of_windows

__all__ = ["READ_AGAIN", "every_order_of_reads", "every_turn", "many_looks"]

READ_AGAIN: Final = "one suffix read before and after every variant"

_TURNS: Final = 90
_LOOKS: Final = 300


def many_looks(end: tuple[Act, ...]) -> Script:
    """Look at a few entries again and again: nothing is lost by it, and nothing comes."""
    acts = [append_act(make("o")) for make in MAKERS.values()]
    acts += [*[LOAD] * _LOOKS, *[read_act(0)] * _LOOKS, append_act(gate("p"))]
    return Script("many looks", READ_AGAIN, tuple(acts), (read_act(0), LOAD, *end), is_spare=True)


def every_turn(end: tuple[Act, ...]) -> Iterator[Script]:
    """Load, read and append so that any four of these follow each other, in logs of their own."""
    makers = (gate, evidence, finalization)
    turns = cycle_of_windows(len(makers) + 2, 4)
    for number, start in enumerate(range(0, len(turns), _TURNS)):
        # Its last turns come again in the next one, so that no four of them are torn apart.
        acts = [
            LOAD
            if turn == 0
            else read_act(0)
            if turn == 1
            else append_act(makers[turn - 2]("o", 1))
            for turn in turns[start : start + _TURNS + 3]
        ]
        yield Script(f"turns {number}", READ_AGAIN, tuple(acts), (read_act(0), LOAD, *end))


def every_order_of_reads(end: tuple[Act, ...]) -> Iterator[Script]:
    """Read behind several ticks in every order, and again behind entries on all sides of them."""
    for ticks in permutations((10, 20, 30)):
        reads = tuple(map(read_act, ticks))
        acts = [act for tick in (25, 15, 35, 5) for act in (append_act(gate("o", tick)), *reads)]
        name = f"suffixes {', '.join(map(str, ticks))} read again"
        yield Script(name, READ_AGAIN, (*reads, *acts), (LOAD, *end))
