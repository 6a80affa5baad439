"""Restarts: what one costs, from a closed log to the decision for each operation."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.backend import Capability
from conformance.bench.meter import Meter
from conformance.bench.subjects import NotFeasible, Subject, close
from conformance.bench.workloads import ENTRIES_PER_OPERATION, evidence_cache, wal
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.recovery import DurableRecoveryAction


def test_restart(meter: Meter, tmp_path: Path, subject: Subject, length: int) -> None:
    """Open the log again, load it, and plan the recovery of all of it."""
    factory = subject.backend.agreement_wal
    if factory is None or Capability.REOPEN not in subject.backend.capabilities:
        pytest.skip(f"{subject.name} does not declare that its log can be opened again")
    cache = evidence_cache(length // ENTRIES_PER_OPERATION)
    try:
        close(subject.filled(tmp_path, wal(length)))
    except NotFeasible as reason:
        pytest.skip(str(reason))
    plan_of = subject.backend.recovery or DurableRecoveryPlan.from_checkpoint

    def restart() -> DurableRecoveryPlan[None]:
        log = factory(tmp_path)
        plan = plan_of(0, None, log.load(), cache)
        close(log)
        return plan

    plan = meter.read(f"restart, {subject.name}", length, restart, **subject.labels())

    assert plan.wal_suffix == wal(length).entries
    assert len(plan.decisions) == length // ENTRIES_PER_OPERATION
    actions = {decision.action for decision in plan.decisions}
    assert actions == {DurableRecoveryAction.REUSE_FINALIZED}
