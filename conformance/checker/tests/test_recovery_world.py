"""The model of recovery is an abstraction of the real recovery: step and mapping commute."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.checker.concrete import carry_out
from conformance.checker.engines import check_model
from conformance.checker.model import FAITHFUL
from conformance.checker.models.decisions import Decision, Facts, clause_holds
from conformance.checker.models.recovery import (
    LETTERS,
    NO_CHECKPOINT,
    Letter,
    Operation,
    append,
    decision,
    facts,
    recovery,
)
from conformance.checker.results import SearchResult
from conformance.checker.tables import Tables, tabulate
from conformance.checker.worlds.recovery import (
    RecoveryWorld,
    entry_of,
    letter_of,
    plan_of,
    slot_of,
)
from conformance.rules.soundness import CLAUSES, violations
from strategies import wal_entries
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)


@functools.cache
def _tables() -> Tables:
    return tabulate(recovery(FAITHFUL), 1)


@functools.cache
def _result() -> SearchResult:
    return check_model(recovery(FAITHFUL), 1)


def test_without_a_checkpoint_a_log_goes_on_as_with_one() -> None:
    """What is shown of the real plan for the whole model holds for this part of it."""
    whole, part = _tables(), tabulate(recovery(NO_CHECKPOINT), 1)

    def steps(tables: Tables, name: str) -> set[tuple[object, ...]]:
        def values(pair: tuple[int, int]) -> tuple[object, object]:
            return tables.shared_values[pair[0]], tables.slot_values[pair[1]]

        return {(*values(pair), *values(target)) for pair, target in tables.moves[name].items()}

    assert {*part.moves} == {name for name in whole.moves if name.endswith("after the checkpoint")}
    for name in part.moves:
        assert steps(part, name) <= steps(whole, name)


def assert_the_plan_is_the_slots(
    entries: list[AgreementWalEntry], checkpoint_tick: int, slots: dict[str, Operation]
) -> None:
    """Plan, actions and broken clauses of the reference are those of the model's slots."""
    plan = plan_of(entries, checkpoint_tick)
    assert (plan is None) == any(slot.is_out_of_order for slot in slots.values())
    if plan is None:
        return
    wanted = {name: decision(slot) for name, slot in slots.items() if slot.is_touched}
    found = {
        each.operation_id: Decision(
            each.level.rank,
            None if each.finalization is None else each.finalization.value,
            each.gate_crossed,
        )
        for each in plan.decisions
    }
    assert found == wanted
    broken = {
        (each.operation_id, each.clause) for each in violations(entries, checkpoint_tick, plan)
    }
    assert broken == {
        (name, clause.number)
        for name, decided in wanted.items()
        for clause in CLAUSES
        if not clause_holds(clause.number, facts(slots[name], decided))
    }


# A clause that each of the eight alone breaks, so that no two can be exchanged unseen.
@pytest.mark.parametrize("number", range(1, 9))
def test_every_clause_can_be_broken_by_facts(number: int) -> None:
    broken = {
        1: Facts(Decision(0, None, False), 1, 0, None, False),
        2: Facts(Decision(0, None, False), 0, 1, None, False),
        3: Facts(Decision(2, "finalized", False), 0, 0, "finalized", False),
        4: None,
        5: Facts(Decision(0, None, True), 0, 0, None, False),
        6: Facts(Decision(0, None, False), 0, 0, "aborted", False),
        7: Facts(Decision(0, "aborted", False), 0, 0, "aborted", True),
        8: Facts(Decision(3, None, False), 0, 0, None, False),
    }[number]
    if broken is None:
        # Clause 4 cannot be broken by any decision: the action follows from the outcome.
        outcomes = (None, "finalized", "aborted", "rejected", "timed_out")
        assert all(
            clause_holds(4, Facts(Decision(level, outcome, gate), 0, 0, outcome, False))
            for level in range(4)
            for outcome in outcomes
            for gate in (False, True)
        )
        return
    others = {3: {8}}.get(number, set())
    assert {each for each in range(1, 9) if not clause_holds(each, broken)} == {number} | others


def test_every_slot_of_the_model_is_one_of_the_reference() -> None:
    """Every reachable slot has a real log, and the real plan of it is what the model decides."""
    tables = _tables()
    by_name = {letter.name: letter for letter in LETTERS}
    start = (tables.starts[0][0], tables.starts[0][1][0])
    way: dict[tuple[int, int], list[AgreementWalEntry]] = {start: []}
    waiting = [start]
    for pair in waiting:
        for name, move in tables.moves.items():
            target = move.get(pair)
            if target is not None and target not in way:
                entry = entry_of(by_name[name], "op", tables.slot_values[pair[1]])
                way[target] = [*way[pair], entry]
                waiting.append(target)
    assert len(way) == len(tables.pairs)
    for (_, number), entries in way.items():
        slot = tables.slot_values[number]
        assert slot_of(entries, "op") == slot
        assert_the_plan_is_the_slots(entries, 5, {"op": slot})


