"""Scripts of a log that meet small counters and the ends of blocks, in whatever form it writes."""

from __future__ import annotations

from typing import Final

from conformance.engine.acts import Act
from conformance.engine.scripts import Script
from conformance.machines.scripted_log import LOAD, append_act, read_act
from conformance.machines.scripted_numbers import NEIGHBOURING_LENGTHS
from telltale_spec.wire.agreement import AgreementLevel, VisibilityGateCrossing

__all__ = ["blocks", "lengths"]

_COUNTERS: Final = (2, 4, 8, 16, 32, 64, 128, 256)


def blocks(situation: str) -> Script:
    """Read one suffix again behind just as many appends as a small counter has numbers."""
    acts: list[Act] = []
    tick = 0
    for block in _COUNTERS:
        acts.append(read_act(0))
        for _ in range(2):
            appended = range(tick + 1, tick + 1 + block)
            acts += [
                append_act(VisibilityGateCrossing("o", "c", AgreementLevel.NONE, each))
                for each in appended
            ]
            tick += block
            acts.append(read_act(0))
    return Script("blocks of appends", situation, tuple(acts), (LOAD,), is_spare=True)


def lengths(situation: str) -> Script:
    """Append entries whose lengths follow each other, so that one fills a block to its end."""
    acts = [
        append_act(VisibilityGateCrossing("o", "c" * length, AgreementLevel.NONE, 1))
        for length in NEIGHBOURING_LENGTHS
    ]
    return Script("lengths in a row", situation, tuple(acts), (read_act(0), LOAD), is_spare=True)
