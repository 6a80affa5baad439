"""Our search beside another checker's, on one case: who says what, and whether they agree."""

from __future__ import annotations

import contextlib
import enum
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from conformance.checker.comparing.cases import Case
from conformance.checker.comparing.checkers import Job, OtherChecker, Said
from conformance.checker.engines import check_model
from conformance.checker.export import export_files
from conformance.checker.results import Budget, SearchResult
from conformance.checker.tables import Tables, tabulate
from conformance.errors import ModelError, OtherCheckerError

__all__ = [
    "OURS",
    "Agreement",
    "Comparison",
    "Row",
    "compare",
    "count_differences",
    "written",
]

OURS: Final = "ours"
"""The name of our own search among the others'."""

_FIELDS: Final = {
    "states_count": "states",
    "transitions_count": "transitions",
    "depth": "depth",
}


_SILENT: Final = Said()


class Agreement(enum.Enum):
    """What came of one comparison."""

    AGREES = "agrees"
    DIFFERS = "DIFFERS"
    LEFT_OUT = "not compared"
    NO_ANSWER = "NO ANSWER"


@dataclass(frozen=True)
class Row:
    """What one checker says of one case, and how that compares with our search.

    ``reason`` says what differs, or why nothing was compared. ``length`` is that of
    the first violation of a property of one slot.
    """

    checker: str
    agreement: Agreement
    said: Said = _SILENT
    seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Comparison:
    """Our search of a case, in a row like the others', and the names that go with it.

    ``broken`` are the properties whose first violation was compared, ``held`` those that
    every checker was asked to confirm, ``alone`` those of two slots, which no export has.
    """

    case: Case
    ours: Row
    broken: tuple[str, ...]
    held: tuple[str, ...]
    alone: tuple[str, ...]
    rows: Iterator[Row]


def compare(
    case: Case,
    checkers: Sequence[OtherChecker],
    *,
    budget: Budget,
    engine: str | None = None,
) -> Comparison:
    """Search a case, and let others search it; their rows come as each is done.

    ``budget`` bounds our search, and its seconds each program of another checker.
    """
    begin = budget.clock()
    result = check_model(case.model, case.slots_count, engine=engine, budget=budget)
    seconds = budget.clock() - begin
    slot_claims = {each.name for each in case.model.properties}
    lengths = {
        each.name: len(each.trace.steps)
        for each in result.properties
        if each.trace is not None and each.name in slot_claims
    }
    broken = tuple(lengths)
    held = tuple(
        each.name for each in result.properties if each.name in slot_claims and each.trace is None
    )
    said = Said(
        result.states_count,
        result.transitions_count,
        result.depth,
        min(lengths.values(), default=None),
    )
    if result.stopped_because is None:
        ours = Row(OURS, Agreement.AGREES, said, seconds)
    else:
        ours = Row(OURS, Agreement.NO_ANSWER, said, seconds, result.stopped_because)
    alone = tuple(each.name for each in case.model.pair_properties if case.slots_count > 1)

    def rows() -> Iterator[Row]:
        if result.stopped_because is not None:
            return
        tables = tabulate(case.model, case.slots_count)
        for checker in checkers:
            yield _row(checker, tables, result, _Asked(said, broken, held), budget)

    return Comparison(case, ours, broken, held, alone, rows())


@dataclass(frozen=True)
class _Asked:
    """What we found, and the properties that are put to another checker."""

    ours: Said
    broken: tuple[str, ...]
    held: tuple[str, ...]


def _row(
    checker: OtherChecker, tables: Tables, result: SearchResult, asked: _Asked, budget: Budget
) -> Row:
    begin = budget.clock()
    if result.states_count > checker.states_max:
        reason = f"{result.states_count:,} states take it too long, at most {checker.states_max:,}"
        return Row(checker.name, Agreement.LEFT_OUT, reason=reason)

    def search(claims: Sequence[str]) -> Said:
        files = export_files(checker.language, tables, claims)
        size = sum(map(len, files.values()))
        if size > checker.size_max:
            raise ModelError(
                tables.model.title,
                f"its text of {size:,} characters takes it too long, at most {checker.size_max:,}",
            )
        with written(files) as folder:
            return checker.search(Job(folder, tables, budget.seconds_max, budget.clock))

    try:
        whole = search(asked.held)
        first = search(asked.broken) if asked.broken else _SILENT
    except ModelError as error:
        return Row(checker.name, Agreement.LEFT_OUT, reason=error.reason)
    except OtherCheckerError as error:
        seconds = budget.clock() - begin
        return Row(checker.name, Agreement.NO_ANSWER, _SILENT, seconds, str(error))
    said = Said(whole.states_count, whole.transitions_count, whole.depth, first.violation_length)
    seconds = budget.clock() - begin
    if whole.violation_length is None and None in (whole.states_count, whole.transitions_count):
        reason = "it said nothing of states or of transitions"
        return Row(checker.name, Agreement.NO_ANSWER, said, seconds, reason)
    differences = "; ".join(_differences(asked, whole, first))
    agreement = Agreement.DIFFERS if differences else Agreement.AGREES
    return Row(checker.name, agreement, said, seconds, differences)


@contextlib.contextmanager
def written(files: Mapping[str, str]) -> Iterator[Path]:
    """Give a folder with the files, and take it away in the end."""
    with tempfile.TemporaryDirectory(prefix="telltale-compare-") as place:
        folder = Path(place)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        yield folder


def _differences(asked: _Asked, whole: Said, first: Said) -> Iterator[str]:
    """Yield what differs; what the other one does not say is left out."""
    if whole.violation_length is not None:
        yield (
            f"it finds in {whole.violation_length} steps that {_any_of(asked.held)} is violated, "
            "which holds here"
        )
        return
    yield from count_differences(asked.ours, whole)
    if asked.broken and first.violation_length is None:
        yield f"it finds no violation of {_any_of(asked.broken)}"
    elif asked.broken and first.violation_length != asked.ours.violation_length:
        yield (
            f"first violation of {_any_of(asked.broken)}: in {asked.ours.violation_length} steps "
            f"here and in {first.violation_length} there"
        )


def count_differences(ours: Said, theirs: Said) -> Iterator[str]:
    """Yield each count that differs; what the other one does not say is left out."""
    for field, name in _FIELDS.items():
        wanted, found = getattr(ours, field), getattr(theirs, field)
        if found is not None and wanted != found:
            yield f"{name}: {wanted:,} here and {found:,} there"


def _any_of(names: Sequence[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
