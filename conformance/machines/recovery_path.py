"""Recovered logs as paths through the bounded recovery."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.checker.models.tour_recovery import RecoveryLetter
from conformance.engine.acts import Act
from conformance.machines.paths import Meter
from conformance.machines.recovery import WHOLE_PLAN_LAWS
from conformance.rules.soundness import RecoveryCase
from telltale_spec.wire.agreement import (
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
)

__all__ = ["RecoveryPath"]


class RecoveryPath:
    """The case of each law, which is a path of its own: its entries, one transition each.

    Only the plan of the whole log is judged, and not that of any beginning of it; so only the
    transition of the last entry counts. Of laws that do not compare the whole plan, and of cases
    outside of the model, none does.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def acted(self, subject: Any, act: Act) -> None:
        """Count the last transition of a case that was judged."""
        if act.form.name not in WHOLE_PLAN_LAWS:
            return
        (case,) = act.form.bound(act.arguments, act.named).values()
        if len({entry.operation_id for entry in case.entries}) != 1:
            return
        *before, last = _letters(case)
        state = self._meter.start
        for letter in before:
            state = self._meter.after(state, letter.name)
        self._meter.take(state, last.name)


def _letters(case: RecoveryCase) -> Iterator[RecoveryLetter]:
    """Yield what each entry of one operation is to the model.

    That does not see the level which an escalation goes on from, but whether that is in order.
    """
    cached_ids = frozenset(entry.evidence_id for entry in case.cache)
    order = 0
    for entry in case.entries:
        side = "behind" if entry.tick > case.checkpoint_tick else "before"
        if isinstance(entry, Escalation):
            before, after = entry.previous_level.rank, entry.new_level.rank
            if order <= before <= after:
                order = after
                yield RecoveryLetter("escalation", side, after)
            else:
                yield RecoveryLetter("regression", side)
        else:
            yield _letter(entry, side, cached_ids)


def _letter(entry: AgreementWalEntry, side: str, cached_ids: frozenset[str]) -> RecoveryLetter:
    if isinstance(entry, EvidenceProduced):
        evidence = entry.evidence
        kind = "cached" if evidence.evidence_id in cached_ids else "evidence"
        return RecoveryLetter(kind, side, evidence.level.rank)
    if isinstance(entry, Finalization):
        return RecoveryLetter("outcome", side, outcome=entry.outcome.value)
    return RecoveryLetter("gate", side)
