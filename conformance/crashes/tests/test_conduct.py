"""Which deeds of a history may fail in words of their own."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, cast

import pytest

from conformance.crashes.conduct import Component, carry_out
from conformance.crashes.histories import FURTHER_ENTRY
from conformance.door.connection import Connection
from conformance.door.errors import foreign_fault
from telltale_spec.model.operations import Append


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
