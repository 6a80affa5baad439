"""Values for vectors of our own making."""

from __future__ import annotations

from conformance.vectors.kinds.draws import Draws
from conformance.vectors.kinds.outcome_source import draw_outcome
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
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.recovery import (
    DurableRecoveryAction,
    DurableRecoveryDecision,
    DurableRecoveryMetadata,
)

__all__ = ["ValueSource"]


class ValueSource(Draws):
    """Draw whole values: entries, logs, requests, caches, artifacts."""

    def level(self) -> AgreementLevel:
        """Return an agreement level."""
        return self.pick(tuple(AgreementLevel))

    def outcome_of_operation(self) -> FinalizationOutcome:
        """Return how an operation ended."""
        return self.pick(tuple(FinalizationOutcome))

    def evidence(self, operation_id: str | None = None) -> AgreementEvidence:
        """Return a piece of evidence, of ``operation_id`` if one is given."""
        return AgreementEvidence(
            self.evidence_id(),
            self.operation_id() if operation_id is None else operation_id,
            self.optional(self.tick),
            self.optional(self.text),
            self.level(),
            self.pick(tuple(AgreementEvidenceKind)),
            self.text(),
            self.chance(70),
        )

    def state(self, operation_id: str) -> AgreementState:
        """Return the agreement state of an operation, now and then of another one (F15)."""
        return AgreementState(
            operation_id if self.chance(85) else self.operation_id(),
            self.optional(self.tick),
            self.optional(self.text),
            self.text(),
            self.level(),
            self.outcome_of_operation() if self.chance(30) else None,
            self.some(self.evidence_id, 3),
            self.optional(self.tick),
            self.optional(self.text),
        )

    def request(self) -> WalSyncRequest:
        """Return a sync request, some of its evidence that of other operations."""
        operation_id = self.operation_id()
        evidence = self.some(lambda: self.evidence(operation_id), 2)
        if self.chance(25):
            evidence = (*evidence, self.evidence())
        return WalSyncRequest(
            operation_id,
            self.coroutine_id(),
            self.level(),
            self.optional(lambda: self.state(operation_id)),
            evidence,
            self.tick(),
        )

    def escalation(self, previous: AgreementLevel | None = None) -> Escalation:
        """Return an escalation from ``previous`` upwards, or any at all without one."""
        levels = tuple(AgreementLevel)
        low = self.level() if previous is None else previous
        high = self.level() if previous is None else self.pick(levels[low.rank :])
        return Escalation(
            self.operation_id(), low, high, self.optional(self.evidence_id), self.tick()
        )

    def entry(self) -> AgreementWalEntry:
        """Return any log entry; escalations mostly rise."""
        match self.below(4):
            case 0:
                return self.escalation(self.level() if self.chance(80) else None)
            case 1:
                return EvidenceProduced(self.evidence(), self.tick())
            case 2:
                return Finalization(
                    self.operation_id(),
                    self.outcome_of_operation(),
                    self.optional(self.evidence_id),
                    self.optional(self.evidence_id),
                    self.tick(),
                )
            case _:
                return VisibilityGateCrossing(
                    self.operation_id(), self.coroutine_id(), self.level(), self.tick()
                )

    def log(self, count_max: int) -> AgreementWalArtifact:
        """Return a log of entries that are mostly in order."""
        return AgreementWalArtifact(self.some(self.entry, count_max))

    def cache_entry(self) -> EvidenceOutcomeCacheEntry:
        """Return a cached outcome under any evidence id."""
        return EvidenceOutcomeCacheEntry(
            self.evidence_id(), self.text(), self.text(), draw_outcome(self)
        )

    def cache(self, count_max: int) -> EvidenceOutcomeCacheArtifact:
        """Return a cache, now and then with an id twice (F18)."""
        return EvidenceOutcomeCacheArtifact(self.some(self.cache_entry, count_max))

    def recovery_metadata(self) -> DurableRecoveryMetadata:
        """Return recovery metadata that no plan has to have made."""
        return DurableRecoveryMetadata(
            self.tick(),
            self.optional(self.tick),
            self.optional(self.tick),
            self.some(self.operation_id, 2),
            self.some(self.operation_id, 2),
            self.some(self.evidence_id, 2),
        )

    def decision(self) -> DurableRecoveryDecision:
        """Return a decision that no plan has to have made."""
        return DurableRecoveryDecision(
            self.operation_id(),
            self.level(),
            self.optional(self.outcome_of_operation),
            self.pick(tuple(DurableRecoveryAction)),
            self.some(self.evidence_id, 2),
            self.chance(50),
        )

    def artifact(self) -> PersistedDurabilityArtifact:
        """Return an artifact of one of the three kinds."""
        match self.below(5):
            case 0 | 1:
                return PersistedDurabilityArtifact.agreement_wal(self.log(3))
            case 2 | 3:
                return PersistedDurabilityArtifact.evidence_outcome_cache(self.cache(2))
            case _:
                return PersistedDurabilityArtifact.recovery_metadata(self.recovery_metadata())
