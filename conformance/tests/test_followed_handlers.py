"""Histories of ``wal_sync`` and of evidence handlers are followed on bounded models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from conformance.backend import Backend
from conformance.checker.models.tour_handlers import (
    IN_DOUBT,
    HandlerLetter,
    SyncLetter,
    TourHandler,
    TourSync,
)
from conformance.engine.acts import Act, act_forms
from conformance.engine.session import Session
from conformance.engine.suite import Suite
from conformance.engine.watch import CallWatch
from conformance.machines.directed_evidence import DIRECTED_EVIDENCE_SUITE
from conformance.machines.directed_syncs import DIRECTED_SYNC_SUITE
from conformance.machines.evidence import EVIDENCE_SUITE, EvidenceHandlerMachine
from conformance.machines.evidence_surface import EVIDENCE_HANDLER_SURFACE_SUITE
from conformance.machines.probes import ListWal
from conformance.machines.tour_acts import handler_acts, sync_acts, sync_request
from conformance.machines.tours import TOUR_PROFILE, tour_suites
from conformance.machines.transitions import Transitions
from conformance.machines.wal_sync import WAL_SYNC_SUITE, WalSyncMachine
from conformance.machines.wal_sync_surface import WAL_HANDLER_SURFACE_SUITE
from conformance.run.shipped import SHIPPED_BACKENDS
from conformance.tests.followed import transitions_of
from strategies.faults import BackendCall, CallFault
from telltale_spec.handlers.agreement_wal import AgreementWalHandler
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from telltale_spec.hardened.evidence import MENDED_BY_EVIDENCE, HardenedEvidencePersistenceHandler
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalEntry,
    VisibilityGateCrossing,
    WalSyncRequest,
)
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact, EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import (
    EffectFailure,
    EffectFailureKind,
    EffectOutcome,
    EffectResult,
    Failure,
    InvokeStepResponse,
)
from telltale_spec.wire.requests import (
    AcquireBody,
    EffectInterfaceMetadata,
    EffectRequest,
    InvokeStepBody,
    WalSyncBody,
)
from tests.zoo.mending_handlers import MENDING_HANDLERS

_SYNCS = Backend("syncs", agreement_wal_handler=AgreementWalHandler)
_SYNC_FORMS = act_forms(WalSyncMachine)
_SYNC_ACTS = sync_acts(_SYNC_FORMS)
_WHOLE = SyncLetter("sync", 1, 3, is_whole=True)
_RISE = SyncLetter("sync", 2, 1)
_BARE = SyncLetter("sync", 1)


def _sync(request: WalSyncRequest, fault: CallFault | None = None) -> Act:
    return Act(_SYNC_FORMS["sync"], (request, fault))


def _changed(letter: SyncLetter, **fields: Any) -> WalSyncRequest:
    """Return the request of a letter with other fields, and with its state's named alike."""
    request = sync_request(letter)
    state = {each: fields.pop(each) for each in list(fields) if each not in _OF_A_REQUEST}
    if state:
        assert request.agreement_state is not None
        fields["agreement_state"] = replace(request.agreement_state, **state)
    return replace(request, **fields)


_OF_A_REQUEST = ("agreement_evidence", "downstream_coroutine_id", "gate_level", "tick")


def _renamed(letter: SyncLetter) -> WalSyncRequest:
    """Return the request of a letter with every name another one."""
    request = sync_request(letter)
    state = request.agreement_state
    return replace(
        request,
        operation_id="other",
        downstream_coroutine_id="d",
        agreement_state=None
        if state is None
        else replace(state, operation_id="other", evidence_ids=("proof 9",)),
        agreement_evidence=tuple(
            replace(each, operation_id="other", evidence_id="g")
            for each in request.agreement_evidence
        ),
    )


# Syncs


def test_a_history_of_syncs_takes_its_transitions_and_no_others() -> None:
    failing = _WHOLE._replace(fault=1, stores=True)
    letters = [failing, SyncLetter("failing snapshot"), _WHOLE, _WHOLE, SyncLetter("snapshot")]

    taken = transitions_of(_SYNCS, WAL_SYNC_SUITE, [_SYNC_ACTS[each.name] for each in letters])

    failed = TourSync(3, (1,), (), (), "a failure")
    whole = TourSync(3, (1,), (1,), (1,))
    assert taken == {
        (TourSync(), failing.name),
        (failed, SyncLetter("failing snapshot").name),
        (failed, _WHOLE.name),
        (whole, _WHOLE.name),
        (whole, SyncLetter("snapshot").name),
    }


