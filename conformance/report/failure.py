"""A verdict in words, for every form of a report that shows plain text."""

from __future__ import annotations

from conformance.records.results import Counterexample, RequirementResult, Verdict
from conformance.report.summary import UNKNOWN_SENTENCE, described, replay_command
from conformance.run.terminal_text import visible

__all__ = ["counterexample_heading", "counterexample_text", "result_text"]


def counterexample_heading(counterexample: Counterexample) -> str:
    """Return the id, source and sentence of the requirement that was broken."""
    judged = described(counterexample.requirement_id)
    if judged is None:
        return f"{counterexample.requirement_id}: {UNKNOWN_SENTENCE}"
    return f"{judged.requirement_id} ({judged.source}): {judged.sentence}"


def counterexample_text(counterexample: Counterexample, replay: str = "") -> str:
    """Return a failure in its fixed order: requirement, operations, difference, command."""
    lines = [
        visible(counterexample_heading(counterexample)),
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


def result_text(result: RequirementResult, replay_folder: str) -> str:
    """Return everything that a report has to say of one verdict, or an empty text."""
    parts = []
    if result.reason:
        parts.append(visible(result.reason))
    if result.link:
        parts.append(f"followed up at: {visible(result.link)}")
    if result.counterexample is not None:
        parts.append(counterexample_text(result.counterexample))
        if result.verdict in (Verdict.FAIL, Verdict.EXPECTED_FAIL):
            command = replay_command(replay_folder, result.requirement_id)
            parts.append(f"  replay:   {visible(command)}")
    return "\n\n".join(parts)
