"""A saved report is read back as it was, and anything else is refused with what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.errors import ReportError
from conformance.records.results import REPORT_FORMAT
from conformance.report.reading import read_report, report_from_text
from conformance.tests.saved_reports import hostile_report, real_report

HEAD = {
    "format": REPORT_FORMAT,
    "suite_version": "1",
    "specification": "s",
    "profile": "quick",
    "seed": 0,
    "backends": [],
}
BACKEND = {
    "name": "b",
    "capabilities": [],
    "rejection_mode": "",
    "results": [],
    "situations": [],
    "quirks": [],
}
RESULT = {"requirement_id": "WAL-01", "level": "MUST", "verdict": "pass"}


def text_of(*path: Any, **changes: Any) -> str:
    """Return a report with some fields of its head, its backend or its result changed."""
    result = {**RESULT, **(changes if path == ("result",) else {})}
    backend = {**BACKEND, "results": [result], **(changes if path == ("backend",) else {})}
    return json.dumps({**HEAD, "backends": [backend], **({} if path else changes)})


@pytest.mark.parametrize("make", [real_report, hostile_report])
def test_a_report_is_read_back_equal(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(make().to_text(), encoding="utf-8")

    assert read_report(path) == make()


def test_an_older_and_a_newer_report_of_this_version_can_be_read() -> None:
    """What has a default may be missing, and what is not known is passed over."""
    report = report_from_text(text_of("result", surprise=1))

    assert report.budget is None
    assert report.backends[0].results[0].checks == 0


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(b"\xef\xbb\xbf" + text_of().encode())

    assert read_report(path).profile == "quick"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "not JSON: Expecting value at line 1, column 1"),
        ('{"format": ', "not JSON: Expecting value at line 1, column 12"),
        ("[]", "expected an object with format telltale-conformance.report.v1"),
        ("{}", "expected an object with format telltale-conformance.report.v1"),
        ('{"format": 1}', "expected an object with format telltale-conformance.report.v1"),
        (text_of(format="other"), 'format `"other"` is no report'),
        (text_of(format="telltale-conformance.report.v2"), "is of another version; this program"),
        (json.dumps({"format": REPORT_FORMAT}), "report: the field `suite_version` is missing"),
        (text_of(seed=True), "report.seed: expected a whole number, got `true`"),
        (text_of(seed=1.5), "report.seed: expected a whole number, got `1.5`"),
        (text_of(profile=None), "report.profile: expected a text, got `null`"),
        (text_of(backends={}), "report.backends: expected a list, got an object"),
        (text_of(backends=[1]), "report.backends[0]: expected an object, got `1`"),
        (text_of(budget=[]), "report.budget: expected an object, got a list"),
        (text_of("backend", name=7), "report.backends[0].name: expected a text, got `7`"),
        (text_of("backend", notes=[7]), "report.backends[0].notes[0]: expected a text"),
        (
            text_of("result", verdict="x" * 100),
            "report.backends[0].results[0].verdict: expected one of pass, fail, inconclusive, "
            f'not-applicable, expected-fail, got `"{"x" * 59}...`',
        ),
        (text_of("result", verdict=[]), "expected one of pass, fail"),
        (
            text_of("result", level="must"),
            'report.backends[0].results[0].level: expected one of MUST, SHOULD, MAY, got `"must"`',
        ),
        (text_of(seed=float("nan")), "JSON has no NaN"),
        (text_of().replace('"seed": 0', f'"seed": {"9" * 5000}'), "not a report: "),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_no_report_is_refused(text: str, expected: str) -> None:
    with pytest.raises(ReportError) as caught:
        report_from_text(text, "some.json")

    assert str(caught.value).startswith("some.json: ")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_data_of_a_hostile_depth_is_refused() -> None:
    """Where anything may stand, a depth that no renderer survives is told as such."""
    deep = "[" * 900 + "]" * 900
    step = f'{{"text": "", "answer": "", "operation": {deep}}}'
    quirk = f'{{"finding_id": "F1", "sentence": "", "shown": true, "steps": [{step}]}}'
    with pytest.raises(ReportError, match="nested too deep"):
        report_from_text(text_of("backend", quirks="Q").replace('"Q"', f"[{quirk}]"))


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b"\xe9")
    for name, expected in (
        ("missing.json", "No such file"),
        (".", "Is a directory"),
        ("latin.json", "not UTF-8 text: byte 0 is wrong"),
    ):
        with pytest.raises(ReportError, match=expected) as caught:
            read_report(tmp_path / name)
        assert caught.value.source == str(tmp_path / name)
