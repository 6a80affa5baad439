"""Small models whose numbers can be worked out by hand, and random ones."""

from __future__ import annotations

import random
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


@dataclass(frozen=True)
class Numbered:
    number: int


def random_model(seed: int) -> Model:
    """A model with arbitrary tables; most of them break something."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    shared_count, slot_count = draw.randint(1, 3), draw.randint(2, 6)
    cells = [(h, s) for h in range(shared_count) for s in range(slot_count)]

    def table(share: float) -> dict[tuple[int, int], tuple[int, int]]:
        return {cell: draw.choice(cells) for cell in cells if draw.random() < share}

    def action(index: int) -> Action:
        moves = table(0.4) or {(0, 0): (0, 1)}
        # Whatever the rest of the draw does, the action is possible at the beginning.
        moves[0, 0] = draw.choice(cells)
        return Action(
            f"a{index}",
            ("X-1",),
            lambda h, s: (h.number, s.number) in moves,
            lambda h, s: (
                Numbered(moves[h.number, s.number][0]),
                Numbered(moves[h.number, s.number][1]),
            ),
        )

    to_shared = [draw.randrange(shared_count) for _ in range(shared_count)]
    to_slot = table(1.0)
    allowed = {(0, 0), *(cell for cell in cells if draw.random() < 0.5)}
    bad = {cell for cell in cells if draw.random() < 0.2}
    bad_pairs = {
        (left, right)
        for left in range(slot_count)
        for right in range(slot_count)
        if draw.random() < 0.2
    }
    return Model(
        f"random-{seed}",
        FAITHFUL,
        "arbitrary",
        (Numbered(0),),
        lambda _index: Numbered(0),
        tuple(action(index) for index in range(draw.randint(1, 4))),
        (
            Property("p", ("X-2",), "arbitrary", lambda h, s: (h.number, s.number) not in bad),
            Property(
                "q",
                ("X-2",),
                "arbitrary",
                lambda h, s: s.number != slot_count - 1,
                lambda h, s: h.number == 0,
            ),
        ),
        (
            GlobalAction(
                "g",
                ("X-3",),
                lambda h: True,
                lambda h: Numbered(to_shared[h.number]),
                lambda h, s: Numbered(to_slot[h.number, s.number][1]),
                lambda h, s: (h.number, s.number) in allowed,
            ),
        ),
        (
            PairProperty(
                "r",
                ("X-4",),
                "arbitrary",
                lambda h, s: s.number,
                lambda left, right: (left, right) not in bad_pairs,
            ),
        ),
        slots_default=2,
    )
