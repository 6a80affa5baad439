"""What the terminal shows: a failure in its fixed order, and a matrix that can be read."""

from __future__ import annotations

import io
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from conformance.__main__ import main
from conformance.records.results import (
    BackendReport,
    Counterexample,
    QuirkResult,
    Report,
    RequirementResult,
    Step,
    Verdict,
)
from conformance.records.verdicts import exit_status
from conformance.report.markdown import markdown_summary
from conformance.report.page import html_page
from conformance.report.text import counterexample_text, print_report
from conformance.requirements import requirement

COUNTEREXAMPLE = Counterexample(
    "WAL-05",
    "agreement WAL",
    [Step('append gate none of "a" for "b" at tick 1', "ok"), Step("load", "refused: \x1b[2Jno\n")],
    "[]",
    "[gate] (1 entry too many) [bold]",
)
FAILED = RequirementResult("WAL-05", "MUST", Verdict.FAIL, 3, "", COUNTEREXAMPLE)
PASSED = RequirementResult("WAL-01", "MUST", Verdict.PASS, 4)
OPEN = RequirementResult("WAL-02", "MUST", Verdict.INCONCLUSIVE, 0, "never put to the test")
OPEN_TOO = RequirementResult("WAL-03", "MUST", Verdict.INCONCLUSIVE, 0, "never put to the test")
EXCLUDED = RequirementResult("WAL-08", "MUST", Verdict.NOT_APPLICABLE, 0, "does not reopen")


def backend_report(
    name: str, *results: RequirementResult, fault: str | None = None
) -> BackendReport:
    return BackendReport(name, [], "clean-reject", list(results), [], [], fault)


def report_of(*backends: BackendReport) -> Report:
    return Report("format", "1", "the specification", "quick", 7, list(backends))


def printed(
    report: Report,
    *,
    width: int = 80,
    replays: tuple[dict[str, str], ...] = (),
    everything: bool = True,
) -> str:
    output = io.StringIO()
    print_report(report, Console(file=output, width=width), replays=replays, everything=everything)
    return output.getvalue()


def test_a_failure_is_told_in_its_fixed_order() -> None:
    judged = requirement("WAL-05")
    expected = f"""WAL-05 ({judged.source}): {judged.sentence}

  The shortest history found that breaks it:
    1. append gate none of "a" for "b" at tick 1
    2. load
       -> refused: \\u{{1b}}[2Jno\\n

  expected: []
  actual:   [gate] (1 entry too many) [bold]

  replay:   telltale-conformance replay WAL-05.json a:b"""

    replay = "telltale-conformance replay WAL-05.json a:b"
    assert counterexample_text(COUNTEREXAMPLE, replay) == expected


def test_a_failure_that_did_not_repeat_says_so() -> None:
    text = counterexample_text(replace(COUNTEREXAMPLE, reproduced=False, steps=[]))

    assert "flaky: this history failed once and not again" in text
    assert "(no operation at all)" in text
    assert "replay" not in text


def test_the_order_of_a_report() -> None:
    quirk = QuirkResult("F1", "A refused entry stays.", True, [])
    first = BackendReport("first", [], "clean-reject", [FAILED, PASSED], [], [quirk])
    second = backend_report("second", PASSED, OPEN, OPEN_TOO, EXCLUDED)
    third = backend_report("third", fault="the factory raised KeyError: 'a'\x1b[31m")
    text = printed(
        report_of(first, second, third),
        replays=({"WAL-05": "replay-1"}, {"WAL-01": "replay-2"}, {}),
    )
    parts = [
        "first: WAL-05 failed (MUST)",
        "WAL-05 (",
        "1. append gate",
        "expected: []",
        "actual:   [gate] (1 entry too many) [bold]",
        "replay:   replay-1",
        "third could not be judged",
        "the factory raised KeyError: 'a'\\u{1b}[31m",
        "Known quirks of the specification",
        "profile quick, seed 7",
        "requirement",
        "second: open, never put to the test: WAL-02, WAL-03",
        "first: not conforming (1 passed, 1 failed, 0 open, 0 not applicable",
        "second: inconclusive (1 passed, 0 failed, 2 open, 1 not applicable",
        "third: could not be judged",
    ]
    positions = [text.index(part) for part in parts]

    assert positions == sorted(positions)
    assert "\x1b" not in text


def test_the_matrix_has_a_row_for_what_was_judged_and_a_column_for_each_backend() -> None:
    reports = (backend_report("[red]", FAILED, EXCLUDED), backend_report("second", PASSED, OPEN))
    lines = [line.split() for line in printed(report_of(*reports)).splitlines()]

    assert ["┃", "requirement", "┃", "level", "┃", "[red]", "┃", "second", "┃"] in lines
    assert ["│", "WAL-01", "│", "MUST", "│", "-", "│", "pass", "│"] in lines
    assert ["│", "WAL-02", "│", "MUST", "│", "-", "│", "open", "│"] in lines
    assert ["│", "WAL-05", "│", "MUST", "│", "FAIL", "│", "-", "│"] in lines
    assert not any("WAL-08" in line for line in lines if "│" in line)


