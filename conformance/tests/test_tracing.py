"""Every requirement is tested, untested or excluded, and no exclusion outlives its reason."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from conformance.machines.registry import SUITES
from conformance.records.results import Report, Verdict
from conformance.report.tracing import Trace, TraceState, trace_of
from conformance.requirements import EXCLUSIONS, REQUIREMENTS, Exclusion, requirement
from conformance.tests.saved_reports import backend_of, report_with, result

ROOT = Path(__file__).resolve().parents[2]
JUDGED = {requirement_id for suite in SUITES for requirement_id in suite.requirement_ids}
# Nothing in this repository does what they say, and their reason says so.
PROVED_BY_NOTHING = {"MONITOR-01", "MONITOR-02", "MONITOR-03", "MONITOR-04"}

ROWS = [requirement(each) for each in ("WAL-01", "WAL-02", "WAL-03", "WAL-03.text", "WAL-11")]
EXCLUDED = {"WAL-11": Exclusion("WAL-11", "It is about files.", ("a test",))}


def traced(report: Report) -> Trace:
    return trace_of(report, ROWS, EXCLUDED)


def test_a_requirement_is_tested_by_a_settled_verdict_with_a_check() -> None:
    report = report_with(
        backend_of(
            "one",
            result("WAL-01", Verdict.PASS, checks=5),
            result("WAL-02", Verdict.PASS, checks=0),
            result("WAL-03", Verdict.INCONCLUSIVE, checks=9, reason="never arose: it"),
        ),
        backend_of(
            "two",
            result("WAL-01", Verdict.FAIL, checks=2),
            result("WAL-02", Verdict.NOT_APPLICABLE, reason="no log"),
            result("WAL-03", Verdict.INCONCLUSIVE, reason="never arose: it"),
            result("WAL-03.text", Verdict.EXPECTED_FAIL, checks=1),
        ),
    )
    rows = traced(report).rows

    assert [(row.requirement_id, row.state, row.checks, row.backends) for row in rows] == [
        ("WAL-01", TraceState.TESTED, 7, ["one", "two"]),
        ("WAL-02", TraceState.UNTESTED, 0, []),
        ("WAL-03", TraceState.UNTESTED, 0, []),
        ("WAL-03.text", TraceState.TESTED, 1, ["two"]),
        ("WAL-11", TraceState.EXCLUDED, 0, []),
    ]
    assert [row.reason for row in rows] == [
        "",
        "one: pass, without a check; two: no log",
        "one, two: never arose: it",
        "",
        "It is about files.",
    ]
    assert [row.requirement_id for row in traced(report).problems()] == ["WAL-02", "WAL-03"]


def test_nothing_is_tested_by_a_run_that_judged_nothing() -> None:
    dead = backend_of("dead", fault="x")

    assert traced(report_with(dead)).count(TraceState.UNTESTED) == 4
    assert traced(report_with(dead)).rows[0].reason == "could not be judged: dead"
    assert traced(report_with()).rows[0].reason == "no backend of this run was asked"
    # What is only recommended may stay untested.
    assert [row.requirement_id for row in traced(report_with()).problems()] == [
        "WAL-01",
        "WAL-02",
        "WAL-03",
    ]


def test_an_exclusion_of_what_is_tested_is_stale() -> None:
    tested = [result(row.requirement_id, Verdict.PASS) for row in ROWS]
    trace = traced(report_with(backend_of("one", *tested)))

    assert trace.rows[-1].state is TraceState.STALE_EXCLUSION
    assert trace.problems() == [trace.rows[-1]]
    assert trace.rows[-1].reason == "tested, although: It is about files."


def test_a_trace_has_a_json_form() -> None:
    trace = traced(report_with())

    assert Trace.from_json(trace.to_json()) == trace


# The exclusions of the registry


def test_what_no_suite_judges_is_excluded_and_nothing_else() -> None:
    assert set(EXCLUSIONS) == set(REQUIREMENTS) - JUDGED
    assert [each for each in REQUIREMENTS if each in EXCLUSIONS] == list(EXCLUSIONS)


@pytest.mark.parametrize("exclusion", EXCLUSIONS.values(), ids=lambda each: each.requirement_id)
def test_what_proves_an_excluded_requirement_names_it(exclusion: Exclusion) -> None:
    """Each test module has a test that is marked with it, and each file of vectors is there."""
    assert exclusion.reason.endswith(".")
    assert bool(exclusion.proved_by) == (exclusion.requirement_id not in PROVED_BY_NOTHING)
    for name in exclusion.proved_by:
        path = ROOT / name
        if path.suffix == ".py":
            assert exclusion.requirement_id in marked_requirements(path), name
        else:
            assert path.stat().st_size > 0


def marked_requirements(path: Path) -> set[str]:
    """Return the ids in the `requirement` marks of a test module."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return {
        argument.value
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "requirement"
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