def test_a_sync_that_is_tried_again_is_two() -> None:
    form = _SYNC_FORMS["sync_and_retry"]
    request = sync_request(_WHOLE)
    append = Act(form, (request, CallFault(BackendCall.APPEND, 0)))
    load = Act(form, (request, CallFault(BackendCall.LOAD, 0, text="full")))

    taken = transitions_of(_SYNCS, WAL_SYNC_SUITE, [append], [load])

    load_fails = _WHOLE._replace(kind="sync while the load fails,").name
    assert taken == {
        (TourSync(), _WHOLE._replace(fault=0).name),
        (TourSync(), load_fails),
        (TourSync(last="a failure"), _WHOLE.name),
    }


def test_any_names_play_those_of_the_model() -> None:
    letters = [_RISE, _WHOLE, _WHOLE._replace(tick=2)]
    own, other = ([_sync(make(each)) for each in letters] for make in (sync_request, _renamed))

    taken = transitions_of(_SYNCS, WAL_SYNC_SUITE, other)

    assert taken == transitions_of(_SYNCS, WAL_SYNC_SUITE, own)
    assert len(taken) == len(letters)


_EVIDENCE = sync_request(_WHOLE).agreement_evidence
_LEAVING = {
    "another operation": _sync(_renamed(_BARE)),
    "a third tick": _sync(_changed(_BARE, tick=3)),
    "another gate": _sync(_changed(_BARE, downstream_coroutine_id="d")),
    "another proof": _sync(_changed(_WHOLE, evidence_ids=("proof 2",))),
    "evidence of another name": _sync(
        _changed(_WHOLE, agreement_evidence=(replace(_EVIDENCE[0], evidence_id="g"),))
    ),
    "evidence twice": _sync(_changed(_WHOLE, agreement_evidence=_EVIDENCE * 2)),
    "evidence of another operation": _sync(
        _changed(_WHOLE, agreement_evidence=(replace(_EVIDENCE[0], operation_id="p"),))
    ),
    "evidence without an outcome": _sync(_changed(_WHOLE, finalization=None)),
    "an outcome without evidence": _sync(_changed(_WHOLE, agreement_evidence=())),
    "a state of another operation": _sync(_changed(_RISE, operation_id="p")),
    "a whole one below the last level": _sync(_changed(_WHOLE, level=AgreementLevel.SOFT_SAFE)),
    "a failure of less than all": _sync(
        sync_request(_RISE), CallFault(BackendCall.APPEND, 0, text="full")
    ),
    "a failure that never comes": _sync(
        sync_request(_WHOLE), CallFault(BackendCall.APPEND, 3, text="full")
    ),
    "an entry of somebody else": Act(
        _SYNC_FORMS["append_foreign"], (VisibilityGateCrossing("o", "x", AgreementLevel.NONE, 1),)
    ),
    "a blocked sync of less than all": Act(_SYNC_FORMS["sync_blocked"], (sync_request(_RISE),)),
    "a snapshot while blocked": _SYNC_FORMS["snapshot"].acted(blocked=True),
    "a question for the name": _SYNC_FORMS["ask_name"].acted(identity="i", nested=False),
    "an effect while blocked": _SYNC_FORMS["sync_through_effect"].acted(
        effect=EffectRequest.of(WalSyncBody(sync_request(_WHOLE))), blocked=True
    ),
    "an effect of another kind": _SYNC_FORMS["sync_through_effect"].acted(
        effect=replace(
            EffectRequest.of(WalSyncBody(sync_request(_WHOLE))),
            metadata=EffectInterfaceMetadata.for_effect_kind(InvokeStepBody.effect_kind),
        ),
        blocked=False,
    ),
}


