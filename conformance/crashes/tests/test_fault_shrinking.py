"""Faults that fail are shown with few operations."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.crashes.conduct import Component
from conformance.crashes.fault_shrinking import FaultFailure, Operations, smallest_fault
from conformance.crashes.faults import FaultedRun, Plan
from conformance.crashes.histories import log_histories
from conformance.crashes.oracle import Finding
from telltale_spec.model.operations import Append, LoadLog, Operation, ReadSince, Reopen
from telltale_spec.tests.samples import gate

LONG = next(log_histories(0, 0))


def failure(operations: Operations) -> FaultFailure:
    run = FaultedRun(1, (), failures_count=1, ended=False)
    return FaultFailure(operations, Plan((), (), ()), run, (Finding(holds=False),))


def shown(fails: Callable[[Operations], bool], operations: Operations = LONG) -> list[Operation]:
    """Return the smallest failure of a suite that fails wherever it is said to."""

    def attempt(shorter: Operations) -> FaultFailure | None:
        return failure(shorter) if fails(shorter) else None

    found = smallest_fault(Component.LOG, failure(operations), attempt, lambda: False)
    return list(found.operations)


@pytest.mark.requirement("WAL-08.fsync-error", "WAL-08.disk-full")
def test_one_entry_is_enough_where_it_fails_too() -> None:
    assert shown(lambda operations: any(isinstance(each, Append) for each in operations)) == [
        next(each for each in LONG if isinstance(each, Append))
    ]


def test_what_needs_a_reopening_keeps_it() -> None:
    found = shown(lambda operations: Reopen() in operations and LoadLog() in operations)

    assert sorted(type(each).__name__ for each in found) == ["LoadLog", "Reopen"]


def test_what_fails_as_a_whole_alone_stays_whole() -> None:
    assert shown(lambda operations: False) == list(LONG)


def test_what_needs_an_odd_operation_is_made_shorter_without_the_others() -> None:
    operations = (Append(gate("a")), Append(gate("b")), ReadSince(3), Append(gate("c")))

    assert shown(lambda shorter: ReadSince(3) in shorter, operations) == [ReadSince(3)]


def test_no_time_makes_nothing_shorter() -> None:
    long = failure(LONG)

    assert smallest_fault(Component.LOG, long, lambda shorter: long, lambda: True) is long
