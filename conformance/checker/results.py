"""What a search says: counts, a verdict for each property, shortest ways to violations."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final

from conformance.checker.model import Model
from conformance.errors import ModelError

__all__ = [
    "Budget",
    "Judgement",
    "PropertyResult",
    "SearchResult",
    "State",
    "Step",
    "Trace",
    "fields_of",
    "finish",
]

_MEBIBYTE: Final = 2**20


class Judgement(enum.Enum):
    """What is known about a property, or about all of a model."""

    HOLDS = "holds"
    VIOLATED = "violated"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a search may use; one that needs more ends inconclusive.

    States are counted at the end of a level; ``clock`` gives seconds from any
    beginning. Bytes are those of visited states, not of the interpreter.
    """

    states_max: int = 200_000_000
    seconds_max: float = 600.0
    bytes_max: int = 2_048 * _MEBIBYTE
    clock: Callable[[], float] = lambda: 0.0


@dataclass(frozen=True, slots=True)
class State:
    """One state: the shared value and every slot."""

    shared: Any
    slots: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a trace: which action, of which slot (``None``: of all), and what then is."""

    action: str
    slot: int | None
    state: State


@dataclass(frozen=True, slots=True)
class Trace:
    """A shortest way from a beginning to a state that breaks a property."""

    start: State
    steps: tuple[Step, ...]

    @property
    def end(self) -> State:
        """The last state."""
        return self.steps[-1].state if self.steps else self.start


@dataclass(frozen=True, slots=True)
class PropertyResult:
    """One property: what is known, how often it was put to the test, the first violation.

    ``checked_count`` counts the slots, or ordered pairs of slots, of all
    reached states of which the property was not vacuous.
    """

    name: str
    judgement: Judgement
    checked_count: int
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What one search of one model found.

    ``transitions_count`` counts enabled actions of reached states, those that
    lead back to their own state too. ``enabled_counts`` are by action, in the
    order of the model. ``depth`` is the length of the longest of all shortest
    ways. ``stopped_because`` is ``None`` where everything was searched. The
    last two fields say how much it took and take no part in comparisons.
    """

    model: str
    variant: str
    slots_count: int
    states_count: int
    transitions_count: int
    depth: int
    enabled_counts: tuple[tuple[str, int], ...]
    properties: tuple[PropertyResult, ...]
    stopped_because: str | None
    engine: str
    seconds: float
    visited_bytes: int

    @property
    def judgement(self) -> Judgement:
        """Violated if any property is, else inconclusive if anything was left out."""
        judgements = {each.judgement for each in self.properties}
        if Judgement.VIOLATED in judgements:
            return Judgement.VIOLATED
        if self.stopped_because is not None or Judgement.INCONCLUSIVE in judgements:
            return Judgement.INCONCLUSIVE
        return Judgement.HOLDS

    def property(self, name: str) -> PropertyResult:
        """Return the result of one property; raises ``KeyError`` for an unknown name."""
        for each in self.properties:
            if each.name == name:
                return each
        raise KeyError(name)


def fields_of(value: Any) -> dict[str, Any]:
    """Return the fields of a record by name; of anything else, itself under no name."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        named: dict[str, Any] = value._asdict()
        return named
    return {"": value}


def finish(
    model: Model,
    slots_count: int,
    *,
    engine: str,
    states_count: int,
    depth: int,
    enabled_counts: tuple[tuple[str, int], ...],
    checked_counts: dict[str, int],
    traces: dict[str, Trace],
    stopped_because: str | None,
    seconds: float,
    visited_bytes: int,
) -> SearchResult:
    """Return the result of a search, the same way for every engine.

    Raises :class:`~conformance.errors.ModelError` if everything was searched and
    an action was never enabled or a property never put to the test: such a
    model says less than it seems to.
    """
    if stopped_because is None:
        _refuse_idle_parts(model, slots_count, enabled_counts, checked_counts)
    open_judgement = Judgement.HOLDS if stopped_because is None else Judgement.INCONCLUSIVE
    properties = tuple(
        PropertyResult(
            each.name,
            Judgement.VIOLATED if each.name in traces else open_judgement,
            checked_counts[each.name],
            traces.get(each.name),
        )
        for each in model.claims
        if slots_count > 1 or each not in model.pair_properties
    )
    return SearchResult(
        model=model.name,
        variant=model.variant,
        slots_count=slots_count,
        states_count=states_count,
        transitions_count=sum(count for _, count in enabled_counts),
        depth=depth,
        enabled_counts=enabled_counts,
        properties=properties,
        stopped_because=stopped_because,
        engine=engine,
        seconds=seconds,
        visited_bytes=visited_bytes,
    )


def _refuse_idle_parts(
    model: Model,
    slots_count: int,
    enabled_counts: tuple[tuple[str, int], ...],
    checked_counts: dict[str, int],
) -> None:
    for name, count in enabled_counts:
        if count == 0:
            raise ModelError(
                model.title,
                f"action `{name}` is never enabled with {slots_count} slots; "
                "correct its guard or leave it out",
            )
    pairs = {each.name for each in model.pair_properties}
    for name, count in checked_counts.items():
        if count == 0 and (slots_count > 1 or name not in pairs):
            raise ModelError(
                model.title,
                f"property `{name}` is vacuous in every state with {slots_count} slots; "
                "correct its condition or leave it out",
            )
