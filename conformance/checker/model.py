"""What a model is: slots and shared fields, actions on them, properties of them.

A state is one value of the shared fields and a fixed number of *slots*: one
operation, one caller, one handle. Both are frozen records over finite domains.
Actions and properties are ordinary functions of one value of the shared fields
and one slot, which is why an engine can tabulate them and search without
calling Python for a state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from conformance.checker.calls import call
from conformance.errors import ModelError

__all__ = [
    "FAITHFUL",
    "HARDENED",
    "Action",
    "GlobalAction",
    "Model",
    "PairProperty",
    "Progress",
    "Property",
    "always",
    "unchanged",
]

FAITHFUL: Final = "faithful"
"""The variant that does what the specification says."""

HARDENED: Final = "hardened"
"""The variant with the repaired rule."""

Shared: TypeAlias = Hashable
Slot: TypeAlias = Hashable


def always(_shared: Any, _slot: Any) -> bool:
    """Say yes: the guard of what is always possible, the condition of what always counts."""
    return True


def unchanged(_shared: Any, slot: Any) -> Any:
    """Return the slot as it is: the effect of a global action that touches shared fields only."""
    return slot


@dataclass(frozen=True, slots=True)
class Action:
    """What one slot can do, to itself and to the shared fields.

    ``ids`` are the requirements and findings that say so. ``effect`` is called
    where ``guard`` holds and returns the new shared value and slot.
    """

    name: str
    ids: tuple[str, ...]
    guard: Callable[[Any, Any], bool]
    effect: Callable[[Any, Any], tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class GlobalAction:
    """What happens to the shared fields and to every slot at once, such as a crash.

    It is enabled where ``guard`` holds of the shared value and ``slot_guard``
    of every slot. ``slot_effect`` gets the shared value from before.
    """

    name: str
    ids: tuple[str, ...]
    guard: Callable[[Any], bool]
    shared_effect: Callable[[Any], Any]
    slot_effect: Callable[[Any, Any], Any] = unchanged
    slot_guard: Callable[[Any, Any], bool] = always


@dataclass(frozen=True, slots=True)
class Property:
    """What holds of every slot in every reachable state.

    It is vacuous of a slot where ``applies`` does not hold; one that is vacuous
    everywhere is an error in the model.
    """

    name: str
    ids: tuple[str, ...]
    sentence: str
    holds: Callable[[Any, Any], bool]
    applies: Callable[[Any, Any], bool] = always


@dataclass(frozen=True, slots=True)
class PairProperty:
    """What holds of every ordered pair of different slots in every reachable state.

    The functions see ``view`` of each slot, which has few values, so that a
    table of all pairs of views stays small.
    """

    name: str
    ids: tuple[str, ...]
    sentence: str
    view: Callable[[Any, Any], Hashable]
    holds: Callable[[Any, Any], bool]
    applies: Callable[[Any, Any], bool] = always


@dataclass(frozen=True, slots=True)
class Progress:
    """What is owed to a slot at some time and paid to it at a later one.

    It is owed from where ``owed`` holds of a slot until ``paid`` does. That is claimed under
    stated fairness, of the actions of every slot: one of ``weakly_fair`` that stays possible is
    taken at last, one of ``strongly_fair`` that is possible again and again is taken again and
    again, and one of ``finite`` is taken a number of times and then never more. Nothing is
    assumed of the others. A promise that is never owed is an error in the model.
    """

    name: str
    ids: tuple[str, ...]
    sentence: str
    owed: Callable[[Any, Any], bool]
    paid: Callable[[Any, Any], bool]
    weakly_fair: tuple[str, ...] = ()
    strongly_fair: tuple[str, ...] = ()
    finite: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """One model in one variant.

    ``shared`` are the values that the shared fields may begin with and ``slot``
    gives the beginning of the slot with an index. ``slots_default`` is the
    number of slots where none is asked for. ``symmetric`` says that every slot
    begins alike, which makes states equal up to the order of their slots.
    ``promises`` are about ways that never end, so another search is for them.
    Raises :class:`~conformance.errors.ModelError` for two things of one name, for
    a property or an action that refers to nothing, and for a promise about an
    action that there is not.
    """

    name: str
    variant: str
    sentence: str
    shared: tuple[Shared, ...]
    slot: Callable[[int], Slot]
    actions: tuple[Action, ...]
    properties: tuple[Property, ...]
    global_actions: tuple[GlobalAction, ...] = ()
    pair_properties: tuple[PairProperty, ...] = ()
    slots_default: int = 1
    symmetric: bool = True
    promises: tuple[Progress, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a model whose parts cannot be told apart or traced to the specification."""
        for names in (
            Counter(step.name for step in self.steps),
            Counter(claim.name for claim in (*self.claims, *self.promises)),
        ):
            doubled = sorted(name for name, count in names.items() if count > 1)
            if doubled:
                raise ModelError(self.title, f"the name `{doubled[0]}` is used twice")
        nameless = [step.name for step in self.steps if not step.ids]
        nameless += [claim.name for claim in (*self.claims, *self.promises) if not claim.ids]
        if nameless:
            raise ModelError(
                self.title, f"`{nameless[0]}` refers to no requirement or finding; give it an id"
            )
        self._refuse_unknown_actions()
        if not self.shared:
            raise ModelError(self.title, "there is no value of the shared fields to begin with")

    def _refuse_unknown_actions(self) -> None:
        names = {step.name for step in self.steps}
        for promise in self.promises:
            both = {*promise.weakly_fair, *promise.strongly_fair} & set(promise.finite)
            if both:
                raise ModelError(
                    self.title,
                    f"promise `{promise.name}` says of action `{min(both)}` that it is taken at "
                    "last, and that it is taken no more",
                )
            for name in (*promise.weakly_fair, *promise.strongly_fair, *promise.finite):
                if name not in names:
                    raise ModelError(
                        self.title,
                        f"promise `{promise.name}` is about action `{name}`, which there is not",
                    )

    @property
    def steps(self) -> tuple[Action | GlobalAction, ...]:
        """Everything that can happen, in order."""
        return (*self.actions, *self.global_actions)

    @property
    def claims(self) -> tuple[Property | PairProperty, ...]:
        """Everything that is claimed, in order."""
        return (*self.properties, *self.pair_properties)

    @property
    def title(self) -> str:
        """Name and variant, as a reader sees them."""
        return f"{self.name} ({self.variant})"

    def initial_slots(self, slots_count: int) -> tuple[Slot, ...]:
        """Return the beginning of each slot.

        Raises ``ModelError`` for a count below 1 and where there is no such beginning.
        """
        if slots_count < 1:
            raise ModelError(self.title, f"{slots_count} slots; a state has at least 1")
        begin = "the beginning of a slot"
        return tuple(call(self.title, begin, self.slot, index) for index in range(slots_count))
