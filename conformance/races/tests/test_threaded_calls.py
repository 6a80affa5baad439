"""A call in a thread: each way in which it can end is told from the others."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from conformance.errors import BackendFault
from conformance.races.threaded_calls import ThreadedCall
from conformance.rules.events import FAULT, OK, REFUSED
from telltale_spec.errors import DurabilityError
from telltale_spec.model.operations import LoadLog, Operation, Reopen
from telltale_spec.wire.agreement import AgreementWalArtifact

EMPTY = AgreementWalArtifact(())
LOAD = LoadLog()


def raising(error: BaseException) -> Callable[[], Any]:
    def call() -> Any:
        raise error

    return call


def made(function: Callable[[], Any], operation: Operation = LOAD) -> ThreadedCall:
    """Return a call that is over, and that has told so once."""
    told: list[bool] = []
    call = ThreadedCall(1, function, operation, itertools.count(4), lambda: told.append(True))
    call.start()
    call.join(10)
    assert call.ended.is_set()
    assert told == [True]
    assert 0.0 < call.began_at <= call.ended_at
    return call


@pytest.mark.parametrize(
    ("function", "answer", "message"),
    [
        (lambda: EMPTY, OK, ""),
        (raising(DurabilityError("busy")), REFUSED, "busy"),
        (raising(RuntimeError("broken")), FAULT, "raised RuntimeError: broken"),
        (lambda: "text", FAULT, "a str that is no answer to load the log"),
    ],
)
def test_what_a_call_came_to_is_kept(
    function: Callable[[], Any], answer: str, message: str
) -> None:
    call = made(function).call

    assert call is not None
    assert (call.client, call.invoked, call.answered) == (1, 4, 5)
    assert (call.answer, call.message) == (answer, message)
    assert call.result == (EMPTY.entries if answer == OK else None)


def test_a_backend_that_cannot_go_on_has_made_no_call() -> None:
    fault = BackendFault("mine", "it ended")
    call = made(raising(fault))

    assert call.fault is fault
    assert call.call is None


def test_the_handle_that_a_reopening_gives_is_nobodys_answer() -> None:
    call = made(object, Reopen()).call

    assert call is not None
    assert (call.answer, call.result) == (OK, None)
