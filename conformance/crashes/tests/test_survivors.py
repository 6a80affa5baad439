"""What a killed process never synced may still be lost after the next opening has read it."""

from __future__ import annotations

from conformance.crashes.disk import Image
from conformance.crashes.events import (
    ROOT,
    Event,
    Linked,
    Renamed,
    Synced,
    SyncedAll,
    SyncFailed,
    Unlinked,
    Wrote,
)
from conformance.crashes.persistence import PowerModel
from conformance.crashes.states import CrashClass, states_of
from conformance.crashes.survivors import continued

EMPTY = Image()
KILLED = (Linked(ROOT, "log", 4), Synced(ROOT, 1), Wrote(4, 0, b"abc"))


def left(*after: Event) -> set[bytes]:
    """Return what a loss of power can leave of the log once the next process did these things."""
    opened = Image.of_events(EMPTY, KILLED)
    events = continued(EMPTY, KILLED, opened, after)
    model = PowerModel(EMPTY, events)
    states = states_of(model, CrashClass.POWER_REORDERED, 0, len(events))
    return {dict(state.image(model).files)["log"] for state in states}


def test_an_opening_makes_nothing_stable_but_by_a_sync_of_its_own() -> None:
    """The log is number 1 of the next process, whatever it was before (WAL-08.shown)."""
    assert left() == {b"", b"abc"}
    assert left(Synced(1, 0)) == {b"abc"}
    assert left(SyncedAll(0)) == {b"abc"}
    assert left(SyncFailed(1, 0), Synced(1, 1)) == {b"", b"abc"}
    assert left(Linked(ROOT, "other", 2), Synced(2, 1)) == {b"", b"abc"}


def test_what_the_next_process_does_to_names_is_done_to_the_files_of_the_first() -> None:
    after = (
        Linked(ROOT, "new", 2),
        Wrote(2, 0, b"xyz"),
        Synced(2, 2),
        Renamed(ROOT, "new", ROOT, "log", 2, 1),
        Synced(ROOT, 4),
    )

    assert left(*after[:-1]) == {b"", b"abc", b"xyz"}
    assert left(*after) == {b"xyz"}


def test_folders_and_new_files_have_numbers_of_their_own() -> None:
    """Numbers of one recording never stand for the files of the other."""
    made = (
        Linked(ROOT, "gone", 1),
        Linked(ROOT, "sub", 2, is_folder=True),
        Linked(2, "log", 3),
        Unlinked(ROOT, "gone", 1),
    )
    opened = Image.of_events(EMPTY, made)
    # Recorded by itself: the folder is 1, the log 2, and what is new 3.
    after = (Wrote(2, 0, b"a"), Linked(1, "new", 3), Wrote(3, 0, b"b"), Unlinked(1, "log", 2))
    whole = Image.of_events(EMPTY, continued(EMPTY, made, opened, after))

    assert whole == Image((("sub/new", b"b"),), ("sub",))
    assert whole == Image.of_events(opened, after)


def test_states_before_the_kill_are_left_out() -> None:
    model = PowerModel(EMPTY, (*KILLED, Synced(4, 3), Wrote(4, 3, b"d")))
    points = {state.point for state in states_of(model, CrashClass.POWER_PREFIX, 0, 4)}

    assert points == {5}
