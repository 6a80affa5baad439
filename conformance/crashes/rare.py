"""Where in a long history a storage does what it did not do before.

Most operations of a storage make the same calls. Some begin a new file, give a file another name,
cut one or gather up what was replaced, after so many entries or so many bytes; a mistake in these
shows in no short history. So a long one is crashed at such places only.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final, NamedTuple

from conformance.crashes.campaign import CrashSite
from conformance.crashes.conduct import Component
from conformance.crashes.selection import evenly
from telltale_spec.model.operations import Append, LoadCache, LoadLog, Operation, PutOutcome, Reopen
from telltale_spec.wire.agreement import AgreementLevel, VisibilityGateCrossing
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome

__all__ = ["Window", "long_history", "rare_windows"]

# Short histories are crashed everywhere; what is new in them is tried there.
_COMMON_OPERATIONS: Final = 8
_WINDOWS_MAX: Final = 4
_LONG_TEXT: Final = "long-" * 300
# Beyond a page, and beyond what 16 bits can count: some storages keep such entries elsewhere.
_LARGE_TEXTS: Final = ("page-" * 1_000, "large-" * 12_000)
_IDS: Final = 7
_REPLACED_FIRST: Final = 64
_CLOSED_AFTER: Final = 3
# One operation more than the round numbers at which storages do so.
_OPERATIONS: Final = 262
_OPERATIONS_OF_CI: Final = 522
_HISTORIES_OF_CI: Final = 150


class Window(NamedTuple):
    """The events from ``begin`` up to, and without, ``end``."""

    begin: int
    end: int


def long_history(component: Component, histories: int) -> tuple[Operation, ...]:
    """Return a history of many operations, all of them accepted; some entries are long."""
    count = _OPERATIONS if histories < _HISTORIES_OF_CI else _OPERATIONS_OF_CI
    is_log = component is Component.LOG
    make, load = (_append, LoadLog()) if is_log else (_put, LoadCache())
    large = [make(count + number, text) for number, text in enumerate(_LARGE_TEXTS)]
    stores = [*map(make, range(count)), *large]
    # What an orderly end leaves for the next opening is old by the time that something rare comes.
    return (*stores[:_CLOSED_AFTER], Reopen(), *stores[_CLOSED_AFTER:], load)


def _append(number: int, large: str = "") -> Operation:
    text = large or (_LONG_TEXT if number % 3 == 2 else "coroutine")
    return Append(VisibilityGateCrossing(f"o{number}", text, AgreementLevel.NONE, number))


def _put(number: int, large: str = "") -> Operation:
    """Put one of a few ids; later, every other time, a new one.

    So first there is soon far more of what was replaced than of what counts.
    """
    is_new = number >= _REPLACED_FIRST and number % 2 == 0
    evidence_id = f"f{number}" if is_new else f"e{number % _IDS}"
    text = large or (_LONG_TEXT if number % 3 == 2 else f"put {number}")
    return PutOutcome(EvidenceOutcomeCacheEntry(evidence_id, "i", text, EffectOutcome.blocked()))


def rare_windows(site: CrashSite) -> list[Window]:
    """Return the windows of the operations that are like none before, each up to the next answer.

    Where there are many, some that lie evenly.
    """
    known: set[tuple[type, ...]] = set()
    found: list[Window] = []
    for number, kinds, window in _deeds(site):
        if number >= _COMMON_OPERATIONS and kinds not in known:
            found.append(window)
        known.add(kinds)
    return evenly(found, _WINDOWS_MAX)


def _deeds(site: CrashSite) -> Iterator[tuple[int, tuple[type, ...], Window]]:
    """Yield each deed by its number, with the kinds of its events in a row, and its window."""
    events = site.model.events
    by_deed = [
        (number, list(group))
        for number, group in groupby(range(len(events)), site.conducted.answered)
    ]
    for place, (number, indexes) in enumerate(by_deed):
        kinds = tuple([kind for kind, _ in groupby(type(events[index]) for index in indexes)])
        # What is lost may be missed only once more was acknowledged.
        following = by_deed[place + 1][1] if place + 1 < len(by_deed) else indexes
        yield number, kinds, Window(indexes[0], following[-1] + 2)
