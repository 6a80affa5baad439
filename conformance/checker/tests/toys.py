"""Small models whose numbers can be worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace

from conformance.checker.model import (
    FAITHFUL,
    Action,
    GlobalAction,
    Model,
    PairProperty,
    Property,
)


@dataclass(frozen=True)
class Turn:
    holder: int = 0


@dataclass(frozen=True)
class Process:
    place: str = "idle"
    count: int = 0


def mutual_exclusion(*, is_broken: bool = False) -> Model:
    """Processes that take a lock; broken, the lock is looked at and taken in two steps."""

    def take(shared: Turn, slot: Process) -> tuple[Turn, Process]:
        return Turn(1), replace(slot, place="inside")

    def leave(shared: Turn, slot: Process) -> tuple[Turn, Process]:
        return Turn(0), replace(slot, place="idle", count=min(slot.count + 1, 2))

    def look(shared: Turn, slot: Process) -> tuple[Turn, Process]:
        return shared, replace(slot, place="looked")

    wait = "looked" if is_broken else "idle"
    return Model(
        "mutual-exclusion",
        FAITHFUL,
        "one lock",
        (Turn(),),
        lambda _index: Process(),
        (
            Action("look", ("X-1",), lambda h, s: s.place == "idle" and h.holder == 0, look),
            Action(
                "take",
                ("X-1",),
                lambda h, s: s.place == wait and (is_broken or h.holder == 0),
                take,
            ),
            Action("leave", ("X-1",), lambda _h, s: s.place == "inside", leave),
        )[not is_broken :],
        (
            Property(
                "counts end at one",
                ("X-2",),
                "no process leaves twice",
                lambda _h, s: s.count < 2,
            ),
        ),
        (
            GlobalAction(
                "restart",
                ("X-3",),
                lambda h: h.holder == 1,
                lambda _h: Turn(0),
                lambda _h, _s: Process(),
            ),
        ),
        (
            PairProperty(
                "one inside",
                ("X-4",),
                "two are never inside at once",
                lambda _h, s: s.place,
                lambda left, right: (left, right) != ("inside", "inside"),
            ),
        ),
        slots_default=2,
    )
