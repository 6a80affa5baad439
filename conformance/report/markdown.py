"""The report as Markdown, short enough for the summary page of a CI run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from conformance.records.replay_names import replay_folders
from conformance.records.results import (
    BackendReport,
    BaselineProblem,
    Report,
    RequirementResult,
    Verdict,
)
from conformance.records.verdicts import ExitStatus, exit_status
from conformance.report.failure import result_text
from conformance.report.summary import (
    CONCLUSION_WORDS,
    counts_text,
    declarations_text,
    described,
    run_facts,
    status_of,
    untried_lines,
)
from conformance.run.terminal_text import visible

__all__ = ["markdown_summary"]

# A summary page takes a mebibyte in all; these keep a report well below that.
_DETAILS_MAX: Final = 40
_DETAIL_LENGTH_MAX: Final = 8_000
_LINE_LENGTH_MAX: Final = 400

_SYMBOLS: Final = {
    ExitStatus.CONFORMING: "\N{WHITE HEAVY CHECK MARK}",
    ExitStatus.VIOLATION: "\N{CROSS MARK}",
    ExitStatus.INCONCLUSIVE: "\N{WHITE QUESTION MARK ORNAMENT}",
    ExitStatus.BACKEND_FAULT: "\N{NO ENTRY}",
}
# What can begin markup, an address, a mention or a reference to a ticket.
_PUNCTUATION: Final = re.compile(r"([\\`*_{}\[\]()<>#|!&~@$:\"']|(?<=www)\.)")


def markdown_summary(report: Report, *, strict: bool = False) -> str:
    """Return the verdict on each backend, and every failure with its counterexample."""
    status = exit_status(report, strict=strict)
    lines = [f"## {_SYMBOLS[status]} Durability conformance: {CONCLUSION_WORDS[status]}", ""]
    lines.append(" · ".join(f"{name} {_text(value)}" for name, value in run_facts(report)))
    lines += ["", "| backend | verdict | requirements | declares |", "|---|---|---|---|"]
    lines += [_row(report, backend, strict) for backend in report.backends]
    lines += ["", *map(_problem, report.baseline_problems)]
    for backend in report.backends:
        lines += [f"- {_text(f'{backend.name}: {each}')}" for each in untried_lines(backend)]
    failures = list(_details(report))
    lines += ["", *failures[:_DETAILS_MAX]]
    if len(failures) > _DETAILS_MAX:
        lines.append(f"{len(failures) - _DETAILS_MAX} more are in the other forms of the report.")
    return "\n".join(lines).rstrip() + "\n"


def _problem(problem: BaselineProblem) -> str:
    what = f"{problem.identifier} of {problem.backend}: {problem.text}"
    return f"- baseline, {_text(what)}"


def _row(report: Report, backend: BackendReport, strict: bool) -> str:
    status = status_of(report, backend, strict=strict)
    declared = declarations_text(backend) or "did not start"
    counts = counts_text(backend) if backend.results else _text(backend.fault or "none")
    verdict = f"{_SYMBOLS[status]} {CONCLUSION_WORDS[status]}"
    return f"| {_text(backend.name)} | {verdict} | {counts} | {_text(declared)} |"


def _details(report: Report) -> Iterator[str]:
    """Yield a paragraph, most of it folded, for each failure, doubt and known failure."""
    folders = replay_folders(report.backends)
    for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.EXPECTED_FAIL):
        for backend, folder in zip(report.backends, folders, strict=True):
            for result in backend.results:
                if result.verdict is verdict:
                    yield _detail(backend, result, folder)


def _detail(backend: BackendReport, result: RequirementResult, replay_folder: str) -> str:
    judged = described(result.requirement_id)
    noun = {Verdict.FAIL: "failed", Verdict.INCONCLUSIVE: "is open"}
    words = noun.get(result.verdict, "is a known failure")
    head = f"{_html(backend.name)}: <b>{_html(result.requirement_id)}</b> {words}"
    sentence = f"<br>{_html(judged.sentence)}" if judged is not None else ""
    text = result_text(result, replay_folder)
    if len(text) > _DETAIL_LENGTH_MAX:
        text = f"{text[:_DETAIL_LENGTH_MAX]}\n(the rest is in the other forms of the report)"
    level = _html(result.level)
    return (
        f"<details><summary>{head} ({level}){sentence}</summary>\n\n{_fenced(text)}\n\n</details>\n"
    )


def _fenced(text: str) -> str:
    """Return a text as a block that nothing in it can end."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _text(text: str) -> str:
    """Return a text of others in which nothing is markup, a link or a mention."""
    return _PUNCTUATION.sub(r"\\\1", _short(text))


def _html(text: str) -> str:
    """Return a text of others for inside of an HTML element of Markdown."""
    return _PUNCTUATION.sub(lambda found: f"&#{ord(found[0])};", _short(text))


def _short(text: str) -> str:
    shown = visible(text)
    return shown if len(shown) <= _LINE_LENGTH_MAX else f"{shown[:_LINE_LENGTH_MAX]}..."
