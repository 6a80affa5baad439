"""A verdict in words, for every form of a report that shows plain text."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from conformance.records.results import Counterexample, RequirementResult, Step, Verdict
from conformance.report.summary import UNKNOWN_SENTENCE, described, replay_command
from conformance.report.timeline import timeline_text
from conformance.run.terminal_text import visible

__all__ = ["chance_text", "counterexample_heading", "counterexample_text", "result_text"]


_EQUAL_STEPS_MAX: Final = 2
# Histories that are not long on purpose are shown in full.
_LINES_AT_EACH_END: Final = 30


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
    lines += _without_the_middle(list(_step_lines(counterexample.steps)))
    if not counterexample.steps:
        lines.append("    (no operation at all)")
    if counterexample.calls:
        lines += ["", "  When they were under way (no clock; ! is the answer in question):"]
        lines += [f"    {line}" for line in timeline_text(counterexample.calls)]
    lines += [
        "",
        f"  expected: {visible(counterexample.expected)}",
        f"  actual:   {visible(counterexample.actual)}",
    ]
    chance = chance_text(counterexample)
    if chance:
        lines.append(f"  {chance}")
    if replay:
        lines += ["", f"  replay:   {replay}"]
    return "\n".join(lines)


def chance_text(counterexample: Counterexample) -> str:
    """Return how often a failure that is up to chance comes, or an empty text."""
    found = counterexample
    if not found.reproduced and found.tries:
        return (
            f"flaky: {found.failures} of {found.tries} more tries of this history failed, "
            "so it takes more than these operations."
        )
    if not found.reproduced:
        return (
            "flaky: this history failed once and not again, so it takes more than these operations."
        )
    if found.random_seed is not None:
        return (
            "This history fails where the global generator of random numbers is seeded with "
            f"{found.random_seed}, and not with every other seed."
        )
    return ""


def _step_lines(steps: Sequence[Step]) -> Iterator[str]:
    """Yield the steps by their numbers; equal ones in a row are told once."""
    number = 1
    for (text, answer), run in itertools.groupby(steps, lambda step: (step.text, step.answer)):
        count = len(list(run))
        # One number for many equal steps; a few are read more easily one by one.
        heads = [f"{each}." for each in range(number, number + count)]
        if count > _EQUAL_STEPS_MAX:
            heads = [f"{number}-{number + count - 1}. {count} times:"]
        for head in heads:
            yield f"    {head} {visible(text)}"
            if answer != "ok":
                yield f"       -> {visible(answer)}"
        number += count


def _without_the_middle(lines: list[str]) -> list[str]:
    """Return the first and the last lines of very many; a replay has all of them."""
    left_out = len(lines) - 2 * _LINES_AT_EACH_END
    if left_out <= _LINES_AT_EACH_END:
        return lines
    note = f"    ... {left_out} more lines like these ..."
    return [*lines[:_LINES_AT_EACH_END], note, *lines[-_LINES_AT_EACH_END:]]


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
