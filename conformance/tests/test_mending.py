"""A declared mending is judged by the hardened rule: who keeps it passes, who does not fails."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.__main__ import main
from conformance.backend import Backend
from conformance.door.errors import MessageError
from conformance.door.handshake import handshake_of, handshake_tree
from conformance.engine.session import Session
from conformance.engine.watch import CallWatch
from conformance.errors import UsageError
from conformance.machines.directed_evidence import DIRECTED_EVIDENCE_SUITE
from conformance.machines.evidence import EVIDENCE_SUITE
from conformance.machines.evidence_surface import EVIDENCE_HANDLER_SURFACE_SUITE
from conformance.machines.wal_sync_surface import WAL_HANDLER_SURFACE_SUITE
from conformance.records.results import BackendReport, Verdict
from conformance.report.summary import declarations_text
from conformance.requirements import FINDINGS, REQUIREMENTS
from conformance.requirements.mending import MENDABLE
from conformance.run.runner import judge_backend, tour_backend
from conformance.run.targets import declares, redeclared
from telltale_spec.handlers.agreement_wal import AgreementWalHandler
from telltale_spec.handlers.evidence_persistence import EvidencePersistenceHandler
from telltale_spec.hardened.evidence import HardenedEvidencePersistenceHandler
from tests.zoo.judging import unhurried
from tests.zoo.mending_handlers import MENDING_HANDLERS, MendsF13OfLogs

UNHURRIED = unhurried()
SUITES = (EVIDENCE_SUITE, EVIDENCE_HANDLER_SURFACE_SUITE, WAL_HANDLER_SURFACE_SUITE)


def _report(handler: Any, mends: set[str], *, seed: int = 0) -> BackendReport:
    backend = Backend("backend", evidence_handler=handler, mends=frozenset(mends))
    with CallWatch() as watch:
        return judge_backend(backend, UNHURRIED, seed=seed, watch=watch, suites=SUITES)


def _failed(report: BackendReport) -> set[str]:
    return {each.requirement_id for each in report.results if each.verdict is Verdict.FAIL}


def _unproved(report: BackendReport) -> list[tuple[str, str]]:
    return [
        (each.requirement_id, each.reason or str(each.counterexample))
        for each in report.results
        if each.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)
    ]


@pytest.mark.by_day(2)
@pytest.mark.parametrize("finding_id", list(MENDING_HANDLERS))
def test_a_handler_that_mends_what_it_declares_passes(finding_id: str) -> None:
    report = _report(MENDING_HANDLERS[finding_id], {finding_id})

    assert _unproved(report) == []
    assert report.mends == [finding_id]
    assert f"mends {finding_id}" in declarations_text(report)
    (quirk,) = [each for each in report.quirks if each.finding_id == finding_id]
    assert not quirk.shown


@pytest.mark.by_day(2)
@pytest.mark.parametrize("finding_id", list(MENDING_HANDLERS))
def test_a_handler_that_declares_and_does_not_mend_is_failed_by_the_id(finding_id: str) -> None:
    """The reference mends nothing; under each declaration it breaks that finding's requirement."""
    report = _report(EvidencePersistenceHandler, {finding_id})

    broken = set(MENDABLE[finding_id].requirement_ids)
    assert _failed(report) <= broken
    assert _failed(report)
    for result in report.results:
        if result.verdict is Verdict.FAIL:
            assert result.counterexample is not None
            assert result.counterexample.steps


@pytest.mark.by_day(2)
@pytest.mark.parametrize("finding_id", ["F11", "F13", "F21", "F22"])
def test_a_handler_that_mends_without_saying_so_is_held_to_the_specification(
    finding_id: str,
) -> None:
    report = _report(MENDING_HANDLERS[finding_id], set())

    assert _failed(report)


def test_the_hardened_handler_mends_all_that_it_says() -> None:
    report = _report(HardenedEvidencePersistenceHandler, {"F11", "F12", "F13", "F21", "F22", "F29"})

    assert _unproved(report) == []


