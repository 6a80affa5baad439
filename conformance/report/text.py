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
from conformance.records.verdicts import ExitStatus, binds
from conformance.report.failure import counterexample_text
from conformance.report.summary import (
    CONCLUSION_WORDS,
    VERDICT_WORDS,
    counts_text,
    declarations_text,
    finding_order,
    is_judged,
    is_untried,
    part_title,
    requirement_ids_of,
    status_of,
    transitions_text,
    untried_lines,
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

# The words of a line of figures, what matters most first.
_COUNTED: Final = ("FAIL", "should", "open", "known", "pass")

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
    everything: bool = False,
) -> None:
    """Print a report: failures first, then a line a component, then the conclusion.

    ``replays`` are the commands that repeat the failures of each backend, by
    requirement. With ``everything`` the whole matrix and the quirks are shown.
    """
    for backend, commands in zip(report.backends, replays or itertools.repeat({}), strict=False):
        _print_failures(backend, console, commands, strict)
    if everything:
        if quirks:
            _print_quirks(report.backends, console)
        _print_matrix(report, console)
    else:
        _print_title(report, console)
        _print_components(report.backends, console)
        if quirks:
            _print_quirk_line(report.backends, console)
    _print_transitions(report.backends, console)
    _print_open(report.backends, console)
    _print_baseline_problems(report, console)
    _print_conclusion(report, console, strict)
    _print_untried(report.backends, console)


def _print_failures(
    backend: BackendReport, console: Console, commands: Mapping[str, str], strict: bool
) -> None:
    if backend.fault is not None:
        head = f"{visible(backend.name)} could not be judged"
        console.print(Text(head, style="bold red"), soft_wrap=True)
        console.print(Text(f"  {visible_lines(backend.fault, '  ')}\n"), soft_wrap=True)
    # What makes a run fail comes first.
    for result in sorted(backend.results, key=lambda each: not _is_binding_failure(each, strict)):
        if result.counterexample is None:
            continue
        kind, style = _kind(result, strict)
        requirement_id = visible(result.requirement_id)
        head = f"{visible(backend.name)}: {requirement_id} {kind} ({visible(result.level)})"
        console.print(Text(head, style=style), soft_wrap=True)
        replay = commands.get(result.requirement_id, "")
        console.print(Text(counterexample_text(result.counterexample, replay)), soft_wrap=True)
        if result.reason and result.verdict is Verdict.EXPECTED_FAIL:
            reason = visible(f"{result.reason} {result.link}".rstrip())
            console.print(Text(f"\n  known:    {reason}"), soft_wrap=True)
        console.print()


def _is_binding_failure(result: RequirementResult, strict: bool) -> bool:
    return result.verdict is Verdict.FAIL and binds(result, strict=strict)


def _kind(result: RequirementResult, strict: bool) -> tuple[str, str]:
    """Return the words and the style of a failure: what is only recommended has its own."""
    if result.verdict is Verdict.EXPECTED_FAIL:
        return "known failure", "magenta"
    if _is_binding_failure(result, strict):
        return "failed", "bold red"
    return "is not as recommended", "yellow"


def _print_title(report: Report, console: Console) -> None:
    run = f"profile {visible(report.profile)}, seed {report.seed}"
    title = f"{visible(report.specification)}\n{run}"
    console.print(Text(title, style="italic"), soft_wrap=True)


def _print_components(backends: Sequence[BackendReport], console: Console) -> None:
    """Print one line for each component of each backend, with the figures of its verdicts."""
    for backend in backends:
        for title, results in _by_component(backend).items():
            marks = [_mark(backend, result).plain for result in results]
            counts = [f"{marks.count(word)} {word}" for word in _COUNTED if word in marks]
            if counts:
                line = f"{backend.name}: {title}: {', '.join(counts)}"
                console.print(Text(visible(line)), soft_wrap=True)


def _by_component(backend: BackendReport) -> dict[str, list[RequirementResult]]:
    found: dict[str, list[RequirementResult]] = {}
    for result in backend.results:
        title = part_title(backend, result.requirement_id, "unknown").lower()
        found.setdefault(title, []).append(result)
    return found


def _print_quirk_line(backends: Sequence[BackendReport], console: Console) -> None:
    shown = {each.finding_id for backend in backends for each in backend.quirks if each.shown}
    if shown:
        ids = ", ".join(visible(each) for each in sorted(shown, key=finding_order))
        text = f"Known quirks of the specification, as shown in this run: {ids} (more with --all)"
        console.print(Text(text, style="dim"), soft_wrap=True)


def _print_transitions(backends: Sequence[BackendReport], console: Console) -> None:
    for backend in backends:
        if backend.transitions:
            line = f"{backend.name}: {transitions_text(backend)}"
            console.print(Text(visible(line), style="dim"), soft_wrap=True)


def _print_untried(backends: Sequence[BackendReport], console: Console) -> None:
    for backend in backends:
        for line in untried_lines(backend):
            text = visible(f"{backend.name}: {line}")
            console.print(Text(text, style="bold yellow"), soft_wrap=True)


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
    _print_title(report, console)
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
        pairs = list(zip(backends, results, strict=True))
        if any(is_judged(result) or is_untried(backend, result) for backend, result in pairs):
            # An id of ours is shorter than this, and a table has no room for a strange one.
            shown_id = Text(visible(requirement_id)[:_ID_WIDTH_MAX])
            table.add_row(shown_id, _level_text(results), *(_mark(*pair) for pair in pairs))
    return table


def _level_text(results: Sequence[RequirementResult | None]) -> str:
    levels = {result.level for result in results if result is not None and is_judged(result)}
    return "/".join(level for level in ("MUST", "SHOULD", "MAY") if level in levels)


def _mark(backend: BackendReport, result: RequirementResult | None) -> Text:
    if result is None:
        return Text("-", style="dim")
    if is_untried(backend, result):
        return Text("open", style="yellow")
    if result.verdict is Verdict.FAIL and not binds(result):
        return Text("should", style="yellow")
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
