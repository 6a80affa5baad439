"""Logs are in order or not as asked, caches repeat ids or not, checkpoints matter."""

from __future__ import annotations

import pytest
from hypothesis.strategies import SearchStrategy

import strategies
from strategies.tests.sampling import examples
from telltale_spec.errors import DomainError, EscalationOrderError
from telltale_spec.wire.agreement import AgreementLevel, Escalation, VisibilityGateCrossing
from telltale_spec.wire.limits import PERSISTED_DURABILITY_SCHEMA_VERSION
from telltale_spec.wire.persisted import PAYLOAD
from telltale_spec.wire.shapes import U64_MAX


@pytest.mark.requirement("ART-WAL-02", "ART-WAL-05")
def test_wal_artifacts_are_in_order_and_escalate() -> None:
    wals = examples(strategies.wal_artifacts(), count=80)
    rising = [
        entry
        for wal in wals
        for entry in wal.entries
        if isinstance(entry, Escalation) and entry.new_level is not entry.previous_level
    ]

    for wal in wals:
        wal.validate_monotonic_escalations()
    assert len(rising) > 20
    assert max(len(wal.entries) for wal in wals) > 5


@pytest.mark.requirement("ART-WAL-03", "ART-WAL-04", "ART-WAL-05")
def test_the_first_offence_is_where_invalid_wals_say() -> None:
    kinds = set()
    for invalid in examples(strategies.invalid_wals(), count=80):
        with pytest.raises(EscalationOrderError) as raised:
            invalid.wal.validate_monotonic_escalations()
        kinds.add(raised.value.last_level is None)

        assert invalid.entry_index == raised.value.entry_index
        assert len(invalid.wal.entries) <= 12

    assert {True, False} == kinds


@pytest.mark.requirement("ART-WAL-02")
def test_valid_entries_keep_what_is_in_order() -> None:
    for wal in examples(strategies.wal_artifacts()):
        assert wal.entries == strategies.valid_entries(wal.entries)


@pytest.mark.requirement("CACHE-05", "F18")
def test_cache_ids_repeat_only_when_allowed() -> None:
    unique = examples(strategies.cache_artifacts())
    repeating = examples(strategies.cache_artifacts(allow_duplicate_ids=True))

    assert all(
        len(cache.entries) == len({entry.evidence_id for entry in cache.entries})
        for cache in unique
    )
    assert any(
        len(cache.entries) > len({entry.evidence_id for entry in cache.entries})
        for cache in repeating
    )


@pytest.mark.requirement("WIRE-02", "ARTIFACT-01", "DEC-31")
def test_artifacts_have_every_payload_and_the_version_asked_for() -> None:
    known = examples(strategies.persisted_artifacts())
    unknown = examples(strategies.unknown_version_artifacts())

    assert set(PAYLOAD.variants) == {type(artifact.payload) for artifact in known}
    assert {PERSISTED_DURABILITY_SCHEMA_VERSION} == {item.schema_version for item in known}
    assert PERSISTED_DURABILITY_SCHEMA_VERSION not in {item.schema_version for item in unknown}


@pytest.mark.requirement("ART-WAL-01")
def test_checkpoints_surround_every_tick() -> None:
    gates = [VisibilityGateCrossing("a", "c", AgreementLevel.NONE, tick) for tick in (0, 5)]
    found = set(examples(strategies.checkpoints(gates)))

    assert {0, 1, 4, 5, 6, U64_MAX} == found


@pytest.mark.parametrize(
    ("strategy", "shown"),
    [
        (strategies.wal_artifacts(max_size=-1), "wal_artifacts.max_size: .* got -1"),
        (strategies.invalid_wals(max_size=1), "invalid_wals.max_size: .* got 1"),
        (strategies.cache_artifacts(max_size=-2), "cache_artifacts.max_size: .* got -2"),
        (strategies.phase_histories(max_size=0), "phase_sync_requests.max_size: .* got 0"),
        (strategies.append_faults(calls_count=0), "append_faults.calls_count: .* got 0"),
        (strategies.crash_points(operations_count=0), "crash_points.operations_count: .* got 0"),
        (strategies.wal_histories(max_size=-1), "wal_histories.max_size: .* got -1"),
        (
            strategies.corrupt_encodings(requirement="DEC-99"),
            "corrupt_encodings.requirement: expected one of .* got 'DEC-99'",
        ),
    ],
)
def test_impossible_arguments_are_refused_when_drawn(
    strategy: SearchStrategy[object], shown: str
) -> None:
    with pytest.raises(DomainError, match=shown):
        examples(strategy)
