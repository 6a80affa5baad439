"""Laws of recovery: every plan against the plain oracle, and plans against each other.

One law walks through all small logs in order of size, so that what it finds is
as small as it can be; one compares random plans with the oracle; one holds the
plans of related logs against each other (M-02..M-13), which needs no oracle.
The first row of a table that differs says which requirement is broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

from conformance.engine.session import History, Raised, Returned
from conformance.engine.suite import Law, LawSuite, TableLaw
from conformance.machines.recovery_cases import (
    DIRECTED,
    directed_cases,
    runs_of_entries,
    twin_cases,
)
from conformance.machines.recovery_orders import MISTAKABLE, judge_order, order_cases
from conformance.machines.recovery_small import small_cases
from conformance.machines.recovery_walks import walk_cases
from conformance.rules.narration import cache_entry_text, entry_text, quoted, tick_text
from conformance.rules.oracles import PlainPlan, plain_recovery
from conformance.rules.soundness import (
    RELATIONS,
    Answer,
    Comparison,
    Recover,
    RecoveryCase,
    compare_decisions,
)
from strategies.artifacts import cache_artifacts, checkpoints, invalid_wal_artifacts, wal_artifacts
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    FinalizationOutcome,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome
from telltale_spec.wire.record import Record
from telltale_spec.wire.recovery import (
    DurableRecoveryAction,
    DurableRecoveryDecision,
    DurableRecoveryMetadata,
)

__all__ = ["RECOVERY_SUITE", "WHOLE_PLAN_LAWS", "OpaqueMachine"]

EMPTY_SUFFIX: Final = "nothing after the checkpoint"
AT_CHECKPOINT: Final = "entry exactly at the checkpoint"
TICK_ZERO: Final = "entry with tick 0"
DESCENDING: Final = "descending ticks after the checkpoint"
PRODUCED_AND_CACHED: Final = "evidence produced after the checkpoint and cached"
CACHED_ONLY: Final = "cached evidence that was not produced"
DUPLICATE_IDS: Final = "cache with an id twice"
INVALID_LOG: Final = "log out of order"
CONFLICT: Final = "operation with conflicting outcomes"
SEVERAL: Final = "several operations after the checkpoint"

Entries: TypeAlias = tuple[AgreementWalEntry, ...]


class OpaqueMachine:
    """Stand in for the machine of a checkpoint: nothing can be read from it or copied."""

    __slots__ = ()


class EmptyMachine(OpaqueMachine):
    """Stand in for a machine that counts as nothing where it is asked whether there is one."""

    __slots__ = ()

    def __len__(self) -> int:
        return 0


def _describe(history: History, case: RecoveryCase) -> None:
    """Note what the recovery works on, one step an entry."""
    for entry in case.entries:
        history.note(f"the log holds {entry_text(entry)}", "", _data(entry))
    for cached in case.cache:
        history.note(f"the cache holds {cache_entry_text(cached)}", "", _data(cached))


@lru_cache(maxsize=1_000)
def _data(entry: Record) -> Any:
    """Return an entry as data; the same few come again and again."""
    return entry.to_dict()


def _answer(
    history: History, case: RecoveryCase, make_machine: type[OpaqueMachine] = OpaqueMachine
) -> Returned | Raised:
    """Recover once; check what holds whatever the log says (RECOV-09)."""
    recovery = history.session.backend.recovery
    if recovery is None:
        raise RuntimeError("this suite does not apply to a backend without recovery")
    machine = make_machine()
    wal = AgreementWalArtifact(case.entries)
    cache = EvidenceOutcomeCacheArtifact(case.cache)
    _describe(history, case)
    answer = history.call(
        f"recover from checkpoint {tick_text(case.checkpoint_tick)}",
        lambda: recovery(case.checkpoint_tick, machine, wal, cache),
        undeclared="RECOV-01",
    )
    unchanged = wal.entries == case.entries and cache.entries == case.cache
    history.check("RECOV-09", unchanged, "log and cache as they were", "they were changed")
    if isinstance(answer, Raised):
        return answer
    plan = answer.value
    records: tuple[Any, ...] = (getattr(plan, "metadata", None), *getattr(plan, "decisions", ()))
    formed = isinstance(plan, DurableRecoveryPlan) and all(
        isinstance(each, (DurableRecoveryMetadata, DurableRecoveryDecision)) for each in records
    )
    history.check("RECOV-09", formed, "a plan made of records", lambda: repr(plan))
    passed = plan.machine is machine
    history.check("RECOV-09", passed, "the machine that was given", "another object")
    kept = tuple(plan.evidence_cache.entries) == case.cache
    history.check("RECOV-09", kept, "the cache that was given", "another cache")
    return answer


def _plan(history: History, case: RecoveryCase) -> DurableRecoveryPlan[Any]:
    """Recover from a log that is in order."""
    answer = _answer(history, case)
    refused = answer.message if isinstance(answer, Raised) else ""
    history.check("RECOV-01", isinstance(answer, Returned), "a plan", f"refused: {refused}")
    assert isinstance(answer, Returned)  # noqa: S101 - a failed check does not return
    plan: DurableRecoveryPlan[Any] = answer.value
    return plan


def _plan_comparisons(
    case: RecoveryCase, expected: PlainPlan, plan: DurableRecoveryPlan[Any]
) -> Iterator[Comparison]:
    """Yield what must be equal in a plan; the first difference is the one to blame."""
    metadata = plan.metadata
    first, last = metadata.wal_tail_start_tick, metadata.highest_recovered_tick
    given = metadata.checkpoint_tick
    yield Comparison("RECOV-02", "checkpoint", case.checkpoint_tick, given)
    yield Comparison("RECOV-02", "suffix", expected.wal_suffix, tuple(plan.wal_suffix))
    yield Comparison("RECOV-02", "tick of the first entry", expected.first_tick, first)
    yield Comparison("RECOV-02", "tick of the last entry", expected.last_tick, last)
    yield from compare_decisions(expected.decisions, plan.decisions)
    for requirement_id, what, name in (
        ("RECOV-07", "cached evidence of the metadata", "cached_evidence_ids"),
        ("RECOV-08", "resumed operations", "resumed_operation_ids"),
        ("RECOV-08", "terminal operations", "terminal_operation_ids"),
    ):
        yield Comparison(requirement_id, what, getattr(expected, name), getattr(metadata, name))


def _compare(history: History, comparisons: Iterable[Comparison]) -> None:
    for each in comparisons:
        history.check(
            each.requirement_id,
            each.expected == each.actual,
            partial(_shown, each.expected, each.what),
            partial(_shown, each.actual, each.what),
        )


def _shown(value: Any, what: str = "") -> str:
    if what:
        return f"{what}: {_shown(value)}"
    if isinstance(value, AgreementWalEntry):
        return entry_text(value)
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(_shown(each) for each in value)}]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return quoted(value)
    return "none" if value is None else str(getattr(value, "value", value))


def _judge_against_oracle(history: History, case: RecoveryCase) -> None:
    """Compare one answer with the oracle's, and with a second answer."""
    expected = plain_recovery(case.checkpoint_tick, case.entries, case.cache)
    _note_situations(history, case, expected)
    if isinstance(expected, str):
        answer = _answer(history, case)
        actual = f"refused: {answer.message}" if isinstance(answer, Raised) else "a plan"
        refused = f"refused: {expected}"
        history.check("RECOV-01", actual == refused, refused, actual)
        return
    plan = _plan(history, case)
    # By itself, as RECOV-05 rules on the same actions: neither must hide the other.
    beside = history.beside()
    beside.steps = history.steps
    beside.run(lambda: _check_terminals(beside, plan.decisions))
    _compare(history, _plan_comparisons(case, expected, plan))


