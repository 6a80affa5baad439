"""What concurrent calls are, and what can be said of them."""

from __future__ import annotations

import enum
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from conformance.rules.events import OK, REFUSED, UNKNOWN
from telltale_spec.model.operations import Append, Operation, PutOutcome

__all__ = [
    "EARLIEST",
    "LATEST",
    "STEPS_MAX",
    "ConcurrentCall",
    "History",
    "Judgement",
    "Numbers",
    "Order",
    "Steps",
    "loosened",
    "only",
]

LATEST: Final = 1 << 62
"""The position at which a call ends that is never answered: behind every other."""

EARLIEST: Final = -1
"""A position before every other."""

STEPS_MAX: Final = 2_000_000
"""How many steps a search for an order takes before it leaves the question open."""


@dataclass(frozen=True, slots=True)
class ConcurrentCall:
    """Record one call of a client, and when it was under way.

    ``invoked`` and ``answered`` are positions on one counter for all clients, not negative and
    below 2^62; ``answered`` is ``None`` for a call that is pending for ever. A call that was
    answered before another one was invoked comes before it; all others may have any order.
    ``answer`` is ``ok``, ``refused`` or ``unknown``; ``result`` is the entries that a load or a
    read gave, in order, or the entry that a lookup found, ``None`` for nothing; ``message`` is the
    text of a refusal.
    """

    client: int
    operation: Operation
    invoked: int
    answered: int | None
    answer: str = OK
    result: Any = None
    message: str = ""

    @property
    def is_acknowledged(self) -> bool:
        """Whether the caller knows that it was done."""
        return self.answered is not None and self.answer == OK

    @property
    def is_refused(self) -> bool:
        """Whether it was answered with the declared error."""
        return self.answered is not None and self.answer == REFUSED

    @property
    def entry(self) -> Any:
        """The entry that a write carries, or ``None`` for a call that only reads."""
        operation = self.operation
        return operation.entry if isinstance(operation, (Append, PutOutcome)) else None

    @property
    def last(self) -> int:
        """The last position at which it can have taken effect.

        What was refused or not answered may take effect at any time after it was invoked, or
        never.
        """
        return self.answered if self.answered is not None and self.answer == OK else LATEST

    def precedes(self, other: ConcurrentCall) -> bool:
        """Tell whether this call was answered before the other was invoked."""
        return self.answered is not None and self.answered < other.invoked


History = Sequence[ConcurrentCall | None]
"""Calls by their index, ``None`` where one was left out."""


def loosened(call: ConcurrentCall) -> ConcurrentCall | None:
    """Return what is left of a call of which only the writing is kept, or ``None`` for a read.

    It may have happened at any time, once or never: an order that explains a history explains it
    with any of its calls loosened too.
    """
    if call.entry is None:
        return None
    return replace(call, invoked=EARLIEST, answered=None, answer=UNKNOWN, result=None, message="")


def only(calls: Sequence[ConcurrentCall], kept: Iterable[int]) -> History:
    """Return a history in which every call but those kept is loosened."""
    wanted = frozenset(kept)
    return [call if index in wanted else loosened(call) for index, call in enumerate(calls)]


class Order(enum.Enum):
    """Whether an order was found that explains a history."""

    FOUND = "found"
    NONE = "none"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Say whether some order explains a history, and if none does, what contradicts it.

    ``calls`` are the indexes, in the history, of a smallest set of calls that no order explains:
    with any one of them left out there is an order. ``culprit`` is the index of the one whose
    answer is to be looked at first. ``text`` says the same in words, or why the question is open.
    ``beside`` are calls without which it contradicts itself too, and that show how it came about.
    """

    order: Order
    text: str = ""
    calls: tuple[int, ...] = ()
    culprit: int | None = None
    beside: tuple[int, ...] = ()

    @property
    def shown(self) -> list[int]:
        """The indexes of the contradiction and of what is beside it, in their order."""
        return sorted({*self.calls, *self.beside})


class Steps:
    """Count the steps of a search, up to a limit."""

    def __init__(self, count_max: int = STEPS_MAX) -> None:
        self.count = 0
        self._count_max = count_max

    def take(self) -> bool:
        """Count one step and say whether it is within the limit."""
        self.count += 1
        return self.count <= self._count_max


class Numbers:
    """Give equal values equal numbers, from 0 on, in the order in which they are first met."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        self._hashed: dict[Hashable, int] = {}
        self._others: list[tuple[Any, int]] = []
        for value in values:
            self.of(value)

    def of(self, value: Any) -> int:
        """Return the number of a value, a new one for a value that was not met before."""
        known = self.known(value)
        if known is not None:
            return known
        number = len(self._hashed) + len(self._others)
        try:
            self._hashed[value] = number
        except TypeError:
            # A result may hold what a backend made up; it is still equal to itself.
            self._others.append((value, number))
        return number

    def known(self, value: Any) -> int | None:
        """Return the number of a value that was met before, or ``None``."""
        try:
            return self._hashed.get(value)
        except TypeError:
            return next((number for other, number in self._others if other == value), None)
