"""The commands that live on saved reports, and the files that `check` writes beside its verdict."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conformance.__main__ import main
from conformance.records.results import BackendReport, Report, Verdict
from conformance.report.badge import badge_svg
from conformance.report.junit import junit_xml
from conformance.report.markdown import markdown_summary
from conformance.report.page import html_page
from conformance.requirements import EXCLUSIONS, REQUIREMENTS
from conformance.run.shipped import SHIPPED_BACKENDS
from conformance.tests.saved_reports import (
    backend_of,
    hostile_report,
    real_report,
    report_with,
    result,
)
from conformance.tests.usage import usage_error

FORMS = {
    "junit": junit_xml,
    "markdown": markdown_summary,
    "badge": badge_svg,
    "html": html_page,
}
GOOD = report_with(backend_of("one", result("WAL-01", Verdict.PASS)))
BAD = report_with(backend_of("one", result("WAL-01", Verdict.FAIL)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, out of reach of a CI's own summary page."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


def saved(name: str, report: Report) -> str:
    Path(name).write_text(report.to_text(), encoding="utf-8")
    return name


def judge_as(monkeypatch: pytest.MonkeyPatch, report: BackendReport) -> None:
    """Let `check` find this of any target, without a run."""
    monkeypatch.setattr("conformance.run.worker.run_jobs", lambda jobs, **rest: [report])


# report


@pytest.mark.parametrize("make", [real_report, hostile_report])
@pytest.mark.parametrize("strict", [False, True])
def test_every_form_is_made_from_the_saved_report_alone(
    make: Any, strict: bool, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [text for name in FORMS for text in (f"--{name}", f"out.{name}")]
    options += ["--strict"] * strict

    assert main(["report", saved("report.json", make()), *options]) == 0
    assert capsys.readouterr() == ("", "")
    for name, render in FORMS.items():
        text = (folder / f"out.{name}").read_text(encoding="utf-8")
        assert text == render(make(), strict=strict), name


def test_the_page_leads_to_the_documentation_that_is_named(folder: Path) -> None:
    where = "https://docs.example.org/a"

    assert main(["report", saved("r", GOOD), "--html", "page", "--documentation", where]) == 0
    text = Path("page").read_text(encoding="utf-8")
    assert text == html_page(GOOD, documentation=where)
    assert f'href="{where}/requirements/WAL-01.html"' in text


def test_a_saved_report_is_shown_as_the_run_showed_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", saved("report.json", real_report())]) == 0
    output = capsys.readouterr().out

    for part in ("broken: WAL-05 failed (MUST)", "good: conforming", "dead: could not be judged"):
        assert part in output


def test_a_hostile_report_is_shown_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ids that no registry knows are no error, and no text of others reaches the terminal raw."""
    assert main(["report", saved("report.json", hostile_report())]) == 0
    output = capsys.readouterr().out

    assert "\x1b" not in output
    assert "This version of the suite does not know the requirement." in output


