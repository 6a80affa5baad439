"""The verdicts on a recorded history in the terminal."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console
from rich.text import Text

from conformance.records.results import BackendReport, Report
from conformance.report.text import print_report
from conformance.requirements import requirement
from conformance.run.terminal_text import visible

__all__ = ["print_history"]


def print_history(
    judged: BackendReport, report: Report, console: Console, *, strict: bool = False
) -> None:
    """Print each broken requirement with its first offending line, then every verdict."""
    for result in judged.results:
        found = result.counterexample
        if found is None:
            continue
        row = requirement(result.requirement_id)
        (step,) = found.steps
        lines = (
            f"{result.requirement_id} failed ({result.level})",
            f"{result.requirement_id} ({row.source}): {row.sentence}",
            "",
            f"  {visible(step.text)}",
            f"  expected: {visible(found.expected)}",
            f"  actual:   {visible(found.actual)}",
            "",
        )
        console.print(Text("\n".join(lines)), soft_wrap=True)
    # The failures are told; a history that was recorded is not the shortest of its kind.
    told = [replace(result, counterexample=None) for result in judged.results]
    rest = replace(report, backends=[replace(judged, results=told)])
    print_report(rest, console, strict=strict, quirks=False)
