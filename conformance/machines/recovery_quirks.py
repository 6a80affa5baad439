"""Known quirks of recovery: where a plan does as specified and is not sound.

Each is one fixed log. What is shown is the specification's own behaviour, so
nobody is failed by it (F5, F6, F7, F8, F25, F38).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.backend import Backend
from conformance.engine.quirks import Quirk
from conformance.engine.session import History, Returned
from conformance.machines.recovery import OpaqueMachine
from conformance.rules.narration import entry_text, tick_text
from conformance.rules.soundness import violations
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact
from telltale_spec.wire.recovery import DurableRecoveryAction

__all__ = ["RECOVERY_QUIRKS"]


@dataclass(frozen=True)
class _Scenario:
    """One recovery of a fixed log; ``unsound`` says which clauses it must break."""

    entries: tuple[AgreementWalEntry, ...]
    checkpoint_tick: int
    seen: Callable[[Any], bool]
    unsound: frozenset[int] = field(default_factory=frozenset)

    def __call__(self, history: History) -> bool:
        """Recover, note the steps and say whether the quirk was seen."""
        recovery = history.session.backend.recovery
        if recovery is None:
            return False
        wal = AgreementWalArtifact(self.entries)
        for entry in self.entries:
            history.note(f"the log holds {entry_text(entry)}", "", entry)
        answer = history.call(
            f"recover from checkpoint {tick_text(self.checkpoint_tick)}",
            lambda: recovery(
                self.checkpoint_tick, OpaqueMachine(), wal, EvidenceOutcomeCacheArtifact()
            ),
            undeclared="RECOV-01",
        )
        if not isinstance(answer, Returned):
            return self.seen(answer.message)
        if not isinstance(answer.value, DurableRecoveryPlan):
            return False
        history.answer(_plan_text(answer.value))
        broken = {
            each.clause for each in violations(self.entries, self.checkpoint_tick, answer.value)
        }
        return self.unsound <= broken and self.seen(answer.value)


def _plan_text(plan: DurableRecoveryPlan[Any]) -> str:
    shown = []
    for decision in plan.decisions:
        outcome = "no outcome" if decision.finalization is None else decision.finalization.value
        gate = ", gate crossed" if decision.gate_crossed else ""
        shown.append(
            f'"{decision.operation_id}": {decision.action.value} '
            f"(level {decision.level.value}, {outcome}{gate})"
        )
    return "; ".join(shown) or "nothing to decide"


def _does(action: DurableRecoveryAction) -> Callable[[Any], bool]:
    def seen(answer: Any) -> bool:
        return isinstance(answer, DurableRecoveryPlan) and any(
            decision.action is action for decision in answer.decisions
        )

    return seen


def _forgets_the_highest_tick(answer: Any) -> bool:
    if not isinstance(answer, DurableRecoveryPlan):
        return False
    highest = max((entry.tick for entry in answer.wal_suffix), default=None)
    return bool(answer.metadata.highest_recovered_tick != highest)


def _is_refused(answer: Any) -> bool:
    return isinstance(answer, str)


def _gate(tick: int, level: AgreementLevel = AgreementLevel.PROVISIONAL) -> AgreementWalEntry:
    return VisibilityGateCrossing("o", "c", level, tick)


def _outcome(tick: int, outcome: FinalizationOutcome) -> AgreementWalEntry:
    return Finalization("o", outcome, None, None, tick)


_FOREIGN_EVIDENCE: Final = EvidenceProduced(
    AgreementEvidence(
        evidence_id="e",
        operation_id="o",
        session=7,
        owner_id=None,
        level=AgreementLevel.SOFT_SAFE,
        kind=AgreementEvidenceKind.WITNESS,
        reference="another session's",
        authoritative=False,
    ),
    1,
)

_REGRESSION: Final = Escalation("z", AgreementLevel.FINALIZED, AgreementLevel.NONE, None, 1)


def _has_recovery(backend: Backend) -> bool:
    return backend.recovery is not None


def _quirk(finding_id: str, sentence: str, scenario: _Scenario) -> Quirk:
    return Quirk(finding_id, sentence, _has_recovery, scenario)


RECOVERY_QUIRKS: Final = (
    _quirk(
        "F5",
        "An operation that crossed a finalized gate without any agreement is run again "
        "(soundness clauses 2 and 5).",
        _Scenario(
            (_gate(1, AgreementLevel.FINALIZED),),
            0,
            _does(DurableRecoveryAction.REEXECUTE_FROM_SCRATCH),
            frozenset({2, 5}),
        ),
    ),
    _quirk(
        "F6",
        "An operation finalized before the checkpoint that crosses a gate after it is run again "
        "(soundness clauses 1, 2, 5 and 6).",
        _Scenario(
            (_outcome(5, FinalizationOutcome.FINALIZED), _gate(6)),
            5,
            _does(DurableRecoveryAction.REEXECUTE_FROM_SCRATCH),
            frozenset({1, 2, 5, 6}),
        ),
    ),
    _quirk(
        "F7",
        "Of two conflicting outcomes the last one wins and the level stays finalized "
        "(soundness clauses 7 and 8).",
        _Scenario(
            (_outcome(5, FinalizationOutcome.FINALIZED), _outcome(6, FinalizationOutcome.ABORTED)),
            0,
            _does(DurableRecoveryAction.PRESERVE_TERMINAL),
            frozenset({7, 8}),
        ),
    ),
    _quirk(
        "F8",
        "The highest recovered tick is that of the last entry, which need not be the highest.",
        _Scenario((_gate(9), _gate(4)), 3, _forgets_the_highest_tick),
    ),
    _quirk(
        "F25",
        "Evidence that is not authoritative and belongs to another session is resumed from.",
        _Scenario(
            (_FOREIGN_EVIDENCE,), 0, _does(DurableRecoveryAction.RESUME_FROM_EVIDENCE_BOUNDARY)
        ),
    ),
    _quirk(
        "F38",
        "One operation out of order long before the checkpoint blocks the recovery of all others.",
        _Scenario((_REGRESSION, _gate(101)), 100, _is_refused),
    ),
)
"""The quirks of recovery, by finding."""
