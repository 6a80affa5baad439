"""Models for other checkers, written from the tables that our engines search.

Three languages: Murphi, Promela and TLA+. The numbers are those of our tables,
so that states, transitions, depth and lengths can be compared one to one. What
is compared is the search, not the model: a model that is wrong is wrong in all
of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from conformance.checker.model import Model
from conformance.checker.tables import GlobalTable, Tables, tabulate
from conformance.errors import ModelError

__all__ = ["LANGUAGES", "export_files", "write_model"]

_PAIRS_MAX: Final = 100_000
_ROW: Final = 24
_BYTE_VALUES: Final = 2**8
_SHORT_VALUES: Final = 2**15


def _numbers(values: Iterable[int]) -> str:
    """Return numbers with commas, some a line."""
    texts = [str(value) for value in values]
    rows = [texts[begin : begin + _ROW] for begin in range(0, len(texts), _ROW)]
    return ",\n  ".join(", ".join(row) for row in rows)


class _Rows:
    """The tables as rows of numbers by pair: -1 where there is nothing."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.shared_count = len(tables.shared_values)
        self.slot_count = len(tables.slot_values)
        self.pairs_count = self.shared_count * self.slot_count

    def number(self, pair: tuple[int, int]) -> int:
        return pair[0] + self.shared_count * pair[1]

    def move(self, name: str) -> list[int]:
        row = [-1] * self.pairs_count
        for pair, target in self.tables.moves[name].items():
            row[self.number(pair)] = self.number(target)
        return row

    def shared_move(self, table: GlobalTable) -> list[int]:
        return [table.shared.get(number, -1) for number in range(self.shared_count)]

    def slot_move(self, table: GlobalTable) -> list[int]:
        row = [-1] * self.pairs_count
        for pair, slot in table.slots.items():
            row[self.number(pair)] = slot
        return row

    def holds(self, names: Iterable[str]) -> list[int]:
        row = [1] * self.pairs_count
        for name in names:
            for pair in self.tables.broken[name]:
                row[self.number(pair)] = 0
        return row


def _c_tables(rows: _Rows, claims: Sequence[str]) -> Iterator[str]:
    """Yield the tables as C: Promela's own text has a limit that they may pass."""
    tables = rows.tables
    for index, name in enumerate(tables.moves):
        yield f"/* {name} */"
        yield f"static const int move_{index}[] = {{\n  {_numbers(rows.move(name))}}};"
    for index, table in enumerate(tables.global_moves):
        yield f"/* {table.name} */"
        yield f"static const int shared_{index}[] = {{\n  {_numbers(rows.shared_move(table))}}};"
        yield f"static const int slot_{index}[] = {{\n  {_numbers(rows.slot_move(table))}}};"
    if claims:
        yield f"static const int holds[] = {{\n  {_numbers(rows.holds(claims))}}};"


def _promela(rows: _Rows, claims: Sequence[str], stem: str) -> Iterator[str]:
    tables, n = rows.tables, rows.tables.slots_count
    yield f"/* {tables.model.title}, {n} slots. Generated. Search it with pan -DBFS. */"
    yield f'c_decl {{ \\#include "{stem}.h"'
    yield "}"
    # A state takes no more room than its numbers need, as in a model that is written by hand.
    shared_type, slot_type = map(_promela_type, (rows.shared_count, rows.slot_count))
    yield f"{shared_type} h = {tables.starts[0][0]};"
    for i, slot in enumerate(tables.starts[0][1]):
        yield f"{slot_type} v{i} = {slot};"
    yield "active proctype search() {"
    if len(tables.starts) > 1:
        yield "  if"
        for shared, chosen_slots in tables.starts:
            chosen = " ".join(f"now.v{i} = {slot};" for i, slot in enumerate(chosen_slots))
            yield f"  :: d_step {{ c_code {{ now.h = {shared}; {chosen} }} }}"
        yield "  fi;"
    yield "end:"
    yield "  do"
    # Spin takes only plain expressions here, no macro and no function.
    pairs = [f"now.h + {rows.shared_count} * now.v{i}" for i in range(n)]
    for index in range(len(tables.moves)):
        for i, pair in enumerate(pairs):
            yield (
                f"  :: d_step {{ c_expr {{ move_{index}[{pair}] > -1 }} -> c_code {{ "
                f"int t = move_{index}[{pair}]; now.h = t % {rows.shared_count}; "
                f"now.v{i} = t / {rows.shared_count}; }} }}"
            )
    for index in range(len(tables.global_moves)):
        guards = [f"shared_{index}[now.h] > -1"]
        guards += [f"slot_{index}[{pair}] > -1" for pair in pairs]
        guard = " && ".join(guards)
        slots = " ".join(f"int t{i} = slot_{index}[{pair}];" for i, pair in enumerate(pairs))
        sets = " ".join(f"now.v{i} = t{i};" for i in range(n))
        yield (
            f"  :: d_step {{ c_expr {{ {guard} }} -> c_code {{ {slots} "
            f"now.h = shared_{index}[now.h]; {sets} }} }}"
        )
    if claims:
        broken = " || ".join(f"!holds[{pair}]" for pair in pairs)
        yield f"  :: d_step {{ c_expr {{ {broken} }} -> assert(false) }}"
    yield "  od"
    yield "}"


