"""Whether recovery plans are sound: each by itself, and beside those of related logs.

The specification's proof has four clauses (``sound``); four more close its
gaps (``sound+``). What was known at the checkpoint and how high a gate was
crossed is worked out from the log. The reference is known to break clauses 1,
2 and 5 to 8 (F5, F6, F7, F20), so they are evaluated, and fail nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from conformance.rules.oracles import PlainDecision, plain_decision
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import (
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.recovery import DurableRecoveryAction, DurableRecoveryDecision
from telltale_spec.wire.shapes import U64_MAX

__all__ = [
    "CLAUSES",
    "RELATIONS",
    "SOUND",
    "SOUND_PLUS",
    "Answer",
    "Clause",
    "ClauseViolation",
    "Comparison",
    "Decision",
    "Recover",
    "RecoveryCase",
    "compare_decisions",
    "violations",
]

_TERMINAL: Final = (DurableRecoveryAction.REUSE_FINALIZED, DurableRecoveryAction.PRESERVE_TERMINAL)


@dataclass(frozen=True)
class _Facts:
    """One decision, and what the log says about its operation."""

    decision: DurableRecoveryDecision
    checkpoint_level: AgreementLevel
    gate_level: AgreementLevel
    outcomes: tuple[FinalizationOutcome, ...]


@dataclass(frozen=True)
class Clause:
    """One clause of soundness; ``holds`` judges one decision with its facts."""

    number: int
    sentence: str
    holds: Callable[[_Facts], bool]


@dataclass(frozen=True)
class ClauseViolation:
    """An operation whose decision breaks a clause."""

    clause: int
    operation_id: str


def violations(
    wal: Sequence[AgreementWalEntry],
    checkpoint_tick: int,
    plan: DurableRecoveryPlan[Any],
) -> tuple[ClauseViolation, ...]:
    """Return each clause that a decision of the plan breaks."""
    facts = [_facts(wal, checkpoint_tick, decision) for decision in plan.decisions]
    return tuple(
        ClauseViolation(clause.number, each.decision.operation_id)
        for each in facts
        for clause in CLAUSES
        if not clause.holds(each)
    )


def _facts(
    wal: Sequence[AgreementWalEntry], checkpoint_tick: int, decision: DurableRecoveryDecision
) -> _Facts:
    operation_id = decision.operation_id
    before = [entry for entry in wal if entry.tick <= checkpoint_tick]
    gate_levels = [
        entry.gate_level
        for entry in wal
        if isinstance(entry, VisibilityGateCrossing)
        and entry.operation_id == operation_id
        and entry.tick > checkpoint_tick
    ]
    outcomes = [
        entry.outcome
        for entry in wal
        if isinstance(entry, Finalization) and entry.operation_id == operation_id
    ]
    return _Facts(
        decision,
        plain_decision(operation_id, before).level,
        max(gate_levels, key=lambda level: level.rank, default=AgreementLevel.NONE),
        tuple(outcomes),
    )


def _reuses_only_what_is_final(facts: _Facts) -> bool:
    decision = facts.decision
    if decision.action is not DurableRecoveryAction.REUSE_FINALIZED:
        return True
    is_final = decision.finalization is FinalizationOutcome.FINALIZED
    return is_final and decision.level is AgreementLevel.FINALIZED


def _preserves_only_what_ended(facts: _Facts) -> bool:
    decision = facts.decision
    if decision.action is not DurableRecoveryAction.PRESERVE_TERMINAL:
        return True
    return decision.finalization not in (None, FinalizationOutcome.FINALIZED)


def _runs_nothing_behind_a_gate_again(facts: _Facts) -> bool:
    again = facts.decision.action is DurableRecoveryAction.REEXECUTE_FROM_SCRATCH
    return not (again and facts.decision.gate_crossed)


def _acts_on_every_outcome(facts: _Facts) -> bool:
    if not facts.outcomes:
        return True
    # Where outcomes conflict the last one counts; the conflict is clause 7's.
    is_final = facts.outcomes[-1] is FinalizationOutcome.FINALIZED
    return facts.decision.action is _TERMINAL[0 if is_final else 1]


def _is_final_in_both_or_neither(facts: _Facts) -> bool:
    level_is_final = facts.decision.level is AgreementLevel.FINALIZED
    outcome_is_final = facts.decision.finalization is FinalizationOutcome.FINALIZED
    return level_is_final == outcome_is_final


SOUND: Final = (
    Clause(
        1,
        "the level is not below that of the checkpoint",
        lambda f: f.decision.level.at_least(f.checkpoint_level),
    ),
    Clause(
        2,
        "the level reaches that of every crossed gate",
        lambda f: f.decision.level.at_least(f.gate_level),
    ),
    Clause(3, "what is reused has level and outcome finalized", _reuses_only_what_is_final),
    Clause(4, "what is preserved ended in another outcome", _preserves_only_what_ended),
)
"""The clauses of the specification's proof; 3 and 4 hold by construction (RECOV-10)."""

