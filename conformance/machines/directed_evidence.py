"""Directed cases for an evidence handler: what a key, an outcome or a request may be, in every run.

Nothing here depends on a seed. The cases are in ``evidence_cases``; each is a script of the acts
that the random machine has too, on a cache that is a plain map. The last are walks of the bounded
model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from conformance.backend import Backend
from conformance.engine.acts import Act
from conformance.engine.budget import Budget
from conformance.engine.scripts import Script, ScriptedPart, ScriptSuite
from conformance.engine.session import History
from conformance.machines import evidence_cases as cases
from conformance.machines.evidence_acts import EVIDENCE_IDS, EvidenceActs
from conformance.machines.handler_walks import handler_walks
from telltale_spec.backends.contract import EvidenceOutcomeCache

__all__ = ["DIRECTED_EVIDENCE_SUITE", "ScriptedEvidence"]


class ScriptedEvidence(EvidenceActs, ScriptedPart):
    """One handler under test on a plain cache."""

    def __init__(self, history: History) -> None:
        self.stored = {}
        super().__init__(history)

    def prepare(self) -> None:
        """Make the handler; a script is tried whole or not at all."""
        super().prepare()
        self.offered = self.taken = 1

    def _new_cache(self) -> EvidenceOutcomeCache | None:
        # The handler is judged here, so the backend's own cache has no say.
        return None

    def close(self) -> None:
        """Close the cache."""
        self.release_cache()


def _groups(act: Act) -> Sequence[str]:
    """Return what an act has in common with others: its name, and the id that it is about."""
    evidence_id = act.form.bound(act.arguments, act.named).get("evidence_id")
    return (act.form.name, f"id {evidence_id}")


def _scripts(backend: Backend, budget: Budget, seed: int) -> Iterator[Script]:
    yield from cases.scripts(ScriptedEvidence)
    yield from handler_walks(ScriptedEvidence, backend, budget)


DIRECTED_EVIDENCE_SUITE: Final = ScriptSuite(
    name="evidence handler, directed cases",
    part=ScriptedEvidence,
    scripts=_scripts,
    requirement_ids=EVIDENCE_IDS,
    situations={
        cases.IDS: ("EVID-03", "EVID-05"),
        cases.MANY: ("EVID-03",),
        cases.OUTCOMES: ("EVID-03", "EVID-05"),
        cases.FAILED_PUTS: ("EVID-06",),
        cases.REQUESTS: ("EVID-02", "EVID-03", "EVID-05"),
        cases.ERRORS: ("EVID-04", "EVID-06", "EVID-07"),
        cases.FAILURES: ("EVID-04", "EVID-06", "EVID-07"),
        cases.NAMES: ("EVID-01",),
        cases.CHANGED: ("EVID-03", "EVID-07"),
    },
    present=lambda backend: backend.evidence_handler is not None,
    group_of=_groups,
    shares_time=False,
)