@pytest.mark.parametrize("count", [1, 4, 12])
@pytest.mark.parametrize(
    "name", ["file", "my_company.durable.backends.postgres:make_agreement_wal"]
)
def test_the_matrix_is_readable_at_80_columns(count: int, name: str) -> None:
    reports = [backend_report(f"{name}{number}", PASSED, OPEN) for number in range(count)]
    text = printed(report_of(*reports))
    rows = [line for line in text.splitlines() if line.startswith(("│", "┃"))]

    assert max(map(len, rows)) <= 80
    assert "…" not in text
    assert sum(row.count(" pass ") for row in rows) == count
    assert sum(row.count(" open ") for row in rows) == count
    assert all(row.split()[1] in ("WAL-01", "WAL-02") for row in rows if "MUST" in row)


def test_a_wide_terminal_gets_one_matrix() -> None:
    reports = [backend_report(f"backend-{number}", PASSED) for number in range(12)]

    assert printed(report_of(*reports), width=200).count("requirement") == 1
    assert printed(report_of(*reports), width=80).count("requirement") > 1


@pytest.mark.by_day(3)
@pytest.mark.parametrize("replays", [[], ["--replays", "kept here"], ["--replays", "/dev/null/x"]])
def test_the_printed_command_finds_the_same_failure_again(
    replays: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "inclusive_log.py").write_text(
        "from tests.zoo.broken_wals import ListWal\n"
        "class Inclusive(ListWal):\n"
        "    def read_since(self, tick):\n"
        "        return [entry for entry in self.entries if entry.tick >= tick]\n"
    )
    monkeypatch.chdir(tmp_path)
    arguments = ["check", "inclusive_log:Inclusive", "--seed", "5", *replays]

    # Where no file can be written, the command is the search itself.
    assert main(arguments) == (2 if "/dev/null/x" in replays else 1)
    first = capsys.readouterr().out
    (line,) = [line for line in first.splitlines() if line.startswith("  replay:")]
    program, *again = shlex.split(line.partition(":")[2])
    assert program == "telltale-conformance"
    assert main(again) == 1
    second = capsys.readouterr().out
    assert failure_block(second) == failure_block(first)


def failure_block(output: str) -> str:
    start = output.index("WAL-05 (durable.rs")
    return output[start : output.index("instead of 0)", start)]


def test_without_all_there_is_a_line_a_component_and_no_matrix() -> None:
    quirk = QuirkResult("F1", "A refused entry stays.", True, [])
    backend = BackendReport("first", [], "clean-reject", [FAILED, PASSED, OPEN], [], [quirk])
    text = printed(report_of(backend), everything=False)

    assert "first: agreement log: 1 FAIL, 1 open, 1 pass" in text
    assert "as shown in this run: F1 (more with --all)" in text
    assert "│" not in text
    assert text.index("WAL-05 failed") < text.index("agreement log") < text.index("1 passed")


def test_what_is_only_recommended_does_not_read_as_a_failure() -> None:
    """No red FAIL stands beside `conforming`, and what binds is told first."""
    recommended = replace(FAILED, level="SHOULD")
    binding = replace(FAILED, requirement_id="WAL-06")
    text = printed(report_of(backend_report("first", recommended, PASSED)))

    assert "first: WAL-05 is not as recommended (SHOULD)" in text
    assert "FAIL" not in text
    assert " should " in text
    both = printed(report_of(backend_report("first", recommended, binding)))
    assert both.index("WAL-06 failed (MUST)") < both.index("WAL-05 is not as recommended")


KILL_REASON = (
    "declared, and not tried: the backend lives in the suite's own process; "
    "judge it with --command 'telltale-conformance serve TARGET'"
)
PROMISED = BackendReport(
    "log",
    ["power-loss", "process-kill", "reopen"],
    "clean-reject",
    [PASSED, RequirementResult("WAL-08.kill", "MUST", Verdict.NOT_APPLICABLE, 0, KILL_REASON)],
    [],
    [],
)


@pytest.mark.parametrize("everything", [True, False])
def test_promises_that_were_not_exercised_do_not_read_as_kept(everything: bool) -> None:
    """They are the last lines, with the command that tries them; the status stays."""
    lines = printed(report_of(PROMISED), width=300, everything=everything).splitlines()

    assert lines[-2:] == [
        "log: declared, not exercised: power-loss (none of the requirements that were judged asks "
        "for it)",
        "log: declared, not exercised: process-kill (the backend lives in the suite's own "
        "process; judge it with --command 'telltale-conformance serve TARGET')",
    ]
    assert lines[-3].startswith("log: conforming (")
    assert lines[-3].endswith(
        "declares reopen, clean-reject; declared, not exercised: power-loss, process-kill)"
    )
    assert "open" in "\n".join(lines[:-3])
    report = report_of(PROMISED)
    assert exit_status(report) == 0
    for text in (markdown_summary(report), html_page(report)):
        assert "not exercised" in text
        assert "none of the requirements that were judged asks for it" in text


def test_promises_that_were_exercised_are_declared_alone() -> None:
    killed = RequirementResult("WAL-08.kill", "MUST", Verdict.PASS, 3)
    backend = replace(PROMISED, capabilities=["process-kill"], crash_classes=["process-kill"])
    text = printed(report_of(replace(backend, results=[PASSED, killed])), width=200)

    assert "declares process-kill, clean-reject)" in text
    assert "not exercised" not in text
