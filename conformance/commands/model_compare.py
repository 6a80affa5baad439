"""``model compare``: our search beside other checkers', as a table."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from conformance.commands.arguments import CommandParser, natural, positive, seconds, write_whole
from conformance.commands.model_speed import run_speed
from conformance.exit_status import ExitStatus

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.checker.comparing.cases import Case
    from conformance.checker.comparing.checkers import OtherChecker
    from conformance.checker.comparing.comparison import Comparison, Row

__all__ = ["add_compare", "run_compare"]

_NAMES: Final = ("tlc", "spin", "rumur")
_HEADER: Final = ("checker", "states", "transitions", "depth", "violation", "seconds", "")
_WIDTHS: Final = (9, 12, 13, 7, 11, 9)


def add_compare(actions: argparse._SubParsersAction[CommandParser]) -> CommandParser:
    """Add the action and its own options; return it for those of the variants."""
    compare = actions.add_parser(
        "compare",
        help="let other checkers search the same tables, and compare what they count",
        description="Let every other checker that is installed search the exported models, and "
        "compare distinct states, transitions, depth and the length of the first violation. What "
        "holds here has to hold there.",
        epilog="exit status: 0 all agree, 1 a disagreement, 2 usage, 3 nothing was compared, a "
        "checker that was asked for is not installed, or one gave no answer",
    )
    compare.add_argument("model", nargs="*", help="all of them if none is named")
    compare.add_argument(
        "--bound",
        type=positive,
        nargs="+",
        action="extend",
        default=[],
        metavar="SLOTS",
        help="numbers of slots (default: up to five bounds a model that take seconds each)",
    )
    compare.add_argument(
        "--with",
        dest="checkers",
        nargs="+",
        action="extend",
        default=[],
        choices=_NAMES,
        help="the other checkers (default: those that are installed)",
    )
    compare.add_argument(
        "--arbitrary",
        type=natural,
        default=0,
        metavar="COUNT",
        help="compare so many models with arbitrary tables as well, each of which breaks something",
    )
    compare.add_argument(
        "--mistakes",
        action="store_true",
        help="compare the shipped models with one mistake in each as well, which breaks something",
    )
    compare.add_argument(
        "--seconds-max",
        type=seconds,
        default=600.0,
        help="the longest time of our search and of each program of another (default: 600)",
    )
    compare.add_argument(
        "--speed",
        action="store_true",
        help="time them instead, one after the other: each with all processors, most of the memory "
        "and the best of its compilers, whatever the number of states",
    )
    compare.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    return compare


def run_compare(parsed: argparse.Namespace, variant: str | None, console: Console) -> int:
    """Compare, print each row as it comes, and say in the end what was not compared."""
    from conformance.checker.comparing.checkers import CHECKERS
    from conformance.checker.comparing.comparison import compare
    from conformance.checker.results import Budget
    from conformance.run.ending import termination_interrupts

    cases = _cases(parsed, variant)
    asked = [CHECKERS[name] for name in dict.fromkeys(parsed.checkers or CHECKERS)]
    missing = {each.name: each.missing() for each in asked}
    there = [each for each in asked if not missing[each.name]]
    absent = [text for text in missing.values() if text]
    if parsed.speed:
        return run_speed(parsed, cases, there, absent, console)
    budget = Budget(seconds_max=parsed.seconds_max, clock=time.monotonic)
    done: list[tuple[Comparison, list[Row]]] = []
    with termination_interrupts():
        for case in cases if there else ():
            comparison = compare(case, there, budget=budget)
            for line in _head(comparison):
                console.print(line, soft_wrap=True)
            rows = []
            for row in comparison.rows:
                console.print(_line(row), soft_wrap=True)
                rows.append(row)
            done.append((comparison, rows))
    for line in _conclusion(done, there, absent):
        console.print(line, soft_wrap=True)
    if parsed.json is not None:
        import json

        form = {"not_installed": absent, "cases": [_json(*each) for each in done]}
        write_whole(parsed.json, json.dumps(form, indent=2) + "\n")
    return _status(done, is_lacking=bool(parsed.checkers and absent))


def _cases(parsed: argparse.Namespace, variant: str | None) -> list[Case]:
    from conformance.checker.comparing.cases import arbitrary_cases, mistaken_cases, shipped_cases
    from conformance.errors import UsageError

    if parsed.speed and (parsed.arbitrary or parsed.mistakes):
        option = "--arbitrary" if parsed.arbitrary else "--mistakes"
        raise UsageError(f"--speed starts our own engines by name, so {option} has none to time")
    cases = list(shipped_cases(parsed.model, variant, parsed.bound))
    if not cases:
        raise UsageError(f"no model has the variant `{variant}`; `model list` shows them")
    mistaken = mistaken_cases() if parsed.mistakes else ()
    return [*cases, *mistaken, *arbitrary_cases(parsed.arbitrary)]


def _status(done: Sequence[tuple[Comparison, list[Row]]], *, is_lacking: bool) -> int:
    from conformance.checker.comparing.comparison import Agreement

    found = [row.agreement for comparison, rows in done for row in (comparison.ours, *rows)]
    compared = [row.agreement for _, rows in done for row in rows]
    if Agreement.DIFFERS in found:
        return ExitStatus.VIOLATION
    if Agreement.AGREES not in compared or Agreement.NO_ANSWER in found or is_lacking:
        return ExitStatus.INCONCLUSIVE
    return ExitStatus.CONFORMING


def _head(comparison: Comparison) -> Iterator[str]:
    """Yield what is compared: the case, the names of the columns and our own row."""
    yield comparison.case.title
    yield _columns(_HEADER)
    yield _line(comparison.ours)


def _line(row: Row) -> str:
    from conformance.checker.comparing.comparison import OURS

    said = row.said
    counts = (said.states_count, said.transitions_count, said.depth, said.violation_length)
    shown = ("-" if count is None else f"{count:,}" for count in counts)
    reason = f": {row.reason}" if row.reason else ""
    is_plain = row.checker == OURS and not row.reason
    verdict = "" if is_plain else f"{row.agreement.value}{reason}"
    return _columns((row.checker, *shown, f"{row.seconds:.1f}", verdict))


def _columns(texts: Sequence[str]) -> str:
    name, *figures = (
        text.ljust(width) if index == 0 else text.rjust(width)
        for index, (text, width) in enumerate(zip(texts, _WIDTHS, strict=False))
    )
    return f"  {name}{''.join(figures)}  {texts[-1]}".rstrip()


def _conclusion(
    done: Sequence[tuple[Comparison, list[Row]]],
    there: Sequence[OtherChecker],
    absent: Sequence[str],
) -> Iterator[str]:
    """Yield how many agree, and loudly, in the last lines, what differs and what was left out."""
    from conformance.checker.comparing.comparison import Agreement

    for checker in there:
        rows = [row for _, rows in done for row in rows if row.checker == checker.name]
        agree = sum(row.agreement is Agreement.AGREES for row in rows)
        took = sum(row.seconds for row in rows)
        yield f"{checker.name}: {agree} of {len(rows)} agree, in {took:.0f} seconds"
    for comparison, rows in done:
        title = comparison.case.title
        if comparison.ours.reason:
            yield f"NOT COMPARED: {title}: our own search ended early, {comparison.ours.reason}"
        for row in rows:
            if row.agreement is Agreement.DIFFERS:
                yield f"DIFFERENT: {title}, {row.checker}: {row.reason}"
            elif row.agreement is not Agreement.AGREES:
                yield f"NOT COMPARED: {title}, {row.checker}: {row.reason}"
    alone = {f"`{name}` of {each.case.family}" for each, _ in done for name in each.alone}
    if alone:
        what = "properties of two slots, which the exported models do not have"
        yield f"NOT COMPARED: {what}: {', '.join(sorted(alone))}"
    for text in absent:
        yield f"NOT COMPARED: {text}"
    if not there:
        yield "NOTHING WAS COMPARED"


def _json(comparison: Comparison, rows: Sequence[Row]) -> dict[str, Any]:
    model = comparison.case.model
    return {
        "model": model.name,
        "variant": model.variant,
        "slots": comparison.case.slots_count,
        "broken": list(comparison.broken),
        "held": list(comparison.held),
        "checkers": [
            {
                "name": row.checker,
                "agreement": row.agreement.name.lower(),
                "reason": row.reason,
                "states": row.said.states_count,
                "transitions": row.said.transitions_count,
                "depth": row.said.depth,
                "violation": row.said.violation_length,
                "seconds": round(row.seconds, 3),
            }
            for row in (comparison.ours, *rows)
        ],
    }
