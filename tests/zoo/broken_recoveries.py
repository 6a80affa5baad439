"""Recoveries that are wrong on purpose, each in one way, with the requirement that must catch it.

Each starts from a correct plan, or from correct arguments, and spoils one thing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from conformance.backend import Backend, RecoveryFunction
from telltale_spec.model.recovery import (
    DurableRecoveryPlan,
    recovery_action,
    recovery_decisions,
)
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact as Cache
from telltale_spec.wire.recovery import (
    DurableRecoveryAction,
    DurableRecoveryDecision,
)

__all__ = ["BROKEN_RECOVERIES", "broken_recovery_backend", "gate_ignored"]

Plan = DurableRecoveryPlan[Any]
Wal = AgreementWalArtifact
Entries = tuple[AgreementWalEntry, ...]
_RESUMING: Final = ("reexecute_from_scratch", "resume_from_evidence_boundary")

correct = DurableRecoveryPlan.from_checkpoint


def broken_recovery_backend(name: str, recovery: RecoveryFunction) -> Backend:
    """Return a backend that has nothing but this recovery."""
    return Backend(name, recovery=recovery)


def _plan(tick: int, machine: Any, suffix: Entries, cache: Cache) -> Plan:
    """Return the plan of a suffix as it is, valid or not."""
    plan = correct(tick, machine, Wal(), cache)
    decisions = recovery_decisions(suffix, cache)
    return _decided(replace(plan, wal_suffix=suffix), decisions)


def _decided(plan: Plan, decisions: tuple[DurableRecoveryDecision, ...]) -> Plan:
    """Return the plan with other decisions, and with metadata that fits them."""
    suffix = plan.wal_suffix
    resumed = [each.operation_id for each in decisions if each.action.value in _RESUMING]
    terminal = [each.operation_id for each in decisions if each.action.value not in _RESUMING]
    metadata = replace(
        plan.metadata,
        wal_tail_start_tick=suffix[0].tick if suffix else None,
        highest_recovered_tick=suffix[-1].tick if suffix else None,
        resumed_operation_ids=tuple(resumed),
        terminal_operation_ids=tuple(terminal),
    )
    return replace(plan, decisions=decisions, metadata=metadata)


def _each_decision(
    change: Callable[[DurableRecoveryDecision, Plan], DurableRecoveryDecision],
) -> RecoveryFunction:
    def recover(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
        plan = correct(tick, machine, wal, cache)
        return _decided(plan, tuple(change(each, plan) for each in plan.decisions))

    return recover


def no_validation(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    return _plan(tick, machine, wal.read_since(tick), cache)


def validates_the_suffix_only(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    return correct(tick, machine, Wal(wal.read_since(tick)), cache)


def crashes_on_an_empty_suffix(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    plan = correct(tick, machine, wal, cache)
    return replace(plan, wal_suffix=(plan.wal_suffix[0], *plan.wal_suffix[1:]))


def suffix_includes_the_checkpoint(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    wal.validate_monotonic_escalations()
    return _plan(tick, machine, tuple(e for e in wal.entries if e.tick >= tick), cache)


def sorts_the_suffix(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    wal.validate_monotonic_escalations()
    suffix = sorted(wal.read_since(tick), key=lambda entry: entry.tick)
    return _plan(tick, machine, tuple(suffix), cache)


def highest_tick_is_the_maximum(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    plan = correct(tick, machine, wal, cache)
    highest = max((entry.tick for entry in plan.wal_suffix), default=None)
    return replace(plan, metadata=replace(plan.metadata, highest_recovered_tick=highest))


def decides_in_order_of_appearance(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    plan = correct(tick, machine, wal, cache)
    seen = list(dict.fromkeys(entry.operation_id for entry in plan.wal_suffix))
    ordered = sorted(plan.decisions, key=lambda decision: seen.index(decision.operation_id))
    return _decided(plan, tuple(ordered))


def decides_on_the_whole_log(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    plan = correct(tick, machine, wal, cache)
    return _decided(plan, recovery_decisions(wal.entries, cache))


def _first_outcome(decision: DurableRecoveryDecision, plan: Plan) -> DurableRecoveryDecision:
    for entry in plan.wal_suffix:
        if isinstance(entry, Finalization) and entry.operation_id == decision.operation_id:
            action = recovery_action(decision.level, entry.outcome)
            return replace(decision, finalization=entry.outcome, action=action)
    return decision


def _without_evidence_levels(
    decision: DurableRecoveryDecision, plan: Plan
) -> DurableRecoveryDecision:
    rest = tuple(entry for entry in plan.wal_suffix if not isinstance(entry, EvidenceProduced))
    for other in recovery_decisions(rest, Cache()):
        if other.operation_id == decision.operation_id:
            return replace(decision, level=other.level, action=other.action)
    level = AgreementLevel.NONE
    return replace(decision, level=level, action=recovery_action(level, decision.finalization))


def gate_ignored(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    plan = correct(tick, machine, wal, cache)
    return _decided(plan, tuple(replace(each, gate_crossed=False) for each in plan.decisions))


def _aborted_is_reused(decision: DurableRecoveryDecision, _plan: Plan) -> DurableRecoveryDecision:
    if decision.finalization is not FinalizationOutcome.ABORTED:
        return decision
    return replace(decision, action=DurableRecoveryAction.REUSE_FINALIZED)


def _soft_safe_is_not_enough(
    decision: DurableRecoveryDecision, _plan: Plan
) -> DurableRecoveryDecision:
    if decision.level is not AgreementLevel.SOFT_SAFE or decision.finalization is not None:
        return decision
    return replace(decision, action=DurableRecoveryAction.REEXECUTE_FROM_SCRATCH)


def _escalations_produce(decision: DurableRecoveryDecision, plan: Plan) -> DurableRecoveryDecision:
    named = {
        entry.evidence_id
        for entry in plan.wal_suffix
        if isinstance(entry, Escalation) and entry.operation_id == decision.operation_id
    }
    cached = [entry.evidence_id for entry in plan.evidence_cache.entries]
    ids = [each for each in cached if each in named or each in decision.cached_evidence_ids]
    return replace(decision, cached_evidence_ids=tuple(ids))


def _ids_once(decision: DurableRecoveryDecision, _plan: Plan) -> DurableRecoveryDecision:
    once = tuple(dict.fromkeys(decision.cached_evidence_ids))
    return replace(decision, cached_evidence_ids=once)


def metadata_lists_reused_ids_only(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    plan = correct(tick, machine, wal, cache)
    reused = {each for decision in plan.decisions for each in decision.cached_evidence_ids}
    ids = tuple(each for each in plan.metadata.cached_evidence_ids if each in reused)
    return replace(plan, metadata=replace(plan.metadata, cached_evidence_ids=ids))


def preserved_is_resumed(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    plan = correct(tick, machine, wal, cache)
    reused = [d.operation_id for d in plan.decisions if d.action.value == "reuse_finalized"]
    resumed = [d.operation_id for d in plan.decisions if d.operation_id not in reused]
    metadata = replace(
        plan.metadata,
        resumed_operation_ids=tuple(resumed),
        terminal_operation_ids=tuple(reused),
    )
    return replace(plan, metadata=metadata)


def machine_copied(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    return correct(tick, copy.copy(machine), wal, cache)


class ForgetsTheCache:
    """Answer every second time with a plan that holds no cache."""

    def __init__(self) -> None:
        self.calls_count = 0

    def __call__(self, tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
        self.calls_count += 1
        plan = correct(tick, machine, wal, cache)
        kept = Cache(cache.entries) if self.calls_count % 2 else Cache()
        return replace(plan, evidence_cache=kept)


BROKEN_RECOVERIES: Final[tuple[tuple[str, RecoveryFunction, str], ...]] = (
    ("no validation", no_validation, "RECOV-01"),
    ("validates the suffix only", validates_the_suffix_only, "RECOV-01"),
    ("crashes on an empty suffix", crashes_on_an_empty_suffix, "RECOV-01"),
    ("suffix includes the checkpoint tick", suffix_includes_the_checkpoint, "RECOV-02"),
    ("sorts the suffix", sorts_the_suffix, "RECOV-02"),
    ("highest tick is the maximum", highest_tick_is_the_maximum, "RECOV-02"),
    ("decisions in order of appearance", decides_in_order_of_appearance, "RECOV-03"),
    ("decides on the whole log", decides_on_the_whole_log, "RECOV-03"),
    ("first outcome wins", _each_decision(_first_outcome), "RECOV-04"),
    ("evidence does not raise the level", _each_decision(_without_evidence_levels), "RECOV-04"),
    ("gate ignored", gate_ignored, "RECOV-04"),
    ("aborted is reused", _each_decision(_aborted_is_reused), "RECOV-05"),
    ("soft_safe is not enough to resume", _each_decision(_soft_safe_is_not_enough), "RECOV-05"),
    ("ids of escalations count as produced", _each_decision(_escalations_produce), "RECOV-06"),
    ("decisions list an id once", _each_decision(_ids_once), "RECOV-06"),
    ("metadata lists reused ids only", metadata_lists_reused_ids_only, "RECOV-07"),
    ("preserved operations are resumed", preserved_is_resumed, "RECOV-08"),
    ("machine copied", machine_copied, "RECOV-09"),
    ("cache lost every second time", ForgetsTheCache(), "RECOV-09"),
    ("aborted is reused without being final", _each_decision(_aborted_is_reused), "RECOV-10"),
)
"""Name, recovery, and the requirement that it breaks."""
