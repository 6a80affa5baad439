"""What a sync adds to a log, the specification's quirks included."""

from __future__ import annotations

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strategies.requests import wal_sync_requests
from strategies.values import wal_entries
from telltale_spec.model.wal_sync import SyncIndex, build_entries
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


@st.composite
def successions(draw: st.DrawFn) -> list[tuple[AgreementWalEntry, ...]]:
    """Describe logs that follow each other: grown, cut, changed in place, or made anew."""
    logs: list[tuple[AgreementWalEntry, ...]] = [()]
    entries = st.lists(wal_entries(), max_size=4).map(tuple)
    for _ in range(draw(st.integers(1, 6))):
        log, added = logs[-1], draw(entries)
        place = draw(st.integers(0, len(log)))
        changes = {
            "grown": (*log, *added),
            "cut": log[:place],
            "replaced": (*log[:place], *added, *log[place + 1 :]),
            "inserted": (*log[:place], *added, *log[place:]),
            "other": added,
            "made anew": tuple(copy.copy(entry) for entry in log) + added,
        }
        logs.append(changes[draw(st.sampled_from(sorted(changes)))])
    return logs


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(successions(), st.lists(wal_sync_requests(), min_size=1, max_size=3))
def test_an_index_adds_what_the_rule_adds(
    logs: list[tuple[AgreementWalEntry, ...]], requests: list[WalSyncRequest]
) -> None:
    """Whatever the log was before, a sync adds the same as one that knows nothing."""
    index = SyncIndex()
    for log in logs:
        for request in requests:
            # A log that takes all of it, as the handler's does, is one of those that follow.
            added = index.build_entries(log, request)
            assert added == build_entries(log, request)
            assert index.build_entries((*log, *added), request) == build_entries(
                (*log, *added), request
            )


def test_an_index_that_failed_knows_nothing() -> None:
    """Entries of a log that could not be taken whole count for no other log."""
    index = SyncIndex()
    request = sync_request(tick=5)
    with pytest.raises(AttributeError):
        index.build_entries((gate(tick=5), None), request)  # type: ignore[arg-type]

    assert index.build_entries((), request) == build_entries((), request) == (gate(tick=5),)


def test_an_index_is_not_fooled_by_a_list_that_changes() -> None:
    """A log that hands out its own list is looked at again."""
    index = SyncIndex()
    log: list[AgreementWalEntry] = [escalation(tick=1)]
    request = sync_request(tick=5)
    assert index.build_entries(log, request) == (gate(tick=5),)
    log.append(gate(tick=5))

    assert index.build_entries(log, request) == ()


def test_an_index_sees_a_change_in_the_middle() -> None:
    """The ends of the log alone do not say that it only grew."""
    first, last = escalation("a", tick=1), escalation("b", tick=3)
    index = SyncIndex()
    request = sync_request(tick=5)
    assert index.build_entries((first, gate(tick=5), last), request) == ()

    assert index.build_entries((first, gate(tick=6), last), request) == (gate(tick=5),)