def _judge_random(history: History, case: RecoveryCase) -> None:
    """Compare with the oracle, then recover again and get the same (RECOV-09)."""
    _judge_against_oracle(history, case)
    first, second = _answer(history, case), _answer(history, case, EmptyMachine)
    if isinstance(first, Returned) and isinstance(second, Returned):
        same = _bare(first.value) == _bare(second.value)
    else:
        same = first == second
    history.check("RECOV-09", same, "the same answer again", "another answer")


def _bare(plan: DurableRecoveryPlan[Any]) -> DurableRecoveryPlan[Any]:
    """Return a plan without its machine; any sequence is as good as another one."""
    suffix, decisions = tuple(plan.wal_suffix), tuple(plan.decisions)
    return replace(plan, machine=None, wal_suffix=suffix, decisions=decisions)


def _judge_directed(history: History, case: RecoveryCase) -> None:
    """Judge a case that is directed at one mistake."""
    history.reach(DIRECTED)
    _judge_random(history, case)


def _judge_twins(history: History, twins: tuple[RecoveryCase, RecoveryCase]) -> None:
    """Recover from two logs that are easily taken for one, one after the other (RECOV-09)."""
    for case in twins:
        _judge_against_oracle(history, case)


def _check_terminals(history: History, decisions: Iterable[DurableRecoveryDecision]) -> None:
    for decision in decisions:
        final = decision.finalization is FinalizationOutcome.FINALIZED
        if decision.action is DurableRecoveryAction.REUSE_FINALIZED:
            holds = final and decision.level is AgreementLevel.FINALIZED
        else:
            preserved = decision.action is DurableRecoveryAction.PRESERVE_TERMINAL
            holds = not preserved or (decision.finalization is not None and not final)
        shown = _shown((decision.action, decision.level, decision.finalization))
        history.check("RECOV-10", holds, "an action that fits level and outcome", shown)


