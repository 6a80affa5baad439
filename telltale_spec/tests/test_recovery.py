"""The recovery plan, compared with a plain transcription of the specification."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale_spec.errors import DomainError, EscalationOrderError
from telltale_spec.model.recovery import (
    DurableRecoveryPlan,
    recovery_action,
    recovery_decisions,
)
from telltale_spec.tests.samples import (
    FINALIZED,
    NONE,
    PROVISIONAL,
    SOFT_SAFE,
    cache,
    escalation,
    finalization,
    gate,
    log,
    produced,
)
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.recovery import DurableRecoveryAction, DurableRecoveryDecision

ABORTED = FinalizationOutcome.ABORTED
Action = DurableRecoveryAction


def plain_decisions(
    suffix: tuple[AgreementWalEntry, ...], evidence_cache: EvidenceOutcomeCacheArtifact
) -> list[DurableRecoveryDecision]:
    """Walk the whole suffix for each operation and the whole cache for each walk (L1154-1231)."""
    return [
        plain_decision(
            operation_id,
            [entry for entry in suffix if entry.operation_id == operation_id],
            evidence_cache,
        )
        for operation_id in sorted({entry.operation_id for entry in suffix})
    ]


def plain_decision(
    operation_id: str,
    entries: list[AgreementWalEntry],
    evidence_cache: EvidenceOutcomeCacheArtifact,
) -> DurableRecoveryDecision:
    level, gate_crossed = NONE, False
    outcome: FinalizationOutcome | None = None
    evidence_ids: list[str] = []
    for entry in entries:
        match entry:
            case Escalation(new_level=new_level):
                level = max(level, new_level, key=lambda item: item.rank)
            case EvidenceProduced(evidence=evidence):
                evidence_ids.append(evidence.evidence_id)
                level = max(level, evidence.level, key=lambda item: item.rank)
            case Finalization(outcome=outcome):
                if outcome is FinalizationOutcome.FINALIZED:
                    level = FINALIZED
            case _:
                gate_crossed = True
    if outcome is not None:
        action = (
            Action.REUSE_FINALIZED
            if outcome is FinalizationOutcome.FINALIZED
            else Action.PRESERVE_TERMINAL
        )
    elif level in (SOFT_SAFE, FINALIZED):
        action = Action.RESUME_FROM_EVIDENCE_BOUNDARY
    else:
        action = Action.REEXECUTE_FROM_SCRATCH
    cached = [
        entry.evidence_id for entry in evidence_cache.entries if entry.evidence_id in evidence_ids
    ]
    return DurableRecoveryDecision(
        operation_id, level, outcome, action, tuple(cached), gate_crossed
    )


OPERATIONS = st.sampled_from(["", "a", "b", "a:b", "é", "\U0001f600", "\uffff"])
EVIDENCE_IDS = st.sampled_from(["e", "f", "", "x-proof"])
TICKS = st.integers(0, 6)
LEVELS = st.sampled_from(AgreementLevel)
ENTRIES: st.SearchStrategy[AgreementWalEntry] = st.one_of(
    st.builds(Escalation, OPERATIONS, LEVELS, LEVELS, st.none() | EVIDENCE_IDS, TICKS),
    st.builds(
        lambda evidence_id, operation_id, level, tick: produced(
            evidence_id, operation_id, level=level, tick=tick
        ),
        EVIDENCE_IDS,
        OPERATIONS,
        LEVELS,
        TICKS,
    ),
    st.builds(
        Finalization, OPERATIONS, st.sampled_from(FinalizationOutcome), st.none(), st.none(), TICKS
    ),
    st.builds(lambda operation_id, tick: gate(operation_id, tick=tick), OPERATIONS, TICKS),
)
CACHES = st.lists(EVIDENCE_IDS, max_size=6).map(lambda ids: cache(*ids))


@pytest.mark.requirement("RECOV-03", "RECOV-04", "RECOV-05", "RECOV-06")
@given(st.lists(ENTRIES, max_size=12).map(tuple), CACHES)
def test_one_pass_gives_what_the_plain_transcription_gives(
    suffix: tuple[AgreementWalEntry, ...], evidence_cache: EvidenceOutcomeCacheArtifact
) -> None:
    assert list(recovery_decisions(suffix, evidence_cache)) == plain_decisions(
        suffix, evidence_cache
    )


def refusal_of(wal: AgreementWalArtifact) -> str | None:
    try:
        wal.validate_monotonic_escalations()
    except EscalationOrderError as error:
        return str(error)
    return None


@pytest.mark.requirement("RECOV-01", "RECOV-02", "RECOV-07", "RECOV-08", "RECOV-09", "RECOV-10")
@given(st.lists(ENTRIES, max_size=10).map(tuple), CACHES, TICKS)
def test_every_plan_keeps_its_promises(
    entries: tuple[AgreementWalEntry, ...],
    evidence_cache: EvidenceOutcomeCacheArtifact,
    checkpoint_tick: int,
) -> None:
    wal, machine = AgreementWalArtifact(entries), object()
    refusal = refusal_of(wal)
    if refusal is not None:
        with pytest.raises(EscalationOrderError) as caught:
            DurableRecoveryPlan.from_checkpoint(checkpoint_tick, machine, wal, evidence_cache)
        assert str(caught.value) == refusal
        return
    plan = DurableRecoveryPlan.from_checkpoint(checkpoint_tick, machine, wal, evidence_cache)
    assert plan == DurableRecoveryPlan.from_checkpoint(
        checkpoint_tick, machine, wal, evidence_cache
    )
    assert plan.machine is machine
    assert plan.wal_suffix == wal.read_since(checkpoint_tick)
    metadata = plan.metadata
    ids = [decision.operation_id for decision in plan.decisions]
    assert sorted(metadata.resumed_operation_ids + metadata.terminal_operation_ids) == ids
    assert metadata.cached_evidence_ids == tuple(
        [entry.evidence_id for entry in evidence_cache.entries]
    )
    for decision in plan.decisions:
        terminal = decision.operation_id in metadata.terminal_operation_ids
        assert terminal is (decision.finalization is not None)
        if decision.action is Action.REUSE_FINALIZED:
            assert decision.level is FINALIZED


class CountingTuple(tuple[EvidenceOutcomeCacheEntry | AgreementWalEntry, ...]):
    """A tuple that counts how often it was walked."""

    walks_count = 0

    def __iter__(self) -> Iterator[EvidenceOutcomeCacheEntry | AgreementWalEntry]:
        self.walks_count += 1
        return super().__iter__()


@pytest.mark.requirement("RECOV-06", "F19")
@pytest.mark.parametrize("operations_count", [1, 50])
def test_suffix_and_cache_are_walked_once_however_many_operations(operations_count: int) -> None:
    suffix = CountingTuple([produced("e", f"op{index}") for index in range(operations_count)])
    entries = CountingTuple(cache("e", "f", "e").entries)
    evidence_cache = EvidenceOutcomeCacheArtifact(entries)  # type: ignore[arg-type]
    entries.walks_count = 0
    decisions = recovery_decisions(suffix, evidence_cache)  # type: ignore[arg-type]
    assert (suffix.walks_count, entries.walks_count) == (1, 1)
    assert {decision.cached_evidence_ids for decision in decisions} == {("e", "e")}


def plan_of(
    checkpoint_tick: int,
    *entries: AgreementWalEntry,
    evidence_cache: EvidenceOutcomeCacheArtifact | None = None,
) -> DurableRecoveryPlan[None]:
    return DurableRecoveryPlan.from_checkpoint(
        checkpoint_tick, None, log(*entries), evidence_cache or cache()
    )


@pytest.mark.requirement("RECOV-05")
@pytest.mark.parametrize("level", AgreementLevel)
def test_recov_05_actions(level: AgreementLevel) -> None:
    resumes = level in (SOFT_SAFE, FINALIZED)
    assert recovery_action(level, None) is (
        Action.RESUME_FROM_EVIDENCE_BOUNDARY if resumes else Action.REEXECUTE_FROM_SCRATCH
    )
    for outcome in FinalizationOutcome:
        assert recovery_action(level, outcome) is (
            Action.REUSE_FINALIZED
            if outcome is FinalizationOutcome.FINALIZED
            else Action.PRESERVE_TERMINAL
        )


@pytest.mark.requirement("RECOV-02")
def test_recov_02_an_empty_suffix_has_no_ticks() -> None:
    plan = plan_of(5, gate(tick=5))
    assert plan.wal_suffix == ()
    assert plan.decisions == ()
    assert plan.metadata.wal_tail_start_tick is plan.metadata.highest_recovered_tick is None


@pytest.mark.requirement("RECOV-02", "F8")
def test_f8_the_highest_tick_is_the_last_one() -> None:
    metadata = plan_of(3, gate(tick=9), gate(tick=4)).metadata
    assert (metadata.wal_tail_start_tick, metadata.highest_recovered_tick) == (9, 4)


@pytest.mark.requirement("RECOV-03", "DOM-07")
def test_recov_03_operations_ascend_by_code_point() -> None:
    ids = ["\U0001f600", "\uffff", "é", "z", "", "a:b", "a"]
    plan = plan_of(0, *[gate(text) for text in ids])
    assert [decision.operation_id for decision in plan.decisions] == [
        "",
        "a",
        "a:b",
        "z",
        "é",
        "\uffff",
        "\U0001f600",
    ]


@pytest.mark.requirement("RECOV-05", "F5")
def test_f5_a_crossed_gate_does_not_stop_a_reexecution() -> None:
    (decision,) = plan_of(0, gate(gate_level=FINALIZED)).decisions
    assert decision.gate_crossed
    assert decision.action is Action.REEXECUTE_FROM_SCRATCH


@pytest.mark.requirement("RECOV-04", "F6")
def test_f6_what_was_final_before_the_checkpoint_is_forgotten() -> None:
    (decision,) = plan_of(5, finalization(tick=5), gate(tick=6)).decisions
    assert (decision.level, decision.finalization) == (NONE, None)
    assert decision.action is Action.REEXECUTE_FROM_SCRATCH
    (decision,) = plan_of(
        5, finalization(outcome=ABORTED, tick=5), produced(level=SOFT_SAFE, tick=6)
    ).decisions
    assert decision.action is Action.RESUME_FROM_EVIDENCE_BOUNDARY


@pytest.mark.requirement("RECOV-04", "F7")
def test_f7_the_last_outcome_wins_and_the_level_stays() -> None:
    (decision,) = plan_of(0, finalization(tick=5), finalization(outcome=ABORTED, tick=6)).decisions
    assert (decision.level, decision.finalization) == (FINALIZED, ABORTED)
    assert decision.action is Action.PRESERVE_TERMINAL
    (decision,) = plan_of(0, finalization(outcome=ABORTED, tick=5), finalization(tick=6)).decisions
    assert decision.action is Action.REUSE_FINALIZED


@pytest.mark.requirement("RECOV-04", "F25")
def test_f25_evidence_without_authority_resumes() -> None:
    (decision,) = plan_of(0, produced(level=SOFT_SAFE, authoritative=False)).decisions
    assert decision.action is Action.RESUME_FROM_EVIDENCE_BOUNDARY


@pytest.mark.requirement("RECOV-06", "F35")
def test_recov_06_only_produced_evidence_counts_in_cache_order_with_duplicates() -> None:
    (decision,) = plan_of(
        0,
        produced("b"),
        produced("a"),
        produced("a"),
        escalation(evidence_id="c"),
        evidence_cache=cache("a", "c", "b", "a"),
    ).decisions
    assert decision.cached_evidence_ids == ("a", "b", "a")


@pytest.mark.requirement("RECOV-06")
def test_recov_06_one_evidence_id_may_belong_to_several_operations() -> None:
    plan = plan_of(0, produced("e", "a"), produced("e", "b"), evidence_cache=cache("e"))
    assert [decision.cached_evidence_ids for decision in plan.decisions] == [("e",), ("e",)]


@pytest.mark.requirement("RECOV-07", "F37")
def test_f37_metadata_lists_ids_that_no_decision_has() -> None:
    plan = plan_of(5, produced(tick=5), gate(tick=6), evidence_cache=cache("e"))
    assert plan.metadata.cached_evidence_ids == ("e",)
    assert plan.decisions[0].cached_evidence_ids == ()


@pytest.mark.requirement("RECOV-01", "F38")
def test_f38_one_operation_below_the_checkpoint_blocks_all() -> None:
    with pytest.raises(EscalationOrderError, match="regression for `z`"):
        plan_of(100, escalation("z", FINALIZED, NONE, tick=1), gate("a", tick=101))


def test_a_checkpoint_tick_outside_its_domain_is_refused() -> None:
    with pytest.raises(DomainError, match="checkpoint_tick"):
        plan_of(-1)


@pytest.mark.requirement("WIRE-12", "RECOV-09")
def test_the_json_form_leaves_machine_and_cache_out() -> None:
    plan = plan_of(0, escalation(new_level=PROVISIONAL), evidence_cache=cache("e"))
    assert plan.to_dict() == {
        "metadata": {
            "checkpoint_tick": 0,
            "wal_tail_start_tick": 1,
            "highest_recovered_tick": 1,
            "resumed_operation_ids": ["o"],
            "terminal_operation_ids": [],
            "cached_evidence_ids": ["e"],
        },
        "wal_suffix": [escalation().to_dict()],
        "decisions": [
            {
                "operation_id": "o",
                "level": "provisional",
                "finalization": None,
                "action": "reexecute_from_scratch",
                "cached_evidence_ids": [],
                "gate_crossed": False,
            }
        ],
    }
