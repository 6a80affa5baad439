"""Our engines and other checkers, timed one after the other on one search, the start included.

Each of ours is a process of its own, as a user starts it: with the start of Python, the making of
the tables, all properties and the shortest ways to what breaks them. The others search the tables
as they are written for them, with every property of one slot that holds and with what they need to
show a way; making those files, and their compilers, are told apart and not counted against them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from conformance.checker.comparing.cases import Case
from conformance.checker.comparing.checkers import Job, OtherChecker, Said, all_there_is
from conformance.checker.comparing.comparison import Agreement, count_differences, written
from conformance.checker.comparing.programs import run_program
from conformance.checker.export import export_files
from conformance.checker.tables import tabulate
from conformance.errors import ModelError, OtherCheckerError

__all__ = ["Timing", "timings"]

_BYTES_MAX: Final = 2**40
_STATES_MAX: Final = 10**12
_FILE: Final = "results.json"
_HOLDS_OR_VIOLATED: Final = (0, 1)
_SILENT: Final = Said()


@dataclass(frozen=True)
class Timing:
    """One search of one checker.

    ``searching_seconds`` are those of our whole process, or of the program of another that
    searches; ``preparing_seconds`` are those of what comes before: of another its compilers, of
    ours a search with one slot. ``reason`` says why there is no figure, or what differs from our
    first.
    """

    checker: str
    is_ours: bool
    agreement: Agreement = Agreement.AGREES
    said: Said = _SILENT
    searching_seconds: float = 0.0
    preparing_seconds: float = 0.0
    reason: str = ""

    @property
    def states_per_second(self) -> float | None:
        """States a second of the search, or ``None`` where there is no figure."""
        if self.said.states_count is None or not self.searching_seconds:
            return None
        return self.said.states_count / self.searching_seconds


def timings(
    case: Case,
    engines: Sequence[str],
    checkers: Sequence[OtherChecker],
    *,
    seconds_max: float,
    clock: Callable[[], float],
) -> Iterator[Timing]:
    """Yield a timing of each engine of ours, then one of each other checker, as each is done.

    ``seconds_max`` bounds each program. The others are asked for what our first engine
    found to hold, so nothing is yielded behind it if that does not end.
    """
    first: Timing | None = None
    held: tuple[str, ...] = ()
    for engine in engines:
        timing, form = _ours(case, engine, seconds_max, clock)
        timing = _beside(timing, first)
        yield timing
        if first is None:
            if form is None:
                return
            first, held = timing, tuple(_held(case, form))
    if first is None:
        return
    for checker in checkers:
        yield _beside(_theirs(case, checker, held, first, seconds_max, clock), first)


def _ours(
    case: Case, engine: str, seconds_max: float, clock: Callable[[], float]
) -> tuple[Timing, dict[str, Any] | None]:
    """Return the timing of an engine, and its result as plain data where there is one."""
    try:
        # What Python and Numba keep of their compiling is there from the first start on.
        before, _ = _searched(case, engine, 1, seconds_max, clock)
        seconds, form = _searched(case, engine, case.slots_count, seconds_max, clock)
    except OtherCheckerError as error:
        return Timing(engine, True, Agreement.NO_ANSWER, reason=str(error)), None
    said = Said(form["states"], form["transitions"], form["depth"])
    return Timing(engine, True, Agreement.AGREES, said, seconds, before), form


def _searched(
    case: Case, engine: str, slots_count: int, seconds_max: float, clock: Callable[[], float]
) -> tuple[float, dict[str, Any]]:
    """Search in a process of its own; return its seconds and its result as plain data."""
    command = (sys.executable, "-m", "conformance", "model", "check", case.model.name)
    bounds = ("--variant", case.model.variant, "--bound", str(slots_count))
    budget = ("--states-max", str(_STATES_MAX), "--bytes-max", str(_BYTES_MAX))
    ending = ("--seconds-max", f"{seconds_max:g}", "--engine", engine, "--json", _FILE)
    with written({}) as folder:
        begin = clock()
        run_program(
            folder,
            (*command, *bounds, *budget, *ending),
            seconds_max=seconds_max,
            statuses=_HOLDS_OR_VIOLATED,
        )
        seconds = clock() - begin
        form = json.loads((folder / _FILE).read_text(encoding="utf-8"))["results"][0]
    return seconds, form


def _held(case: Case, form: dict[str, Any]) -> Iterator[str]:
    """Yield the properties of one slot that were found to hold: those that an export can have."""
    names = {each.name for each in case.model.properties}
    for each in form["properties"]:
        if each["name"] in names and each["trace"] is None:
            yield each["name"]


def _theirs(
    case: Case,
    checker: OtherChecker,
    held: Sequence[str],
    first: Timing,
    seconds_max: float,
    clock: Callable[[], float],
) -> Timing:
    tables = tabulate(case.model, case.slots_count)
    begin = clock()
    try:
        with written(export_files(checker.language, tables, held)) as folder:
            tuning = all_there_is(first.said.states_count or 0)
            job = Job(folder, tables, seconds_max, clock, tuning)
            said = checker.search(job)
    except (ModelError, OtherCheckerError) as error:
        return Timing(checker.name, False, Agreement.NO_ANSWER, reason=str(error))
    searching = job.last_seconds
    preparing = clock() - begin - searching
    return Timing(checker.name, False, Agreement.AGREES, said, searching, preparing)


def _beside(timing: Timing, first: Timing | None) -> Timing:
    """Return a timing with what differs from the first as its reason."""
    said = timing.said
    if first is None or timing.agreement is not Agreement.AGREES:
        return timing
    if said.violation_length is not None:
        reason = f"in {said.violation_length} steps it finds violated what holds here"
        return replace(timing, agreement=Agreement.DIFFERS, reason=reason)
    # Of transitions nothing may be said: Spin rounds their number where it is large.
    if said.states_count is None:
        reason = "it said nothing of states"
        return replace(timing, agreement=Agreement.NO_ANSWER, reason=reason)
    differences = "; ".join(count_differences(first.said, said))
    if differences:
        return replace(timing, agreement=Agreement.DIFFERS, reason=differences)
    return timing
