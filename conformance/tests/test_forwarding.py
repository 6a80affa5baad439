"""What a wrapper hands on: wrong for one call among others, each is found by as few as needed."""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from dataclasses import replace
from typing import Any

import pytest

from conformance.backend import Backend
from conformance.machines.evidence import EVIDENCE_SUITE
from conformance.machines.evidence_surface import EVIDENCE_HANDLER_SURFACE_SUITE
from conformance.machines.wal_sync_surface import WAL_HANDLER_SURFACE_SUITE
from telltale_spec.backends.contract import SendDecisionInput
from telltale_spec.handlers.base import ForwardingEffectHandler
from telltale_spec.wire.effects import EffectResult
from telltale_spec.wire.values import SendDecision, Value
from tests.zoo.broken_evidence_handlers import StepwiseHandler
from tests.zoo.broken_forwarding import (
    BROKEN_FORWARDING_EVIDENCE_HANDLERS,
    BROKEN_FORWARDING_WAL_HANDLERS,
    AsksAgainWhereItFailed,
    WaitsUntilNothingIsUnderWay,
)
from tests.zoo.broken_wal_handlers import OpenHandler
from tests.zoo.judging import failed, judged, unproved
from tests.zoo.kill_table import tables_of

SUITES = {
    "agreement_wal_handler": tables_of(WAL_HANDLER_SURFACE_SUITE),
    "evidence_handler": tables_of(EVIDENCE_HANDLER_SURFACE_SUITE),
}
BROKEN = [
    *(("agreement_wal_handler", *row) for row in BROKEN_FORWARDING_WAL_HANDLERS),
    *(("evidence_handler", *row) for row in BROKEN_FORWARDING_EVIDENCE_HANDLERS),
]
# What it has asked before is part of what is wrong with these; the others fail by one call alone.
NEEDS_TWO = ("keeps the session of its first decision", "remembers what it sent")


class HandsOnCopies(ForwardingEffectHandler):
    """Right: gives copies to the inner handler and takes back what it has made of them."""

    def handle_recv(
        self, role: str, partner: str, label: str, state: MutableSequence[Value], payload: Value
    ) -> EffectResult[None]:
        copy = list(state)
        try:
            return super().handle_recv(role, partner, label, copy, payload)
        finally:
            state[:] = copy

    def send_decision(self, decision_input: SendDecisionInput) -> EffectResult[SendDecision]:
        return super().send_decision(replace(decision_input, state=list(decision_input.state)))

    def handle_choose(
        self, role: str, partner: str, labels: Sequence[str], state: Sequence[Value]
    ) -> EffectResult[str]:
        return super().handle_choose(role, partner, list(labels), list(state))


class CopyingWal(HandsOnCopies, OpenHandler):
    pass


class CopyingEvidence(HandsOnCopies, StepwiseHandler):
    pass


@pytest.mark.parametrize(
    ("component", "name", "broken", "requirement_id"),
    BROKEN,
    ids=[f"{row[0]}: {row[1]}" for row in BROKEN],
)
@pytest.mark.requirement("SYNC-13", "EVID-09", "EVID-08")
def test_it_is_found_by_as_few_calls_as_are_needed(
    component: str, name: str, broken: Any, requirement_id: str
) -> None:
    backend = Backend(name, **{component: broken})
    report = judged(backend, (SUITES[component],), profile_name="quick", only=(requirement_id,))

    assert failed(report) == [requirement_id]
    (found,) = [each.counterexample for each in report.results if each.counterexample]
    assert found.reproduced
    assert len(found.steps) == (2 if name in NEEDS_TWO else 1)


@pytest.mark.parametrize(
    "backend",
    [
        Backend("reference log", agreement_wal_handler=OpenHandler),
        Backend("reference evidence", evidence_handler=StepwiseHandler),
        Backend("copying log", agreement_wal_handler=CopyingWal),
        Backend("copying evidence", evidence_handler=CopyingEvidence),
    ],
    ids=lambda backend: backend.name,
)
@pytest.mark.requirement("SYNC-13", "EVID-09", "EVID-08")
def test_what_hands_everything_on_passes(backend: Backend) -> None:
    suites = (WAL_HANDLER_SURFACE_SUITE, EVIDENCE_HANDLER_SURFACE_SUITE)
    report = judged(backend, suites, profile_name="quick")

    assert failed(report) == []
    assert unproved(report) == []


@pytest.mark.requirement("EVID-08")
def test_who_gives_up_waiting_for_the_inner_handler_has_waited_for_it() -> None:
    backend = Backend("waits", evidence_handler=WaitsUntilNothingIsUnderWay)
    suites = (EVIDENCE_HANDLER_SURFACE_SUITE,)
    report = judged(backend, suites, profile_name="quick", only=("EVID-08",), minimise=False)

    assert failed(report) == ["EVID-08"]
    (found,) = [each.counterexample for each in report.results if each.counterexample]
    assert found.actual == "it waits for the inner handler, or gives no answer"


@pytest.mark.parametrize("requirement_id", ["EVID-04", "EVID-07"])
@pytest.mark.requirement("EVID-04", "EVID-07")
def test_a_second_lookup_hides_no_failure_of_the_first(requirement_id: str) -> None:
    backend = Backend("asks again", evidence_handler=AsksAgainWhereItFailed)
    only = (requirement_id,)
    report = judged(backend, (EVIDENCE_SUITE,), profile_name="quick", only=only, minimise=False)

    assert failed(report) == [requirement_id]
