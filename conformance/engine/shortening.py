"""Counterexamples without what they do not need.

How much is tried is bounded by counts, so that equal failures become equal counterexamples however
busy the machine is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from conformance.engine.acts import Act, ActForm
from conformance.engine.plainness import (
    in_plain_values,
    named_values,
    nodes_of,
    possible_act,
    replaced,
)
from conformance.engine.smallness import with_smaller_values
from conformance.records.results import Counterexample

__all__ = ["shortest_and_plainest"]

# So often everything is tried from the beginning, if the time before made it any smaller.
_ROUNDS_MAX: Final = 10

Attempt: TypeAlias = Callable[[Sequence[Act]], Counterexample | None]


def shortest_and_plainest(
    found: Counterexample, attempt: Attempt, forms: Sequence[ActForm] = ()
) -> Counterexample:
    """Return the counterexample with the fewest acts and the plainest values that still show it.

    ``attempt`` carries acts out again; where there is no time left it finds nothing. ``forms`` are
    those of all acts that there are, as a simpler one may do.
    """
    for _ in range(_ROUNDS_MAX):
        shorter = without_needless_acts(without_needless_pieces(found, attempt), attempt, forms)
        plainer = with_smaller_values(in_plain_values(shorter, attempt), attempt)
        if plainer is shorter:
            return shorter
        found = plainer
    return found


def without_needless_pieces(found: Counterexample, attempt: Attempt) -> Counterexample:
    """Return the counterexample without any run of acts that it does not need, the longest first.

    Runs are half as long each time, so that one of many acts that matter is found in few tries.
    """
    shortest = found
    length = len(shortest.acts) // 2
    while length > 1:
        start = len(shortest.acts) - length
        while start > -length:
            first = max(start, 0)
            acts = [*shortest.acts[:first], *shortest.acts[start + length :]]
            shorter = attempt(acts)
            if shorter is not None and _is_smaller(shorter, shortest):
                shortest = shorter
            start -= length
        length //= 2
    return shortest


def without_needless_acts(
    found: Counterexample, attempt: Attempt, forms: Sequence[ActForm] = ()
) -> Counterexample:
    """Return the counterexample without any act, or part of one, that it does not need.

    ``attempt`` carries acts out again.
    """
    shortest = found
    position = len(shortest.acts) - 1
    while position >= 0:
        before, act, after = _split(shortest.acts, position)
        for part in ([], *([smaller] for smaller in _smaller(act, forms))):
            shorter = attempt([*before, *part, *after])
            if shorter is not None and _is_smaller(shorter, shortest):
                shortest = shorter
                position = len(shortest.acts)
                break
        position -= 1
    return shortest


def _smaller(act: Act, forms: Sequence[ActForm]) -> Iterator[Act]:
    """Yield acts that do less than one: of a simpler form, or with one item less somewhere."""
    for form in forms:
        other = None if form is act.form else _in_form(act, form)
        if other is not None and _nodes_count(other) < _nodes_count(act):
            yield other
    for path, items in nodes_of(named_values(act)):
        if isinstance(items, tuple) and ((items and len(path) > 1) or len(items) > 1):
            for index in range(len(items)):
                less = replaced(act, path, (*items[:index], *items[index + 1 :]))
                if less is not None:
                    yield less


def _in_form(act: Act, form: ActForm) -> Act | None:
    """Return an act of another form with arguments of this one; ``None`` if one is missing."""
    own = named_values(act)
    arguments = {}
    for name, hint in form.needed.items():
        if name in own:
            arguments[name] = own[name]
        elif isinstance(hint, type) and dataclasses.is_dataclass(hint):
            alike = (value for _, value in nodes_of(own) if isinstance(value, hint))
            arguments[name] = next(alike, None)
        else:
            return None
    return possible_act(form, lambda: arguments)


def _split(acts: list[Act], position: int) -> tuple[list[Act], Act, list[Act]]:
    return acts[:position], acts[position], acts[position + 1 :]


def _is_smaller(shorter: Counterexample, known: Counterexample) -> bool:
    return shorter.requirement_id == known.requirement_id and _size(shorter) < _size(known)


def _size(counterexample: Counterexample) -> tuple[int, int, int]:
    acts = counterexample.acts
    return len(counterexample.steps), len(acts), sum(_nodes_count(act) for act in acts)


def _nodes_count(act: Act) -> int:
    return sum(1 for _ in nodes_of(named_values(act)))
