"""Models with arbitrary tables: no sense, many mistakes, and every shape that a search may meet."""

from __future__ import annotations

import random
from dataclasses import dataclass

from conformance.checker.model import (
    FAITHFUL,
    Action,
    GlobalAction,
    Model,
    PairProperty,
    Property,
)

__all__ = ["arbitrary_model"]


@dataclass(frozen=True)
class Numbered:
    number: int


def arbitrary_model(seed: int) -> Model:
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
        f"arbitrary-{seed}",
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
