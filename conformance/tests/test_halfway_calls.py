"""Calls that are served by threads meet half-way: at each line, and only where two were at once."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from conformance.door.halfway import HalfwayCalls

STORAGE = "a storage"


class Steps:
    """Carries out three lines of its own, and keeps who was where."""

    def __init__(self, halfway: HalfwayCalls) -> None:
        self.halfway = halfway
        self.seen: list[str] = []

    def call(self, who: str) -> None:
        self.seen.append(f"{who} first")
        self.seen.append(f"{who} second")
        self.seen.append(f"{who} third")

    def called(self, number: int, who: str) -> list[str]:
        """Make a call, and return what was seen meanwhile."""
        self.seen.clear()
        self.halfway.begin(number)
        self.halfway.run(number, "append", lambda: self.call(who))
        self.halfway.end(STORAGE)
        return list(self.seen)


@pytest.fixture
def halfway() -> Iterator[HalfwayCalls]:
    interval = sys.getswitchinterval()
    made = HalfwayCalls()
    made.opened(1, STORAGE)
    made.opened(2, STORAGE)
    made.opened(3, "another storage")
    yield made
    sys.setswitchinterval(interval)


def meet(halfway: HalfwayCalls) -> None:
    halfway.begin(1)
    halfway.begin(2)
    halfway.end(STORAGE)
    halfway.end(STORAGE)


def note_holds(halfway: HalfwayCalls, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halfway, "_wait_for_others", lambda: steps.seen.append("held"))


def test_each_line_has_its_turn(halfway: HalfwayCalls, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is new is held for sure, and the more often one was, the less likely it is."""
    steps = Steps(halfway)
    note_holds(halfway, steps, monkeypatch)
    meet(halfway)
    # The lambda has a line too, before the first one.
    places = [_place(steps.called(1, "one")) for _ in range(200)]

    assert places[0] == 0
    assert {0, 1, 2, None} == {*places}
    assert places[:50].count(None) < places[-50:].count(None)


def test_what_few_calls_come_to_is_held_there(
    halfway: HalfwayCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though all of them come to what lies before it."""
    held: list[str] = []
    place = [""]
    monkeypatch.setattr(halfway, "_wait_for_others", lambda: held.append(place[0]))
    meet(halfway)

    def call(number: int) -> None:
        place[0] = "usual"
        if number % 10 == 9:
            place[0] = "rare"
            place.append("more")
            place.pop()

    for number in range(100):
        halfway.run(1, "append", partial(call, number))

    # Ten calls come to it, and a held one is not held again.
    assert held.count("rare") >= 3
    assert len(held) < 90


def _place(seen: list[str]) -> int | None:
    return seen.index("held") if "held" in seen else None


def test_only_where_two_calls_were_under_way_is_anything_held(
    halfway: HalfwayCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = Steps(halfway)
    note_holds(halfway, steps, monkeypatch)
    before = [steps.called(1, "one") for _ in range(3)]
    meet(halfway)

    assert all("held" not in each for each in before)
    assert "held" not in steps.called(3, "three")
    assert "held" in steps.called(2, "two")


def test_one_is_held_at_a_time_and_until_three_others_have_ended(
    halfway: HalfwayCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.door.halfway._SECONDS_MAX", 30.0)
    steps = Steps(halfway)
    meet(halfway)
    one = threading.Thread(target=halfway.run, args=(1, "append", lambda: steps.call("one")))
    one.start()
    while not halfway._held.locked():
        time.sleep(0.001)
    for _ in range(3):
        assert one.is_alive()
        # Nobody else is held meanwhile, or this would wait for ever.
        halfway.run(2, "append", lambda: steps.call("two"))
        halfway.end(STORAGE)
    one.join(30.0)

    assert steps.seen[:9] == ["two first", "two second", "two third"] * 3
    assert steps.seen[9:] == ["one first", "one second", "one third"]


def test_who_waits_for_a_lock_of_the_held_one_does_not_wait_for_long(halfway: HalfwayCalls) -> None:
    meet(halfway)
    began = threading.Event()
    halfway.run(1, "append", began.set)

    assert began.is_set()


def test_a_tracer_that_was_there_is_there_again(halfway: HalfwayCalls) -> None:
    meet(halfway)
    before = sys.gettrace()
    halfway.run(1, "append", lambda: None)

    assert sys.gettrace() is before


def test_nothing_is_kept_of_a_storage_that_nobody_has_open(halfway: HalfwayCalls) -> None:
    meet(halfway)
    halfway.forget(1)
    assert halfway._met == {STORAGE}

    halfway.forget(2)
    halfway.forget(3)
    assert (halfway._met, dict(halfway._under_way), halfway._storages) == (set(), {}, {})