# Situations


def _recovered(level: AgreementLevel, outcome: FinalizationOutcome | None) -> str:
    return f"recovered {'no outcome' if outcome is None else outcome.value}/{level.value}"


# A finalized outcome forces the level (RECOV-04); every other pair can be reached.
_RECOVERED: Final = tuple(
    _recovered(level, outcome)
    for outcome in (None, *FinalizationOutcome)
    for level in AgreementLevel
    if outcome is not FinalizationOutcome.FINALIZED or level is AgreementLevel.FINALIZED
)


def _note_situations(history: History, case: RecoveryCase, expected: PlainPlan | str) -> None:
    reach = history.reach
    if isinstance(expected, str):
        reach(INVALID_LOG)
        return
    ticks = [entry.tick for entry in expected.wal_suffix]
    ids = expected.cached_evidence_ids
    produced = [each for decision in expected.decisions for each in decision.cached_evidence_ids]
    outcomes = {(e.operation_id, e.outcome) for e in expected.wal_suffix if hasattr(e, "outcome")}
    found = {
        EMPTY_SUFFIX: bool(case.entries) and not ticks,
        AT_CHECKPOINT: any(each.tick == case.checkpoint_tick for each in case.entries),
        TICK_ZERO: any(entry.tick == 0 for entry in case.entries),
        DESCENDING: ticks != sorted(ticks),
        PRODUCED_AND_CACHED: bool(produced),
        CACHED_ONLY: bool(set(ids) - set(produced)),
        DUPLICATE_IDS: len(set(ids)) < len(ids),
        CONFLICT: len(outcomes) > len({operation_id for operation_id, _ in outcomes}),
        SEVERAL: len(expected.decisions) > 1,
    }
    for situation, arose in found.items():
        if arose:
            reach(situation)
    for decision in expected.decisions:
        reach(_recovered(decision.level, decision.finalization))


def _judge_order(history: History, case: RecoveryCase) -> None:
    """Compare what depends on how ids are told apart and sorted (RECOV-03, RECOV-08)."""
    judge_order(history, case, _plan, _compare)


# Related logs


def _judge_relations(history: History, drawn: tuple[RecoveryCase, int]) -> None:
    """Hold the plans of related logs against each other, each relation by itself."""
    case, number = drawn
    for relation in (*RELATIONS, _other_cache):
        one = history.beside()

        def recover(related: RecoveryCase, one: History = one) -> Answer:
            answer = _answer(one, related)
            if isinstance(answer, Raised):
                return answer.message
            plan: DurableRecoveryPlan[Any] = answer.value
            return plan

        comparisons = relation(recover, case, number)
        one.run(lambda one=one, comparisons=comparisons: _compare(one, comparisons))  # type: ignore[misc]


