"""The report as data: its JSON form loses nothing and always fits into a file."""

from __future__ import annotations

import json

from conformance.records.results import (
    REPORT_FORMAT,
    BackendReport,
    Counterexample,
    QuirkResult,
    Report,
    RequirementResult,
    SituationResult,
    Step,
    Verdict,
)

STEP = Step('append "é" \udc80 \x1b \u2028', "refused: \ud800", {"kind": "append", "tick": 2**64})
COUNTEREXAMPLE = Counterexample("WAL-01", "agreement WAL", [STEP], "a", "b", reproduced=False)
REPORT = Report(
    REPORT_FORMAT,
    "1.0",
    "specification",
    "quick",
    2**64 - 1,
    [
        BackendReport(
            "one",
            ["reopen"],
            "clean-reject",
            [
                RequirementResult("WAL-01", "MUST", Verdict.FAIL, 3, "", COUNTEREXAMPLE),
                *(RequirementResult("WAL-02", "MAY", verdict) for verdict in Verdict),
            ],
            [SituationResult("seen", 0, ["WAL-01"])],
            [QuirkResult("F1", "sentence", True, [STEP])],
        ),
        BackendReport("two", [], "", [], [], [], "fault"),
    ],
)


def test_a_report_is_read_back_equal() -> None:
    text = REPORT.to_text()

    assert Report.from_json(text) == REPORT
    assert Report.from_dict(json.loads(text)) == REPORT
    assert Report.from_dict(REPORT.to_dict()) == REPORT
    assert Report.from_json(text).to_text() == text


def test_the_text_of_a_report_can_be_written_and_stays_readable() -> None:
    text = REPORT.to_text()

    assert text.encode()
    assert text.endswith("}\n")
    assert "é" in text
    assert '"verdict": "not-applicable"' in text


def test_a_verdict_is_looked_up_by_requirement() -> None:
    backend = REPORT.backends[0]

    assert backend.result("WAL-01") is backend.results[0]
    assert backend.result("WAL-99") is None
