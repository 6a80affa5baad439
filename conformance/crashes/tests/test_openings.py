"""Of many openings, those that do what others do not come first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.crashes.events import Answered, Event, Resized, Synced, Wrote
from conformance.crashes.openings import unlike

PLAIN = (Synced(1, 0), Answered(b"opened\n"))
REPAIR = (Resized(1, 0), Synced(1, 0), Answered(b"opened\n"))


def opening(name: str, *events: Event) -> Any:
    recording = SimpleNamespace(events=list(events))
    return cast("Any", (name, SimpleNamespace(conducted=SimpleNamespace(recording=recording))))


def names(openings: list[Any], count: int) -> list[Any]:
    return [state for state, _ in unlike(openings, count)]


@pytest.mark.requirement("WAL-08.recovery", "CACHE-08.recovery")
def test_the_rarest_kind_comes_first_and_then_one_of_each_in_turn() -> None:
    many = [opening(f"plain {number}", *PLAIN) for number in range(5)]
    openings = [*many, opening("repair", *REPAIR)]

    assert names(openings, 1) == ["repair"]
    assert names(openings, 3) == ["repair", "plain 0", "plain 1"]
    assert len(names(openings, 99)) == 6


def test_what_comes_after_the_opening_makes_no_other_kind() -> None:
    stored = (*PLAIN, Wrote(1, 0, b"x"), Answered(b"stored\n"))
    openings = [opening("a", *PLAIN), opening("b", *stored), opening("repair", *REPAIR)]

    assert names(openings, 2) == ["repair", "a"]
