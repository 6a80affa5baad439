"""Counterexamples in the plainest values that show them, so that every search gives the same one.

What is left of what was drawn says something: a value that is not plain is one that is needed.
"""

from __future__ import annotations

import dataclasses
import enum
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from conformance.engine.acts import Act, ActForm
from conformance.errors import ActError
from conformance.records.results import Counterexample
from telltale_spec.errors import DomainError
from telltale_spec.wire.agreement import (
    AgreementEvidence,
    AgreementEvidenceKind,
    AgreementLevel,
    AgreementWalEntry,
    Escalation,
    EvidenceProduced,
    Finalization,
    FinalizationOutcome,
    VisibilityGateCrossing,
)
from telltale_spec.wire.effects import (
    BlockedStatus,
    EffectOutcome,
    EffectOutcomeStatus,
    ReleaseResponse,
    SuccessStatus,
)
from telltale_spec.wire.requests import EffectRequestBody, InvokeStepBody

__all__ = [
    "in_plain_values",
    "named_values",
    "nodes_of",
    "plainer_acts",
    "possible_act",
    "replaced",
    "role_of",
    "weight_of",
    "with_others",
]

Path: TypeAlias = tuple[str | int, ...]

_ATTEMPTS_MAX: Final = 1_000
_OTHER_WEIGHT: Final = 20
_ITEM_WEIGHT: Final = 5

# The first of each row is what is shown where nothing else is needed.
_LOWEST: Final = AgreementLevel.NONE
_ENTRIES: Final[tuple[AgreementWalEntry, ...]] = (
    VisibilityGateCrossing("a", "c", _LOWEST, 1),
    Escalation("a", _LOWEST, _LOWEST, None, 1),
    Finalization("a", next(iter(FinalizationOutcome)), None, None, 1),
    EvidenceProduced(
        AgreementEvidence(
            "e", "a", None, None, _LOWEST, next(iter(AgreementEvidenceKind)), "t", True
        ),
        1,
    ),
)
# What differs from the plainest in one thing alone, where two have to differ.
_GATES: Final = (
    VisibilityGateCrossing("a", "c", _LOWEST, 0),
    VisibilityGateCrossing("a", "c", _LOWEST, 2),
    VisibilityGateCrossing("b", "c", _LOWEST, 1),
)
# Two that differ and have one identity, where that is what matters.
_TWINS: Final = (
    VisibilityGateCrossing("a", "b:c", _LOWEST, 1),
    VisibilityGateCrossing("a:b", "c", _LOWEST, 1),
)
_OUTCOMES: Final = (EffectOutcome.blocked(), EffectOutcome.success(ReleaseResponse()))
_STATUSES: Final = (BlockedStatus(), SuccessStatus())
_BODIES: Final = (InvokeStepBody("t", ()),)
_TEXTS: Final = (
    ("operation_id", ("a", "b")),
    ("evidence_id", ("e", "f")),
    ("coroutine_id", ("c",)),
    ("", ("t", "")),
)
_TICKS: Final = (1, 0, 2, 3)
_NUMBERS: Final = (0, 1)


def in_plain_values(
    found: Counterexample, attempt: Callable[[Sequence[Act]], Counterexample | None]
) -> Counterexample:
    """Return the counterexample with plain values in place of those that it does not need.

    ``attempt`` carries acts out again. The same requirement fails, in as few steps.
    """
    plainest = found
    tried: set[str] = set()
    searching = True
    while searching:
        searching = False
        for acts in plainer_acts(plainest.acts):
            key = repr([named_values(act) for act in acts])
            if key in tried:
                continue
            if len(tried) == _ATTEMPTS_MAX:
                return plainest
            tried.add(key)
            plainer = attempt(acts)
            if plainer is not None and _is_better(plainer, plainest):
                plainest, searching = plainer, True
                break
    return plainest


