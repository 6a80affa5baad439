"""The hardened wrappers over a real cache, stopped between their steps: ``effects``, hardened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.checker.models.effects import (
    ACQUIRE,
    EVIDENCE_INSIDE,
    STEP,
    SYNC,
    Outcome,
    World,
)
from conformance.checker.worlds.effects import (
    ASKED_BY_OPERATION,
    FAILED,
    SYNC_REQUEST,
    Call,
    EffectsWorld,
    WatchedWal,
)
from conformance.checker.worlds.handlers import IdleHandler
from telltale_spec.backends.contract import EffectHandler
from telltale_spec.backends.memory import InMemoryEvidenceOutcomeCache
from telltale_spec.hardened.agreement_wal import HardenedAgreementWalHandler
from telltale_spec.hardened.evidence import HardenedEvidencePersistenceHandler
from telltale_spec.model.repetition import may_have_happened
from telltale_spec.wire.effects import (
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    EffectResult,
    Failure,
    FailureStatus,
    Success,
)
from telltale_spec.wire.values import Value

__all__ = ["HardenedEffectsWorld"]


class HardenedEffectsWorld(EffectsWorld):
    """Callers of one evidence id through the hardened wrappers."""

    def _make(self) -> None:
        wal = WatchedWal(self)
        self._denying = _DenyingHandler()
        self._evidence: EffectHandler = HardenedEvidencePersistenceHandler(
            self._inner, self._cache, self._resolve
        )
        denied = HardenedEvidencePersistenceHandler(self._denying, self._cache, self._resolve)
        self._outer: EffectHandler = HardenedAgreementWalHandler(denied, wal)
        self._over_wal: EffectHandler = HardenedEvidencePersistenceHandler(
            HardenedAgreementWalHandler(IdleHandler(), wal),
            InMemoryEvidenceOutcomeCache(),
            self._resolve,
        )

    def close(self) -> None:
        """End every call on its way; what comes after it has new wrappers on the same cache."""
        super().close()
        self._make()

    def _answer(self, call: Call, outcome: EffectOutcome) -> None:
        call.place = "answered"
        call.result = self.outcome_of(outcome, call.asked)
        call.is_from_cache = not call.was_reached and call.result.status == "success"

    def _ask_the_outer(self, call: Call) -> None:
        if self.nesting == EVIDENCE_INSIDE:
            result: Any = self._outer.handle_acquire(1, "role", "layer", ())
            call.was_reached = self._denying.was_asked
        else:
            result = self._over_wal.wal_sync(SYNC_REQUEST)
            call.was_reached = self.was_log_asked
        call.place = "answered"
        call.result = Outcome("success" if isinstance(result, Success) else "denied", call.asked)

    def outcome_of(self, outcome: EffectOutcome, asked: str) -> Outcome:
        """Return what a real outcome is in the model."""
        status = outcome.status
        if isinstance(status, FailureStatus) and outcome != FAILED:
            in_doubt = status.failure.kind is EffectFailureKind.UNKNOWN
            return Outcome("in doubt" if in_doubt else "unavailable", asked)
        return super().outcome_of(outcome, asked)

    def _stored(self, asked: str) -> EffectOutcome | None:
        found = [
            entry.outcome
            for entry in self._cache.load().entries
            if ASKED_BY_OPERATION[entry.operation_name] == asked
        ]
        if len(found) > 1:
            raise AssertionError(f"{len(found)} entries of {asked}")
        return found[0] if found else None

    def shared(self) -> World:
        """Return nesting, both outcomes, runs, the note and whether somebody is at work."""
        outcomes = {asked: self._stored(asked) for asked in (STEP, ACQUIRE)}
        step = outcomes[STEP]
        cached = {
            asked: self.outcome_of(outcome, asked)
            for asked, outcome in outcomes.items()
            if outcome is not None and outcome.status.is_success
        }
        return World(
            self.nesting,
            cached.get(STEP),
            cached.get(ACQUIRE),
            min(self.runs_count, 2),
            begun=step is not None and may_have_happened(step),
            is_held=any(
                call is not None and call.asked != SYNC and call.place in ("missed", "ran")
                for call in self._calls
            ),
        )


class _DenyingHandler(IdleHandler):
    """A handler that grants no guard."""

    was_asked = False

    def handle_acquire(
        self, sid: int, role: str, layer: str, state: Sequence[Value]
    ) -> EffectResult[Value]:
        """Deny."""
        self.was_asked = True
        return Failure(EffectFailure(EffectFailureKind.DENIED, "denied"))
