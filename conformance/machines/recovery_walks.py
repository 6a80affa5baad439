"""Logs that take the transitions of the bounded recovery, one each.

Recovery is a function of the log, so that no way leads from one transition to the next: each has a
log of its own, the shortest to a state with one entry more.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Final

from conformance.checker.models.tour_recovery import (
    RecoveryLetter,
    TourRecovery,
    recovery_after,
    recovery_letters,
    tour_recovery,
)
from conformance.checker.tables import tabulate
from conformance.checker.tours import HISTORY_MAX
from conformance.machines.tour_acts import CACHED, CHECKPOINT, recovery_entry
from conformance.rules.soundness import RecoveryCase
from telltale_spec.wire.agreement import AgreementWalEntry

__all__ = ["transition_cases", "walk_cases"]

# A step through all of them that lands neither beside where it was nor beside where it has been.
_STEP_SHARE: Final = 0.618


def transition_cases() -> Iterator[tuple[TourRecovery, RecoveryLetter, RecoveryCase]]:
    """Yield every transition with its log, the shortest logs first."""
    letters = {letter.name: letter for letter in recovery_letters()}
    tables = tabulate(tour_recovery(), 1)
    start = tables.slot_values[tables.starts[0][1][0]]
    logs: dict[TourRecovery, tuple[AgreementWalEntry, ...]] = {start: ()}
    waiting = [start]
    numbers = {value: number for number, value in enumerate(tables.slot_values)}
    for state in waiting:
        for name, moves in tables.moves.items():
            if (0, numbers[state]) not in moves:
                continue
            letter = letters[name]
            log = (*logs[state], recovery_entry(letter, state.order))
            after = recovery_after(state, letter)
            if after not in logs:
                logs[after] = log
                waiting.append(after)
            yield state, letter, RecoveryCase(CHECKPOINT, log, CACHED)


@functools.cache
def walk_cases(histories: int) -> tuple[RecoveryCase, ...]:
    """Return as many of the logs as so many histories have acts, from everywhere among them."""
    cases = [case for _, _, case in transition_cases()]
    count = min(len(cases), histories * HISTORY_MAX)
    step = int(len(cases) * _STEP_SHARE)
    while math.gcd(step, len(cases)) > 1:
        step += 1
    places = sorted(number * step % len(cases) for number in range(count))
    return tuple(cases[place] for place in places)
