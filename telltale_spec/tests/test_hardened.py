"""The hardened components where no model of theirs looks: failures, batches, foreign caches."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.checker.worlds.handlers import IdleHandler
from strategies.requests import wal_sync_requests
from telltale_spec.backends.log_file import LogFileAgreementWal
from telltale_spec.backends.memory import InMemoryAgreementWal, InMemoryEvidenceOutcomeCache
from telltale_spec.backends.sqlite import SQLiteAgreementWal
from telltale_spec.errors import DurabilityError, SyncRefusedError
from telltale_spec.handlers.agreement_wal import BlockedSync, FailureSync
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from telltale_spec.hardened.agreement_wal import HardenedAgreementWalHandler
from telltale_spec.hardened.evidence import HardenedEvidencePersistenceHandler
from telltale_spec.hardened.recovery import HardenedRecoveryPlan
from telltale_spec.hardened.sync_entries import hardened_entries
from telltale_spec.model.repetition import may_have_happened
from telltale_spec.tests.samples import (
    FINALIZED,
    NONE,
    PROVISIONAL,
    SOFT_SAFE,
    evidence,
    state,
    sync_request,
)
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    FinalizationOutcome,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    Blocked,
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    Failure,
    FailureStatus,
    InvokeStepResponse,
    Success,
    WalSyncResponse,
)
from telltale_spec.wire.requests import EffectRequest, InvokeStepBody
from telltale_spec.wire.values import NatValue

_FINAL = state(FINALIZED, FinalizationOutcome.FINALIZED)
_STEP = EffectRequest.of(InvokeStepBody("role", ()), operation_id="o")


def _handler(wal: InMemoryAgreementWal | None = None) -> HardenedAgreementWalHandler:
    return HardenedAgreementWalHandler(IdleHandler(), wal or InMemoryAgreementWal())


# Syncs


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (sync_request(None), "no agreement state"),
        (sync_request(state(PROVISIONAL), gate_level=PROVISIONAL), "it would be run again"),
        (sync_request(state(SOFT_SAFE), gate_level=FINALIZED), "crossed a gate at finalized"),
        (sync_request(state(FINALIZED), gate_level=FINALIZED), "without the outcome"),
        (
            sync_request(state(SOFT_SAFE), evidence(level=FINALIZED), gate_level=SOFT_SAFE),
            "above the state",
        ),
        (sync_request(state(SOFT_SAFE), gate_level=SOFT_SAFE, tick=0), "tick 0"),
    ],
)
def test_what_does_not_fit_is_refused_and_stores_nothing(
    request_: WalSyncRequest, reason: str
) -> None:
    wal = InMemoryAgreementWal()
    result = _handler(wal).wal_sync(request_)

    assert isinstance(result, Failure)
    assert result.failure.kind is EffectFailureKind.CONTRACT_VIOLATION
    assert reason in result.failure.message
    assert wal.load().entries == ()


def test_a_new_entry_below_a_tick_of_its_operation_is_refused() -> None:
    wal = InMemoryAgreementWal()
    handler = _handler(wal)
    at = [sync_request(state(SOFT_SAFE), gate_level=SOFT_SAFE, tick=tick) for tick in (5, 4)]

    assert handler.wal_sync(at[0]) == Success(None)
    assert isinstance(handler.wal_sync(at[1]), Failure)
    # What is in the log already is acknowledged again, whatever came after it.
    assert handler.wal_sync(at[0]) == Success(None)


def test_another_coroutine_gets_its_gate_of_a_settled_operation() -> None:
    wal = InMemoryAgreementWal()
    handler = _handler(wal)
    handler.wal_sync(sync_request(_FINAL, gate_level=FINALIZED, tick=1))
    before = len(wal.load().entries)
    other = WalSyncRequest("o", "coro:1", FINALIZED, _FINAL, (), 2)

    assert handler.wal_sync(other) == Success(None)
    assert wal.load().entries[before:] == (VisibilityGateCrossing("o", "coro:1", FINALIZED, 2),)


def test_modes_are_those_of_the_reference() -> None:
    wal = InMemoryAgreementWal()
    blocked = HardenedAgreementWalHandler(IdleHandler(), wal, BlockedSync())
    failing = HardenedAgreementWalHandler(IdleHandler(), wal, FailureSync("no"))
    request = sync_request(_FINAL, gate_level=FINALIZED)

    assert blocked.wal_sync(request) == Blocked()
    assert failing.wal_sync(request) == Failure(EffectFailure.unavailable("no"))
    assert wal.load().entries == ()
    assert blocked.handle_effect(EffectRequest.wal_sync(5, "o", request)) == EffectOutcome.blocked()
    assert _handler().handler_identity() == "agreement_wal<default_handler>"


@pytest.mark.requirement("SYNC-12")
def test_a_sync_through_handle_effect_answers_as_one() -> None:
    request = sync_request(_FINAL, gate_level=FINALIZED)
    handled = _handler().handle_effect(EffectRequest.wal_sync(request.tick, "o", request))
    other = _handler().handle_effect(EffectRequest.wal_sync(request.tick + 1, "o", request))

    assert handled == EffectOutcome.success(WalSyncResponse())
    assert isinstance(other.status, FailureStatus)


@given(st.lists(wal_sync_requests(), max_size=6))
def test_every_beginning_of_every_sync_can_be_planned(requests: list[WalSyncRequest]) -> None:
    """However far a sync came, the plan of what is stored refuses nobody, at any checkpoint."""
    log: tuple[AgreementWalEntry, ...] = ()
    for request in requests:
        try:
            added = hardened_entries(log, request)
        except SyncRefusedError:
            continue
        for count in range(len(added) + 1):
            for checkpoint in {0, request.tick - 1}:
                artifact = AgreementWalArtifact(log + added[:count])
                plan = HardenedRecoveryPlan.from_checkpoint(
                    checkpoint, None, artifact, EvidenceOutcomeCacheArtifact()
                )
                assert plan.refused == ()
        log += added
        assert hardened_entries(log, request) == ()


def test_every_beginning_of_every_machine_like_sync_can_be_planned() -> None:
    """As above, all pairs of states of one operation with every evidence and gate level."""
    states = [
        state(level, outcome)
        for level in (NONE, PROVISIONAL, SOFT_SAFE, FINALIZED)
        for outcome in (None, *FinalizationOutcome)
    ]
    requests = [
        (each, level, gate)
        for each in states
        for level in (PROVISIONAL, FINALIZED)
        for gate in (NONE, SOFT_SAFE, FINALIZED)
    ]
    planned = 0
    for pair in itertools.product(requests, repeat=2):
        log: tuple[AgreementWalEntry, ...] = ()
        for tick, (each, level, gate) in enumerate(pair, 1):
            request = sync_request(each, evidence(level=level), gate_level=gate, tick=tick)
            try:
                added = hardened_entries(log, request)
            except SyncRefusedError:
                continue
            for count in range(len(added) + 1):
                plan = HardenedRecoveryPlan.from_checkpoint(
                    0,
                    None,
                    AgreementWalArtifact(log + added[:count]),
                    EvidenceOutcomeCacheArtifact(),
                )
                assert plan.refused == ()
                planned += 1
            log += added
    assert planned > 1_000


@pytest.mark.parametrize("wal_class", [LogFileAgreementWal, SQLiteAgreementWal])
def test_a_log_with_batches_gets_a_sync_in_one(
    wal_class: type[LogFileAgreementWal | SQLiteAgreementWal], tmp_path: Path
) -> None:
    batches: list[int] = []

    class Counting(wal_class):  # type: ignore[misc, valid-type]
        def append_many(self, entries: Iterable[AgreementWalEntry]) -> None:
            given = tuple(entries)
            batches.append(len(given))
            super().append_many(given)

        def append(self, entry: AgreementWalEntry) -> None:
            raise AssertionError("appended one by one")

    with Counting(tmp_path / "log") as wal:
        handler = HardenedAgreementWalHandler(IdleHandler(), wal)
        request = sync_request(_FINAL, evidence(level=FINALIZED), gate_level=FINALIZED)
        assert handler.wal_sync(request) == Success(None)
        assert handler.wal_sync(request) == Success(None)
        assert batches == [4]
        assert len(handler.wal_snapshot().entries) == 4


# Effects


class _Inner(IdleHandler):
    def __init__(self, *outcomes: EffectOutcome | BaseException) -> None:
        self.outcomes = list(outcomes)
        self.count = 0

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        self.count += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


class _FailingCache(InMemoryEvidenceOutcomeCache):
    """A cache whose puts of some numbers fail, counted from zero."""

    def __init__(self, *failing: int) -> None:
        super().__init__()
        self.failing = failing
        self.count = 0

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        self.count += 1
        if self.count - 1 in self.failing:
            raise DurabilityError("no space")
        super().put(entry)


def _done(number: int = 1) -> EffectOutcome:
    return EffectOutcome.success(InvokeStepResponse((NatValue(number),)))


def _failed(kind: EffectFailureKind) -> EffectOutcome:
    return EffectOutcome.failed(EffectFailure(kind, "failed"))


def _kind(outcome: EffectOutcome) -> EffectFailureKind | None:
    return outcome.status.failure.kind if isinstance(outcome.status, FailureStatus) else None


def _evidence(
    inner: _Inner, cache: InMemoryEvidenceOutcomeCache
) -> HardenedEvidencePersistenceHandler:
    return HardenedEvidencePersistenceHandler(inner, cache, lambda request: "e")


@pytest.mark.parametrize("failing", [0, 1])
def test_a_failed_put_never_makes_an_effect_run_twice(failing: int) -> None:
    inner, cache = _Inner(_done(), _done(2)), _FailingCache(failing)
    handler = _evidence(inner, cache)
    first, second = handler.handle_effect(_STEP), handler.handle_effect(_STEP)

    assert _kind(first) is EffectFailureKind.UNAVAILABLE
    assert inner.count == 1
    # Before the effect the note failed, and the effect ran at the retry; behind it nobody knows.
    assert second == _done() if failing == 0 else _kind(second) is EffectFailureKind.UNKNOWN


@pytest.mark.parametrize("kind", list(EffectFailureKind))
def test_only_what_did_not_happen_is_asked_again(kind: EffectFailureKind) -> None:
    inner = _Inner(_failed(kind), _done())
    handler = _evidence(inner, InMemoryEvidenceOutcomeCache())
    handler.handle_effect(_STEP)
    again = handler.handle_effect(_STEP)

    if may_have_happened(_failed(kind)):
        assert (_kind(again), inner.count) == (EffectFailureKind.UNKNOWN, 1)
    else:
        assert (again, inner.count) == (_done(), 2)


def test_an_exception_leaves_the_effect_in_doubt_and_the_turn_free() -> None:
    inner = _Inner(RuntimeError("gone"), _done())
    handler = _evidence(inner, InMemoryEvidenceOutcomeCache())
    with pytest.raises(RuntimeError, match="gone"):
        handler.handle_effect(_STEP)

    assert _kind(handler.handle_effect(_STEP)) is EffectFailureKind.UNKNOWN
    assert inner.count == 1


def test_a_cache_of_the_reference_is_taken_over() -> None:
    cache = InMemoryEvidenceOutcomeCache()
    old = EvidencePersistenceHandler(_Inner(EffectOutcome.blocked()), cache, lambda request: "e")
    old.handle_effect(_STEP)
    inner = _Inner(_done())

    assert _evidence(inner, cache).handle_effect(_STEP) == _done()
    assert _evidence(_Inner(), cache).handle_effect(_STEP) == _done()


def test_an_outcome_that_was_found_out_is_answered() -> None:
    """What somebody stores under the id of an effect in doubt is its outcome."""
    cache = _FailingCache(1)
    handler = _evidence(_Inner(_done()), cache)
    handler.handle_effect(_STEP)
    names = (_STEP.metadata.interface_name, _STEP.metadata.operation_name)
    cache.put(EvidenceOutcomeCacheEntry("e", *names, _done(7)))

    assert handler.handle_effect(_STEP) == _done(7)


def test_ids_of_its_own_are_refused() -> None:
    inner = _Inner(_done())
    handler = HardenedEvidencePersistenceHandler(
        inner, InMemoryEvidenceOutcomeCache(), lambda request: "telltale-hardened:x"
    )

    assert _kind(handler.handle_effect(_STEP)) is EffectFailureKind.CONTRACT_VIOLATION
    assert inner.count == 0


def test_an_effect_that_asks_for_itself_is_told() -> None:
    class AsksItself(_Inner):
        def handle_effect(self, request: EffectRequest) -> EffectOutcome:
            return handler.handle_effect(request)

    handler = _evidence(AsksItself(), InMemoryEvidenceOutcomeCache())
    answers: list[EffectOutcome] = []
    thread = threading.Thread(
        target=lambda: answers.append(handler.handle_effect(_STEP)), daemon=True
    )
    thread.start()
    thread.join(10)

    assert [_kind(each) for each in answers] == [EffectFailureKind.CONTRACT_VIOLATION]


def test_equal_requests_at_once_run_once_and_see_one_outcome() -> None:
    inner = _Inner(*[_done(number) for number in range(8)])
    handler = _evidence(inner, InMemoryEvidenceOutcomeCache())
    answers: list[EffectOutcome] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait(10)
        answers.append(handler.handle_effect(_STEP))

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert answers == [_done(0)] * 8
    assert inner.count == 1
