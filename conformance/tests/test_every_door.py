"""One table of backends, each judged through every door: the same requirements fail everywhere."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.backend import Backend
from conformance.door.harness import harness_backend
from conformance.engine.profiles import profile
from conformance.engine.watch import CallWatch
from conformance.records.results import BackendReport, Verdict
from conformance.run.places import importable_name, with_further_processes
from conformance.run.runner import judge_backend
from conformance.run.targets import load_target
from conformance.tests import door_cases
from conformance.tests.door_cases import DOOR_CASES, DoorCase

ROOT = Path(__file__).resolve().parents[2]
UNHURRIED = profile("quick", time_limit_seconds=300.0)
# Which requirement fails is the question, not how short its history can be made.
SHORT = replace(UNHURRIED, budget=replace(UNHURRIED.budget, minimise=False))


def target_of(case: DoorCase) -> str:
    return f"{door_cases.__name__}:{case.name}"


def judged(backend: Backend) -> BackendReport:
    with CallWatch(30.0) as watch:
        return judge_backend(backend, SHORT, seed=0, watch=watch)


def as_object(target: str) -> BackendReport:
    with CallWatch() as watch:
        backend = load_target(target, watch)
    with with_further_processes(backend, target) as placed:
        return judged(placed)


def as_child(target: str) -> BackendReport:
    command = shlex.join([sys.executable, "-m", "conformance", "serve", target])
    with harness_backend(command, call_seconds_max=30.0) as backend:
        return judged(backend)


def in_pytest(folder: Path, target: str) -> list[str]:
    """Return the binding failures that the plugin reports."""
    (folder / "test_nothing.py").write_text("def test_nothing():\n    assert True\n")
    words = ["pytest", "-q", "-p", "no:cacheprovider", "--telltale-profile", "quick"]
    words += ["--telltale-backend", target, "--telltale-json", "report.json"]
    subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        timeout=300,
        check=False,
    )
    (backend,) = json.loads((folder / "report.json").read_text())["backends"]
    assert backend["fault"] is None
    return [
        each["requirement_id"]
        for each in backend["results"]
        if each["verdict"] == "fail" and each["level"] == "MUST"
    ]


def binding_failures(report: BackendReport) -> list[str]:
    return [
        each.requirement_id
        for each in report.results
        if each.verdict is Verdict.FAIL and each.level == "MUST"
    ]


# A right one, one in words of its own and two kinds of broken ones: those that need no races, which
# take a minute each.
OF_THE_DAY = {"HasItsOwnWords", "changes_what_it_puts"}

each_case = pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case, marks=() if case.name in OF_THE_DAY else pytest.mark.nightly, id=case.name
        )
        for case in DOOR_CASES
    ],
)


@each_case
@pytest.mark.by_day(2)
def test_object_and_child_process_agree(case: DoorCase) -> None:
    one, other = as_object(target_of(case)), as_child(target_of(case))

    for report in (one, other):
        assert set(case.failures) <= set(binding_failures(report))
        assert bool(case.failures) == bool(binding_failures(report))
    if not case.is_timed:
        assert binding_failures(one) == binding_failures(other)
        verdicts = [{r.requirement_id: r.verdict for r in each.results} for each in (one, other)]
        assert case.remembers or verdicts[0] == verdicts[1]


@each_case
@pytest.mark.by_day(2)
def test_the_plugin_agrees(tmp_path: Path, case: DoorCase) -> None:
    failures = in_pytest(tmp_path, target_of(case))

    assert set(case.failures) <= set(failures)
    assert bool(case.failures) == bool(failures)


@pytest.mark.requirement("WAL-01.handles", "WAL-08.kill")
def test_what_no_other_process_can_import_is_tried_in_one_and_says_so() -> None:
    backend = Backend("nameless", agreement_wal=door_cases.NeverWaits)
    promising = replace(backend, capabilities=load_never_waits().capabilities)

    with with_further_processes(promising, importable_name(lambda directory: None)) as placed:
        assert placed.elsewhere is None
        (note,) = placed.notes

    assert note == (
        "reopen, concurrent-handles: tried in one process only, as it has no name that "
        "another one could import"
    )


def load_never_waits() -> Backend:
    with CallWatch() as watch:
        return load_target(f"{door_cases.__name__}:NeverWaits", watch)


def test_a_name_is_one_that_leads_back() -> None:
    assert importable_name(door_cases.NeverWaits) == f"{door_cases.__name__}:NeverWaits"
    assert importable_name(lambda directory: None) is None
    assert importable_name(replace) == "dataclasses:replace"


def test_further_processes_end_with_the_run() -> None:
    started: list[tuple[int, bool]] = []
    target = f"{door_cases.__name__}:NeverWaits"
    with ExitStack() as stack:
        placed = stack.enter_context(
            with_further_processes(
                load_never_waits(), target, on_process=lambda *each: started.append(each)
            )
        )
        assert placed.elsewhere is not None
        placed.elsewhere(0)
        placed.elsewhere(1)
    begun = {process_id for process_id, is_start in started if is_start}
    ended = {process_id for process_id, is_start in started if not is_start}

    assert len(begun) == 2
    assert begun == ended
