"""One failure of a handler leaves nothing else unjudged, and one without acts is short already."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.backend import Backend
from conformance.engine.shrinking import shortened
from conformance.machines.registry import SUITES
from conformance.records.results import Counterexample
from tests.zoo.broken_evidence_handlers import BROKEN_EVIDENCE_HANDLERS
from tests.zoo.broken_wal_handlers import BROKEN_WAL_HANDLERS
from tests.zoo.judging import failed, judged, unproved

ROWS = [
    *(("agreement_wal_handler", *row) for row in BROKEN_WAL_HANDLERS),
    *(("evidence_handler", *row) for row in BROKEN_EVIDENCE_HANDLERS),
]
# Whose every sync is wrong in one way: what takes several right ones in a row stays unjudged.
WRONG_EVERYWHERE = {
    "puts the gate first": {"SYNC-05", "SYNC-06", "SYNC-09", "SYNC-15"},
}


# Which breaks something else as well by what it does, and not by what a judge makes of it.
ALSO_BREAKS = {
    "puts the gate first": {"SYNC-03", "SYNC-10"},
    "ignores identities": {"SYNC-03", "SYNC-15"},
    "has no gate without a state": {"SYNC-03", "SYNC-04"},
    "goes on after an error": {"SYNC-15"},
    "refuses metadata of another kind": {"SYNC-13"},
    "repeats what it stored when it is tried again": {"SYNC-09", "SYNC-10"},
    "asks the resolver twice": {"EVID-03"},
    "puts before it runs the effect": {"WAL-09", "EVID-06", "EVID-08"},
    "ignores plain callables": {"EVID-02", "EVID-03", "EVID-05"},
    "retries what did not succeed": {"EVID-06"},
}


@pytest.mark.by_day(112)
@pytest.mark.parametrize(
    ("component", "name", "make", "requirement_id"), ROWS, ids=[row[1] for row in ROWS]
)
def test_what_a_failure_is_not_about_is_judged_all_the_same(
    component: str, name: str, make: Any, requirement_id: str
) -> None:
    report = judged(Backend(name, **{component: make}), SUITES, profile_name="quick")

    assert {*failed(report)} == {requirement_id, *ALSO_BREAKS.get(name, set())}
    assert {*unproved(report)} - {*failed(report)} <= WRONG_EVERYWHERE.get(name, set())


def test_a_failure_before_anything_is_done_is_short_already() -> None:
    """A handler that says a wrong name does so before its first act."""
    found = Counterexample("SYNC-01", "syncs", [], "a name", "another", acts=[])

    assert (
        shortened(
            found,
            lambda acts: pytest.fail(f"{acts} were carried out"),
            group_of=lambda act: (),
            plainer=lambda acts: (),
        )
        is found
    )