@pytest.mark.parametrize("name", _LEAVING)
def test_what_leaves_the_bounded_sync_ends_the_counting(name: str) -> None:
    begin = [_SYNC_ACTS[_WHOLE.name]]
    more = [_SYNC_ACTS[_WHOLE.name], _SYNC_ACTS[_BARE._replace(tick=2).name]]

    taken = transitions_of(_SYNCS, WAL_SYNC_SUITE, [*begin, _LEAVING[name], *more])

    assert taken == {(TourSync(), _WHOLE.name)}


def test_operations_are_told_apart_where_identities_are_not() -> None:
    """Two names that are put together may be two others put together (F2)."""
    names = ("a", "b:c"), ("a:b", "c")
    requests = [
        replace(sync_request(_BARE), operation_id=one, downstream_coroutine_id=other)
        for one, other in names
    ]

    taken = transitions_of(_SYNCS, WAL_SYNC_SUITE, list(map(_sync, requests)))

    assert taken == {(TourSync(), _BARE.name)}


class ForgetsGates(ListWal):
    """A log that says to have taken a gate and has not: no fault of the handler's."""

    def append(self, entry: AgreementWalEntry) -> None:
        if not isinstance(entry, VisibilityGateCrossing):
            super().append(entry)


def test_a_log_that_is_not_in_the_state_of_the_model_is_followed_no_further() -> None:
    backend = replace(_SYNCS, agreement_wal=lambda directory: ForgetsGates())
    acts = [_SYNC_ACTS[letter.name] for letter in (_RISE, _WHOLE, _WHOLE)]

    taken = transitions_of(backend, WAL_SYNC_SUITE, acts)

    assert taken == {(TourSync(), _RISE.name)}


class HoldsMore(ListWal):
    """A log that is not empty at first."""

    def __init__(self) -> None:
        super().__init__((VisibilityGateCrossing("p", "c", AgreementLevel.NONE, 1),))


def test_a_log_with_something_else_in_it_is_followed_no_further() -> None:
    backend = replace(_SYNCS, agreement_wal=lambda directory: HoldsMore())
    acts = [_SYNC_ACTS[letter.name] for letter in (_BARE, _WHOLE)]

    assert len(transitions_of(backend, WAL_SYNC_SUITE, acts)) == 1


class SaysNothing(AgreementWalHandler):
    """A handler that stores what it should and answers that it has failed."""

    def wal_sync(self, sync: WalSyncRequest) -> EffectResult[None]:
        super().wal_sync(sync)
        return Failure(EffectFailure.unavailable("no"))


def test_a_sync_that_is_known_to_be_wrong_counts_nothing() -> None:
    backend = Backend("says nothing", agreement_wal_handler=SaysNothing)
    acts = [_SYNC_ACTS[_WHOLE.name]]

    assert transitions_of(backend, WAL_SYNC_SUITE, acts, muted={"SYNC-02", "SYNC-09"}) == set()


# Requests of an evidence handler

_HANDLERS = Backend("handlers", evidence_handler=EvidencePersistenceHandler)
_FORMS = act_forms(EvidenceHandlerMachine)
_ACTS = handler_acts(_FORMS)
_REQUEST = EffectRequest.of(InvokeStepBody("t", ()), session=1)
_SUCCESS = EffectOutcome.success(InvokeStepResponse(()))
_HANDLE = HandlerLetter("handle", "e", "success")


def _handle(
    evidence_id: str | None,
    outcome: EffectOutcome = _SUCCESS,
    request: EffectRequest = _REQUEST,
    fault: CallFault | None = None,
) -> Act:
    return Act(_FORMS["handle_effect"], (request, evidence_id, outcome, fault))


def _failed(kind: EffectFailureKind) -> EffectOutcome:
    return EffectOutcome.failed(EffectFailure(kind, "t"))


def _after(*acts: Act, backend: Backend = _HANDLERS) -> set[tuple[TourHandler, str]]:
    return transitions_of(backend, EVIDENCE_SUITE, acts)


