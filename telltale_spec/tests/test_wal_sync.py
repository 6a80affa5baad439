"""What a sync adds to a log, the specification's quirks included."""

from __future__ import annotations

import pytest

from telltale_spec.model.wal_sync import build_entries
from telltale_spec.tests.samples import (
    FINALIZED,
    NONE,
    PROVISIONAL,
    SOFT_SAFE,
    escalation,
    evidence,
    finalization,
    gate,
    produced,
    state,
    sync_request,
)
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    Finalization,
    FinalizationOutcome,
    WalSyncRequest,
)


def converge(
    existing: tuple[AgreementWalEntry, ...], *requests: WalSyncRequest
) -> tuple[AgreementWalEntry, ...]:
    for request in requests:
        existing += build_entries(existing, request)
    return existing


@pytest.mark.requirement("SYNC-04")
def test_sync_04_order_and_tick_of_the_entries() -> None:
    request = sync_request(
        state(FINALIZED, FinalizationOutcome.FINALIZED, evidence_ids=("p-proof", "last")),
        evidence("e2"),
        evidence("other", "another operation"),
        evidence("e1"),
        gate_level=SOFT_SAFE,
        tick=9,
    )
    assert build_entries((), request) == (
        produced("e2", tick=9),
        produced("e1", tick=9),
        escalation("o", NONE, FINALIZED, evidence_id="last", tick=9),
        finalization(proof_id="p-proof", tick=9),
        gate(gate_level=SOFT_SAFE, tick=9),
    )


@pytest.mark.requirement("SYNC-05", "SYNC-15")
def test_sync_15_a_second_identical_request_adds_nothing() -> None:
    request = sync_request(state(FINALIZED, FinalizationOutcome.ABORTED), evidence())
    once = converge((), request)
    assert build_entries(once, request) == ()


@pytest.mark.requirement("SYNC-05", "F3")
def test_f3_copies_inside_one_request_are_all_added_and_never_again() -> None:
    request = sync_request(None, evidence(), evidence())
    once = converge((), request)
    assert once == (produced(tick=5), produced(tick=5), gate(tick=5))
    assert build_entries(once, request) == ()
    # A retry after the first copy ends in another log than an undisturbed run.
    assert converge(once[:1], request) == (produced(tick=5), gate(tick=5))


@pytest.mark.requirement("SYNC-05", "F2")
def test_f2_a_colliding_gate_of_another_operation_swallows_the_gate() -> None:
    existing = (gate("a", "b:coro:0", tick=5),)
    assert build_entries(existing, sync_request(operation_id="a:b")) == ()


@pytest.mark.requirement("SYNC-05", "F2")
def test_f2_evidence_that_differs_in_authority_only_is_dropped() -> None:
    existing = (produced(authoritative=False, tick=5),)
    assert build_entries(existing, sync_request(None, evidence())) == (gate(tick=5),)


@pytest.mark.requirement("SYNC-05", "F4")
def test_f4_a_later_tick_repeats_everything_but_the_escalation() -> None:
    settled = state(FINALIZED, FinalizationOutcome.FINALIZED)
    existing = converge((), sync_request(settled, evidence(), tick=5))
    assert build_entries(existing, sync_request(settled, evidence(), tick=6)) == (
        produced(tick=6),
        finalization(tick=6),
        gate(tick=6),
    )


@pytest.mark.requirement("SYNC-06")
@pytest.mark.parametrize(
    ("logged", "level", "previous"),
    [
        ((), PROVISIONAL, NONE),
        ((escalation(new_level=SOFT_SAFE),), FINALIZED, SOFT_SAFE),
        ((escalation("other", NONE, FINALIZED),), PROVISIONAL, NONE),
        ((produced(level=FINALIZED), finalization()), PROVISIONAL, NONE),
        # The highest level counts, not the last one.
        ((escalation(new_level=SOFT_SAFE), escalation()), FINALIZED, SOFT_SAFE),
    ],
)
def test_sync_06_previous_level_of_the_escalation(
    logged: tuple[AgreementWalEntry, ...], level: AgreementLevel, previous: AgreementLevel
) -> None:
    assert build_entries(logged, sync_request(state(level)))[0] == escalation(
        "o", previous, level, tick=5
    )


@pytest.mark.requirement("SYNC-06", "F36")
@pytest.mark.parametrize("level", [NONE, PROVISIONAL, SOFT_SAFE])
def test_f36_a_state_not_above_the_logged_level_leaves_no_trace(level: AgreementLevel) -> None:
    existing = (escalation(new_level=SOFT_SAFE),)
    assert build_entries(existing, sync_request(state(level))) == (gate(tick=5),)


@pytest.mark.requirement("SYNC-07", "F14")
@pytest.mark.parametrize(
    ("evidence_ids", "proof_id"),
    [
        ((), None),
        (("a", "Proof"), None),
        (("a", "x-proof", "y-proof"), "x-proof"),
        (("waterproof-label", "x-proof"), "waterproof-label"),
    ],
)
def test_f14_the_proof_id_is_the_first_with_the_substring(
    evidence_ids: tuple[str, ...], proof_id: str | None
) -> None:
    settled = state(NONE, FinalizationOutcome.REJECTED, evidence_ids=evidence_ids)
    entry = build_entries((), sync_request(settled))[0]
    assert isinstance(entry, Finalization)
    assert (entry.materialization_proof_id, entry.canonical_handle_id) == (proof_id, None)


@pytest.mark.requirement("SYNC-08", "F5")
@pytest.mark.parametrize("agreement_state", [None, state(PROVISIONAL)])
def test_f5_a_gate_is_crossed_without_a_state_and_above_its_level(agreement_state: object) -> None:
    request = sync_request(agreement_state, gate_level=FINALIZED)  # type: ignore[arg-type]
    assert build_entries((), request)[-1] == gate(gate_level=FINALIZED, tick=5)


@pytest.mark.requirement("SYNC-10", "F15")
def test_f15_the_state_of_another_operation_is_stored_for_this_one() -> None:
    foreign = state(FINALIZED, FinalizationOutcome.FINALIZED, operation_id="OTHER")
    entries = build_entries((), sync_request(foreign))
    assert [entry.operation_id for entry in entries] == ["o", "o", "o"]


@pytest.mark.requirement("SYNC-10", "F25")
def test_f25_evidence_without_authority_and_of_another_session_is_stored() -> None:
    request = sync_request(None, evidence(session=9, authoritative=False))
    assert build_entries((), request)[0] == produced(session=9, authoritative=False, tick=5)


@pytest.mark.requirement("SYNC-06", "F35")
def test_f35_the_escalation_names_an_evidence_that_is_not_in_the_log() -> None:
    entry = build_entries((), sync_request(state(evidence_ids=("a", "nowhere"))))[0]
    assert entry == escalation(new_level=SOFT_SAFE, evidence_id="nowhere", tick=5)
