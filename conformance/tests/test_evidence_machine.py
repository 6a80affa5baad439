"""The evidence machine: the reference passes, every broken handler fails its requirement."""

from __future__ import annotations

import pytest

from conformance.backend import Backend, Capability, EvidenceHandlerFactory
from conformance.engine.quirks import Quirk
from conformance.engine.watch import CallWatch
from conformance.machines.evidence import EVIDENCE_SUITE
from conformance.machines.evidence_quirks import EVIDENCE_QUIRKS
from conformance.machines.evidence_surface import EVIDENCE_HANDLER_SURFACE_SUITE
from conformance.records.results import Verdict
from conformance.run.runner import judge_backend
from telltale_spec.backends.file import FileEvidenceOutcomeCache
from telltale_spec.backends.memory import InMemoryEvidenceOutcomeCache
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from tests.zoo.broken_evidence_handlers import (
    BROKEN_EVIDENCE_HANDLERS,
    RunsInnerOnHit,
    SkipsBlocked,
    StepwiseHandler,
)
from tests.zoo.judging import counterexample_for, judged, unhurried, unproved

SEEDS = range(5)
# As much as ``quick`` tries, however slow the machine is.
UNHURRIED = unhurried()
SUITES = (EVIDENCE_SUITE, EVIDENCE_HANDLER_SURFACE_SUITE)

REFERENCES = (
    Backend("no cache", evidence_handler=EvidencePersistenceHandler),
    Backend("stepwise", evidence_handler=StepwiseHandler),
    Backend(
        "memory",
        evidence_handler=EvidencePersistenceHandler,
        evidence_cache=lambda directory: InMemoryEvidenceOutcomeCache(),
    ),
    Backend(
        "file",
        evidence_handler=EvidencePersistenceHandler,
        evidence_cache=lambda directory: FileEvidenceOutcomeCache(directory / "cache.cbor"),
        capabilities=frozenset({Capability.REOPEN}),
    ),
)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("backend", REFERENCES, ids=lambda each: each.name)
def test_references_pass_everything(backend: Backend, seed: int) -> None:
    with CallWatch() as watch:
        report = judge_backend(backend, UNHURRIED, seed=seed, watch=watch, suites=SUITES)

    assert unproved(report) == []
    assert all(situation.reached for situation in report.situations)


@pytest.mark.by_day(3)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("factory", "requirement_id"),
    [(factory, requirement_id) for _, factory, requirement_id in BROKEN_EVIDENCE_HANDLERS],
    ids=[name for name, _, _ in BROKEN_EVIDENCE_HANDLERS],
)
def test_broken_handlers_fail_the_requirement_they_break(
    factory: EvidenceHandlerFactory, requirement_id: str, seed: int
) -> None:
    backend = Backend("broken", evidence_handler=factory)
    # Where both suites judge a requirement, the last has the word on it.
    found = counterexample_for(requirement_id, backend, SUITES, seed=seed, minimise=False)

    assert found is not None


def test_a_backend_without_a_handler_is_not_judged() -> None:
    report = judged(Backend("empty"), SUITES, profile_name="quick")

    assert {result.verdict for result in report.results} == {Verdict.NOT_APPLICABLE}


@pytest.mark.parametrize("quirk", EVIDENCE_QUIRKS, ids=lambda each: each.finding_id)
def test_the_reference_shows_every_quirk(quirk: Quirk) -> None:
    with CallWatch() as watch:
        shown = quirk.show(Backend("reference", evidence_handler=EvidencePersistenceHandler), watch)

    assert shown.shown
    assert shown.steps


def test_a_handler_without_a_quirk_does_not_show_it() -> None:
    (quirk,) = [each for each in EVIDENCE_QUIRKS if each.finding_id == "F11"]

    with CallWatch() as watch:
        shown = quirk.show(Backend("hardened", evidence_handler=SkipsBlocked), watch)

    assert not shown.shown


def test_the_minimal_counterexample_stays_minimal() -> None:
    backend = Backend("broken", evidence_handler=RunsInnerOnHit)

    found = counterexample_for("EVID-03", backend, (EVIDENCE_SUITE,))

    assert found is not None
    assert [step.text for step in found.steps] == [
        'handle invoke_step of "t"."t" as evidence "e", inner outcome blocked'
    ] * 2
    assert found.expected == "asked in order: resolver, get"
    assert found.actual == "asked in order: resolver, get, inner"
