"""JUnit XML, Markdown and badge: what they count, and that no text of a backend breaks them."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from conformance.records.results import BaselineProblem, Report, RequirementResult, Verdict
from conformance.report.badge import badge_svg
from conformance.report.junit import junit_xml
from conformance.report.markdown import markdown_summary
from conformance.report.page import html_page
from conformance.report.summary import counts_text, headline
from conformance.requirements import requirement
from conformance.tests.saved_reports import (
    HOSTILE,
    backend_of,
    hostile_report,
    real_report,
    report_with,
    result,
)

EACH_VERDICT = report_with(
    backend_of(
        "one",
        result("WAL-01", Verdict.PASS),
        result("WAL-02", Verdict.FAIL),
        result("WAL-03", Verdict.INCONCLUSIVE, reason="the time ran out"),
        result("WAL-05", Verdict.EXPECTED_FAIL, reason="ticket 7", link="https://example.org/7"),
        result("WAL-08", Verdict.NOT_APPLICABLE, reason="does not reopen"),
        result("WAL-04", Verdict.FAIL, "SHOULD"),
        result("WAL-13.accept", Verdict.INCONCLUSIVE, "SHOULD", reason="never arose: it"),
    ),
    backend_of("two", fault="no server"),
)


def cases(report: Report, *, strict: bool = False) -> dict[tuple[str, str], list[str]]:
    """Return the outcome of each test case: its element and its message."""
    root = ElementTree.fromstring(junit_xml(report, strict=strict))  # noqa: S314 - our own text
    return {
        (case.get("classname", ""), case.get("name", "")): [
            part
            for each in case
            for part in (each.tag, each.get("message", ""), each.get("type", ""))
        ]
        for case in root.iter("testcase")
    }


# JUnit XML


def test_each_verdict_has_its_outcome() -> None:
    sentences = {each: requirement(each).sentence for each in ("WAL-02", "WAL-03", "WAL-04")}
    accept = requirement("WAL-13.accept").sentence

    assert cases(EACH_VERDICT) == {
        ("one", "WAL-01"): [],
        ("one", "WAL-02"): ["failure", sentences["WAL-02"], "fail"],
        ("one", "WAL-03"): [
            "failure",
            f"open, the time ran out: {sentences['WAL-03']}",
            "inconclusive",
        ],
        ("one", "WAL-05"): ["skipped", "known failure: ticket 7", ""],
        ("one", "WAL-08"): ["skipped", "not applicable: does not reopen", ""],
        ("one", "WAL-04"): ["skipped", f"only recommended: {sentences['WAL-04']}", ""],
        ("one", "WAL-13.accept"): [
            "skipped",
            f"only recommended: open, never arose: it: {accept}",
            "",
        ],
        ("two", "the backend can be judged"): ["error", "no server", "fault"],
    }


def test_with_strict_what_is_recommended_binds() -> None:
    found = cases(EACH_VERDICT, strict=True)

    assert found["one", "WAL-04"][0] == found["one", "WAL-13.accept"][0] == "failure"
    assert found["one", "WAL-08"][0] == found["one", "WAL-05"][0] == "skipped"


@pytest.mark.parametrize("report", [EACH_VERDICT, hostile_report(), report_with()])
def test_the_figures_are_those_of_the_cases(report: Report) -> None:
    root = ElementTree.fromstring(junit_xml(report))  # noqa: S314 - our own text
    for counted in (root, *root.iter("testsuite")):
        for name, tag in (
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            assert counted.get(name) == str(len(list(counted.iter(tag)))), name


def test_a_failure_carries_its_history_and_the_run_its_claim() -> None:
    root = ElementTree.fromstring(junit_xml(real_report()))  # noqa: S314 - our own text
    (failure,) = root.iter("failure")
    properties = {each.get("name"): each.get("value") for each in root.iter("property")}

    assert failure.text is not None
    for part in ("WAL-05 (", "1. append", "expected: ", "actual: ", "replay REPLAYS/broken/WAL-05"):
        assert part in failure.text
    assert properties["profile"] == "quick"
    assert properties["seed"] == "0"
    assert properties["declares"] == "clean-reject"


def test_xml_is_well_formed_whatever_the_texts_hold() -> None:
    """Control characters, lone surrogates and the two that no XML can hold are escaped."""
    text = junit_xml(hostile_report())

    assert text.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]", text)
    assert {backend for backend, _ in cases(hostile_report())} == {
        HOSTILE.replace("\r", "\\r")
        .replace("\n", "\\n")
        .replace("\x00", "\\u{0}")
        .replace("\x1b", "\\u{1b}")
        .replace("\udc80", "\\u{dc80}")
        .replace("\u202e", "\\u{202e}")
        .replace("\uffff", "\\u{ffff}"),
        "dead",
    }


# Markdown


def test_the_summary_has_a_row_for_each_backend_and_a_paragraph_for_each_failure() -> None:
    text = markdown_summary(EACH_VERDICT)

    assert text.startswith("## \N{NO ENTRY} Durability conformance: could not be judged\n")
    counts = "1 passed, 1 failed, 1 not as recommended, 2 open, 1 known"
    assert f"| one | \N{CROSS MARK} not conforming | {counts}" in text
    assert "| two | \N{NO ENTRY} could not be judged | no server | clean-reject |" in text
    heads = re.findall(r"<summary>one: <b>(.*?)</b> (.*?) \(", text)
    assert heads == [
        ("WAL-02", "failed"),
        ("WAL-04", "failed"),
        ("WAL-03", "is open"),
        ("WAL-13.accept", "is open"),
        ("WAL-05", "is a known failure"),
    ]
    assert "followed up at: https://example.org/7" in text


def test_no_text_of_a_backend_is_markup() -> None:
    text = markdown_summary(hostile_report())
    outside = re.sub(r"(?ms)^(`{3,})text\n.*?^\1$", "", text)

    assert text.encode()
    # The longest run of backticks in a text is shorter than the fences around it.
    assert re.findall(r"(?m)^`+", text).count("`" * 7) > 0
    tags = {"<details", "<summary", "<b", "</b", "<br", "</summary", "</details"}
    assert set(re.findall(r"(?<!\\)</?[a-z]+", outside)) == tags
    for trick in (r"\*\*bold", "@everyone", "http://", "\n## head", "`code", "{{"):
        assert not re.search(rf"(?<!\\){trick}", outside), trick
    rows = [line for line in outside.splitlines() if line.startswith("|")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [5] * 5


def test_a_summary_fits_the_page_of_a_run() -> None:
    long = "x" * 100_000
    results = [result(f"WAL-{number}", Verdict.FAIL, reason=long) for number in range(100)]
    text = markdown_summary(report_with(backend_of(long, *results, fault=long)))

    assert len(text.encode()) < 500_000
    assert "60 more are in the other forms of the report." in text


# The badge


@pytest.mark.parametrize(
    ("results", "fault", "words"),
    [
        ([result("WAL-01", Verdict.PASS)], None, "conforming 1/1"),
        (
            [result("WAL-01", Verdict.PASS), result("WAL-02", Verdict.FAIL)],
            None,
            "not conforming 1/2",
        ),
        (
            [result("WAL-01", Verdict.PASS), result("WAL-04", Verdict.FAIL, "SHOULD")],
            None,
            "conforming 1/1",
        ),
        ([result("WAL-08", Verdict.NOT_APPLICABLE)], None, "inconclusive"),
        ([], HOSTILE, "could not be judged"),
    ],
)
def test_the_badge_says_the_conclusion_and_what_is_behind_it(
    results: list[RequirementResult], fault: str | None, words: str
) -> None:
    text = badge_svg(report_with(backend_of("one", *results, fault=fault)))
    root = ElementTree.fromstring(text)  # noqa: S314 - our own text
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]

    assert texts == ["telltale durability", words]
    assert root.get("aria-label") == f"telltale durability: {words}"
    assert "href" not in text


def test_the_badge_of_nothing_is_not_green() -> None:
    assert "inconclusive" in badge_svg(report_with())
    assert "#1a7f4b" not in badge_svg(report_with())


def test_a_baseline_that_does_not_fit_is_in_every_form() -> None:
    fine = report_with(backend_of("one", result("WAL-01", Verdict.PASS)))
    problem = BaselineProblem("one", "WAL-02", "is stale: take the entry out")
    report = replace(fine, baseline_problems=[problem])
    suites = ElementTree.fromstring(junit_xml(report))  # noqa: S314 - a text of ours

    assert suites.get("failures") == "1"
    assert "- baseline, WAL-02 of one\\: is stale" in markdown_summary(report)
    assert "❌" in markdown_summary(report)
    assert "is stale: take the entry out" in html_page(report)
    assert "not conforming" in badge_svg(report)
    elsewhere = replace(report, baseline_problems=[replace(problem, backend="gone")])
    assert headline(elsewhere) == "The baseline does not fit the run"


def test_what_is_not_as_recommended_is_counted_apart_from_what_failed() -> None:
    results = [result(each, Verdict.FAIL) for each in ("WAL-01", "WAL-02", "WAL-05")]
    results += [result("WAL-03.text", Verdict.FAIL, "SHOULD"), result("WAL-06", Verdict.PASS)]

    assert counts_text(backend_of("one", *results)) == (
        "1 passed, 3 failed, 1 not as recommended, 0 open, 0 not applicable"
    )
    assert counts_text(backend_of("two", *results[-1:])) == (
        "1 passed, 0 failed, 0 open, 0 not applicable"
    )