SOUND_PLUS: Final = (
    Clause(5, "nothing is run again once a gate was crossed", _runs_nothing_behind_a_gate_again),
    Clause(6, "an outcome anywhere in the log is acted upon", _acts_on_every_outcome),
    Clause(7, "an operation has at most one outcome", lambda f: len(set(f.outcomes)) <= 1),
    Clause(8, "level and outcome are finalized together", _is_final_in_both_or_neither),
)
"""What the proof leaves open (F33)."""

CLAUSES: Final = (*SOUND, *SOUND_PLUS)
"""All eight, in order of their numbers."""


# Relations between plans (M-02..M-13). Each takes a log in order and recovers
# from it and from logs made of it; ``number`` decides wherever there is a choice.

Answer: TypeAlias = DurableRecoveryPlan[Any] | str
Recover: TypeAlias = Callable[["RecoveryCase"], Answer]
Decision: TypeAlias = DurableRecoveryDecision | PlainDecision


@dataclass(frozen=True)
class RecoveryCase:
    """The arguments of one recovery, besides the machine."""

    checkpoint_tick: int
    entries: tuple[AgreementWalEntry, ...]
    cache: tuple[EvidenceOutcomeCacheEntry, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Two values that must be equal, what they are, and the requirement if they are not."""

    requirement_id: str
    what: str
    expected: Any
    actual: Any


_DECISION_ROWS: Final[tuple[tuple[str, str, Callable[[Decision], Any]], ...]] = (
    ("RECOV-03", "operations", lambda each: each.operation_id),
    (
        "RECOV-04",
        "level, outcome and gate",
        lambda each: (each.level, each.finalization, each.gate_crossed),
    ),
    ("RECOV-05", "action", lambda each: each.action),
    ("RECOV-06", "cached evidence", lambda each: each.cached_evidence_ids),
)


def compare_decisions(
    expected: Sequence[Decision], actual: Sequence[Decision], law: str = ""
) -> Iterator[Comparison]:
    """Yield the comparisons of decisions, field by field; the first difference is the cause."""
    for requirement_id, what, of in _DECISION_ROWS:
        wanted, found = [of(each) for each in expected], [of(each) for each in actual]
        yield Comparison(requirement_id, f"{law}{what}", wanted, found)


def _same(law: str, before: Answer, after: Answer) -> Iterator[Comparison]:
    """Compare validity, then decisions."""
    yield _validity(law, isinstance(before, str), after)
    if not isinstance(before, str) and not isinstance(after, str):
        yield from compare_decisions(before.decisions, after.decisions, law)


def _validity(law: str, refused: bool, answer: Answer) -> Comparison:
    return Comparison("RECOV-01", f"{law}log refused", refused, isinstance(answer, str))


def _regrouped(recover: Recover, case: RecoveryCase, number: int) -> Iterator[Comparison]:
    backwards = bool(number % 2)
    entries = sorted(case.entries, key=lambda entry: entry.operation_id, reverse=backwards)
    yield from _same("M-02: ", recover(case), recover(replace(case, entries=tuple(entries))))


def _one_by_one(recover: Recover, case: RecoveryCase, _number: int) -> Iterator[Comparison]:
    whole = recover(case)
    singles = [
        recover(replace(case, entries=tuple(e for e in case.entries if e.operation_id == each)))
        for each in sorted({entry.operation_id for entry in case.entries})
    ]
    refused = any(isinstance(single, str) for single in singles)
    yield _validity("M-13: ", refused, whole)
    if not refused and not isinstance(whole, str):
        decisions = [each for one in singles if not isinstance(one, str) for each in one.decisions]
        yield from compare_decisions(decisions, whole.decisions, "M-03: ")


def _suffix_only(recover: Recover, case: RecoveryCase, _number: int) -> Iterator[Comparison]:
    suffix = tuple(entry for entry in case.entries if entry.tick > case.checkpoint_tick)
    if not isinstance(whole := recover(case), str):
        yield from _same("M-04: ", whole, recover(replace(case, entries=suffix)))


def _left_out(recover: Recover, case: RecoveryCase, number: int) -> Iterator[Comparison]:
    kept = tuple(entry for index, entry in enumerate(case.entries) if number >> index & 1)
    if not isinstance(recover(case), str):
        yield _validity("M-05: ", False, recover(replace(case, entries=kept)))


def _doubled(recover: Recover, case: RecoveryCase, number: int) -> Iterator[Comparison]:
    before = recover(case)
    if isinstance(before, str) or not case.entries:
        return
    index = number % len(case.entries)
    entry = case.entries[index]
    entries = (*case.entries[:index], entry, *case.entries[index:])
    after = recover(replace(case, entries=entries))
    rises = isinstance(entry, Escalation) and entry.previous_level is not entry.new_level
    if rises:
        yield _validity("M-06: ", True, after)
    else:
        yield from _same("M-06: ", before, after)


def _one_more(recover: Recover, case: RecoveryCase, number: int) -> Iterator[Comparison]:
    # An entry of the log is valid once more at its end unless it escalates.
    others = [entry for entry in case.entries if not isinstance(entry, Escalation)]
    before = recover(case)
    if isinstance(before, str) or not others:
        return
    added = others[number % len(others)]
    after = recover(replace(case, entries=(*case.entries, added)))
    yield _validity("M-07: ", False, after)
    if not isinstance(after, str):
        yield from _grown(before.decisions, after.decisions, "M-07: ")


def _later(recover: Recover, case: RecoveryCase, number: int) -> Iterator[Comparison]:
    ticks = [case.checkpoint_tick, *(entry.tick for entry in case.entries)]
    later_tick = max(case.checkpoint_tick, ticks[number % len(ticks)])
    before, after = recover(case), recover(replace(case, checkpoint_tick=later_tick))
    yield _validity("M-08: ", isinstance(before, str), after)
    if not isinstance(before, str) and not isinstance(after, str):
        yield from _grown(after.decisions, before.decisions, "M-08: ")


def _grown(
    fewer: Sequence[DurableRecoveryDecision], more: Sequence[DurableRecoveryDecision], law: str
) -> Iterator[Comparison]:
    """Compare decisions on a part of a suffix with those on more of it."""
    by_operation = {decision.operation_id: (decision,) for decision in more}
    lost = [each.operation_id for each in fewer if each.operation_id not in by_operation]
    yield Comparison("RECOV-03", f"{law}lost operations", [], lost)
    lowered = [
        each.operation_id
        for each in fewer
        for other in by_operation.get(each.operation_id, ())
        if any(now < then for now, then in zip(_known(other), _known(each), strict=True))
    ]
    yield Comparison("RECOV-04", f"{law}operations that lost level, gate or outcome", [], lowered)


def _known(decision: DurableRecoveryDecision) -> tuple[int, bool, bool]:
    return decision.level.rank, decision.gate_crossed, decision.finalization is not None


def _shifted(recover: Recover, case: RecoveryCase, number: int) -> Iterator[Comparison]:
    highest = max([case.checkpoint_tick, *(entry.tick for entry in case.entries)])
    shift = min(number + 1, U64_MAX - highest)
    moved: Any = replace  # Every variant has a tick; the base declares it as a property.
    entries = tuple(moved(entry, tick=entry.tick + shift) for entry in case.entries)
    before = recover(case)
    after = recover(RecoveryCase(case.checkpoint_tick + shift, entries, case.cache))
    yield from _same("M-09: ", before, after)
    if not isinstance(before, str) and not isinstance(after, str):
        for name in ("wal_tail_start_tick", "highest_recovered_tick"):
            tick = getattr(before.metadata, name)
            expected = None if tick is None else tick + shift
            actual = getattr(after.metadata, name)
            yield Comparison("RECOV-02", f"M-09: {name}", expected, actual)


def _blinded(recover: Recover, case: RecoveryCase, _number: int) -> Iterator[Comparison]:
    entries = tuple(_without_what_decides_nothing(entry) for entry in case.entries)
    yield from _same("M-10: ", recover(case), recover(replace(case, entries=entries)))


def _without_what_decides_nothing(entry: AgreementWalEntry) -> AgreementWalEntry:
    if isinstance(entry, Escalation):
        return replace(entry, evidence_id=None if entry.evidence_id else "e")
    if isinstance(entry, Finalization):
        return replace(entry, materialization_proof_id="p", canonical_handle_id="h")
    if isinstance(entry, VisibilityGateCrossing):
        return replace(entry, downstream_coroutine_id="d", gate_level=AgreementLevel.FINALIZED)
    assert isinstance(entry, EvidenceProduced)  # noqa: S101
    kind = AgreementEvidenceKind.PUBLICATION
    blind = replace(entry.evidence, session=9, owner_id="w", kind=kind, reference="r")
    return replace(entry, evidence=replace(blind, authoritative=not blind.authoritative))


def _with_new_names(recover: Recover, case: RecoveryCase, number: int) -> Iterator[Comparison]:
    before = recover(case)
    operation_ids = sorted({entry.operation_id for entry in case.entries})
    names = [f"n{index}" for index in range(len(operation_ids))]
    new = dict(zip(operation_ids, names[::-1] if number % 2 else names, strict=True))
    entries = tuple(_renamed(entry, new[entry.operation_id]) for entry in case.entries)
    after = recover(replace(case, entries=entries))
    yield _validity("M-11: ", isinstance(before, str), after)
    if not isinstance(before, str) and not isinstance(after, str):
        # A plan may name operations that the log does not have, which another relation is about.
        ids = [new.get(each.operation_id, each.operation_id) for each in before.decisions]
        renamed = [replace(d, operation_id=i) for d, i in zip(before.decisions, ids, strict=True)]
        renamed.sort(key=lambda decision: decision.operation_id)
        yield from compare_decisions(renamed, after.decisions, "M-11: ")


def _renamed(entry: AgreementWalEntry, operation_id: str) -> AgreementWalEntry:
    if isinstance(entry, EvidenceProduced):
        return replace(entry, evidence=replace(entry.evidence, operation_id=operation_id))
    assert isinstance(entry, (Escalation, Finalization, VisibilityGateCrossing))  # noqa: S101
    return replace(entry, operation_id=operation_id)


def _escalations_only(recover: Recover, case: RecoveryCase, number: int) -> Iterator[Comparison]:
    entries = tuple(replace(e, tick=number) for e in case.entries if isinstance(e, Escalation))
    refused = isinstance(recover(case), str)
    yield _validity("M-13: ", refused, recover(replace(case, entries=entries)))


RELATIONS: Final = (
    _regrouped,
    _one_by_one,
    _suffix_only,
    _left_out,
    _doubled,
    _one_more,
    _later,
    _shifted,
    _blinded,
    _with_new_names,
    _escalations_only,
)
"""Every relation, in order of its first law; each yields what must be equal."""
