"""Directed cases find what they are directed at, on every seed, and fail nothing that is right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.backend import Backend
from conformance.engine.suite import Suite
from conformance.machines.codec import CODEC_SUITE
from conformance.machines.directed_evidence import DIRECTED_EVIDENCE_SUITE
from conformance.machines.directed_syncs import DIRECTED_SYNC_SUITE
from conformance.machines.identities import IDENTITY_SUITE
from conformance.machines.recovery import RECOVERY_SUITE
from conformance.machines.registry import SUITES
from telltale_spec.model.wal_sync import build_entries
from telltale_spec.wire.agreement import WalSyncRequest
from tests.zoo.broken_codecs import CorrectCodec
from tests.zoo.broken_directed_functions import (
    BROKEN_DIRECTED_CODECS,
    BROKEN_DIRECTED_IDENTITIES,
    BROKEN_DIRECTED_RECOVERIES,
)
from tests.zoo.broken_directed_handlers import (
    BROKEN_DIRECTED_EVIDENCE_HANDLERS,
    BROKEN_DIRECTED_WAL_HANDLERS,
)
from tests.zoo.broken_evidence_handlers import StepwiseHandler
from tests.zoo.broken_recoveries import correct
from tests.zoo.broken_wal_handlers import OpenHandler
from tests.zoo.judging import counterexample_for, failed, judged, unproved
from tests.zoo.kill_table import tables_of
from tests.zoo.unusual_handlers import UNUSUAL_HANDLERS

BROKEN = [
    *(("agreement_wal_handler", DIRECTED_SYNC_SUITE, *row) for row in BROKEN_DIRECTED_WAL_HANDLERS),
    *(
        ("evidence_handler", DIRECTED_EVIDENCE_SUITE, *row)
        for row in BROKEN_DIRECTED_EVIDENCE_HANDLERS
        if row[2] != "WAL-09"
    ),
    *(("recovery", tables_of(RECOVERY_SUITE), *row) for row in BROKEN_DIRECTED_RECOVERIES),
    *(("codec", tables_of(CODEC_SUITE), *row) for row in BROKEN_DIRECTED_CODECS),
    *(
        ("identity", tables_of(IDENTITY_SUITE), *row, "ENT-02")
        for row in BROKEN_DIRECTED_IDENTITIES
    ),
]


@pytest.mark.by_day(8)
@pytest.mark.parametrize(
    ("component", "suite", "name", "broken", "requirement_id"),
    BROKEN,
    ids=[f"{row[0]}: {row[2]}" for row in BROKEN],
)
def test_the_directed_cases_alone_find_it(
    component: str, suite: Suite, name: str, broken: Any, requirement_id: str
) -> None:
    # Nothing in these suites is drawn, so one seed stands for all.
    report = judged(
        Backend(name, **{component: broken}),
        (suite,),
        profile_name="quick",
        only=(requirement_id,),
        minimise=False,
    )

    assert failed(report) == [requirement_id]


DIRECTED = (
    DIRECTED_SYNC_SUITE,
    DIRECTED_EVIDENCE_SUITE,
    tables_of(RECOVERY_SUITE),
    tables_of(CODEC_SUITE),
    tables_of(IDENTITY_SUITE),
)
RIGHT = (
    Backend("reference handler", agreement_wal_handler=OpenHandler),
    Backend("reference evidence", evidence_handler=StepwiseHandler),
    Backend("reference recovery", recovery=correct),
    Backend("reference codec", codec=CorrectCodec()),
    Backend("reference identity", identity=lambda entry: entry.stable_identity()),
    *UNUSUAL_HANDLERS,
)


@pytest.mark.nightly
@pytest.mark.parametrize("backend", RIGHT, ids=lambda each: each.name)
def test_nothing_right_is_failed_or_left_open(backend: Backend) -> None:
    suites = tuple([suite for suite in SUITES if suite.applies(backend)])

    assert unproved(judged(backend, suites, profile_name="quick")) == []


@pytest.mark.requirement("WAL-09")
def test_a_lock_that_is_never_free_is_told_before_the_handler_hangs() -> None:
    """A whole run would otherwise end with the hang alone, which says less."""
    ((_, broken, _),) = [
        row
        for row in BROKEN_DIRECTED_EVIDENCE_HANDLERS
        if row[0] == "refuses whoever comes after a broken put"
    ]
    backend = Backend("hangs", evidence_handler=broken)
    suites = tuple([suite for suite in SUITES if suite.applies(backend)])

    report = judged(backend, suites, profile_name="quick", minimise=False)

    assert "WAL-09" in failed(report)


@pytest.mark.by_day(12)
@pytest.mark.parametrize("backend", UNUSUAL_HANDLERS, ids=lambda each: each.name)
def test_the_directed_cases_fail_nothing_that_is_unusual(backend: Backend) -> None:
    report = judged(backend, DIRECTED, profile_name="quick")

    assert failed(report) == []


@pytest.mark.requirement("SYNC-05")
def test_a_long_script_is_told_in_a_few_steps() -> None:
    ((_, broken, _),) = [
        row for row in BROKEN_DIRECTED_WAL_HANDLERS if row[0] == "compares identities in any case"
    ]
    backend = Backend("folds", agreement_wal_handler=broken)

    found = counterexample_for("SYNC-05", backend, (DIRECTED_SYNC_SUITE,))

    assert found is not None
    assert len(found.steps) == 2


@pytest.mark.requirement("SYNC-10")
@pytest.mark.parametrize("what", ["tick", "coroutine", "evidence", "operation"])
@pytest.mark.by_day(4)
def test_what_is_empty_is_not_filled_in_by_another_field(what: str) -> None:
    """A tick of 0 is one, and so is an empty text."""

    class FillsIn(OpenHandler):
        def build(self, existing: Any, sync: WalSyncRequest) -> Any:
            state = sync.agreement_state
            if state is not None and what == "tick":
                sync = replace(sync, tick=sync.tick or state.last_updated_tick or 0)
            if state is not None and what == "coroutine":
                coroutine = sync.downstream_coroutine_id or state.owner_id or ""
                sync = replace(sync, downstream_coroutine_id=coroutine)
            if state is not None and what == "operation":
                sync = replace(sync, operation_id=sync.operation_id or state.operation_id)
            if state is not None and what == "evidence":
                ids = tuple(each for each in state.evidence_ids if each)
                sync = replace(sync, agreement_state=replace(state, evidence_ids=ids))
            return build_entries(existing, sync)

    backend = Backend(f"fills in the {what}", agreement_wal_handler=FillsIn)
    report = judged(backend, (DIRECTED_SYNC_SUITE,), profile_name="quick", minimise=False)

    assert set(failed(report)) & {"SYNC-04", "SYNC-06", "SYNC-10"}
