"""Reports to make other forms from: real ones, and one whose every text is hostile."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.backend import Backend
from conformance.engine.profiles import profile
from conformance.records.results import (
    REPORT_FORMAT,
    BackendReport,
    BaselineProblem,
    BudgetUsed,
    Counterexample,
    QuirkResult,
    Report,
    RequirementResult,
    SampleHistory,
    SituationResult,
    Step,
    TimedCall,
    Verdict,
)
from conformance.run.runner import run_check
from tests.zoo.broken_wals import ListWal, ReadIncludesTick

__all__ = ["HOSTILE", "backend_of", "hostile_report", "real_report", "report_with", "result"]

HOSTILE = (
    '</script><script>window.hacked=1</script><img src=x onerror="window.hacked=1">"\'><!-- ]]> '
    "\x00\x1b[31m\udc80\u202e\uffff&amp; `code` | **bold** {{ 7*7 }} {% raw %} @everyone "
    "http://example.org/ \r\n``````\n## head"
)
STEPS = [
    Step(HOSTILE, HOSTILE, {HOSTILE: HOSTILE}),
    Step("append", "ok"),
    Step("load the log", "[]"),
]


def result(
    requirement_id: str, verdict: Verdict, level: str = "MUST", fingerprint: str = "", **rest: Any
) -> RequirementResult:
    """Return a result; one that failed has a counterexample."""
    made = RequirementResult(requirement_id, level, verdict, rest.pop("checks", 3), **rest)
    if verdict not in (Verdict.FAIL, Verdict.EXPECTED_FAIL):
        return made
    found = Counterexample(requirement_id, "agreement WAL", STEPS[1:], "[a]", "[b]")
    return replace(made, counterexample=replace(found, fingerprint=fingerprint))


def backend_of(name: str, *results: RequirementResult, **rest: Any) -> BackendReport:
    """Return the report on one backend."""
    fields = {"capabilities": [], "rejection_mode": "clean-reject", **rest}
    return BackendReport(name=name, results=list(results), situations=[], quirks=[], **fields)


def report_with(*backends: BackendReport, **rest: Any) -> Report:
    """Return a report of the quick profile."""
    fields = {"suite_version": "1", "specification": "the specification", "seed": 0, **rest}
    return Report(format=REPORT_FORMAT, profile="quick", backends=list(backends), **fields)


def hostile_report() -> Report:
    """Return a report with every kind of verdict, in which no text of others can be trusted."""
    found = Counterexample(
        "WAL-01", HOSTILE, STEPS, f"same {HOSTILE} end", f"same {HOSTILE}! end", False, [HOSTILE]
    )
    calls = [TimedCall(0, HOSTILE, HOSTILE, 0), TimedCall(1, HOSTILE, HOSTILE, 1, 2, True)]
    found = replace(found, calls=calls)
    results = [
        RequirementResult("WAL-01", "MUST", Verdict.FAIL, 9, "", found),
        result("WAL-02", Verdict.EXPECTED_FAIL, reason=HOSTILE, link="javascript:alert(1)"),
        result("WAL-03", Verdict.EXPECTED_FAIL, reason="known", link="https://example.org/7?a=b&c"),
        result("WAL-05", Verdict.INCONCLUSIVE, reason=f"never arose: {HOSTILE}"),
        result("WAL-06", Verdict.FAIL, "SHOULD"),
        result("WAL-07", Verdict.PASS),
        result("WAL-08", Verdict.NOT_APPLICABLE, reason=HOSTILE),
        result(HOSTILE, Verdict.FAIL, reason=HOSTILE),
    ]
    backend = BackendReport(
        HOSTILE,
        [HOSTILE, "reopen"],
        HOSTILE,
        results,
        [SituationResult(HOSTILE, 0, ["WAL-05"]), SituationResult("seen", 4, ["WAL-07"])],
        [
            QuirkResult(HOSTILE, HOSTILE, True, STEPS, HOSTILE, HOSTILE),
            QuirkResult("F1", "It stays.", False, []),
        ],
        None,
        HOSTILE,
        HOSTILE,
        [HOSTILE],
        [HOSTILE],
        [
            SampleHistory("agreement WAL", STEPS, ["WAL-07", HOSTILE]),
            SampleHistory(HOSTILE, [], ["WAL-07"]),
        ],
    )
    dead = BackendReport("dead", [], "", [], [], [], HOSTILE)
    budget = BudgetUsed(40, 20, 30.0)
    problems = [BaselineProblem(HOSTILE, HOSTILE, HOSTILE)]
    told = {"specification": HOSTILE, "budget": budget, "baseline_problems": problems}
    return report_with(backend, dead, backend, **told)


@functools.cache
def real_report() -> Report:
    """Return what a run really says of a good, a broken and a dead backend."""

    def dead(directory: Path) -> ListWal:
        raise OSError(f"no server in {directory} \udc80")

    backends = [
        Backend("good", agreement_wal=lambda directory: ListWal()),
        Backend("broken", agreement_wal=lambda directory: ReadIncludesTick()),
        Backend("dead", agreement_wal=dead),
    ]
    return run_check(backends, profile("quick"))