def test_a_history_of_requests_takes_its_transitions_and_no_others() -> None:
    letters = [
        HandlerLetter("handle", "e", "blocked", "put"),
        HandlerLetter("look_up", "e"),
        HandlerLetter("handle", "e", "failed"),
        HandlerLetter("foreign", "f", "success"),
        HandlerLetter("handle", "f", "blocked"),
        HandlerLetter("snapshot", fault="load"),
        HandlerLetter("restart", outcome="a plain callable"),
        HandlerLetter("handle", None, "success"),
    ]
    both = ("failed", "success")
    states = [
        TourHandler(),
        TourHandler((None, None), "a failed put"),
        TourHandler((None, None), "a read"),
        TourHandler(("failed", None), "an answer from inside"),
        TourHandler(both, "a foreign put"),
        TourHandler(both, "an answer from the cache"),
        TourHandler(both, "a failed read"),
        TourHandler(both, "a restart", "a plain callable"),
    ]

    taken = _after(*(_ACTS[each.name] for each in letters))

    assert taken == {(state, each.name) for state, each in zip(states, letters, strict=True)}


def test_any_ids_play_those_of_the_model() -> None:
    other = _handle("x"), _handle("y", _failed(EffectFailureKind.DENIED)), _handle("x")
    own = _handle("e"), _handle("f", _failed(EffectFailureKind.TIMEOUT)), _handle("e")

    assert _after(*other) == _after(*own)
    assert len(_after(*own)) == len(own)


def test_an_id_of_the_model_stands_for_itself() -> None:
    assert _after(_handle("f")) == {(TourHandler(), _HANDLE._replace(key="f").name)}
    assert len(_after(_handle("x"), _handle("e"), _handle("x"), _handle("e"))) == 4


def _entry(evidence_id: str, outcome: EffectOutcome) -> EvidenceOutcomeCacheEntry:
    return EvidenceOutcomeCacheEntry(evidence_id, "i", "o", outcome)


_OUTSIDE: Mapping[str, Sequence[Act]] = {
    "a third id": [_handle("f"), _handle("g")],
    "a look-up of a third id": [_handle("f"), Act(_FORMS["cached_outcome"], ("g",))],
    "a failure without an id": [_handle(None, EffectOutcome.blocked())],
    "a failure put by somebody else": [
        Act(_FORMS["put_foreign"], (_entry("e", _failed(EffectFailureKind.TIMEOUT)),))
    ],
    "a failing put of a failure": [
        _handle(
            "f",
            _failed(EffectFailureKind.TIMEOUT),
            fault=CallFault(BackendCall.PUT, 0, text="full"),
        )
    ],
    "a later call that fails": [_handle("e", fault=CallFault(BackendCall.GET, 1, text="full"))],
}


@pytest.mark.parametrize("name", _OUTSIDE)
def test_what_leaves_the_bounded_handler_ends_the_counting(name: str) -> None:
    acts = [_handle("e"), *_OUTSIDE[name]]

    within = _after(*acts[:-1])

    assert _after(*acts, _handle("e"), _ACTS[HandlerLetter("snapshot").name]) == within
    assert len(within) == len(acts) - 1


class ForgetsAll:
    """A cache that keeps nothing: no fault of the handler's."""

    def get(self, evidence_id: str) -> EvidenceOutcomeCacheEntry | None:
        return None

    def put(self, entry: EvidenceOutcomeCacheEntry) -> None:
        pass

    def load(self) -> EvidenceOutcomeCacheArtifact:
        return EvidenceOutcomeCacheArtifact(())


@pytest.mark.parametrize(
    "look",
    [
        _handle("e"),
        Act(_FORMS["cached_outcome"], ("e",)),
        Act(_FORMS["cache_snapshot"]),
    ],
    ids=["by a request", "by a look-up", "by a snapshot"],
)
def test_a_cache_that_is_not_in_the_state_of_the_model_is_followed_no_further(look: Act) -> None:
    backend = replace(_HANDLERS, evidence_cache=lambda directory: ForgetsAll())

    taken = _after(_handle("e"), look, _handle("f"), backend=backend)

    # The look is made; what it shows is none of the model's states.
    assert len(taken) == 2
    assert not any('"f"' in name for _, name in taken)


class Keeps(EvidencePersistenceHandler):
    """A handler that answers that it has failed."""

    def handle_effect(self, request: EffectRequest) -> EffectOutcome:
        super().handle_effect(request)
        return _failed(EffectFailureKind.DENIED)


