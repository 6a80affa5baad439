"""Directed cases end with walks of the bounded models, as much as a profile has acts for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from conformance.backend import Backend
from conformance.checker.models.tour_handlers import (
    TourHandler,
    TourSync,
    mending_of,
    tour_handler,
    tour_sync,
)
from conformance.checker.tours import HISTORY_MAX, Tour
from conformance.engine.budget import Budget
from conformance.engine.profiles import profile
from conformance.engine.scripts import Script
from conformance.engine.session import History, Session
from conformance.engine.suite import LawSuite, Suite, TableLaw
from conformance.engine.watch import CallWatch
from conformance.machines.bounded import walks_of
from conformance.machines.directed_evidence import DIRECTED_EVIDENCE_SUITE, ScriptedEvidence
from conformance.machines.directed_syncs import DIRECTED_SYNC_SUITE, ScriptedSync
from conformance.machines.handler_walks import handler_walks, sync_walks
from conformance.machines.recovery import RECOVERY_SUITE
from conformance.machines.recovery_walks import transition_cases, walk_cases
from conformance.machines.tour_acts import sync_request
from conformance.machines.transitions import Transitions
from conformance.records.results import Counterexample, TransitionResult
from conformance.tests.test_handler_tours import _SYNC_LETTERS, OneWrongAnswer, _sync_state
from telltale_spec.errors import DurabilityError
from telltale_spec.handlers.agreement_wal import AgreementWalHandler, BlockedSync
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from telltale_spec.hardened.evidence import MENDED_BY_EVIDENCE, HardenedEvidencePersistenceHandler
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import AgreementWalArtifact, WalSyncRequest
from telltale_spec.wire.effects import EffectResult, Success

_QUICK, _CI = profile("quick").budget, profile("ci").budget
_SYNCS = Backend("syncs", agreement_wal_handler=AgreementWalHandler)
_HANDLERS = Backend("handlers", evidence_handler=EvidencePersistenceHandler)
_WALKS = "kinds of logs"


def _searched(
    suite: Suite, backend: Backend, budget: Budget
) -> tuple[Counterexample | None, TransitionResult, Session]:
    transitions = Transitions(backend)
    with CallWatch() as watch:
        session = Session(suite.name, backend, watch, budget, follower=transitions.follower(suite))
        with session:
            found = suite.search(session, 0)
    (taken,) = transitions.results()
    return found, taken, session


# How many there are


@pytest.mark.parametrize("acts_count", [0, 1, HISTORY_MAX, 1_600, 100_000])
def test_walks_have_as_many_acts_as_are_asked_for(acts_count: int) -> None:
    whole, some = list(walks_of(tour_sync())), list(walks_of(tour_sync(), acts_count))

    assert all(1 <= len(walk) <= HISTORY_MAX for walk in some)
    assert some == whole[: len(some)]
    lengths = list(map(len, some))
    assert sum(lengths) >= acts_count or some == whole
    # The last one is needed for that.
    assert sum(lengths[:-1]) < acts_count or not some


def test_walks_without_an_end_are_a_whole_tour() -> None:
    for model in (tour_sync(), tour_handler(mending_of(MENDED_BY_EVIDENCE))):
        tour, taken = Tour(model), set[tuple[int, str]]()
        for walk in walks_of(model):
            state = tour.start
            for name in walk:
                taken.add((state, name))
                state = tour.after(state, name)
        assert len(taken) == tour.transitions_count


def test_scripts_of_walks_are_spare_and_have_names_of_their_own() -> None:
    for scripts in (
        list(sync_walks(ScriptedSync, _QUICK)),
        list(handler_walks(ScriptedEvidence, _HANDLERS, _QUICK)),
    ):
        assert all(each.is_spare for each in scripts)
        assert len({each.name for each in scripts}) == len(scripts)
        acts_count = sum(len(each.acts) for each in scripts)
        assert 0 <= acts_count - _QUICK.histories * HISTORY_MAX < HISTORY_MAX


def test_a_handler_that_mends_findings_is_led_by_its_own_model() -> None:
    hardened = replace(
        _HANDLERS, evidence_handler=HardenedEvidencePersistenceHandler, mends=MENDED_BY_EVIDENCE
    )
    of_each = [_names(handler_walks(ScriptedEvidence, each, _CI)) for each in (_HANDLERS, hardened)]

    assert of_each[0] != of_each[1]
    found, taken, _ = _searched(DIRECTED_EVIDENCE_SUITE, hardened, _CI)
    assert found is None
    assert taken.taken > taken.total // 2


def _names(scripts: Any) -> list[Script]:
    return [each.acts for each in scripts]


def test_cases_of_recovery_come_from_everywhere_and_the_smallest_first() -> None:
    every = [case for _, _, case in transition_cases()]
    some = walk_cases(_QUICK.histories)

    assert len(set(some)) == len(some) == _QUICK.histories * HISTORY_MAX
    sizes = [len(case.entries) for case in some]
    assert sizes == sorted(sizes)
    assert sizes[0] == 1
    assert sizes[-1] == max(len(case.entries) for case in every)
    assert list(walk_cases(profile("deep").budget.histories)) == every


# What they take, and what they find


@pytest.mark.nightly
def test_quick_takes_most_of_wal_sync_and_ci_all_of_it() -> None:
    for budget, least in ((_QUICK, 0.7), (_CI, 1.0)):
        found, taken, _ = _searched(DIRECTED_SYNC_SUITE, _SYNCS, budget)

        assert found is None
        assert taken.taken >= least * taken.total


class OneWrongSyncOfAny(AgreementWalHandler):
    """A right handler of the log but in one state and at one request, where it stores nothing."""

    wrong: tuple[TourSync, WalSyncRequest]

    def __init__(self, inner: Any, wal: Any, mode: Any) -> None:
        super().__init__(inner, wal, mode)
        self.wal, self.is_blocked = wal, isinstance(mode, BlockedSync)

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        if sync == self.wrong[1] and not self.is_blocked:
            entries = self.wal.load().entries
            if _sync_state(entries) == self.wrong[0]:
                return Success(None)
            self.wal.forget_calls()
        return super().wal_sync(sync)


@pytest.mark.requirement("SYNC-04")
@pytest.mark.nightly
def test_directed_syncs_find_what_goes_wrong_at_one_transition_only() -> None:
    state = TourSync(2, (1,), (), (2,))
    wrong = (state, sync_request(_SYNC_LETTERS[1, 3, True]))
    handler = type("Handler", (OneWrongSyncOfAny,), {"wrong": wrong})

    found, _, _ = _searched(
        DIRECTED_SYNC_SUITE, Backend("one wrong sync", agreement_wal_handler=handler), _CI
    )

    assert found is not None
    assert found.requirement_id.startswith("SYNC-")


@pytest.mark.requirement("EVID-03")
def test_directed_requests_find_what_goes_wrong_at_one_transition_only() -> None:
    state = TourHandler(("blocked", "blocked"), "a failed read")
    handler = type("Handler", (OneWrongAnswer,), {"wrong": (state.cached, state.last, "f")})

    found, _, _ = _searched(
        DIRECTED_EVIDENCE_SUITE, Backend("one wrong answer", evidence_handler=handler), _CI
    )

    assert found is not None
    assert found.requirement_id == "EVID-03"


_KINDS_OF_LOGS = replace(
    RECOVERY_SUITE, laws=tuple(law for law in RECOVERY_SUITE.laws if law.name == _WALKS)
)


@pytest.mark.requirement("RECOV-04")
def test_kinds_of_logs_find_what_goes_wrong_at_one_transition_only() -> None:
    wrong = walk_cases(_QUICK.histories)[-1].entries

    def recovery(tick: int, machine: Any, wal: AgreementWalArtifact, cache: Any) -> Any:
        if wal.entries == wrong:
            raise DurabilityError("not in this state")
        return DurableRecoveryPlan.from_checkpoint(tick, machine, wal, cache)

    found, _, _ = _searched(_KINDS_OF_LOGS, Backend("one wrong log", recovery=recovery), _QUICK)

    assert found is not None
    assert [act.form.name for act in found.acts] == [_WALKS]
    right, taken, _ = _searched(
        _KINDS_OF_LOGS, Backend("right", recovery=DurableRecoveryPlan.from_checkpoint), _QUICK
    )
    assert right is None
    # Each is of a transition of its own.
    assert taken.taken == len(walk_cases(_QUICK.histories))


# In spare time alone


def _tried(*, is_spare: bool) -> tuple[Sequence[int], bool]:
    seen: list[int] = []

    def judge(history: History, value: int) -> None:
        seen.append(value)

    law = TableLaw("numbers", lambda histories: range(3), judge, is_spare=is_spare)
    suite = LawSuite("numbers", (law,), (), {}, lambda backend: True)
    with CallWatch() as watch:
        # Neither any time of work nor any by the clock.
        session = Session("numbers", _SYNCS, watch, Budget(3, 1, 0.0, wall_seconds=0.0))
        with session:
            assert suite.search(session, 0) is None
    return seen, session.budget_ran_out


def test_nothing_is_open_for_want_of_what_is_spare() -> None:
    assert _tried(is_spare=True) == ([], False)
    assert _tried(is_spare=False) == ([], True)
