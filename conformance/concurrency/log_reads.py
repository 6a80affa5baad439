"""What an answer that depends on a log says of how much of the log was there.

A log only grows, so each such answer fits a range of lengths, and one that fits none contradicts
the log by itself.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Final

from conformance.concurrency.calls import ConcurrentCall
from telltale_spec.model.machine import order_error
from telltale_spec.model.operations import Append, LoadLog, ReadSince
from telltale_spec.wire.agreement import AgreementLevel, AgreementWalEntry, Escalation

__all__ = ["LogLengths"]

_TICKS_KEPT_MAX: Final = 16


class LogLengths:
    """One log, and the lengths at which it gives an answer."""

    def __init__(self, entries: Sequence[AgreementWalEntry]) -> None:
        self._entries = tuple(entries)
        self._ticks = [entry.tick for entry in entries]
        self._highest_ticks = list(itertools.accumulate(self._ticks, max))
        self._places: dict[int, list[int]] = {}
        self._levels: dict[str, tuple[list[int], list[AgreementLevel]]] = {}
        for place, entry in enumerate(entries):
            if isinstance(entry, Escalation):
                places, levels = self._levels.setdefault(entry.operation_id, ([], []))
                places.append(place)
                levels.append(entry.new_level)

    def of(self, call: ConcurrentCall) -> tuple[int, int] | None:
        """Return the smallest and the largest length at which a call gives its answer.

        ``None`` is an answer that no length gives. A call whose answer does not depend on the
        length fits all of them.
        """
        match call.operation:
            case LoadLog() if call.is_acknowledged:
                length = len(call.result)
                fits = tuple(call.result) == self._entries[:length]
                return (length, length) if fits else None
            case ReadSince(tick) if call.is_acknowledged:
                return self._of_suffix(tick, call.result)
            case Append(Escalation() as entry) if call.is_refused:
                return self._of_refusal(entry, call.message)
        return (0, len(self._entries))

    def _of_suffix(self, tick: int, found: Sequence[Any]) -> tuple[int, int] | None:
        count = len(found)
        places = self._places_after(tick, count + 1)
        if count > len(places):
            return None
        if tuple(map(self._entries.__getitem__, places[:count])) != tuple(found):
            return None
        smallest = places[count - 1] + 1 if count else 0
        largest = places[count] if count < len(places) else len(self._entries)
        return smallest, largest

    def _places_after(self, tick: int, count: int) -> Sequence[int]:
        """Return the first places with a later tick, as many as are asked for."""
        known = self._places.get(tick)
        if known is None:
            # Where ticks rise, as they mostly do, what is in front need not be looked at.
            first = bisect_right(self._highest_ticks, tick)
            ticks = self._ticks
            later = (place for place in range(first, len(ticks)) if ticks[place] > tick)
            if len(self._places) == _TICKS_KEPT_MAX:
                return list(itertools.islice(later, count))
            known = self._places[tick] = list(later)
        return known[:count]

    def _of_refusal(self, entry: Escalation, message: str) -> tuple[int, int] | None:
        """Return the lengths at which an escalation breaks the order, if it was refused for that.

        A refusal in other words than the specification's may have had any other reason.
        """
        if message not in {_refusal_text(entry, last) for last in (None, *AgreementLevel)} - {""}:
            return (0, len(self._entries))
        places, levels = self._levels.get(entry.operation_id, ([], []))
        smallest = [0, *(place + 1 for place in places)]
        # Levels never fall in a lawful log: what breaks the order once breaks it ever after.
        for length, last in zip(smallest, [None, *levels], strict=True):
            if _refusal_text(entry, last):
                return length, len(self._entries)
        return None


def _refusal_text(entry: Escalation, last: AgreementLevel | None) -> str:
    before = () if last is None else (Escalation(entry.operation_id, last, last, None, 0),)
    error = order_error((*before, entry))
    return "" if error is None else str(error)
