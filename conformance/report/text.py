"""The report in the terminal: failures, quirks, the matrix and one line to end with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.records.results import (
    BackendReport,
    Report,
    RequirementResult,
    Verdict,
)
from conformance.records.verdicts import ExitStatus
from conformance.report.failure import counterexample_text
from conformance.report.summary import (
    CONCLUSION_WORDS,
    VERDICT_WORDS,
    counts_text,
    declarations_text,
    finding_order,
    is_judged,
    requirement_ids_of,
    status_of,
)
from conformance.run.terminal_text import visible, visible_lines

__all__ = ["counterexample_text", "print_report"]

_VERDICT_STYLES: Final = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.EXPECTED_FAIL: "magenta",
}

# Widths of the columns that every matrix has, and of what is around a column.
_FIXED_WIDTH: Final = 28
_COLUMN_MARGIN: Final = 3
_NAME_WIDTH_MAX: Final = 16
_ID_WIDTH_MAX: Final = 14

_CONCLUSION_STYLES: Final = {
    ExitStatus.CONFORMING: "bold green",
    ExitStatus.VIOLATION: "bold red",
    ExitStatus.INCONCLUSIVE: "bold yellow",
    ExitStatus.BACKEND_FAULT: "bold red",
}


def print_report(
    report: Report,
    console: Console,
    *,
    strict: bool = False,
    replays: Sequence[Mapping[str, str]] = (),
    quirks: bool = True,
) -> None:
    """Print a whole report.

    ``replays`` are the commands that repeat the failures of each backend, by
    requirement.
    """
    for backend, commands in zip(report.backends, replays or itertools.repeat({}), strict=False):
        _print_failures(backend, console, commands)
    if quirks:
        _print_quirks(report.backends, console)
    _print_matrix(report, console)
    _print_open(report.backends, console)
    _print_baseline_problems(report, console)
    _print_conclusion(report, console, strict)


def _print_failures(backend: BackendReport, console: Console, commands: Mapping[str, str]) -> None:
    if backend.fault is not None:
        head = f"{visible(backend.name)} could not be judged"
        console.print(Text(head, style="bold red"), soft_wrap=True)
        console.print(Text(f"  {visible_lines(backend.fault, '  ')}\n"), soft_wrap=True)
    for result in backend.results:
        if result.counterexample is None:
            continue
        kind = "known failure" if result.verdict is Verdict.EXPECTED_FAIL else "failed"
        requirement_id = visible(result.requirement_id)
        head = f"{visible(backend.name)}: {requirement_id} {kind} ({visible(result.level)})"
        console.print(Text(head, style="bold red"), soft_wrap=True)
        replay = commands.get(result.requirement_id, "")
        console.print(Text(counterexample_text(result.counterexample, replay)), soft_wrap=True)
        if result.reason:
            reason = visible(f"{result.reason} {result.link}".rstrip())
            console.print(Text(f"\n  known:    {reason}"), soft_wrap=True)
        console.print()


def _print_quirks(backends: Sequence[BackendReport], console: Console) -> None:
    shown: dict[tuple[str, str], list[str]] = {}
    reasons: dict[tuple[str, str], str] = {}
    for backend in backends:
        for quirk in backend.quirks:
            where = backend.name if quirk.shown else f"not {backend.name}"
            shown.setdefault((quirk.finding_id, quirk.sentence), []).append(where)
            if quirk.reason:
                why = f"\nWhy: {visible(f'{quirk.reason} {quirk.link}'.rstrip())}"
                reasons.setdefault((quirk.finding_id, quirk.sentence), why)
    if not shown:
        return
    table = Table(title="Known quirks of the specification, as shown in this run", expand=False)
    table.add_column("finding")
    table.add_column("what happens")
    table.add_column("shown by")
    for finding_id, sentence in sorted(shown, key=lambda each: finding_order(each[0])):
        names = ", ".join(shown[finding_id, sentence])
        why = reasons.get((finding_id, sentence), "")
        texts = (finding_id, sentence, names)
        shown_texts = [Text(visible(each)) for each in texts]
        shown_texts[1].append(why)
        table.add_row(*shown_texts)
    console.print(table)


def _print_matrix(report: Report, console: Console) -> None:
    run = f"profile {visible(report.profile)}, seed {report.seed}"
    title = f"{visible(report.specification)}\n{run}"
    console.print(Text(title, style="italic"), soft_wrap=True)
    judged = [backend for backend in report.backends if backend.results]
    for backends in _that_fit(judged, console.width):
        console.print(_matrix(backends))


def _that_fit(backends: Sequence[BackendReport], width: int) -> Iterator[list[BackendReport]]:
    """Yield the backends in groups that are readable beside each other."""
    group: list[BackendReport] = []
    left = width - _FIXED_WIDTH
    for backend in backends:
        needed = min(len(visible(backend.name)), _NAME_WIDTH_MAX) + _COLUMN_MARGIN
        if group and needed > left:
            yield group
            group, left = [], width - _FIXED_WIDTH
        group.append(backend)
        left -= needed
    if group:
        yield group


def _matrix(backends: Sequence[BackendReport]) -> Table:
    table = Table(expand=False)
    table.add_column("requirement", no_wrap=True)
    table.add_column("level", no_wrap=True)
    for backend in backends:
        table.add_column(Text(visible(backend.name), overflow="fold"), justify="center")
    for requirement_id in requirement_ids_of(backends):
        results = [backend.result(requirement_id) for backend in backends]
        if any(is_judged(result) for result in results):
            # An id of ours is shorter than this, and a table has no room for a strange one.
            shown_id = Text(visible(requirement_id)[:_ID_WIDTH_MAX])
            table.add_row(shown_id, _level_text(results), *map(_mark, results))
    return table


def _level_text(results: Sequence[RequirementResult | None]) -> str:
    levels = {result.level for result in results if result is not None and is_judged(result)}
    return "/".join(level for level in ("MUST", "SHOULD", "MAY") if level in levels)


def _mark(result: RequirementResult | None) -> Text:
    if result is None:
        return Text("-", style="dim")
    return Text(VERDICT_WORDS[result.verdict], style=_VERDICT_STYLES[result.verdict])


def _print_baseline_problems(report: Report, console: Console) -> None:
    for problem in report.baseline_problems:
        text = f"{problem.backend}: baseline, {problem.identifier}: {problem.text}"
        console.print(Text(visible(text), style="bold red"), soft_wrap=True)


def _print_open(backends: Sequence[BackendReport], console: Console) -> None:
    for backend in backends:
        by_reason: dict[str, list[str]] = {}
        for result in backend.results:
            if result.verdict is Verdict.INCONCLUSIVE:
                by_reason.setdefault(result.reason, []).append(result.requirement_id)
        for reason, requirement_ids in by_reason.items():
            text = f"{backend.name}: open, {reason}: {', '.join(requirement_ids)}"
            console.print(Text(visible(text), style="yellow"))


def _print_conclusion(report: Report, console: Console, strict: bool) -> None:
    for backend in report.backends:
        status = status_of(report, backend, strict=strict)
        declared = declarations_text(backend)
        # Nothing is known of the promises of a backend that did not start.
        promises = f"declares {declared}" if declared else "did not start"
        console.print(
            Text.assemble(
                f"{visible(backend.name)}: ",
                (CONCLUSION_WORDS[status], _CONCLUSION_STYLES[status]),
                f" ({counts_text(backend)}; {visible(promises)})",
            ),
            soft_wrap=True,
        )
