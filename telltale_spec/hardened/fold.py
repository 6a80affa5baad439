"""What a whole log says of one operation, on both sides of a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field

from telltale_spec.errors import EscalationOrderError
from telltale_spec.model.recovery import recovery_action
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    escalation_order_error,
)
from telltale_spec.wire.recovery import DurableRecoveryAction

__all__ = ["OperationFold"]


@dataclass(slots=True)
class OperationFold:
    """One operation's entries, taken in stored order.

    ``level`` and ``outcome`` are those of the whole log (F6), and of evidence
    only what is authoritative counts (F25). ``escalated_level`` is the highest
    level of its escalations. Gates are kept by their highest level, all of them
    and those behind the checkpoint.
    """

    level: AgreementLevel = AgreementLevel.NONE
    outcome: FinalizationOutcome | None = None
    is_conflicting: bool = False
    escalated_level: AgreementLevel = AgreementLevel.NONE
    gate_level: AgreementLevel | None = None
    is_gate_behind: bool = False
    is_behind: bool = False
    order_error: EscalationOrderError | None = None
    evidence_ids: set[str] = field(default_factory=set)
    _last_level: AgreementLevel | None = None

    def take(self, entry: AgreementWalEntry, position: int, *, is_behind: bool) -> None:
        """Take one entry more, which is or is not behind the checkpoint."""
        self.is_behind |= is_behind
        if isinstance(entry, Escalation):
            self._escalate(entry, position)
        elif isinstance(entry, EvidenceProduced):
            if entry.evidence.authoritative:
                self.level = _higher(self.level, entry.evidence.level)
                self.evidence_ids.add(entry.evidence.evidence_id)
        elif isinstance(entry, Finalization):
            self.is_conflicting |= self.outcome not in (None, entry.outcome)
            self.outcome = entry.outcome
            if entry.outcome is FinalizationOutcome.FINALIZED:
                self.level = AgreementLevel.FINALIZED
        else:
            gate_level = entry.gate_level  # type: ignore[attr-defined]  # the last variant
            self.gate_level = _higher(self.gate_level or gate_level, gate_level)
            self.is_gate_behind |= is_behind

    def _escalate(self, entry: Escalation, position: int) -> None:
        if self.order_error is None:
            self.order_error = escalation_order_error(entry, self._last_level, position)
        self._last_level = entry.new_level
        self.escalated_level = _higher(self.escalated_level, entry.new_level)
        self.level = _higher(self.level, entry.new_level)

    @property
    def action(self) -> DurableRecoveryAction:
        """What the specification does at this level and outcome (RECOV-05)."""
        return recovery_action(self.level, self.outcome)

    def contradiction(self) -> str | None:
        """Return why nothing may be decided from these entries, or ``None`` where they fit.

        What is left meets every clause of soundness (F5, F7, F33).
        """
        if self.order_error is not None:
            return str(self.order_error)
        if self.is_conflicting:
            return "the log has more than one outcome of it"
        is_final = self.outcome is FinalizationOutcome.FINALIZED
        if (self.level is AgreementLevel.FINALIZED) != is_final:
            shown = "no outcome" if self.outcome is None else f"the outcome {self.outcome.value}"
            return f"its level is {self.level.value}, with {shown}"
        if self.gate_level is None:
            return None
        if self.gate_level.rank > self.level.rank:
            return (
                f"it crossed a gate at {self.gate_level.value}, "
                f"but is known to be at {self.level.value} only"
            )
        if self.action is DurableRecoveryAction.REEXECUTE_FROM_SCRATCH:
            return f"it crossed a gate, but at {self.level.value} it would be run again"
        return None


def _higher(one: AgreementLevel, other: AgreementLevel) -> AgreementLevel:
    return one if one.rank >= other.rank else other