def _other_cache(recover: Recover, case: RecoveryCase, number: int) -> Iterator[Comparison]:
    before = recover(case)
    cut = number % (len(case.cache) + 1)
    # Turned round, and with one more entry whose id no log here produces.
    foreign = EvidenceOutcomeCacheEntry("foreign", "", "", EffectOutcome.blocked())
    reversed_cache = case.cache[::-1]
    cache = (*reversed_cache[:cut], foreign, *reversed_cache[cut:])
    after = recover(replace(case, cache=cache))
    if isinstance(before, str) or isinstance(after, str):
        return
    turned = [
        replace(each, cached_evidence_ids=each.cached_evidence_ids[::-1])
        for each in before.decisions
    ]
    yield from compare_decisions(turned, after.decisions, "M-12: ")
    ids = tuple(entry.evidence_id for entry in cache)
    what = "M-12: cached evidence of the metadata"
    yield Comparison("RECOV-07", what, ids, after.metadata.cached_evidence_ids)


_ENTRIES_MAX: Final = 6
_CACHES: Final = cache_artifacts(allow_duplicate_ids=True, max_size=3)


@st.composite
def _cases(draw: st.DrawFn, logs: st.SearchStrategy[AgreementWalArtifact]) -> RecoveryCase:
    entries = draw(logs).entries
    return RecoveryCase(draw(checkpoints(entries)), entries, draw(_CACHES).entries)


_VALID: Final = wal_artifacts(max_size=_ENTRIES_MAX)
_INVALID: Final = invalid_wal_artifacts(max_size=_ENTRIES_MAX)
_COMBINED: Final = _cases(_VALID | _VALID | _INVALID)

RECOVERY_SUITE: Final = LawSuite(
    name="recovery",
    laws=(
        TableLaw("every small log", small_cases, _judge_against_oracle),
        TableLaw("orders of ids", order_cases, _judge_order),
        TableLaw("runs of entries", runs_of_entries, _judge_against_oracle),
        TableLaw(DIRECTED, directed_cases, _judge_directed),
        TableLaw("logs that are easily taken for one", twin_cases, _judge_twins),
        Law("any log", _COMBINED, _judge_random),
        Law("related logs", st.tuples(_COMBINED, st.integers(0, 2**16)), _judge_relations, 0.5),
        TableLaw("kinds of logs", walk_cases, _judge_against_oracle, is_spare=True),
    ),
    requirement_ids=tuple(f"RECOV-{number:02}" for number in range(1, 11)),
    situations={
        **dict.fromkeys(_RECOVERED, ("RECOV-04", "RECOV-05", "RECOV-08", "RECOV-10")),
        EMPTY_SUFFIX: ("RECOV-02", "RECOV-03"),
        AT_CHECKPOINT: ("RECOV-02",),
        TICK_ZERO: ("RECOV-02",),
        DESCENDING: ("RECOV-02",),
        PRODUCED_AND_CACHED: ("RECOV-06",),
        CACHED_ONLY: ("RECOV-06", "RECOV-07"),
        DUPLICATE_IDS: ("RECOV-06", "RECOV-07"),
        INVALID_LOG: ("RECOV-01",),
        CONFLICT: ("RECOV-04", "RECOV-05"),
        SEVERAL: ("RECOV-03", "RECOV-08", "RECOV-09"),
        MISTAKABLE: ("RECOV-03", "RECOV-08"),
        DIRECTED: ("RECOV-01", "RECOV-02", "RECOV-04", "RECOV-06", "RECOV-07"),
    },
    present=lambda backend: backend.recovery is not None,
)

WHOLE_PLAN_LAWS: Final = frozenset(
    law.name
    for law in RECOVERY_SUITE.laws
    if law.judge in (_judge_against_oracle, _judge_random, _judge_directed)
)
"""The laws that compare all of a plan with the oracle's, by their names."""
