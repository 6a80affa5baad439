"""Make a crash that fails smaller: fewer operations, an earlier crash, less that was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from conformance.crashes.campaign import CrashSite, Crew
from conformance.crashes.oracle import Aspect, Difference
from conformance.crashes.states import CrashState, states_of
from conformance.crashes.trace_errors import TraceError
from telltale_spec.model.operations import Operation

__all__ = ["Failure", "failing", "smallest"]

_HISTORIES_MAX: Final = 60
_STATES_MAX: Final = 400
# Among so many deeds at its end a history is crashed again.
_ENOUGH: Final = 20


@dataclass(frozen=True)
class Failure:
    """A crash that fails, with the difference that it makes."""

    site: CrashSite
    state: CrashState
    aspect: Aspect
    difference: Difference


def smallest(crew: Crew, failure: Failure, seed: int, is_over: Callable[[], bool]) -> Failure:
    """Return a smaller failure of the same aspect and class, as far as there is time."""
    tried = 0
    shortest = failure
    candidates = _shorter(shortest)
    while tried < _HISTORIES_MAX and not is_over():
        operations = next(candidates, None)
        if operations is None:
            break
        tried += 1
        found = _failing(crew, operations, failure, seed, is_over)
        if found is not None:
            shortest = found
            candidates = _shorter(shortest)
    return _with_less_lost(crew, shortest, is_over)


def _shorter(failure: Failure) -> Iterator[tuple[Operation, ...]]:
    """Yield the history without its end, without many operations, and then without any one.

    The last ones are left out first.
    """
    operations = failure.site.operations
    answered = failure.site.conducted.answered(failure.state.point)
    deeds = failure.site.conducted.deeds[: answered + 1]
    begun = sum(deed.operation is not None for deed in deeds)
    if begun < len(operations):
        yield operations[:begun]
    size = len(operations) // 2
    while size > 1:
        for begin in range(len(operations) - size, -1, -size):
            yield (*operations[:begin], *operations[begin + size :])
        size //= 2
    for index in reversed(range(len(operations))):
        yield (*operations[:index], *operations[index + 1 :])


def _failing(
    crew: Crew,
    operations: tuple[Operation, ...],
    failure: Failure,
    seed: int,
    is_over: Callable[[], bool],
) -> Failure | None:
    try:
        site = crew.site(failure.site.component, operations, failure.site.model.file_system)
    except TraceError:
        # The shorter history does something that cannot be followed, so the longer one stands.
        return None
    # What is left of a long history fails at its end, as the whole did.
    deeds = len(site.conducted.deeds)
    points = range(len(site.model.events))
    since = next((each for each in points if site.conducted.answered(each) >= deeds - _ENOUGH), 0)
    for count, state in enumerate(states_of(site.model, failure.state.crash_class, seed, since)):
        if count == _STATES_MAX or is_over():
            return None
        found = failing(crew, site, state, failure.aspect)
        if found is not None:
            return found
    return None


def failing(crew: Crew, site: CrashSite, state: CrashState, aspect: Aspect) -> Failure | None:
    """Return how a crash breaks a promise, or ``None`` where it does not."""
    found = site.differences(state, crew.show(site.component, site.image(state))).get(aspect)
    return None if found is None else Failure(site, state, aspect, found)


def _with_less_lost(crew: Crew, failure: Failure, is_over: Callable[[], bool]) -> Failure:
    """Let changes survive that the failure does not need to be lost."""
    smaller = failure
    for index in reversed(failure.state.lost):
        if is_over():
            break
        lost = tuple([each for each in smaller.state.lost if each != index])
        if lost != smaller.site.model.closed(lost, smaller.state.point):
            continue
        state = replace(smaller.state, lost=lost)
        smaller = failing(crew, smaller.site, state, failure.aspect) or smaller
    return smaller
