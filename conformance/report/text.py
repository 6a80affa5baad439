"""The report in the terminal: failures, quirks, the matrix and one line to end with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.requirements import REQUIREMENTS, requirement
from conformance.results import (
    BackendReport,
    Counterexample,
    Report,
    RequirementResult,
    Verdict,
)
from conformance.terminal_text import visible
from conformance.verdicts import ExitStatus, exit_status

__all__ = ["counterexample_text", "print_report"]

_MARKS = {
    Verdict.PASS: ("pass", "green"),
    Verdict.FAIL: ("FAIL", "bold red"),
    Verdict.INCONCLUSIVE: ("open", "yellow"),
    Verdict.NOT_APPLICABLE: ("-", "dim"),
    Verdict.EXPECTED_FAIL: ("known", "magenta"),
}

# Widths of the columns that every matrix has, and of what is around a column.
_FIXED_WIDTH: Final = 28
_COLUMN_MARGIN: Final = 3
_NAME_WIDTH_MAX: Final = 16

_CONCLUSIONS = {
    ExitStatus.CONFORMING: ("conforming", "bold green"),
    ExitStatus.VIOLATION: ("not conforming", "bold red"),
    ExitStatus.INCONCLUSIVE: ("inconclusive", "bold yellow"),
    ExitStatus.BACKEND_FAULT: ("could not be judged", "bold red"),
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


def counterexample_text(counterexample: Counterexample, replay: str = "") -> str:
    """Return a failure in its fixed order: requirement, operations, difference, command."""
    judged = requirement(counterexample.requirement_id)
    lines = [
        f"{judged.requirement_id} ({judged.source}): {judged.sentence}",
        "",
        "  The shortest history found that breaks it:",
    ]
    lines += [
        f"    {number}. {visible(step.text)}"
        + ("" if step.answer == "ok" else f"\n       -> {visible(step.answer)}")
        for number, step in enumerate(counterexample.steps, start=1)
    ]
    if not counterexample.steps:
        lines.append("    (no operation at all)")
    lines += [
        "",
        f"  expected: {visible(counterexample.expected)}",
        f"  actual:   {visible(counterexample.actual)}",
    ]
    if not counterexample.reproduced:
        lines.append("  This history failed once and not again: the backend is not deterministic.")
    if replay:
        lines += ["", f"  replay:   {replay}"]
    return "\n".join(lines)


def _print_failures(backend: BackendReport, console: Console, commands: Mapping[str, str]) -> None:
    if backend.fault is not None:
        head = f"{visible(backend.name)} could not be judged"
        console.print(Text(head, style="bold red"), soft_wrap=True)
        console.print(Text(f"  {visible(backend.fault)}\n"), soft_wrap=True)
    for result in backend.results:
        if result.counterexample is None:
            continue
        kind = "known failure" if result.verdict is Verdict.EXPECTED_FAIL else "failed"
        head = f"{visible(backend.name)}: {result.requirement_id} {kind} ({result.level})"
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
                why = f"\nWhy: {quirk.reason} {quirk.link}".rstrip()
                reasons.setdefault((quirk.finding_id, quirk.sentence), why)
    if not shown:
        return
    table = Table(title="Known quirks of the specification, as shown in this run", expand=False)
    table.add_column("finding")
    table.add_column("what happens")
    table.add_column("shown by")
    for finding_id, sentence in sorted(shown, key=lambda each: int(each[0][1:])):
        names = ", ".join(shown[finding_id, sentence])
        why = reasons.get((finding_id, sentence), "")
        table.add_row(finding_id, Text(f"{sentence}{why}"), Text(visible(names)))
    console.print(table)


def _print_matrix(report: Report, console: Console) -> None:
    title = f"{report.specification}\nprofile {report.profile}, seed {report.seed}"
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
    for requirement_id in REQUIREMENTS:
        results = [backend.result(requirement_id) for backend in backends]
        if any(_is_judged(result) for result in results):
            table.add_row(requirement_id, _level_text(results), *map(_mark, results))
    return table


def _is_judged(result: RequirementResult | None) -> bool:
    return result is not None and result.verdict is not Verdict.NOT_APPLICABLE


def _level_text(results: Sequence[RequirementResult | None]) -> str:
    levels = {result.level for result in results if result is not None and _is_judged(result)}
    return "/".join(level for level in ("MUST", "SHOULD", "MAY") if level in levels)


def _mark(result: RequirementResult | None) -> Text:
    if result is None:
        return Text("-", style="dim")
    mark, style = _MARKS[result.verdict]
    return Text(mark, style=style)


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
        counts = dict.fromkeys(Verdict, 0)
        for result in backend.results:
            counts[result.verdict] += 1
        problems = [each for each in report.baseline_problems if each.backend == backend.name]
        alone = replace(report, backends=[backend], baseline_problems=problems)
        conclusion, style = _CONCLUSIONS[exit_status(alone, strict=strict)]
        declared = ", ".join([*backend.capabilities, backend.rejection_mode])
        # Nothing is known of the promises of a backend that did not start.
        promises = f"declares {declared}" if declared else "did not start"
        console.print(
            Text.assemble(
                f"{visible(backend.name)}: ",
                (conclusion, style),
                f" ({counts[Verdict.PASS]} passed, {counts[Verdict.FAIL]} failed, "
                f"{counts[Verdict.INCONCLUSIVE]} open, {counts[Verdict.NOT_APPLICABLE]} not "
                f"applicable; {promises})",
            ),
            soft_wrap=True,
        )
