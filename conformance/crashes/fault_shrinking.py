"""Make a fault that fails smaller: a history of one or two entries, or one with fewer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from conformance.crashes.conduct import Component
from conformance.crashes.faults import FaultedRun, Plan
from conformance.crashes.oracle import Finding
from telltale_spec.model.operations import (
    Append,
    LoadCache,
    LoadLog,
    Operation,
    PutOutcome,
    Reopen,
)

__all__ = ["LOADS", "FaultFailure", "smallest_fault"]

LOADS: Final[dict[Component, Operation]] = {
    Component.LOG: LoadLog(),
    Component.CACHE: LoadCache(),
}
"""How each component is loaded."""

_TRIED_MAX: Final = 12

Operations = tuple[Operation, ...]


@dataclass(frozen=True)
class FaultFailure:
    """A history in which a call failed, with what was found then, something wrong among it."""

    operations: Operations
    plan: Plan
    run: FaultedRun
    found: tuple[Finding, ...]


def smallest_fault(
    part: Component,
    failure: FaultFailure,
    attempt: Callable[[Operations], FaultFailure | None],
    is_over: Callable[[], bool],
) -> FaultFailure:
    """Return the failure of a shorter history, as far as there is time.

    ``attempt`` carries a history out with each of its faults and returns one that fails.
    """
    tried = 0
    for operations in _short(part, failure.operations):
        if len(operations) >= len(failure.operations) or tried == _TRIED_MAX or is_over():
            break
        tried += 1
        shorter = attempt(operations)
        if shorter is not None:
            failure = shorter
            break
    candidates = _without_one(failure.operations)
    while tried < _TRIED_MAX and not is_over():
        operations = next(candidates, ())
        if not operations:
            break
        tried += 1
        shorter = attempt(operations)
        if shorter is not None:
            failure = shorter
            candidates = _without_one(failure.operations)
    return failure


def _short(part: Component, operations: Operations) -> Iterator[Operations]:
    """Yield histories of the first entries; what is stored shows when they are opened again."""
    stores = [each for each in operations if isinstance(each, Append | PutOutcome)]
    load = LOADS[part]
    for count in (1, 2):
        first = stores[:count]
        yield (*first, load, Reopen(), load)
        yield (*first, load, Reopen(), load, *stores[count : count + 1], load)


def _without_one(operations: Operations) -> Iterator[Operations]:
    for index in reversed(range(len(operations))):
        yield (*operations[:index], *operations[index + 1 :])
