"""How a backend is asked for what it holds: one that is busy is asked again."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from conformance.engine.session import History, HistoryEnded, Raised, Returned
from conformance.rules.events import OK, REFUSED, Event
from conformance.rules.narration import operation_text
from telltale_spec.model.operations import Operation, PutOutcome
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry
from telltale_spec.wire.effects import EffectOutcome, ReleaseResponse

__all__ = ["TRIES", "answered", "event_of", "opened_again", "takes_the_id"]

TRIES: Final = 3
"""How often something is asked before a refusal counts: a busy backend answers the next time."""

_VAIN_MAX: Final = 8


def event_of(operation: Operation, answer: Raised | Returned) -> Event:
    """Return an answer as the judges take it."""
    if isinstance(answer, Raised):
        return Event(0, operation, REFUSED, message=answer.message)
    return Event(0, operation, OK, answer.value)


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


def opened_again(
    history: History,
    operation: Operation,
    make: Callable[[], Any],
    requirement_id: str,
    where: str = "",
) -> Any:
    """Open a storage that was open before, perhaps not ``where`` that was, and return it.

    What was acknowledged is not there if nobody can open it: ``requirement_id`` fails where opening
    raises, and where it is refused again and again, as a lock may be given up a little late.
    """
    text = f"{operation_text(operation)}{where}"
    for refusals in range(TRIES):
        answer = history.call(text, make, operation=operation, undeclared=requirement_id)
        if isinstance(answer, Returned):
            if refusals == 2:
                history.session.given_up_in_vain = 0
            return answer.value
        # What has no close may be held by the frames of an error that was raised in it, mostly of
        # the last one. To look through all there is takes long beside an opening: who is late is
        # waited for first, and where nothing has come of it for some times, nothing will.
        if refusals == 0:
            gc.collect(1)
        elif refusals == 1 and history.session.given_up_in_vain < _VAIN_MAX:
            history.session.given_up_in_vain += 1
            gc.collect()
    refused = answer.message if isinstance(answer, Raised) else ""
    history.check(requirement_id, False, "a storage that can be opened", f"refused: {refused}")
    # The requirement is known to be broken; nothing more can be asked of what is not open.
    raise HistoryEnded


def takes_the_id(history: History, evidence_id: str) -> bool:
    """Say whether a fresh cache takes a plain entry of an id, a blocked outcome or a success.

    A refused put may have been refused for its outcome, or for what is stored already; neither
    says anything of the id (CACHE-01, CACHE-07).
    """
    factory = history.session.backend.evidence_cache
    if factory is None:
        raise RuntimeError("only a backend with a cache can be asked for an id")
    directory = history.directory()
    twin = history.start("the evidence cache", lambda: factory(directory))
    # What the search sees of it is the refusal alone, not how its reason was found.
    beside = history.beside()
    entries = [
        EvidenceOutcomeCacheEntry(evidence_id, "interface", "operation", outcome)
        for outcome in (EffectOutcome.blocked(), EffectOutcome.success(ReleaseResponse()))
    ]
    try:
        return any(
            isinstance(
                answered(beside, PutOutcome(entry), partial(twin.put, entry), quiet=True), Returned
            )
            for entry in entries
        )
    finally:
        history.release(twin)
