"""How a backend is asked for what it holds: one that is busy is asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from conformance.engine.session import History, Raised, Returned
from conformance.rules.narration import operation_text
from telltale_spec.model.operations import Operation

__all__ = ["TRIES", "answered"]

TRIES: Final = 3
"""How often something is asked before a refusal counts: a busy backend answers the next time."""


def answered(
    history: History, operation: Operation, ask: Callable[[], Any], *, quiet: bool = False
) -> Raised | Returned:
    """Ask until there is an answer; the last of some refusals is one too (WAL-09).

    A read may fail, as every operation of the contract may; one that fails again and again leaves
    nobody able to tell what is stored.
    """
    answer: Raised | Returned = Raised("never asked")
    for _ in range(TRIES):
        answer = history.call(operation_text(operation), ask, operation=operation, quiet=quiet)
        if isinstance(answer, Returned):
            break
    return answer