def _promela_type(values_count: int) -> str:
    if values_count <= _BYTE_VALUES:
        return "byte"
    return "short" if values_count <= _SHORT_VALUES else "int"


def _murphi_function(name: str, result: str, row: list[int], none: int) -> Iterator[str]:
    """Yield a function of a pair number, by halving: a flat switch would be slow."""

    def halved(low: int, high: int, depth: int) -> Iterator[str]:
        space = "  " * depth
        if low == high or len(set(row[low : high + 1])) == 1:
            yield f"{space}return {row[low] if row[low] >= 0 else none};"
            return
        middle = (low + high) // 2
        yield f"{space}if p <= {middle} then"
        yield from halved(low, middle, depth + 1)
        yield f"{space}else"
        yield from halved(middle + 1, high, depth + 1)
        yield f"{space}end;"

    yield f"function {name}(p: Pair): {result};"
    yield "begin"
    yield from halved(0, len(row) - 1, 1)
    yield "end;"


def _murphi(rows: _Rows, claims: Sequence[str]) -> Iterator[str]:
    tables, n = rows.tables, rows.tables.slots_count
    moves = list(tables.moves)
    pairs, shared, slots = rows.pairs_count, rows.shared_count, rows.slot_count
    yield f"-- {tables.model.title}, {n} slots. Generated. Search it without deadlock detection."
    yield "type"
    yield f"  Pair: 0 .. {pairs - 1};"
    yield f"  PairOrNone: 0 .. {pairs};"
    yield f"  Shared: 0 .. {shared - 1};"
    yield f"  Slot: 0 .. {slots - 1};"
    yield f"  SlotOrNone: 0 .. {slots};"
    yield f"  Index: 0 .. {n - 1};"
    yield "var"
    yield "  h: Shared;"
    yield "  v: array [Index] of Slot;"
    for index, name in enumerate(moves):
        yield from _murphi_function(f"move_{index}", "PairOrNone", rows.move(name), pairs)
    for index, table in enumerate(tables.global_moves):
        padded = [value if value >= 0 else shared for value in rows.shared_move(table)]
        by_pair = [padded[pair % shared] for pair in range(pairs)]
        yield from _murphi_function(f"shared_{index}", f"0 .. {shared}", by_pair, shared)
        yield from _murphi_function(f"slot_{index}", "SlotOrNone", rows.slot_move(table), slots)
    for shared_start, slot_starts in tables.starts:
        yield "startstate"
        yield "begin"
        yield f"  h := {shared_start};"
        for i, slot in enumerate(slot_starts):
            yield f"  v[{i}] := {slot};"
        yield "end;"
    for index, name in enumerate(moves):
        pair = f"h + {shared} * v[i]"
        yield "ruleset i: Index do"
        yield f'  rule "{name}"'
        yield f"    move_{index}({pair}) != {pairs} ==>"
        yield "  var t: PairOrNone;"
        yield "  begin"
        yield f"    t := move_{index}({pair});"
        yield f"    h := t % {shared};"
        yield f"    v[i] := t / {shared};"
        yield "  end;"
        yield "end;"
    for index, table in enumerate(tables.global_moves):
        yield f'rule "{table.name}"'
        yield f"  shared_{index}(h) != {shared} & "
        yield f"  (forall i: Index do slot_{index}(h + {shared} * v[i]) != {slots} end) ==>"
        yield "var g: Shared;"
        yield "begin"
        yield f"  g := shared_{index}(h);"
        yield "  for i: Index do"
        yield f"    v[i] := slot_{index}(h + {shared} * v[i]);"
        yield "  end;"
        yield "  h := g;"
        yield "end;"
    if claims:
        yield from _murphi_function("holds", "0 .. 1", rows.holds(claims), 0)
        yield f'invariant "{", ".join(claims)}"'
        yield f"  forall i: Index do holds(h + {shared} * v[i]) = 1 end;"