def _alphabet() -> tuple[AgreementWalEntry, ...]:
    """Twenty-four entries of two operations at two ticks."""
    levels = (AgreementLevel.PROVISIONAL, AgreementLevel.SOFT_SAFE, AgreementLevel.FINALIZED)
    entries: list[AgreementWalEntry] = []
    for operation_id, tick in (("a", 1), ("a", 2), ("b", 1), ("b", 2)):
        entries += [
            Escalation(operation_id, AgreementLevel.NONE, levels[tick], None, tick),
            Escalation(operation_id, levels[0], levels[0], None, tick),
            EvidenceProduced(
                AgreementEvidence(
                    evidence_id="e",
                    operation_id=operation_id,
                    session=None,
                    owner_id=None,
                    level=levels[tick - 1],
                    kind=AgreementEvidenceKind.WITNESS,
                    reference="",
                    authoritative=False,
                ),
                tick,
            ),
            Finalization(operation_id, FinalizationOutcome.FINALIZED, None, None, tick),
            Finalization(operation_id, FinalizationOutcome.ABORTED, None, None, tick),
            VisibilityGateCrossing(operation_id, "c", levels[tick], tick),
        ]
    return tuple(entries)


def _logs(length_max: int) -> Iterator[list[AgreementWalEntry]]:
    alphabet = _alphabet()
    assert len(alphabet) == 24
    waiting: list[list[AgreementWalEntry]] = [[]]
    while waiting:
        log = waiting.pop()
        yield log
        if len(log) < length_max:
            waiting += [[*log, entry] for entry in alphabet]


@pytest.mark.requirement("RECOV-01", "RECOV-04", "RECOV-05", "RECOV-10")
def test_all_short_logs_commute() -> None:
    """All logs of up to 3 entries over 24, with every checkpoint."""
    count = 0
    for entries in _logs(3):
        for checkpoint_tick in (0, 1, 2):
            operations = {entry.operation_id for entry in entries}
            slots = {each: slot_of(entries, each, checkpoint_tick) for each in operations}
            assert_the_plan_is_the_slots(entries, checkpoint_tick, slots)
            count += 1
    assert count == 3 * sum(24**length for length in range(4))


@pytest.mark.requirement("RECOV-01", "RECOV-04", "RECOV-05", "RECOV-10")
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.lists(wal_entries(), max_size=12), st.integers(0, 4))
def test_arbitrary_logs_commute(entries: list[AgreementWalEntry], checkpoint_tick: int) -> None:
    operations = {entry.operation_id for entry in entries}
    slots = {each: slot_of(entries, each, checkpoint_tick) for each in operations}
    reachable = set(_tables().slot_values)
    assert_the_plan_is_the_slots(entries, checkpoint_tick, slots)
    for slot in slots.values():
        # What is out of order is not followed any further by the model.
        assert slot.is_out_of_order or slot in reachable


def test_an_entry_and_its_letter_are_each_others_inverse() -> None:
    for letter in LETTERS:
        slot = Operation()
        last = None
        if letter.kind == "escalation":
            slot = append(slot, Letter("escalation", "before", 0))
            last = AgreementLevel.NONE
        assert letter_of(entry_of(letter, "o", slot), last) == letter


@pytest.mark.by_day(3)
@pytest.mark.parametrize("name", [*(f"clause {n}" for n in (1, 2, 5, 6, 7, 8))])
def test_counterexamples_are_shown_by_the_reference(name: str) -> None:
    """What the model finds is carried out with real entries and shows the same."""
    trace = _result().property(name).trace

    assert trace is not None
    assert name in carry_out(RecoveryWorld(1), trace)


def test_one_out_of_order_blocks_the_other_on_the_reference() -> None:
    """F38, with a way that the plain search finds below the whole bound of two operations."""
    world = RecoveryWorld(2)
    world.perform("gate at provisional after the checkpoint", 1)
    assert world.violations() == {"clause 2", "clause 5"}
    world.perform("an escalation out of order before the checkpoint", 0)

    assert world.decisions() is None
    assert world.violations() == {"one out of order blocks no other"}