def test_what_somebody_else_overwrites_is_not_held_against_a_handler_with_keys_of_its_own() -> None:
    """The directed cases put entries of other names behind the handler's back."""
    backend = Backend(
        "hardened",
        evidence_handler=HardenedEvidencePersistenceHandler,
        mends=frozenset({"F11", "F12", "F13", "F21", "F22", "F29"}),
    )
    with CallWatch() as watch:
        session = Session(DIRECTED_EVIDENCE_SUITE.name, backend, watch, UNHURRIED.budget)
        with session:
            assert DIRECTED_EVIDENCE_SUITE.search(session, 0) is None


def test_a_wal_handler_may_forward_everything() -> None:
    for handler, fails in ((MendsF13OfLogs, False), (AgreementWalHandler, True)):
        backend = Backend("logs", agreement_wal_handler=handler, mends=frozenset({"F13"}))
        with CallWatch() as watch:
            report = judge_backend(backend, UNHURRIED, seed=0, watch=watch, suites=SUITES)
        assert _failed(report) == ({"SYNC-13"} if fails else set())


def test_what_there_is_no_rule_for_cannot_be_declared() -> None:
    text = "mends `F99`: there is no rule for that; there are F11, F12, F13, F21, F22, F29"
    backend = Backend("backend", evidence_handler=EvidencePersistenceHandler)
    with pytest.raises(UsageError) as raised:
        redeclared(backend, None, None, ["F11", "F99"])
    assert str(raised.value) == text
    with pytest.raises(UsageError, match="mends `F5`"):
        declares(mends=["F5"])
    unknown = replace(backend, mends=frozenset({"F99"}))
    with CallWatch() as watch:
        with pytest.raises(UsageError, match="backend mends `F99`"):
            judge_backend(unknown, UNHURRIED, seed=0, watch=watch, suites=())
        with pytest.raises(UsageError, match="backend mends `F99`"):
            tour_backend(unknown, watch=watch)


def test_a_harness_declares_in_its_handshake() -> None:
    backend = Backend("served", mends=frozenset({"F11", "F21"}))
    tree = handshake_tree(backend)

    assert handshake_of(tree).mends == backend.mends
    assert handshake_of({k: v for k, v in tree.items() if k != "mends"}).mends == frozenset()
    for wrong, text in ((["F99"], "mends `F99`"), ("F11", "not a list"), ([11], "not a list")):
        with pytest.raises(MessageError, match=text):
            handshake_of(tree | {"mends": wrong})


def test_every_rule_is_about_findings_and_requirements() -> None:
    assert MENDABLE.keys() <= FINDINGS.keys()
    assert {each for mending in MENDABLE.values() for each in mending.requirement_ids} <= (
        REQUIREMENTS.keys()
    )
    assert MENDABLE.keys() == MENDING_HANDLERS.keys()


_HANDLERS = "tests.zoo.mending_handlers"


@pytest.mark.by_day(3)
@pytest.mark.parametrize(
    ("factory", "options", "status", "told"),
    [
        ("mending", ["--mends", "F11"], 0, "mends F11"),
        ("mending", [], 1, "EVID-03"),
        ("specified", ["--mends", "F11"], 1, "--mends F11"),
        ("mending", ["--mends", "F99"], 2, "mends `F99`: there is no rule for that; there are F11"),
        ("unknowing", [], 2, "unknowing mends `F99`"),
    ],
)
def test_a_mending_is_declared_on_the_command_line(
    factory: str,
    options: list[str],
    status: int,
    told: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "report.json"
    only = ["--only", "EVID-03", "--only", "EVID-05"]
    arguments = ["check", f"{_HANDLERS}:{factory}", *only, "--json", str(file)]
    replays = ["--replays", str(tmp_path / "replays")]

    assert main([*arguments, *replays, *options]) == status
    said = capfd.readouterr()
    assert told in (said.out + said.err).replace("\n", " ")
    if status != 2:
        (backend,) = json.loads(file.read_text())["backends"]
        assert backend["mends"] == options[1:]
