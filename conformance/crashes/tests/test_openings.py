"""Of many openings, those that do what others do not come first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.crashes.campaign import CrashSite
from conformance.crashes.conduct import Component, Conducted, Deed
from conformance.crashes.disk import Image
from conformance.crashes.events import Answered, Event, Resized, Synced, Wrote
from conformance.crashes.histories import FURTHER_ENTRY
from conformance.crashes.openings import unlike
from conformance.crashes.persistence import PowerModel
from conformance.crashes.recording import Recording
from conformance.crashes.selection import of_each_place
from conformance.crashes.states import CrashClass, CrashState
from telltale_spec.model.operations import Append, LoadLog

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


def test_a_request_that_is_cut_off_has_a_state_at_each_place_once() -> None:
    """Two appends that do the same have the places of one; a load has its own."""
    appended = (Wrote(1, 0, b"head"), Wrote(1, 4, b"rest"), Answered(b"ok\n"))
    events = (*appended, *appended, Synced(1, 0), Answered(b"loaded\n"))
    append, load = (
        Deed("", "ok", operation=operation) for operation in (Append(FURTHER_ENTRY), LoadLog())
    )
    conducted = Conducted((append, append, load), Recording(Image(), list(events)))
    site = CrashSite(Component.LOG, (), conducted, PowerModel(Image(), events))
    states = [CrashState(CrashClass.KILL_INSIDE, point) for point in range(len(events))]

    found = [state.point for state in of_each_place(site, states)]

    # Before, between and behind the two writes of an append, and around the sync of the load.
    assert found == [0, 1, 2, 6, 7]