def _is_better(plainer: Counterexample, known: Counterexample) -> bool:
    return (
        plainer.requirement_id == known.requirement_id
        and len(plainer.steps) <= len(known.steps)
        and len(plainer.acts) <= len(known.acts)
        and weight_of(plainer.acts) < weight_of(known.acts)
    )


def plainer_acts(acts: Sequence[Act]) -> Iterator[list[Act]]:
    """Yield acts with one value in a plainer form.

    It is so wherever it is, or takes the place of the plainer one, or is so at one place alone.
    """
    for index, act in enumerate(acts):
        for path, value in nodes_of(named_values(act)):
            role = role_of(path)
            for plainer in _plainer(value, role):
                yield from _everywhere(acts, [(value, plainer)], role)
                yield from _everywhere(acts, [(value, plainer), (plainer, value)], role)
                here = replaced(act, path, plainer)
                if here is not None:
                    yield [*acts[:index], here, *acts[index + 1 :]]
    yield from _two_at_once(acts)


def _two_at_once(acts: Sequence[Act]) -> Iterator[list[Act]]:
    """Yield acts with two texts, or two numbers, in a plainer form: what matters is their order."""
    found: dict[str, list[Any]] = {}
    for act in acts:
        for path, value in nodes_of(named_values(act)):
            known = found.setdefault(role_of(path), [])
            pairs_up = type(value) in (int, str) or isinstance(value, AgreementWalEntry)
            if pairs_up and value not in known:
                known.append(value)
    for role, values in found.items():
        for one, other in itertools.combinations(values, 2):
            if isinstance(one, AgreementWalEntry):
                yield from _everywhere(acts, list(zip((one, other), _TWINS, strict=True)), role)
                continue
            row = [each for each in _row(one, role) if type(each) is type(one)]
            for plainer in (*itertools.permutations(row, 2), *_alike(row)):
                yield from _everywhere(acts, list(zip((one, other), plainer, strict=True)), role)


def _alike(row: Sequence[Any]) -> list[tuple[str, str]]:
    """Return the plainest text and what differs from it in its case only."""
    text = next((each for each in row if isinstance(each, str)), "")
    return [(text, text.upper()), (text.upper(), text)] if text else []


def _everywhere(
    acts: Sequence[Act], others: Sequence[tuple[Any, Any]], role: str
) -> Iterator[list[Act]]:
    changed = with_others(acts, others, role)
    if changed is not None:
        yield changed


def with_others(
    acts: Sequence[Act], others: Sequence[tuple[Any, Any]], role: str
) -> list[Act] | None:
    """Return acts with other values wherever those in the same role are; ``None`` if impossible."""
    changed = [_substituted(act, others, role) for act in acts]
    possible = [act for act in changed if act is not None]
    return possible if len(possible) == len(changed) else None


def _plainer(value: Any, role: str) -> Sequence[Any]:
    """Return what is plainer than a value, the plainest first."""
    row = _row(value, role)
    own = _rank(row, value)
    # A record can be lighter wherever it is in its row.
    before = row if dataclasses.is_dataclass(value) else row[:own]
    lighter = [each for each in before if _weight(each, role) < _weight(value, role)]
    return sorted(lighter, key=lambda each: _weight(each, role))


def _row(value: Any, role: str) -> Sequence[Any]:
    optional = () if value is None else (None,)
    if isinstance(value, AgreementWalEntry):
        return (*_ENTRIES, *_GATES)
    if isinstance(value, EffectOutcome):
        return _OUTCOMES
    if isinstance(value, EffectOutcomeStatus):
        return _STATUSES
    if isinstance(value, EffectRequestBody):
        return _BODIES
    if isinstance(value, bool):
        return (True, False)
    if isinstance(value, enum.Enum):
        return (*optional, *type(value))
    if isinstance(value, str):
        return (*optional, *next(row for ending, row in _TEXTS if role.endswith(ending)))
    if isinstance(value, int):
        return (*optional, *(_TICKS if role.endswith("tick") else _NUMBERS))
    return optional if dataclasses.is_dataclass(value) else ()


