"""Which deeds of a history may fail in words of their own."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from conformance.crashes.conduct import Component, Deed, carry_out
from conformance.crashes.histories import FURTHER_ENTRY, log_histories
from conformance.crashes.levels import level_findings
from conformance.door.connection import Connection
from conformance.door.errors import foreign_fault
from telltale_spec.errors import DurabilityError
from telltale_spec.model.machine import order_error
from telltale_spec.model.operations import Append
from telltale_spec.wire.agreement import (
    AgreementLevel,
    AgreementWalArtifact,
    AgreementWalEntry,
    Escalation,
)


class Raising:
    """A connection to a harness that raises something undeclared at one request."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._numbers = itertools.count(1)

    def new_number(self) -> int:
        return next(self._numbers)

    def ask(self, name: str, arguments: dict[str, Any]) -> None:
        if name == self._name:
            raise foreign_fault("OSError", "[Errno 28] No space left on device")


class Refusing:
    """A connection to a harness that refuses the first append and loads nothing."""

    def __init__(self) -> None:
        self.appended: list[Any] = []
        self.has_refused = False

    def new_number(self) -> int:
        return 1

    def ask(self, name: str, arguments: dict[str, Any]) -> Any:
        if name == "wal.append":
            self.appended.append(arguments["entry"])
            if not self.has_refused:
                self.has_refused = True
                raise DurabilityError("the disk is full")
        return AgreementWalArtifact() if name == "wal.load" else None


def risen(level: AgreementLevel) -> Escalation:
    return Escalation("a", AgreementLevel.NONE, level, "e", 1)


@pytest.mark.requirement("WAL-08.disk-full", "WAL-08.io-error")
def test_a_refused_store_is_asked_for_again_once(tmp_path: Path) -> None:
    harness, entry = Refusing(), risen(AgreementLevel.PROVISIONAL)
    operations = (Append(entry), Append(FURTHER_ENTRY))
    connection = cast("Connection", harness)
    deeds = list(carry_out(connection, Component.LOG, tmp_path, operations, retries=True))

    assert harness.appended == [entry, entry, FURTHER_ENTRY]
    assert [deed.accepted for deed in deeds if deed.entry is not None] == [False, True, True]


@pytest.mark.requirement("WAL-08.disk-full", "WAL-08.io-error")
def test_a_refused_escalation_is_followed_by_one_that_it_forbids(tmp_path: Path) -> None:
    harness, entry = Refusing(), risen(AgreementLevel.PROVISIONAL)
    connection = cast("Connection", harness)
    deeds = list(carry_out(connection, Component.LOG, tmp_path, (Append(entry), Append(entry))))

    lower = replace(entry, new_level=AgreementLevel.NONE, evidence_id="lower")
    assert harness.appended == [entry, lower, entry]
    assert [deed.loaded for deed in deeds if deed.loaded is not None] == [()]


REFUSED = Deed("append", "refused", risen(AgreementLevel.PROVISIONAL), accepted=False)
FORBIDDEN = replace(
    REFUSED,
    answer="refused: agreement WAL reordered or regressed for `a`: last=Provisional",
    entry=risen(AgreementLevel.NONE),
)


def loaded(*entries: object) -> Deed:
    return Deed("load", "ok", loaded=entries)


@pytest.mark.requirement("WAL-08.disk-full")
@pytest.mark.parametrize(
    ("deeds", "holds"),
    [
        ([REFUSED, loaded(), FORBIDDEN], False),
        # It has been stored all the same, so that a level forbids it.
        ([REFUSED, loaded(REFUSED.entry), FORBIDDEN], True),
        # Nobody knows whether it has.
        ([REFUSED, FORBIDDEN], True),
        ([REFUSED, loaded(), replace(FORBIDDEN, answer="refused: no space")], True),
        ([loaded(REFUSED.entry, FORBIDDEN.entry)], False),
    ],
)
def test_levels_are_those_of_what_a_log_holds(deeds: list[Deed], holds: bool) -> None:
    assert all(finding.holds for finding in level_findings(deeds)) is holds


@pytest.mark.requirement("WAL-08.disk-full", "WAL-09")
@pytest.mark.parametrize(
    ("name", "is_declared"), [("wal.open", True), ("wal.close", True), ("wal.append", False)]
)
def test_opening_and_closing_are_no_operations_of_the_contract(
    name: str, is_declared: bool, tmp_path: Path
) -> None:
    """They may fail in words of their own; an append has to report the declared error."""
    connection = cast("Connection", Raising(name))
    deeds = list(carry_out(connection, Component.LOG, tmp_path, (Append(FURTHER_ENTRY),)))
    (failed, *_) = [deed for deed in deeds if not deed.accepted]

    assert "No space left" in failed.answer
    assert failed.is_declared is is_declared


def test_stores_come_behind_odd_and_even_numbers_of_refusals() -> None:
    """Who takes turns at every append, also at a refused one, is in turn again behind two."""
    history = next(log_histories(0, 0))
    refused, is_first, numbers = 0, True, set()
    log: tuple[AgreementWalEntry, ...] = ()
    for operation in history:
        if not isinstance(operation, Append):
            continue
        if order_error((*log, operation.entry)) is None:
            log = (*log, operation.entry)
            numbers.add(refused % 2)
        else:
            # Something is asked behind the first one, and refused as well.
            refused += 2 if is_first else 1
            is_first = False

    assert refused > 2
    assert numbers == {0, 1}
