"""Vectors of the fault-injecting log: a program, the appends, and what struck them."""

from __future__ import annotations

from typing import Final

from conformance.vectors.kinds.entries import entry_trees, log_from_trees
from conformance.vectors.kinds.line import JsonObject, Line, LineOutcome, VectorKind, compare
from conformance.vectors.kinds.value_source import ValueSource
from telltale_spec.backends.faulty import FaultInjectingAgreementWal
from telltale_spec.backends.memory import InMemoryAgreementWal
from telltale_spec.errors import DurabilityError
from telltale_spec.model.faults import (
    AvailabilityWindow,
    DurableFaultKind,
    DurableFaultProgram,
    DurableFaultSchedule,
    Latency,
    PartialWrite,
    WriteFailure,
)
from telltale_spec.wire.agreement import AgreementWalArtifact

__all__ = ["FAULT"]

_ENTRIES_MAX: Final = 5
_FAULTS_MAX: Final = 3


def _answer(program: DurableFaultProgram, entries: AgreementWalArtifact) -> JsonObject:
    log = FaultInjectingAgreementWal(InMemoryAgreementWal(), program)
    results: list[JsonObject] = []
    for entry in entries.entries:
        try:
            log.append(entry)
            results.append({"ok": None})
        except DurabilityError as error:
            results.append({"err": str(error)})
    history = [record.to_dict() for record in log.history]
    return {"results": results, "history": history, "wal": entry_trees(log.load())}


def _check(line: Line) -> LineOutcome:
    program = DurableFaultProgram.from_dict(line.anything("program"))
    expected = {name: line.items(name) for name in ("results", "history", "wal")}
    actual = _answer(program, log_from_trees(line.items("entries")))
    for name, value in expected.items():
        difference = compare(name, value, actual[name])
        if difference is not None:
            return LineOutcome(difference)
    return LineOutcome()


def _fault_kind(source: ValueSource) -> DurableFaultKind:
    match source.below(4):
        case 0:
            return WriteFailure()
        case 1:
            return PartialWrite()
        case 2:
            return Latency(source.tick())
        case _:
            return AvailabilityWindow(source.tick(), source.tick())


def _make(source: ValueSource) -> JsonObject:
    faults = [
        DurableFaultSchedule(source.tick(), _fault_kind(source))
        for _ in range(1 + source.below(_FAULTS_MAX))
    ]
    program = DurableFaultProgram(tuple(faults))
    entries = source.log(_ENTRIES_MAX)
    return {
        "program": program.to_dict(),
        "entries": entry_trees(entries),
        **_answer(program, entries),
    }


FAULT: Final = VectorKind("fault", _check, _make)
