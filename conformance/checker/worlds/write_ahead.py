"""A real handler on a real log, real recoveries: what the model ``write-ahead`` is about."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Final

from conformance.checker.models.sync_slots import ADVANCES, PHASES, Operation, Tick
from conformance.checker.worlds.handlers import IdleHandler
from conformance.rules.soundness import violations
from telltale_spec.backends.contract import AgreementWal, EffectHandler
from telltale_spec.backends.faulty import NthAppendFailingAgreementWal
from telltale_spec.backends.memory import InMemoryAgreementWal
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.agreement_wal import AgreementWalHandler
from telltale_spec.hardened.agreement_wal import HardenedAgreementWalHandler
from telltale_spec.hardened.recovery import HardenedRecoveryPlan
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementState,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.effects import Success
from telltale_spec.wire.recovery import DurableRecoveryAction, DurableRecoveryDecision

__all__ = ["HardenedWriteAheadWorld", "WriteAheadWorld"]

_LEVELS: Final = tuple(AgreementLevel)
_COROUTINE: Final = "coro:0"
_PHASE_AFTER: Final = {
    DurableRecoveryAction.REEXECUTE_FROM_SCRATCH: "new",
    DurableRecoveryAction.RESUME_FROM_EVIDENCE_BOUNDARY: "soft_safe",
    DurableRecoveryAction.REUSE_FINALIZED: "finalized",
    DurableRecoveryAction.PRESERVE_TERMINAL: "aborted",
}


class _UnreadableWal(InMemoryAgreementWal):
    """A log that cannot be loaded: a sync on it fails before its first append."""

    def load(self) -> AgreementWalArtifact:
        raise DurabilityError("injected load failure")


class WriteAheadWorld:
    """Machines, each of one operation, over one log. Ticks begin at 1, the checkpoint is at 0."""

    def __init__(self, slots_count: int) -> None:
        self.wal = InMemoryAgreementWal()
        self.tick = 1
        self.checkpoint_tick = 0
        self.phases = ["new"] * slots_count
        self.checkpoint_phases = ["new"] * slots_count
        self.acknowledged: list[WalSyncRequest | None] = [None] * slots_count

    def copy(self) -> WriteAheadWorld:
        """Return a world of its own in the same state."""
        other = copy.copy(self)
        other.wal = copy.copy(self.wal)
        other.phases = list(self.phases)
        other.checkpoint_phases = list(self.checkpoint_phases)
        other.acknowledged = list(self.acknowledged)
        return other

    @property
    def entries(self) -> tuple[AgreementWalEntry, ...]:
        """The log."""
        return tuple(self.wal.load().entries)

    def plan(self) -> DurableRecoveryPlan[None]:
        """Return what the real recovery makes of checkpoint and log."""
        return DurableRecoveryPlan.from_checkpoint(
            self.checkpoint_tick, None, self.wal.load(), EvidenceOutcomeCacheArtifact()
        )

    def recovered(self) -> DurableRecoveryPlan[None]:
        """Return the plan that a restart follows."""
        return self.plan()

    def handler(self, wal: AgreementWal) -> EffectHandler:
        """Return the handler that syncs."""
        return AgreementWalHandler(IdleHandler(), wal)

    def perform(self, action: str, slot: int | None) -> None:
        """Do what an action of the model says."""
        if slot is None:
            self._perform_globally(action)
        elif action == "the machine advances":
            self.phases[slot] = ADVANCES[self.phases[slot]]
        elif action == "the machine aborts":
            self.phases[slot] = "aborted"
        elif action == "the machine falls back":
            self.phases[slot] = "fallen back"
        elif action.startswith("a sync fails"):
            self._fail(slot, int(action.split()[4]))
        else:
            self._succeed(slot, self._request(slot, action))

    def _perform_globally(self, action: str) -> None:
        if action == "a checkpoint is taken":
            self.checkpoint_tick = self.tick
            self.checkpoint_phases = list(self.phases)
            return
        if action == "a crash and a recovery":
            decided = {each.operation_id: each for each in self.recovered().decisions}
            for index, phase in enumerate(self.checkpoint_phases):
                decision = decided.get(_operation_id(index))
                self.phases[index] = phase if decision is None else _PHASE_AFTER[decision.action]
        self.tick += 1
        self.acknowledged = [None] * len(self.phases)

    def _request(self, slot: int, action: str) -> WalSyncRequest:
        level, outcome = PHASES[self.phases[slot]]
        copies = 2 if action == "a sync with its evidence twice succeeds" else 1
        evidence = (_evidence(slot, level),) * copies if level else ()
        state: AgreementState | None = _state(_operation_id(slot), level, outcome)
        gate_level = level
        if action == "a sync without a state succeeds":
            state, evidence, gate_level = None, (), 3
        elif action == "a sync with the state of another operation succeeds":
            state, evidence, gate_level = _state("op:other", 3, "finalized"), (), 0
        return WalSyncRequest(
            _operation_id(slot), _COROUTINE, _LEVELS[gate_level], state, evidence, self.tick
        )

    def _succeed(self, slot: int, request: WalSyncRequest) -> None:
        result = self.handler(self.wal).wal_sync(request)
        if isinstance(result, Success):
            self.acknowledged[slot] = request

    def _fail(self, slot: int, stored: int) -> None:
        request = self._request(slot, "")
        if stored == 0:
            # Nothing is stored, be it that the log cannot be read or that it refuses.
            handler = self.handler(_UnreadableWal())
        else:
            # The entry is stored and its acknowledgement lost.
            handler = self.handler(
                NthAppendFailingAgreementWal(self.wal, stored - 1, store_on_fail=True)
            )
        result = handler.wal_sync(request)
        if isinstance(result, Success):
            raise AssertionError(f"{len(build_entries(self.entries, request))} entries, {stored}")

    def shared(self) -> Tick:
        """Return the shared value that the real state maps to."""
        return Tick(self.tick <= self.checkpoint_tick)

    def slots(self) -> tuple[Operation, ...]:
        """Return the slots that the real state maps to."""
        decided = {each.operation_id: each for each in self.plan().decisions}
        return tuple(
            self._slot(index, decided.get(_operation_id(index)))
            for index in range(len(self.phases))
        )

    def _slot(self, index: int, decision: DurableRecoveryDecision | None) -> Operation:
        own = [entry for entry in self.entries if entry.operation_id == _operation_id(index)]
        now = [entry for entry in own if entry.tick == self.tick]
        level, outcome = PHASES[self.phases[index]]
        outcomes = _outcomes(own)
        known = _outcomes(own[: len(own) - len(now)])[-1:]
        foreign = [
            entry
            for entry in now
            if (isinstance(entry, Escalation) and entry.new_level.rank != level)
            or (isinstance(entry, Finalization) and entry.outcome.value != outcome)
        ]
        suffix = [entry for entry in own if entry.tick > self.checkpoint_tick]
        final = None if decision is None else decision.finalization
        return Operation(
            phase=self.phases[index],
            checkpoint_phase=self.checkpoint_phases[index],
            escalated_level=max(
                (e.new_level.rank for e in own if isinstance(e, Escalation)), default=0
            ),
            checkpoint_level=self._checkpoint_level(index),
            is_touched=decision is not None,
            level=0 if decision is None else decision.level.rank,
            outcome=None if final is None else final.value,
            gate_level=max(
                (e.gate_level.rank for e in suffix if isinstance(e, VisibilityGateCrossing)),
                default=None,
            ),
            last_outcome=outcomes[-1] if outcomes else None,
            is_conflicting=len(set(outcomes)) > 1,
            evidence_now=sum(isinstance(entry, EvidenceProduced) for entry in now),
            outcome_now=any(isinstance(entry, Finalization) for entry in now),
            gate_now=any(isinstance(entry, VisibilityGateCrossing) for entry in now),
            acknowledged_now=self.acknowledged[index] is not None,
            repeated_now=any(each in known for each in _outcomes(now)),
            strange_now=self._strangeness(index, bool(foreign)),
        )

    def _strangeness(self, index: int, is_foreign: bool) -> str | None:
        request = self.acknowledged[index]
        if request is not None and request.agreement_state is None:
            return "stateless"
        return "foreign" if is_foreign else None

    def _checkpoint_level(self, index: int) -> int:
        before = [entry for entry in self.entries if entry.tick <= self.checkpoint_tick]
        plan = DurableRecoveryPlan.from_checkpoint(
            0, None, AgreementWalArtifact(tuple(before)), EvidenceOutcomeCacheArtifact()
        )
        levels = {each.operation_id: each.level.rank for each in plan.decisions}
        return levels.get(_operation_id(index), 0)

    def violations(self) -> frozenset[str]:
        """Return what real log, real answers and real plan are seen to break now."""
        entries, plan = self.entries, self.recovered()
        outcomes = {each.operation_id: each.finalization for each in plan.decisions}
        broken = {f"clause {e.clause}" for e in violations(entries, self.checkpoint_tick, plan)}
        now = [entry for entry in entries if entry.tick == self.tick]
        identities = [e.stable_identity() for e in now if isinstance(e, EvidenceProduced)]
        if len(set(identities)) < len(identities):
            broken.add("once a tick")
        for index, slot in enumerate(self.slots()):
            request = self.acknowledged[index]
            if request is not None and _gate_of(request) not in entries:
                broken.add("write-ahead")
            if request is not None and PHASES[slot.phase][0] < slot.escalated_level:
                broken.add("no silent fall")
            if slot.repeated_now:
                broken.add("settled once")
            if slot.strange_now == "foreign":
                broken.add("own state only")
            is_over = slot.is_touched and slot.last_outcome is not None
            if is_over and outcomes[_operation_id(index)] is None:
                broken.add("ended stays ended")
        return frozenset(broken)


class HardenedWriteAheadWorld(WriteAheadWorld):
    """The same machines with the hardened handler and the hardened recovery."""

    def recovered(self) -> DurableRecoveryPlan[None]:
        """Return the hardened plan; raise where it refuses an operation of its own handler."""
        plan = HardenedRecoveryPlan.from_checkpoint(
            self.checkpoint_tick, None, self.wal.load(), EvidenceOutcomeCacheArtifact()
        )
        if plan.refused:
            raise AssertionError(f"{plan.refused[0]} in a log of the hardened handler")
        return plan

    def handler(self, wal: AgreementWal) -> EffectHandler:
        """Return the hardened handler."""
        return HardenedAgreementWalHandler(IdleHandler(), wal)

    def _succeed(self, slot: int, request: WalSyncRequest) -> None:
        super()._succeed(slot, request)
        # The gate of a settled operation is one of an earlier tick; the model counts this tick's.
        if _gate_of(request) not in self.entries:
            self.acknowledged[slot] = None


def _operation_id(index: int) -> str:
    return f"op:{index}"


def _outcomes(entries: Sequence[AgreementWalEntry]) -> list[str]:
    return [entry.outcome.value for entry in entries if isinstance(entry, Finalization)]


def _gate_of(request: WalSyncRequest) -> VisibilityGateCrossing:
    return VisibilityGateCrossing(
        request.operation_id, request.downstream_coroutine_id, request.gate_level, request.tick
    )


def _state(operation_id: str, level: int, outcome: str | None) -> AgreementState:
    return AgreementState(
        operation_id=operation_id,
        session=None,
        owner_id=None,
        contract_name="contract",
        level=_LEVELS[level],
        finalization=None if outcome is None else FinalizationOutcome(outcome),
        evidence_ids=(),
        last_updated_tick=None,
        reason=None,
    )


def _evidence(slot: int, level: int) -> AgreementEvidence:
    return AgreementEvidence(
        evidence_id=f"publication:{slot}:{level}",
        operation_id=_operation_id(slot),
        session=None,
        owner_id=None,
        level=_LEVELS[level],
        kind=AgreementEvidenceKind.PUBLICATION,
        reference="",
        authoritative=True,
    )
