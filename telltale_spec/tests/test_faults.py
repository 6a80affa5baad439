"""Fault programs and the logs that follow them."""

from __future__ import annotations

import pytest

from telltale_spec.backends.faulty import FaultInjectingAgreementWal, NthAppendFailingAgreementWal
from telltale_spec.backends.memory import InMemoryAgreementWal
from telltale_spec.errors import DomainError, DurabilityError
from telltale_spec.model.faults import (
    AvailabilityWindow,
    DelayedOutcome,
    DurableFaultKind,
    DurableFaultProgram,
    DurableFaultRecord,
    DurableFaultSchedule,
    FailedOutcome,
    Latency,
    PartialWrite,
    UnavailableOutcome,
    WriteFailure,
)
from telltale_spec.tests.samples import FINALIZED, NONE, TICK_MAX, escalation, gate


def program(*faults: tuple[int, DurableFaultKind]) -> DurableFaultProgram:
    return DurableFaultProgram(tuple([DurableFaultSchedule(*fault) for fault in faults]))


def faulty(*faults: tuple[int, DurableFaultKind]) -> FaultInjectingAgreementWal:
    return FaultInjectingAgreementWal(InMemoryAgreementWal(), program(*faults))


@pytest.mark.requirement("FAULT-01")
def test_fault_01_the_first_matching_declaration_wins() -> None:
    faults = program((3, Latency(1)), (3, WriteFailure()), (2, PartialWrite()))
    assert faults.fault_at(3) == Latency(1)
    assert faults.fault_at(2) == PartialWrite()
    assert faults.fault_at(1) is None


@pytest.mark.requirement("FAULT-01", "F28")
@pytest.mark.parametrize(
    ("tick", "struck"), [(1, False), (2, True), (4, True), (5, False), (9, True)]
)
def test_f28_a_window_also_strikes_at_its_scheduled_tick(tick: int, struck: bool) -> None:
    window = AvailabilityWindow(2, 4)
    assert (program((9, window)).fault_at(tick) == window) is struck


@pytest.mark.requirement("FAULT-02")
@pytest.mark.parametrize(
    ("fault", "outcome", "text"),
    [
        (WriteFailure(), FailedOutcome(), "simulated WAL write failure at tick 3"),
        (PartialWrite(), FailedOutcome(), "simulated WAL partial write at tick 3"),
        (
            AvailabilityWindow(0, TICK_MAX),
            UnavailableOutcome(),
            "simulated WAL backend unavailable for append at tick 3",
        ),
    ],
)
def test_fault_02_a_struck_append_stores_nothing(
    fault: DurableFaultKind, outcome: FailedOutcome | UnavailableOutcome, text: str
) -> None:
    wal = faulty((3, fault))
    for _ in range(2):
        # The same tick is struck again: faults never expire (FAULT-03, F28).
        with pytest.raises(DurabilityError) as caught:
            wal.append(gate(tick=3))
        assert str(caught.value) == text
    assert wal.history == (DurableFaultRecord(3, "o", fault, outcome),) * 2
    assert wal.load().entries == ()


@pytest.mark.requirement("FAULT-02", "FAULT-03")
def test_fault_02_latency_stores_and_its_record_stays_if_the_log_refuses() -> None:
    wal = faulty((1, Latency(7)))
    wal.append(gate(tick=1))
    with pytest.raises(DurabilityError, match="regression"):
        wal.append(escalation("o", FINALIZED, NONE, tick=1))
    assert wal.history == (DurableFaultRecord(1, "o", Latency(7), DelayedOutcome(7)),) * 2


@pytest.mark.requirement("FAULT-03")
def test_fault_03_reads_are_never_struck() -> None:
    wal = faulty((2, WriteFailure()))
    wal.append(gate(tick=3))
    assert wal.load().entries == wal.read_since(2) == (gate(tick=3),)
    assert wal.history == ()


@pytest.mark.requirement("FAULT-03")
def test_fault_03_json_forms() -> None:
    faults = program(
        (1, WriteFailure()), (2, PartialWrite()), (3, Latency(4)), (5, AvailabilityWindow(6, 7))
    )
    text = (
        '{"faults": [{"tick": 1, "kind": "write_failure"}, {"tick": 2, "kind": "partial_write"}, '
        '{"tick": 3, "kind": {"latency": {"ticks": 4}}}, '
        '{"tick": 5, "kind": {"availability_window": {"start_tick": 6, "end_tick": 7}}}]}'
    )
    assert faults.to_json() == text
    assert DurableFaultProgram.from_json(text) == faults
    assert [outcome.to_dict() for outcome in (FailedOutcome(), UnavailableOutcome())] == [
        "failed",
        "unavailable",
    ]
    assert DelayedOutcome(2).to_dict() == {"delayed": {"ticks": 2}}
    with pytest.raises(DomainError, match="faults"):
        DurableFaultProgram.from_json("{}")


@pytest.mark.requirement("F20", "F28")
@pytest.mark.parametrize("store_on_fail", [False, True])
def test_f28_one_append_can_be_made_to_fail_by_number(store_on_fail: bool) -> None:
    inner = InMemoryAgreementWal()
    wal = NthAppendFailingAgreementWal(inner, 1, store_on_fail=store_on_fail)
    wal.append(gate("a"))
    with pytest.raises(DurabilityError, match="injected append failure"):
        wal.append(gate("b"))
    wal.append(gate("c"))
    stored = [entry.operation_id for entry in wal.load().entries]
    assert stored == (["a", "b", "c"] if store_on_fail else ["a", "c"])
    assert len(wal.read_since(0)) == len(inner.load().entries)
