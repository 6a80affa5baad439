"""``model compare --speed``: how many states a second our engines and other checkers search."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from conformance.commands.arguments import write_whole
from conformance.exit_status import ExitStatus

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.checker.comparing.cases import Case
    from conformance.checker.comparing.checkers import OtherChecker
    from conformance.checker.comparing.speed import Timing

__all__ = ["run_speed"]

_WIDTHS: Final = (9, 13, 14, 10, 11, 14)
_FAST: Final = ("numpy", "compiled")


def run_speed(
    parsed: argparse.Namespace,
    cases: Sequence[Case],
    there: Sequence[OtherChecker],
    absent: Sequence[str],
    console: Console,
) -> int:
    """Time every case and print each row as it comes, with how many times faster ours are."""
    from conformance.checker.comparing.speed import timings
    from conformance.run.ending import termination_interrupts

    engines = _engines()
    done: list[tuple[Case, list[Timing]]] = []
    with termination_interrupts():
        for case in cases:
            rows: list[Timing] = []
            done.append((case, rows))
            console.print(f"{case.title}; processors: {os.cpu_count()}", soft_wrap=True)
            console.print(_header(engines), soft_wrap=True)
            for timing in timings(
                case, engines, there, seconds_max=parsed.seconds_max, clock=time.monotonic
            ):
                rows.append(timing)
                console.print(_line(timing, rows), soft_wrap=True)
    for text in absent:
        console.print(f"NOT TIMED: {text}", soft_wrap=True)
    if parsed.json is not None:
        form = {
            "not_installed": list(absent),
            "processors": os.cpu_count(),
            "cases": [_json(*each) for each in done],
        }
        write_whole(parsed.json, json.dumps(form, indent=2) + "\n")
    return _status(done, is_lacking=bool(absent and parsed.checkers))


def _engines() -> list[str]:
    from conformance.checker.engines import available_engine, is_installed

    return [name for name in _FAST if is_installed(name)] or [available_engine()]


def _status(done: Sequence[tuple[Case, list[Timing]]], *, is_lacking: bool) -> int:
    from conformance.checker.comparing.comparison import Agreement

    rows = [row for _, each in done for row in each]
    found = {row.agreement for row in rows}
    if Agreement.DIFFERS in found:
        return ExitStatus.VIOLATION
    if is_lacking or Agreement.NO_ANSWER in found or all(row.is_ours for row in rows):
        return ExitStatus.INCONCLUSIVE
    return ExitStatus.CONFORMING


def _header(engines: Sequence[str]) -> str:
    names = ("checker", "states", "transitions", "preparing", "searching", "states/s")
    return _columns(names, [f"{name} is" for name in engines])


def _line(timing: Timing, rows: Sequence[Timing]) -> str:
    if timing.states_per_second is None:
        what = f"{timing.agreement.value}: {timing.reason}"
        return f"  {timing.checker.ljust(_WIDTHS[0])}{what}"
    said = timing.said
    counts = (
        "-" if each is None else f"{each:,}" for each in (said.states_count, said.transitions_count)
    )
    seconds = (f"{timing.preparing_seconds:.1f}", f"{timing.searching_seconds:.1f}")
    ratios = [f"{ratio:.1f}x" for ratio in _ratios(timing, rows).values()]
    line = _columns((timing.checker, *counts, *seconds, f"{timing.states_per_second:,.0f}"), ratios)
    return f"{line}  {timing.agreement.value}: {timing.reason}" if timing.reason else line


def _ratios(timing: Timing, rows: Sequence[Timing]) -> dict[str, float]:
    """Return how many times faster each engine of ours was, by its name."""
    if timing.is_ours:
        return {}
    return {
        row.checker: timing.searching_seconds / row.searching_seconds
        for row in rows
        if row.is_ours and row.states_per_second is not None
    }


def _columns(texts: Sequence[str], ratios: Sequence[str]) -> str:
    name, *figures = (
        text.ljust(width) if index == 0 else text.rjust(width)
        for index, (text, width) in enumerate(zip(texts, _WIDTHS, strict=True))
    )
    return f"  {name}{''.join(figures)}{''.join(each.rjust(13) for each in ratios)}"


def _json(case: Case, rows: Sequence[Timing]) -> dict[str, Any]:
    return {
        "model": case.model.name,
        "variant": case.model.variant,
        "slots": case.slots_count,
        "checkers": list(_rows_json(rows)),
    }


def _rows_json(rows: Sequence[Timing]) -> Iterator[dict[str, Any]]:
    for row in rows:
        rate = row.states_per_second
        yield {
            "name": row.checker,
            "is_ours": row.is_ours,
            "agreement": row.agreement.name.lower(),
            "reason": row.reason,
            "states": row.said.states_count,
            "transitions": row.said.transitions_count,
            "depth": row.said.depth,
            "preparing_seconds": round(row.preparing_seconds, 3),
            "searching_seconds": round(row.searching_seconds, 3),
            "states_per_second": None if rate is None else round(rate),
            "times_faster": {name: round(each, 2) for name, each in _ratios(row, rows).items()},
        }