def _rank(row: Sequence[Any], value: Any) -> int:
    return next(
        (index for index, each in enumerate(row) if type(each) is type(value) and each == value),
        len(row),
    )


def weight_of(acts: Sequence[Act]) -> tuple[int, list[int]]:
    """Return how far acts are from the plainest values, in all and one by one."""
    weights = [
        _weight(value, _role_named(name))
        for act in acts
        for name, value in named_values(act).items()
    ]
    return sum(weights), weights


def _weight(value: Any, role: str) -> int:
    if value is None:
        return 0
    if isinstance(value, tuple):
        return sum(_ITEM_WEIGHT + _weight(item, role) for item in value)
    row = _row(value, role)
    if dataclasses.is_dataclass(value):
        kinds = list(dict.fromkeys(type(each) for each in row))
        kind = kinds.index(type(value)) if type(value) in kinds else len(kinds)
        fields = [field.name for field in dataclasses.fields(value)]
        own = 1 + kind * _OTHER_WEIGHT
        return own + sum(_weight(getattr(value, name), name) for name in fields)
    rank = _rank(row, value)
    if rank < len(row):
        return rank
    if isinstance(value, str):
        return _OTHER_WEIGHT + min(len(value), 1_000)
    return _OTHER_WEIGHT + (value.bit_length() if isinstance(value, int) else 0)


def named_values(act: Act) -> dict[str, Any]:
    """Return the arguments of an act by their names."""
    return act.form.bound(act.arguments, act.named)


def role_of(path: Path) -> str:
    """Return what a value at a path is for: the last name on the way to it."""
    return _role_named(next((part for part in reversed(path) if isinstance(part, str)), ""))


def _role_named(name: str) -> str:
    """Return the role of what has a name: one of several identifiers is an identifier."""
    return name.removesuffix("s") if name.endswith("_ids") else name


def _parts(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, tuple):
        return list(enumerate(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    return []


def nodes_of(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every value inside another one with its path, the larger ones first."""
    for name, part in _parts(value):
        yield (*path, name), part
        yield from nodes_of(part, (*path, name))


def replaced(act: Act, path: Path, plainer: Any) -> Act | None:
    """Return an act with another value at one place; ``None`` if there can be none."""
    return possible_act(act.form, lambda: _with(named_values(act), path, plainer))


def possible_act(form: ActForm, arguments: Callable[[], dict[str, Any]]) -> Act | None:
    """Return an act whose arguments are of the right types; ``None`` for an impossible one."""
    try:
        act = form.acted(**arguments())
        # Only a record checks its fields by itself.
        form.from_data(act.to_data())
    except (ActError, DomainError, TypeError, ValueError, AttributeError):
        return None
    return act


def _with(value: Any, path: Path, plainer: Any) -> Any:
    if not path:
        return plainer
    name, *rest = path
    return _rebuilt(value, {name: _with(dict(_parts(value))[name], tuple(rest), plainer)})


def _substituted(act: Act, others: Sequence[tuple[Any, Any]], role: str) -> Act | None:
    """Return an act with other values wherever those in the same role are; ``None`` as above."""

    def of(node: Any, node_role: str) -> Any:
        for value, other in others:
            if type(node) is type(value) and node == value and node_role == role:
                return other
        changed: dict[Any, Any] = {}
        for name, part in _parts(node):
            found = of(part, _role_named(name) if isinstance(name, str) else node_role)
            if found is not part:
                changed[name] = found
        return _rebuilt(node, changed) if changed else node

    return possible_act(act.form, lambda: of(named_values(act), ""))


def _rebuilt(value: Any, changed: dict[Any, Any]) -> Any:
    if isinstance(value, dict):
        return {**value, **changed}
    if isinstance(value, tuple):
        return tuple([changed.get(index, item) for index, item in enumerate(value)])
    return dataclasses.replace(value, **changed)
