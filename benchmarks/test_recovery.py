"""How the recovery plan grows with the log, and with its suffix after the checkpoint."""

from __future__ import annotations

import cbor2
import pytest

from conformance.bench.meter import Meter
from conformance.bench.workloads import ENTRIES_PER_OPERATION, evidence_cache, wal
from telltale_spec import (
    AgreementLevel,
    AgreementWalArtifact,
    DurableRecoveryAction,
    EvidenceOutcomeCacheArtifact,
    PersistedDurabilityArtifact,
    VisibilityGateCrossing,
)
from telltale_spec.model.recovery import DurableRecoveryPlan

MACHINE = object()
LONGEST_LOG = 100_000

each_size = pytest.mark.parametrize("size", [1_000, 10_000, LONGEST_LOG])

BARE = "recovery, cbor2 alone on the same bytes"


@each_size
def test_plan_from_values(meter: Meter, size: int) -> None:
    log, cache = wal(size), evidence_cache(size // ENTRIES_PER_OPERATION)

    plan = meter.read(
        "recovery, from values",
        size,
        lambda: DurableRecoveryPlan.from_checkpoint(0, MACHINE, log, cache),
    )

    assert plan.wal_suffix == log.entries
    assert len(plan.decisions) == size // ENTRIES_PER_OPERATION
    assert {decision.action for decision in plan.decisions} == {
        DurableRecoveryAction.REUSE_FINALIZED
    }
    assert all(len(decision.cached_evidence_ids) == 1 for decision in plan.decisions)


@each_size
def test_plan_from_bytes(meter: Meter, size: int) -> None:
    log, cache = wal(size), evidence_cache(size // ENTRIES_PER_OPERATION)
    log_data = PersistedDurabilityArtifact.agreement_wal(log).to_cbor()
    cache_data = PersistedDurabilityArtifact.evidence_outcome_cache(cache).to_cbor()

    def recover() -> DurableRecoveryPlan[object]:
        return DurableRecoveryPlan.from_checkpoint(
            0,
            MACHINE,
            PersistedDurabilityArtifact.from_slice(log_data).into_agreement_wal(),
            PersistedDurabilityArtifact.from_slice(cache_data).into_evidence_outcome_cache(),
        )

    plan = meter.read("recovery, from bytes", size, recover, baseline=BARE)

    assert plan == DurableRecoveryPlan.from_checkpoint(0, MACHINE, log, cache)


@each_size
def test_bare_bytes(meter: Meter, size: int) -> None:
    log, cache = wal(size), evidence_cache(size // ENTRIES_PER_OPERATION)
    log_data = PersistedDurabilityArtifact.agreement_wal(log).to_cbor()
    cache_data = PersistedDurabilityArtifact.evidence_outcome_cache(cache).to_cbor()

    trees = meter.read(BARE, size, lambda: (cbor2.loads(log_data), cbor2.loads(cache_data)))

    assert len(trees[0]["payload"]["payload"]["entries"]) == size


@pytest.mark.parametrize("operations", [10, 100, 1_000, 10_000])
def test_plan_by_operations(meter: Meter, operations: int) -> None:
    entries = tuple(
        VisibilityGateCrossing(
            f"operation-{index % operations}", "c", AgreementLevel.NONE, index + 1
        )
        for index in range(LONGEST_LOG)
    )
    log = AgreementWalArtifact(entries)

    plan = meter.read(
        f"recovery, {LONGEST_LOG:,} entries by operations",
        operations,
        lambda: DurableRecoveryPlan.from_checkpoint(
            0, MACHINE, log, EvidenceOutcomeCacheArtifact()
        ),
    )

    assert len(plan.decisions) == operations


@each_size
def test_plan_of_a_suffix(meter: Meter, size: int) -> None:
    log, cache = wal(LONGEST_LOG), evidence_cache(LONGEST_LOG // ENTRIES_PER_OPERATION)
    checkpoint = LONGEST_LOG - size

    plan = meter.read(
        f"recovery, suffix of {LONGEST_LOG:,}",
        size,
        lambda: DurableRecoveryPlan.from_checkpoint(checkpoint, MACHINE, log, cache),
    )

    assert len(plan.wal_suffix) == size
    assert plan.metadata.wal_tail_start_tick == checkpoint + 1
    assert plan.metadata.highest_recovered_tick == LONGEST_LOG
