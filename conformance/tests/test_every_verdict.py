"""Each verdict as each door tells it: the pytest plugin, JUnit XML and the exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance.records.results import (
    BackendReport,
    BaselineProblem,
    Counterexample,
    Report,
    RequirementResult,
    Step,
    Verdict,
)
from conformance.records.verdicts import exit_status
from conformance.report.junit import junit_xml

ROOT = Path(__file__).resolve().parents[2]
FOUND = Counterexample("WAL-02", "agreement WAL", [Step("load", "ok")], "[]", "[gate]")
PASSED = RequirementResult("WAL-01", "MUST", Verdict.PASS, 1)

CONFTEST = """
from pathlib import Path
import conformance.run.runner
from conformance.records.results import Report

def saved(*arguments, **options):
    return Report.from_json(Path("report.json").read_text())

conformance.run.runner.run_check = saved
"""


def one(
    verdict: Verdict, level: str = "MUST", reason: str = "", found: Counterexample | None = None
) -> RequirementResult:
    return RequirementResult("WAL-02", level, verdict, 1, reason, found)


STALE = BaselineProblem("logs:Log", "WAL-02", "is stale: the requirement passes now")

# What is told of WAL-02: the outcome in pytest and the status of its run, the
# element in JUnit, the exit status of the command line.
TABLE = {
    "pass": (one(Verdict.PASS), None, None, "passed", 0, "", 0),
    "fail": (one(Verdict.FAIL, found=FOUND), None, None, "failed", 1, "failure", 1),
    "recommended": (
        one(Verdict.FAIL, "SHOULD", found=FOUND), None, None, "skipped", 0, "skipped", 0,
    ),
    "known": (
        one(Verdict.EXPECTED_FAIL, reason="ticket 7", found=FOUND),
        None, None, "xfailed", 0, "skipped", 0,
    ),
    "known without a counterexample": (
        one(Verdict.EXPECTED_FAIL, reason="as declared"), None, None, "xfailed", 0, "skipped", 0,
    ),
    "fixed known": (one(Verdict.PASS), None, STALE, "failed", 1, "", 1),
    "open": (
        one(Verdict.INCONCLUSIVE, "SHOULD", "never arose: it"),
        None, None, "skipped", 0, "skipped", 0,
    ),
    "inconclusive": (
        one(Verdict.INCONCLUSIVE, reason="the time ran out"),
        None, None, "skipped", 1, "failure", 3,
    ),
    "not applicable": (
        one(Verdict.NOT_APPLICABLE, reason="does not reopen"),
        None, None, "skipped", 0, "skipped", 0,
    ),
    "error": (None, "no server", None, "failed", 1, None, 4),
}  # fmt: skip


def report_of(
    result: RequirementResult | None, fault: str | None, problem: BaselineProblem | None
) -> Report:
    results = [] if result is None else [PASSED, result]
    backend = BackendReport("logs:Log", [], "clean-reject", results, [], [], fault)
    problems = [] if problem is None else [problem]
    return Report("format", "1", "the specification", "quick", 7, [backend], None, problems)


@pytest.mark.by_day(2)
@pytest.mark.parametrize("name", TABLE)
def test_a_verdict_is_the_same_at_every_door(name: str, tmp_path: Path) -> None:
    """A known failure never reads as passed, and neither does what is open."""
    result, fault, problem, outcome, run_status, element, status = TABLE[name]
    report = report_of(result, fault, problem)

    assert exit_status(report) == status
    root = ElementTree.fromstring(junit_xml(report))  # noqa: S314 - our own text
    cases = {case.get("name"): [each.tag for each in case] for case in root.iter("testcase")}
    if element is None:
        assert cases == {"the backend can be judged": ["error"]}
    elif problem is None:
        assert cases["WAL-02"] == ([element] if element else [])
    else:
        assert cases["WAL-02"] == ["failure"]
    found_status, output = run_plugin(report, tmp_path)
    assert f"1 {outcome}" in output, output
    assert found_status == run_status
    if result is not None and result.reason:
        assert result.reason in output
    assert ("telltale: open, which is not a pass: WAL-02" in output) is (status == 3)


def run_plugin(report: Report, folder: Path) -> tuple[int, str]:
    (folder / "logs.py").write_text(
        "from tests.zoo.broken_wals import ListWal\nclass Log(ListWal):\n    pass\n"
    )
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "report.json").write_text(report.to_text())
    words = ["--telltale-backend", "logs:Log", "-k", "WAL-02", "-q", "-rsxX"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
