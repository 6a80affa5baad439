"""Tours of handlers, of ``wal_sync`` and of recovery: what is wrong in one state only is named."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from conformance.backend import Backend
from conformance.checker.models.tour_handlers import (
    HANDLER_KEYS,
    SyncLetter,
    TourHandler,
    TourSync,
    mending_of,
    sync_after,
    sync_appends,
    sync_letters,
    tour_handler,
    tour_sync,
)
from conformance.checker.models.tour_recovery import (
    RecoveryLetter,
    TourRecovery,
    recovery_after,
    recovery_letters,
    tour_recovery,
)
from conformance.checker.tours import Tour
from conformance.engine.session import Session
from conformance.engine.watch import CallWatch
from conformance.machines.probes import ProbeCache, ProbeWal
from conformance.machines.tour_acts import recovery_entry, sync_request
from conformance.machines.tours import TOUR_PROFILE, tour_suites
from conformance.records.results import Counterexample, TransitionResult, Verdict
from conformance.report.summary import transitions_text
from conformance.run.runner import tour_backend
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.agreement_wal import AgreementWalHandler, BlockedSync
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from telltale_spec.hardened.evidence import MENDED_BY_EVIDENCE, HardenedEvidencePersistenceHandler
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import (
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.effects import (
    BlockedStatus,
    EffectOutcome,
    EffectResult,
    Success,
    SuccessStatus,
)
from telltale_spec.wire.requests import EffectRequest
from tests.zoo.mending_handlers import MENDING_HANDLERS
from tests.zoo.unusual_handlers import UNUSUAL_HANDLERS

_SYNC, _HANDLER, _RECOVERY = range(2, 5)
_SYNC_LETTERS = {
    (letter.tick, letter.rank, letter.is_whole): letter
    for letter in sync_letters()
    if letter.kind == "sync" and letter.fault is None
}


def _toured(backend: Backend, number: int) -> tuple[Counterexample | None, TransitionResult]:
    suite = tour_suites()[number]
    with CallWatch() as watch:
        session = Session(suite.name, backend, watch, TOUR_PROFILE.budget)
        with session:
            found = suite.search(session, 0)
    taken = suite.transitions()
    assert taken is not None
    return found, taken


def _states(tour: Tour) -> list[Any]:
    return [tour.value(state) for state in sorted(tour._moves)]


# Right ones


@pytest.mark.by_day(3)
@pytest.mark.parametrize(
    "backend",
    [
        Backend(
            "hardened",
            evidence_handler=HardenedEvidencePersistenceHandler,
            mends=MENDED_BY_EVIDENCE,
        ),
        *(
            Backend(f"mends {finding_id}", evidence_handler=handler, mends=frozenset({finding_id}))
            for finding_id, handler in MENDING_HANDLERS.items()
            # The others are not judged by another rule, or are within that of the hardened one.
            if finding_id in ("F11", "F29")
        ),
    ],
    ids=lambda backend: backend.name,
)
def test_a_right_handler_passes_the_whole_tour(backend: Backend) -> None:
    found, taken = _toured(backend, _HANDLER)

    assert found is None
    assert taken.model == "evidence handler"
    assert taken.taken == taken.total > 2_000


@pytest.mark.nightly
def test_a_right_wal_sync_and_a_right_recovery_pass_the_whole_tour() -> None:
    for backend, number, least in (
        (Backend("sync", agreement_wal_handler=AgreementWalHandler), _SYNC, 1_500),
        (Backend("recovery", recovery=DurableRecoveryPlan.from_checkpoint), _RECOVERY, 15_000),
    ):
        found, taken = _toured(backend, number)

        assert found is None
        assert taken.taken == taken.total > least


@pytest.mark.parametrize("backend", UNUSUAL_HANDLERS, ids=lambda backend: backend.name)
@pytest.mark.by_day(8)
def test_what_is_right_and_looks_odd_passes_the_tour(backend: Backend) -> None:
    for number, suite in enumerate(tour_suites()):
        if suite.applies(backend):
            found, taken = _toured(backend, number)
            assert found is None
            assert taken.taken == taken.total


@pytest.mark.nightly
def test_the_report_has_the_figures_of_every_tour() -> None:
    backend = Backend(
        "handlers",
        agreement_wal_handler=AgreementWalHandler,
        evidence_handler=EvidencePersistenceHandler,
    )
    with CallWatch() as watch:
        report = tour_backend(backend, watch=watch)

    assert [each.model for each in report.transitions] == ["wal_sync", "evidence handler"]
    assert all(each.taken == each.total for each in report.transitions)
    assert "wal_sync: transitions covered 1660 of 1660" in transitions_text(report)
    verdicts = {result.requirement_id: result.verdict for result in report.results}
    assert verdicts["EVID-03"] is verdicts["SYNC-05"] is Verdict.PASS
    assert Verdict.FAIL not in verdicts.values()


# Wrong ones


class OneWrongSync(AgreementWalHandler):
    """A right handler of the log but in one state and at one request, where it stores nothing."""

    wrong: tuple[TourSync, SyncLetter]

    def __init__(self, inner: Any, wal: ProbeWal, mode: Any) -> None:
        super().__init__(inner, wal, mode)
        self.wal, self.is_blocked = wal, isinstance(mode, BlockedSync)

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        state = _sync_state(self.wal.inner.load().entries)
        letter = next(each for each in _SYNC_LETTERS.values() if sync_request(each) == sync)
        if (state, letter) == self.wrong and not self.is_blocked:
            self.wal.load()
            return Success(None)
        return super().wal_sync(sync)


def _sync_state(entries: Sequence[AgreementWalEntry]) -> TourSync:
    def ticks(kind: type[AgreementWalEntry]) -> tuple[int, ...]:
        return tuple(sorted(each.tick for each in entries if isinstance(each, kind)))

    ranks = [each.new_level.rank for each in entries if isinstance(each, Escalation)]
    return TourSync(
        max(ranks, default=0),
        ticks(EvidenceProduced),
        ticks(Finalization),
        ticks(VisibilityGateCrossing),
    )


def _syncs_that_store() -> list[tuple[TourSync, SyncLetter]]:
    return [
        (state, letter)
        for state in _states(Tour(tour_sync()))
        if state.last == "no failure"
        for letter in _SYNC_LETTERS.values()
        if sync_appends(state, letter)
    ]


@pytest.mark.requirement("SYNC-04")
@pytest.mark.parametrize("seed", range(12))
def test_a_sync_that_is_wrong_in_one_state_is_caught_and_named(seed: int) -> None:
    state, letter = random.Random(seed).choice(_syncs_that_store())  # noqa: S311 - no secret
    handler = type("Handler", (OneWrongSync,), {"wrong": (state, letter)})
    found, _ = _toured(Backend("one wrong sync", agreement_wal_handler=handler), _SYNC)

    assert found is not None
    # The failure before is no part of what the handler can see.
    known = str(state).rpartition(", last=")[0]
    assert f"(in {known}, last=" in found.actual
    assert f"at `{letter.name}" in found.actual or "at `sync through handle_effect" in found.actual


class OneWrongAnswer(EvidencePersistenceHandler):
    """A right handler but for one id, with one content of the cache, after one kind of answer."""

    wrong: tuple[tuple[str | None, ...], str, str]

    def __init__(self, inner: Any, cache: ProbeCache, resolver: Any) -> None:
        super().__init__(inner, cache, resolver)
        self.probe, self.resolver, self.last = cache, resolver, ""

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        before, last = _cached(self.probe), self.last
        self.probe.forget_calls()
        outcome = super().handle_effect(request)
        looked_up = [call for call in self.probe.calls if call.name == "get"]
        puts = [call for call in self.probe.calls if call.name == "put"]
        if not looked_up:
            return outcome
        if looked_up[0].error is not None:
            self.last = "a failed read"
            return outcome
        is_hit = looked_up[0].answer is not None
        failed = any(put.error is not None for put in puts)
        self.last = (
            "an answer from the cache"
            if is_hit
            else "a failed put"
            if failed
            else "an answer from inside"
        )
        if is_hit and (before, last, looked_up[0].argument) == self.wrong:
            return EffectOutcome.blocked() if outcome.status.is_success else _WRONG
        return outcome


_WRONG = EffectOutcome(SuccessStatus(), None)


def _cached(probe: ProbeCache) -> tuple[str | None, ...]:
    names = {SuccessStatus: "success", BlockedStatus: "blocked"}
    found = [probe.inner.get(key) for key in HANDLER_KEYS]
    return tuple(
        None if each is None else names.get(type(each.outcome.status), "failed") for each in found
    )


def _hits() -> list[tuple[TourHandler, str]]:
    lasts = ("an answer from the cache", "a failed put", "an answer from inside", "a failed read")
    return [
        (state, key)
        for state in _states(Tour(tour_handler(mending_of(()))))
        if state.last in lasts
        for key in HANDLER_KEYS
        if state.outcome(key) is not None
    ]


@pytest.mark.requirement("EVID-03")
@pytest.mark.parametrize("seed", range(12))
def test_a_handler_that_is_wrong_in_one_state_is_caught_and_named(seed: int) -> None:
    state, key = random.Random(seed).choice(_hits())  # noqa: S311 - no secret
    wrong = (state.cached, state.last, key)
    handler = type("Handler", (OneWrongAnswer,), {"wrong": wrong})
    found, _ = _toured(Backend("one wrong answer", evidence_handler=handler), _HANDLER)

    assert found is not None
    assert found.requirement_id == "EVID-03"
    assert f"(in TourHandler(cached={state.cached!r}, " in found.actual
    assert f'at `handle "{key}", ' in found.actual


def _log_state(entries: Sequence[AgreementWalEntry]) -> TourRecovery:
    """Work the state of a log out again, entry by entry."""
    state = TourRecovery()
    for entry in entries:
        state = recovery_after(state, _letter_of(state, entry))
    return state


def _letter_of(state: TourRecovery, entry: AgreementWalEntry) -> RecoveryLetter:
    return next(
        letter for letter in recovery_letters() if recovery_entry(letter, state.order) == entry
    )


@pytest.mark.requirement("RECOV-04")
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.nightly
def test_a_recovery_that_is_wrong_in_one_state_is_caught_and_named(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    state = draw.choice([each for each in _states(Tour(tour_recovery())) if each.is_in_order])
    tour = Tour(tour_recovery())
    number = _states(tour).index(state)
    name = draw.choice(list(tour._moves[sorted(tour._moves)[number]]))

    def recovery(tick: int, machine: Any, wal: AgreementWalArtifact, cache: Any) -> Any:
        plan = DurableRecoveryPlan.from_checkpoint(tick, machine, wal, cache)
        if wal.entries and _log_state(wal.entries[:-1]) == state:
            letter = _letter_of(state, wal.entries[-1])
            if letter.name == name:
                raise DurabilityError("not in this state")
        return plan

    found, _ = _toured(Backend("one wrong log", recovery=recovery), _RECOVERY)

    if name.startswith("an escalation out of order"):
        # It is refused in any case, with another text.
        assert found is None or found.requirement_id == "RECOV-01"
        return
    assert found is not None
    assert found.actual.endswith(f"(in {state}, at `{name}`)")
    assert _can_be_read_back(found)


def _can_be_read_back(found: Counterexample) -> bool:
    """Say whether what was found is kept as acts that can be read back."""
    suite = tour_suites()[_RECOVERY]
    return bool(suite.acts_of([act.to_data() for act in found.acts]))


# The models


def test_the_models_follow_the_specification_sync_by_sync() -> None:
    """The bounded ``wal_sync`` appends what the reference appends, in every state."""
    logs: dict[TourSync, tuple[AgreementWalEntry, ...]] = {TourSync(): ()}
    waiting = [TourSync()]
    for state in waiting:
        for letter in _SYNC_LETTERS.values():
            added = build_entries(logs[state], sync_request(letter))
            after = [
                _sync_state((*logs[state], *added[: number + 1])) for number in range(len(added))
            ]
            assert after == list(sync_appends(state, letter))
            whole = sync_after(state, letter)
            if whole not in logs:
                logs[whole] = (*logs[state], *added)
                waiting.append(whole)
    assert len(logs) == 18


def test_what_a_mended_handler_does_in_doubt_ends_its_history() -> None:
    whole = Tour(tour_handler(mending_of(())))
    hardened = Tour(tour_handler(mending_of(MENDED_BY_EVIDENCE)))

    assert hardened.transitions_count < whole.transitions_count
    assert not any("in doubt" in str(value) for value in _states(whole))
    assert any("in doubt" in str(value) for value in _states(hardened))
    assert mending_of({"F12"}) == mending_of(())


def test_no_letter_has_the_name_of_another() -> None:
    for model in (tour_sync(), tour_handler(mending_of(())), tour_recovery()):
        names = [step.name for step in model.steps]
        assert len(set(names)) == len(names)
