"""A tour of recovery: every transition of the bounded log, each recovered from and judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from conformance.backend import Backend
from conformance.engine.acts import Act, ActForm
from conformance.engine.session import Session
from conformance.engine.suite import Replayed, Suite
from conformance.machines.recovery import RECOVERY_SUITE
from conformance.machines.recovery_walks import transition_cases
from conformance.records.results import Counterexample, TransitionResult

__all__ = ["RecoveryTour"]

_LAW: Final = "every small log"
"""The law whose judgement is taken: the plan is that of the oracle."""


class RecoveryTour(Suite):
    """All transitions of the bounded recovery; it keeps what was covered in one run."""

    records_acts = True

    def __init__(self) -> None:
        self.name = RECOVERY_SUITE.name
        self.requirement_ids = RECOVERY_SUITE.requirement_ids
        self.situation = "every transition of the bounded recovery was taken"
        self.situations = {self.situation: self.requirement_ids}
        (self._form,) = (law.form for law in RECOVERY_SUITE.laws if law.name == _LAW)
        self._taken = self._total = 0

    def applies(self, backend: Backend) -> bool:
        """Say whether the backend has a recovery."""
        return RECOVERY_SUITE.applies(backend)

    def notes(self) -> list[str]:
        """Say how much was taken in the last search."""
        return [f"tour of the bounded recovery: {self._taken} of {self._total} transitions taken"]

    def transitions(self) -> TransitionResult:
        """Return how much was taken in the last search."""
        return TransitionResult("recovery", self._taken, self._total)

    def _act_forms(self) -> Mapping[str, ActForm]:
        return {self._form.name: self._form}

    def replay(self, session: Session, acts: Sequence[Act]) -> Replayed:
        """Judge recorded logs again, up to the first violation."""
        return RECOVERY_SUITE.replay(session, acts)

    def search(self, session: Session, seed: int) -> Counterexample | None:
        """Recover behind every transition, up to the first violation; the seed is of no effect."""
        cases = list(transition_cases())
        self._taken, self._total = 0, len(cases)
        for state, letter, case in cases:
            if session.budget_ran_out:
                return None
            self._taken += 1
            found = self.replay(session, [Act(self._form, (case,))]).counterexample
            if found is not None:
                place = f"(in {state}, at `{letter.name}`)"
                return replace(found, actual=f"{found.actual} {place}")
        session.situations[self.situation] += 1
        return None
