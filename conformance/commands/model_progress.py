"""``model progress``: whether what is owed is paid at last, on ways that never end."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.commands.arguments import CommandParser, positive, seconds, write_whole
from conformance.commands.model_page import add_page, write_progress_page
from conformance.exit_status import ExitStatus

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.checker.promises import ProgressSearch

__all__ = ["add_progress", "run_progress"]

_STATES_MAX: Final = 1_000_000


def add_progress(actions: argparse._SubParsersAction[CommandParser]) -> CommandParser:
    """Add the action and its own options; return it for those of the variants."""
    progress = actions.add_parser(
        "progress",
        help="search for ways that never end on which what is owed is never paid",
        description="Search every way without end through the states of a model, under the stated "
        "assumptions, for one on which a promise is never kept: a way to a state, and steps that "
        "lead from it back to it.",
        epilog="exit status: 0 every promise is kept, or as it is known to be with --expected, "
        "1 one is not, 2 usage or a fault of a model, 3 inconclusive",
    )
    progress.add_argument("model", nargs="*", help="all that promise something if none is named")
    progress.add_argument(
        "--bound", type=positive, metavar="SLOTS", help="number of slots (default: the model's own)"
    )
    progress.add_argument(
        "--states-max",
        type=positive,
        default=_STATES_MAX,
        help=f"the most states, which are all held at once (default: {_STATES_MAX})",
    )
    progress.add_argument(
        "--seconds-max", type=seconds, default=600.0, help="the longest time (default: 600)"
    )
    progress.add_argument(
        "--expected",
        action="store_true",
        help="search all that the table of known promises has, and compare: 0 if as expected",
    )
    progress.add_argument("--json", type=Path, metavar="FILE", help="write the results here")
    add_page(progress)
    return progress


def run_progress(parsed: argparse.Namespace, variant: str | None, console: Console) -> int:
    """Search, print each promise with its assumptions, and compare where that is asked for."""
    from conformance.checker.expected_progress import progress_differences
    from conformance.checker.models.registry import build
    from conformance.checker.progress import check_progress
    from conformance.checker.progress_report import progress_json, progress_lines
    from conformance.checker.results import Budget, Judgement

    budget = Budget(
        states_max=parsed.states_max, seconds_max=parsed.seconds_max, clock=time.monotonic
    )
    results, unexpected = [], []
    for name, one, slots_count in _wanted(parsed, variant):
        model = build(name, one)
        search: ProgressSearch = check_progress(model, slots_count, budget=budget)
        for line in progress_lines(search, model):
            console.print(line, soft_wrap=True)
        results.append((search, model))
        if parsed.expected:
            unexpected += list(progress_differences(search))
    if parsed.json is not None:
        form = {"results": [progress_json(search, model) for search, model in results]}
        write_whole(parsed.json, json.dumps(form, indent=2) + "\n")
    if parsed.html is not None:
        write_progress_page(parsed.html, results)
    for line in unexpected:
        console.print(f"NOT AS EXPECTED: {line}", soft_wrap=True)
    judgements = {search.judgement for search, _ in results}
    if Judgement.INCONCLUSIVE in judgements:
        return ExitStatus.INCONCLUSIVE
    if parsed.expected:
        return ExitStatus.VIOLATION if unexpected else ExitStatus.CONFORMING
    return ExitStatus.VIOLATION if Judgement.VIOLATED in judgements else ExitStatus.CONFORMING


def _wanted(
    parsed: argparse.Namespace, variant: str | None
) -> Iterator[tuple[str, str, int | None]]:
    """Yield each model, variant and bound that is to be searched."""
    from conformance.checker.expected_progress import EXPECTED_PROGRESS
    from conformance.checker.model import FAITHFUL
    from conformance.checker.models.registry import MODELS, build
    from conformance.errors import UsageError

    if parsed.expected:
        if parsed.model or variant or parsed.bound:
            raise UsageError("--expected is for the whole table; leave models and bounds out")
        for each in EXPECTED_PROGRESS:
            yield each.model, each.variant, each.slots_count
        return
    one = variant or FAITHFUL
    named = parsed.model or [
        name
        for name, entry in MODELS.items()
        if one in entry.variants and build(name, one).promises
    ]
    if not named:
        raise UsageError(f"no model has the variant `{one}`; `model list` shows them")
    for name in named:
        yield name, one, parsed.bound
