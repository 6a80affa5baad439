"""How the recovery plan grows with the log, and with its suffix after the checkpoint."""

from __future__ import annotations

import pytest

from benchmarks.conftest import Meter
from benchmarks.workloads import ENTRIES_PER_OPERATION, evidence_cache, wal
from telltale_spec import DurableRecoveryAction, PersistedDurabilityArtifact
from telltale_spec.model.recovery import DurableRecoveryPlan

MACHINE = object()
LONGEST_LOG = 100_000

each_size = pytest.mark.parametrize("size", [1_000, 10_000, LONGEST_LOG])


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

    plan = meter.read("recovery, from bytes", size, recover)

    assert plan == DurableRecoveryPlan.from_checkpoint(0, MACHINE, log, cache)


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
