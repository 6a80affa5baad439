"""Histories make sense from left to right and reach every operation."""

from __future__ import annotations

import pytest
from hypothesis.strategies import SearchStrategy

import strategies
from strategies.tests.sampling import examples
from telltale_spec.errors import DomainError
from telltale_spec.model.operations import (
    Append,
    GetOutcome,
    LoadCache,
    LoadLog,
    Operation,
    PutOutcome,
    ReadSince,
    Reopen,
    SyncWal,
)
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    EscalationTracker,
)


def _types(histories: list[tuple[Operation, ...]]) -> set[type[Operation]]:
    return {type(operation) for history in histories for operation in history}


def _refused_share(histories: list[tuple[Operation, ...]]) -> float:
    appends_count = refused_count = 0
    for history in histories:
        tracker = EscalationTracker()
        for operation in history:
            if isinstance(operation, Append):
                appends_count += 1
                refused_count += tracker.observe(operation.entry) is not None
    return refused_count / appends_count


@pytest.mark.requirement("WAL-01", "WAL-03", "WAL-05")
def test_wal_histories_reach_every_operation_and_are_mostly_accepted() -> None:
    histories = examples(strategies.wal_histories(), count=80)

    assert {Append, ReadSince, LoadLog, Reopen} == _types(histories)
    assert 0.02 < _refused_share(histories) < 0.2
    assert max(map(len, histories)) > 8


@pytest.mark.requirement("WAL-01")
def test_wal_histories_without_rejection_are_valid() -> None:
    for history in examples(strategies.wal_histories(allow_rejected=False), count=80):
        entries = tuple(item.entry for item in history if isinstance(item, Append))
        AgreementWalArtifact(entries).validate_monotonic_escalations()


@pytest.mark.requirement("CACHE-01", "CACHE-03")
def test_cache_histories_get_what_was_put_and_what_was_not() -> None:
    histories = examples(strategies.cache_histories(), count=80)
    hits = set()
    for history in histories:
        known: set[str] = set()
        for operation in history:
            if isinstance(operation, PutOutcome):
                known.add(operation.entry.evidence_id)
            elif isinstance(operation, GetOutcome):
                hits.add(operation.evidence_id in known)

    assert {PutOutcome, GetOutcome, LoadCache, Reopen} == _types(histories)
    assert {True, False} == hits


@pytest.mark.requirement("SYNC-05", "SYNC-15", "F2")
def test_sync_histories_repeat_collide_and_stay_valid() -> None:
    histories = examples(strategies.sync_histories(), count=80)
    repeated_count = collided_count = 0
    for history in histories:
        log: list[AgreementWalEntry] = []
        requests = [item.request for item in history if isinstance(item, SyncWal)]
        repeated_count += len(requests) - len(set(requests))
        for request in requests:
            identities = {entry.stable_identity(): entry for entry in log}
            collided_count += any(
                identities.get(entry.stable_identity(), entry) != entry
                for entry in build_entries((), request)
            )
            log.extend(build_entries(log, request))
        AgreementWalArtifact(tuple(log)).validate_monotonic_escalations()
        assert len(history) <= 20

    assert {SyncWal, LoadLog, Reopen} == _types(histories)
    assert repeated_count > 10
    assert collided_count > 5


@pytest.mark.parametrize(
    "strategy",
    [strategies.wal_histories(), strategies.cache_histories(), strategies.sync_histories()],
)
def test_operations_have_a_json_form(
    strategy: SearchStrategy[strategies.History],
) -> None:
    for history in examples(strategy, count=10):
        for operation in history:
            assert operation == Operation.from_json(operation.to_json())


@pytest.mark.requirement("SYNC-09", "EVID-04", "EVID-06")
def test_fault_programs_fail_each_call_at_most_once() -> None:
    call = strategies.BackendCall
    found: set[tuple[strategies.BackendCall, bool]] = set()
    for program in examples(strategies.wal_fault_programs() | strategies.cache_fault_programs()):
        calls = [(fault.call, fault.call_index) for fault in program.faults]
        found.update((fault.call, fault.stored) for fault in program.faults)
        assert len(calls) == len(set(calls))
        for fault in program.faults:
            assert fault == program.fault_at(fault.call, fault.call_index)
        assert program.fault_at(call.APPEND, 99) is None

    assert found == {
        (call.APPEND, False),
        (call.APPEND, True),
        (call.LOAD, False),
        (call.GET, False),
        (call.PUT, False),
        (call.PUT, True),
    }


def test_impossible_faults_are_refused() -> None:
    with pytest.raises(DomainError, match=r"^CallFault\.stored: expected False for a read"):
        strategies.CallFault(strategies.BackendCall.LOAD, 0, stored=True)
    with pytest.raises(DomainError, match=r"^CallFault\.call_index: .* got -1$"):
        strategies.CallFault(strategies.BackendCall.APPEND, -1)


@pytest.mark.requirement("WAL-08", "CACHE-08")
def test_crash_programs_cut_each_operation_at_most_once() -> None:
    programs = examples(strategies.crash_programs(operations_count=4, steps_count=3))
    for program in programs:
        places = [point.operation_index for point in program]
        assert places == sorted(set(places))
        assert all(0 <= point.step_index < 3 for point in program)

    assert {0, 1, 2, 3} == {len(program) for program in programs}