def test_a_request_that_is_known_to_be_wrong_counts_nothing() -> None:
    backend = Backend("wrong", evidence_handler=Keeps)

    assert transitions_of(backend, EVIDENCE_SUITE, [_handle("e")], muted={"EVID-05"}) == set()


# Handlers that mend findings

_HARDENED = Backend(
    "hardened", evidence_handler=HardenedEvidencePersistenceHandler, mends=MENDED_BY_EVIDENCE
)


def test_a_handler_that_mends_findings_is_followed_on_its_own_model() -> None:
    timeout = _failed(EffectFailureKind.TIMEOUT)

    taken = _after(_handle("e", timeout), _handle("e"), _handle("f"), backend=_HARDENED)

    # What it answers in doubt is its own affair, and nothing follows from it in the model.
    doubtful = TourHandler((IN_DOUBT, None), "an answer from inside")
    assert taken == {
        (TourHandler(), HandlerLetter("handle", "e", "failed").name),
        (doubtful, _HANDLE.name),
    }


def test_what_is_blocked_is_not_kept_by_a_handler_that_mends_that() -> None:
    blocked = EffectOutcome.blocked()

    taken = _after(_handle("e", blocked), _handle("e"), backend=_HARDENED)

    assert taken == {
        (TourHandler(), HandlerLetter("handle", "e", "blocked").name),
        (TourHandler(last="an answer from inside"), _HANDLE.name),
    }


_ANOTHER_EFFECT = {
    "other names": _handle(
        "e", request=replace(_REQUEST, metadata=replace(_REQUEST.metadata, operation_name="p"))
    ),
    "a sync": _handle("e", request=EffectRequest.of(WalSyncBody(sync_request(_BARE)))),
    "what may be done again": _handle(
        "e", request=EffectRequest.of(AcquireBody("t", "l", ()), session=1)
    ),
    "what has surely not happened": _handle("f", _failed(EffectFailureKind.DENIED)),
}


@pytest.mark.parametrize("name", _ANOTHER_EFFECT)
def test_another_effect_ends_the_counting_where_a_handler_tells_it_from_the_first(
    name: str,
) -> None:
    acts = [_handle("e"), _ANOTHER_EFFECT[name], _handle("e"), _handle("f")]

    assert _after(*acts, backend=_HARDENED) == {(TourHandler(), _HANDLE.name)}
    # To one as specified it is a request like any other.
    assert len(_after(*acts)) > 1


# Two counts of one thing: of who chooses the acts, and of who only sees them


@pytest.mark.parametrize(
    ("backend", "number"),
    [
        (SHIPPED_BACKENDS[0], 0),
        (SHIPPED_BACKENDS[0], 1),
        (_SYNCS, 2),
        (_HANDLERS, 3),
        (_HARDENED, 3),
        *(
            pytest.param(
                Backend(name, evidence_handler=handler, mends=frozenset({name})),
                3,
                marks=pytest.mark.nightly,
            )
            for name, handler in MENDING_HANDLERS.items()
            if name in ("F11", "F21", "F22", "F29")
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Backend) else "",
)
@pytest.mark.by_day(3)
def test_a_tour_takes_all_by_the_count_of_who_looks_on(backend: Backend, number: int) -> None:
    transitions, suite = Transitions(backend), tour_suites()[number]
    with CallWatch() as watch:
        session = Session(
            suite.name, backend, watch, TOUR_PROFILE.budget, follower=transitions.follower(suite)
        )
        with session:
            assert suite.search(session, 0) is None

    (seen,) = transitions.results()
    assert seen == suite.transitions()
    assert seen.taken == seen.total


@pytest.mark.parametrize(
    ("suite", "is_followed"),
    [
        (WAL_HANDLER_SURFACE_SUITE, False),
        (EVIDENCE_HANDLER_SURFACE_SUITE, False),
        (DIRECTED_SYNC_SUITE, True),
        (DIRECTED_EVIDENCE_SUITE, True),
    ],
    ids=lambda value: value.name if isinstance(value, Suite) else "",
)
def test_suites_that_do_other_things_are_not_followed(suite: Suite, is_followed: bool) -> None:
    assert (Transitions(_HANDLERS).follower(suite) is not None) == is_followed