def _tla(rows: _Rows, claims: Sequence[str]) -> Iterator[str]:
    tables, n = rows.tables, rows.tables.slots_count
    moves = list(tables.moves)
    shared = rows.shared_count
    yield "------------------------------ MODULE Exported ------------------------------"
    yield f"\\* {tables.model.title}, {n} slots. Generated."
    yield "EXTENDS Integers, Sequences"
    yield "VARIABLES h, v"
    for index, name in enumerate(moves):
        yield f"\\* {name}"
        yield f"Move{index} == <<{_numbers(rows.move(name))}>>"
    for index, table in enumerate(tables.global_moves):
        yield f"\\* {table.name}"
        yield f"Shared{index} == <<{_numbers(rows.shared_move(table))}>>"
        yield f"Slot{index} == <<{_numbers(rows.slot_move(table))}>>"
    if claims:
        yield f"HoldsOf == <<{_numbers(rows.holds(claims))}>>"
    yield f"Pair(i) == h + {shared} * v[i] + 1"
    yield f"Index == 1 .. {n}"
    starts = " \\/ ".join(
        f"(h = {start} /\\ v = <<{', '.join(map(str, slots))}>>)" for start, slots in tables.starts
    )
    yield f"Init == {starts}"
    for index in range(len(moves)):
        yield f"Do{index}(i) == /\\ Move{index}[Pair(i)] >= 0"
        yield f"          /\\ h' = Move{index}[Pair(i)] % {shared}"
        yield f"          /\\ v' = [v EXCEPT ![i] = Move{index}[Pair(i)] \\div {shared}]"
    for index in range(len(tables.global_moves)):
        yield f"All{index} == /\\ Shared{index}[h + 1] >= 0"
        yield f"        /\\ \\A i \\in Index : Slot{index}[Pair(i)] >= 0"
        yield f"        /\\ h' = Shared{index}[h + 1]"
        yield f"        /\\ v' = [i \\in Index |-> Slot{index}[Pair(i)]]"
    steps = [f"\\E i \\in Index : Do{index}(i)" for index in range(len(moves))]
    steps += [f"All{index}" for index in range(len(tables.global_moves))]
    yield "Next ==\n  " + "\n  ".join(f"\\/ {step}" for step in steps)
    if claims:
        yield "Claim == \\A i \\in Index : HoldsOf[Pair(i)] = 1"
    yield "Spec == Init /\\ [][Next]_<<h, v>>"
    yield "============================================================================="


LANGUAGES: Final = ("murphi", "promela", "tla")
"""The languages that models can be written in."""


def export_files(
    language: str, tables: Tables, claims: Sequence[str] = (), stem: str = "model"
) -> dict[str, str]:
    """Return a tabulated model in another checker's language, by file name.

    ``claims`` are properties of one slot that go with it, as one: each of them
    has to hold. A module of TLA+ has the name of its file, so ``stem`` is of no
    effect there. Promela has one beginning; where a model has several, the first
    step chooses one, which adds a state, a level and a transition for each. Raises
    :class:`~conformance.errors.ModelError` for tables that no text should hold.
    """
    rows = _Rows(tables)
    if rows.pairs_count > _PAIRS_MAX:
        raise ModelError(
            tables.model.title, f"{rows.pairs_count} pairs, at most {_PAIRS_MAX} are written out"
        )
    if language == "murphi":
        return {f"{stem}.m": _text(_murphi(rows, claims))}
    if language == "tla":
        invariant = ["INVARIANT Claim"] if claims else []
        return {
            "Exported.tla": _text(_tla(rows, claims)),
            "Exported.cfg": _text(["SPECIFICATION Spec", *invariant]),
        }
    return {
        f"{stem}.pml": _text(_promela(rows, claims, stem)),
        f"{stem}.h": _text(_c_tables(rows, claims)),
    }


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def write_model(language: str, model: Model, slots_count: int, folder: Path) -> Iterator[Path]:
    """Write a model into a folder, without and with each property of one slot; yield the files."""
    tables = tabulate(model, slots_count)
    for claims in ((), *((each.name,) for each in model.properties)):
        stem = "-".join(claims).replace(" ", "-").replace(",", "") or "states"
        place = folder / stem if language == "tla" else folder
        place.mkdir(parents=True, exist_ok=True)
        for name, text in export_files(language, tables, claims, stem).items():
            (place / name).write_text(text, encoding="utf-8")
            yield place / name