def test_the_schema_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--schema"]) == 0
    schema = json.loads(capsys.readouterr().out)

    jsonschema.validate(json.loads(real_report().to_text()), schema)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["report"], "expected a file that `check --json` wrote"),
        (["report", "missing.json"], "missing.json: No such file or directory"),
        (["report", "text.json"], "text.json: not JSON"),
        (["report", "good.json", "--html", "no/such/page.html"], "no such folder"),
        (["report", "good.json", "--html", "."], "that is a folder"),
        (
            ["report", "good.json", "--html", "a", "--junit", "a"],
            "--junit and --html name the same file a",
        ),
        (["compare", "good.json"], "after"),
        (["compare", "good.json", "missing.json"], "missing.json: No such file or directory"),
        (["compare", "text.json", "good.json"], "text.json: not JSON"),
        (["trace", "missing.json"], "missing.json: No such file or directory"),
        (["trace", "text.json"], "text.json: not JSON"),
        (["trace", "good.json", "--json", "."], "that is a folder"),
        (["check", "a:b", "--html", "no/such/page.html"], "no such folder"),
        (["check", "a:b", "--junit", "x", "--badge", "./x"], "name the same file"),
        (
            ["check", "a:b", "--documentation", "https://docs.example.org"],
            "--documentation https://docs.example.org: only a page has links",
        ),
        (
            ["check", "a:b", "--html", "a", "--documentation", "javascript:alert(1)"],
            "--documentation javascript:alert(1): expected an address with http or https",
        ),
    ],
)
def test_wrong_arguments_and_files_are_a_usage_error(
    arguments: list[str], expected: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved("good.json", GOOD)
    (folder / "text.json").write_text("no report")
    before = sorted(folder.iterdir())

    assert expected in usage_error(arguments, capsys)
    assert sorted(folder.iterdir()) == before


# check


def test_check_writes_every_form_and_keeps_its_status(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judge_as(monkeypatch, BAD.backends[0])
    options = [text for name in (*FORMS, "json") for text in (f"--{name}", f"out.{name}")]

    assert main(["check", "a:b", *options]) == 1
    report = Report.from_json((folder / "out.json").read_text())
    assert report.backends == BAD.backends
    for name, render in FORMS.items():
        assert (folder / f"out.{name}").read_text(encoding="utf-8") == render(report), name
    # Nothing is half written; the replays of a failure have a folder of their own.
    assert [path.name for path in folder.glob(".*")] == [".telltale"]


def test_several_forms_may_go_to_one_device(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judge_as(monkeypatch, GOOD.backends[0])

    assert main(["check", "a:b", "--html", os.devnull, "--junit", os.devnull]) == 0


def test_the_step_summary_is_added_to(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = folder / "summary.md"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    judge_as(monkeypatch, GOOD.backends[0])

    assert main(["check", "a:b", "--json", "report.json"]) == 0
    report = Report.from_json((folder / "report.json").read_text())
    assert page.read_text(encoding="utf-8") == f"before\n{markdown_summary(report)}"


def test_a_step_summary_that_cannot_be_written_changes_no_verdict(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "no" / "page.md"))
    judge_as(monkeypatch, GOOD.backends[0])

    assert main(["check", "a:b"]) == 0
    assert "page.md cannot be written: No such file" in capsys.readouterr().err


# compare


def test_compare_ends_with_its_verdict(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = saved("good.json", GOOD), saved("bad.json", BAD)

    assert main(["compare", good, good]) == 0
    assert capsys.readouterr().out == "nothing changed\n"
    assert main(["compare", good, bad]) == 1
    assert capsys.readouterr().out == (
        "regressions:\n  one: pass -> FAIL: WAL-01\n1 for the worse, 0 for the better, 0 other\n"
    )
    assert main(["compare", bad, good]) == 0
    assert capsys.readouterr().out == (
        "improvements:\n  one: FAIL -> pass: WAL-01\n0 for the worse, 1 for the better, 0 other\n"
    )


def test_equal_changes_share_a_line_and_a_weak_comparison_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = [
        report_with(backend_of("one", result("WAL-01", verdict), result("WAL-02", verdict)))
        for verdict in (Verdict.PASS, Verdict.INCONCLUSIVE)
    ]
    before = saved("before.json", both[0])
    after = saved("after.json", replace(both[1], seed=7))

    assert main(["compare", before, after]) == 1
    assert capsys.readouterr().out.splitlines()[:3] == [
        "a weak comparison: the seeds differ: 0 and 7",
        "regressions:",
        "  one: pass -> open: WAL-01, WAL-02",
    ]


# trace


def test_trace_shows_what_a_report_has_tested(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = saved("good.json", GOOD)

    assert main(["trace", name]) == 0
    output = capsys.readouterr().out
    untested = len(REQUIREMENTS) - len(EXCLUSIONS) - 1
    counts = f"1 tested, {untested} untested, {len(EXCLUSIONS)} excluded, 0 stale exclusion"
    assert f"{len(REQUIREMENTS)} requirements: {counts}" in output
    assert main(["trace", name, "--strict", "--json", "trace.json"]) == 1
    rows = json.loads((folder / "trace.json").read_text())["rows"]
    assert [row["requirement_id"] for row in rows if row["state"] == "tested"] == ["WAL-01"]


def test_several_reports_are_taken_together(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = saved("first.json", GOOD)
    second = saved("second.json", report_with(backend_of("two", result("WAL-02", Verdict.FAIL))))
    other = saved("other.json", replace(GOOD, suite_version="2"))

    assert main(["trace", first, second]) == 0
    assert " 2 tested, " in capsys.readouterr().out
    assert main(["trace", first, other]) == 2
    assert "other.json: its suite version is another than" in capsys.readouterr().err


def test_strict_fails_on_a_stale_exclusion(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = report_with(backend_of("one", result("WAL-11", Verdict.PASS)))

    assert main(["trace", saved("report.json", report)]) == 0
    assert main(["trace", "report.json", "--strict"]) == 1
    assert "stale exclusion: WAL-11" in capsys.readouterr().out


def test_without_a_report_the_shipped_backends_are_judged(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judged: list[Any] = []

    def run_jobs(jobs: list[Any], **rest: Any) -> list[BackendReport]:
        judged.extend(job.name for job in jobs)
        return GOOD.backends

    monkeypatch.setattr("conformance.run.worker.run_jobs", run_jobs)

    assert main(["trace"]) == 0
    # Those that promise to survive the death of their process also get one that can die.
    served = ["sqlite (served)", "log-file (served)"]
    assert judged == [*(backend.name for backend in SHIPPED_BACKENDS), *served]
    assert "1 tested" in capsys.readouterr().out


# A look at the page


def browser_of(folder: Path, monkeypatch: pytest.MonkeyPatch, ending: str = "") -> Path:
    """Make a browser of a few lines, which writes down what it is asked to show."""
    program, shown = folder / "browser", folder / "shown"
    program.write_text(f"#!/bin/sh\nprintf %s \"$1\" > '{shown}'\n{ending}", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{program} %s")
    # What is known of browsers is found out once a process.
    monkeypatch.setattr("webbrowser._tryorder", None)
    return shown


def test_a_page_is_opened_where_it_was_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = browser_of(folder, monkeypatch)
    report = saved("report.json", GOOD)

    assert main(["report", report, "--html", "a page.html", "--open"]) == 0
    assert shown.read_text() == (folder / "a page.html").as_uri()
    assert main(["report", report, "--open"]) == 0
    assert shown.read_text() == (folder / ".telltale/report.html").as_uri()
    assert (folder / ".telltale/report.html").read_text(encoding="utf-8") == html_page(GOOD)
    assert capsys.readouterr() == ("", "")


def test_a_run_ends_as_it_would_where_no_browser_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = saved("report.json", GOOD)
    browser_of(folder, monkeypatch, "exit 1\n")
    assert main(["report", report, "--open"]) == 0
    assert "--open: the browser did not start; the page is .telltale/report.html" in (
        capsys.readouterr().err
    )
    # One that is drawn in the terminal is not begun.
    shown = folder / "shown"
    shown.unlink()
    terminal = folder / "lynx"
    (folder / "browser").rename(terminal)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("BROWSER", "lynx")
    monkeypatch.setattr("webbrowser._tryorder", None)
    assert main(["report", report, "--open"]) == 0
    assert "--open: there is no browser with a window here" in capsys.readouterr().err
    assert not shown.exists()


def test_a_page_to_be_opened_needs_a_place(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".telltale").write_text("a file", encoding="utf-8")

    assert main(["report", saved("report.json", GOOD), "--open"]) == 2
    assert "--open: .telltale cannot be made: File exists" in capsys.readouterr().err
