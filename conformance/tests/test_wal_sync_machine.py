"""The WAL handler suites: the reference passes, and every broken handler is found out."""

from __future__ import annotations

import pytest

from conformance.backend import Backend
from conformance.engine.quirks import Quirk
from conformance.engine.watch import CallWatch
from conformance.machines.wal_sync import WAL_SYNC_SUITE
from conformance.machines.wal_sync_quirks import WAL_SYNC_QUIRKS
from conformance.machines.wal_sync_surface import WAL_HANDLER_SURFACE_SUITE
from conformance.records.results import Verdict
from conformance.run.runner import judge_backend
from telltale_spec.backends.memory import InMemoryAgreementWal
from telltale_spec.handlers.agreement_wal import AgreementWalHandler
from telltale_spec.model.machine import RejectionMode
from tests.zoo.broken_wal_handlers import BROKEN_WAL_HANDLERS, ComparesWholeEntries
from tests.zoo.judging import counterexample_for, judged, unhurried

SUITES = (WAL_SYNC_SUITE, WAL_HANDLER_SURFACE_SUITE)
SEEDS = range(5)
REFERENCE = Backend("reference", agreement_wal_handler=AgreementWalHandler)
OVER_ITS_OWN_LOG = Backend(
    "reference over the in-memory log",
    agreement_wal=lambda directory: InMemoryAgreementWal(),
    agreement_wal_handler=AgreementWalHandler,
    rejection_mode=RejectionMode.KEEPS_REJECTED,
)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("backend", [REFERENCE, OVER_ITS_OWN_LOG], ids=lambda each: each.name)
def test_reference_passes_and_every_situation_arises(backend: Backend, seed: int) -> None:
    with CallWatch() as watch:
        report = judge_backend(backend, unhurried(), seed=seed, watch=watch, suites=SUITES)
    doubts = [
        (result.requirement_id, result.verdict, result.reason)
        for result in report.results
        if result.verdict is not Verdict.PASS
    ]
    assert doubts == []
    assert [each.name for each in report.situations if not each.reached] == []


def test_suites_do_not_apply_without_a_handler() -> None:
    report = judged(Backend("nothing"), SUITES)
    assert {result.verdict for result in report.results} == {Verdict.NOT_APPLICABLE}


def test_suites_share_no_requirement() -> None:
    # A result is filed by its requirement, so a second suite would overwrite the first.
    assert not set(WAL_SYNC_SUITE.requirement_ids) & set(WAL_HANDLER_SURFACE_SUITE.requirement_ids)


def broken(name: str) -> tuple[Backend, str]:
    for each, factory, requirement_id in BROKEN_WAL_HANDLERS:
        if each == name:
            return Backend(name, agreement_wal_handler=factory), requirement_id
    raise LookupError(name)


@pytest.mark.by_day(3)
@pytest.mark.parametrize(
    ("name", "seed"),
    [
        (name, seed)
        for name, _, requirement_id in BROKEN_WAL_HANDLERS
        # The laws of the lock try all their values, whatever the seed, and wait.
        for seed in (SEEDS[:1] if requirement_id == "SYNC-03" else SEEDS)
    ],
)
def test_broken_handlers_fail_what_they_break(name: str, seed: int) -> None:
    backend, requirement_id = broken(name)
    # Shrinking is most of the time of a search, and says nothing on whether it finds.
    assert counterexample_for(requirement_id, backend, SUITES, seed=seed, minimise=False)


def test_every_requirement_of_the_suites_is_broken_by_some_handler() -> None:
    judged = {each for suite in SUITES for each in suite.requirement_ids}
    assert {requirement_id for _, _, requirement_id in BROKEN_WAL_HANDLERS} == judged


def test_smallest_counterexample_of_a_missing_gate() -> None:
    backend, requirement_id = broken("has no gate without a state")
    found = counterexample_for(requirement_id, backend, SUITES, seed=0)
    assert found is not None
    assert [(step.text, step.answer) for step in found.steps] == [
        ('sync "a" for "c", gate none, tick 1, no state', "success")
    ]
    assert found.expected == 'appended [gate none of "a" for "c" at tick 1]'
    assert found.actual == "appended nothing (0 entries instead of 1)"


@pytest.mark.parametrize("quirk", WAL_SYNC_QUIRKS, ids=lambda quirk: quirk.finding_id)
def test_reference_shows_every_quirk(quirk: Quirk) -> None:
    with CallWatch() as watch:
        assert quirk.show(REFERENCE, watch).shown


def test_a_handler_without_a_quirk_does_not_show_it() -> None:
    backend = Backend("hardened", agreement_wal_handler=ComparesWholeEntries)
    collision = next(quirk for quirk in WAL_SYNC_QUIRKS if quirk.finding_id == "F2")
    with CallWatch() as watch:
        assert not collision.show(backend, watch).shown
