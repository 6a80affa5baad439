"""What is stable, what may be lost, and what is read where data has not arrived."""

from __future__ import annotations

from itertools import product

import pytest

from conformance.crashes.disk import Image
from conformance.crashes.events import (
    ROOT,
    Answered,
    Event,
    Linked,
    Renamed,
    Resized,
    Synced,
    SyncedAll,
    SyncFailed,
    Unlinked,
    Wrote,
)
from conformance.crashes.persistence import FileSystem, Fill, Part, PowerModel
from conformance.crashes.states import POWER_CLASSES, CrashClass, CrashState, states_of

ANSWER = Answered(b"{}\n")
MADE = Linked(ROOT, "log", 1)
EMPTY = Image()


def model(
    *events: Event, system: FileSystem = FileSystem.POSIX, image: Image = EMPTY
) -> PowerModel:
    """Return a model of events in an empty folder."""
    return PowerModel(image, events, system)


def contents(crashed: PowerModel, crash_class: CrashClass) -> set[bytes | None]:
    """Return what the log can hold after crashes of a class at the end; none where it is gone."""
    end = len(crashed.events)
    states = [each for each in states_of(crashed, crash_class) if each.point == end]
    return {dict(each.image(crashed).files).get("log") for each in states}


def test_an_unsynced_write_may_be_lost_and_a_synced_one_not() -> None:
    """A sync of the file covers its data; the entry needs a sync of the folder."""
    written = (MADE, Wrote(1, 0, b"abc"))

    assert model(*written).pending(2) == (0, 1)
    assert model(*written, Synced(1, 2)).pending(3) == (0,)
    assert model(*written, Synced(1, 2), Synced(ROOT, 3)).pending(4) == ()
    assert model(*written, Synced(1, 1)).pending(3) == (0, 1), "it began before the write ended"
    assert model(*written, SyncedAll(2)).pending(3) == ()
    assert model(MADE, Wrote(1, 0, b"abc", is_synced=True)).pending(2) == (0,)


def test_on_ext4_a_sync_takes_the_entry_along() -> None:
    """There the missing sync of the folder does no harm; on posix it does."""
    events = (MADE, Wrote(1, 0, b"abc"), Synced(1, 2), ANSWER)

    assert contents(model(*events), CrashClass.POWER_ENTRY) == {None}
    assert contents(model(*events, system=FileSystem.EXT4), CrashClass.POWER_ENTRY) == set()


def test_a_rename_without_a_sync_of_the_file() -> None:
    """On posix the file comes back empty; on ext4 it is whole, or as it was before."""
    image = Image(files=(("log", b"old"),))
    events = (
        Linked(ROOT, "new", 2),
        Wrote(2, 0, b"abcd"),
        Renamed(ROOT, "new", ROOT, "log", 2, 1),
    )

    assert contents(model(*events, image=image), CrashClass.POWER_REORDERED) == {
        b"old",
        b"",
        b"abcd",
    }
    ext4 = model(*events, image=image, system=FileSystem.EXT4)
    assert contents(ext4, CrashClass.POWER_REORDERED) == {b"old", b"abcd"}


def test_on_ext4_what_was_renamed_over_a_file_is_not_torn() -> None:
    """Its data has arrived as a whole, or the rename has not."""
    image = Image(files=(("log", b"old"),))
    events = (
        Linked(ROOT, "new", 2),
        Wrote(2, 0, b"abcd"),
        Renamed(ROOT, "new", ROOT, "log", 2, 1),
    )
    for crash_class in POWER_CLASSES:
        ext4 = model(*events, image=image, system=FileSystem.EXT4)
        assert contents(ext4, crash_class) <= {b"old", b"abcd"}


def test_ordered_loses_a_tail_only() -> None:
    """What survives is a prefix, and nothing before a stable change is lost."""
    events = (MADE, Wrote(1, 0, b"ab"), Wrote(1, 2, b"cd"), Wrote(1, 4, b"ef"))
    ordered = model(*events, system=FileSystem.ORDERED)

    assert contents(ordered, CrashClass.POWER_PREFIX) == {None, b"", b"ab", b"abcd", b"abcdef"}
    assert contents(ordered, CrashClass.POWER_REORDERED) == set()
    synced = model(*events[:3], Synced(1, 3), events[3], system=FileSystem.ORDERED)
    assert contents(synced, CrashClass.POWER_PREFIX) == {b"abcd", b"abcdef"}


def test_a_failed_sync_is_never_made_good() -> None:
    """A later sync covers what was written since, and not what the failed one was for."""
    failed = model(
        MADE,
        Synced(ROOT, 1),
        Wrote(1, 0, b"ab"),
        SyncFailed(1, 3),
        Wrote(1, 2, b"cd"),
        Synced(1, 5),
        SyncedAll(6),
    )

    assert failed.pending(7) == (2,)
    assert contents(failed, CrashClass.POWER_REORDERED) == {b"abcd", b"\0\0cd"}


def test_removed_and_moved_entries_may_come_back() -> None:
    """Without a sync of the folder a name may be what it was, and with one it is not."""
    image = Image(files=(("log", b"x"),))

    assert contents(model(Unlinked(ROOT, "log", 1), image=image), CrashClass.POWER_ENTRY) == {b"x"}
    gone = model(Unlinked(ROOT, "log", 1), Synced(ROOT, 1), image=image)
    assert contents(gone, CrashClass.POWER_REORDERED) == {None}
    moved = model(Renamed(ROOT, "log", ROOT, "b", 1), image=image)
    assert contents(moved, CrashClass.POWER_PREFIX) == {None, b"x"}


def test_a_rename_between_folders_needs_both_synced() -> None:
    """One of the two syncs is not enough."""
    events = (Linked(ROOT, "sub", 1, is_folder=True), Linked(1, "a", 2), Synced(ROOT, 2))
    moved = (*events, Renamed(1, "a", ROOT, "b", 2))

    assert 3 in model(*moved, Synced(ROOT, 4)).pending(5)
    assert 3 not in model(*moved, Synced(ROOT, 4), Synced(1, 5)).pending(6)


STABLE = (MADE, Synced(ROOT, 1), Wrote(1, 0, b"head"), Synced(1, 3))


def test_a_growing_write_is_torn_at_every_byte() -> None:
    """The last write beyond the stable end of the file has any length."""
    torn = contents(model(*STABLE, Wrote(1, 4, b"abcd")), CrashClass.POWER_TORN)

    assert torn == {b"heada", b"headab", b"headabc"}


def test_within_the_file_sectors_are_whole() -> None:
    """A write in place is torn between sectors alone, either side first."""
    image = Image(files=(("log", b"-" * 1024),))
    torn = contents(model(Wrote(1, 500, b"x" * 100), image=image), CrashClass.POWER_TORN)

    assert torn == {
        b"-" * 500 + b"x" * 12 + b"-" * 512,
        b"-" * 512 + b"x" * 88 + b"-" * 424,
    }


def test_grown_files_hold_zeros_or_what_was_there() -> None:
    """Zeros, bytes that the file had there once, and otherwise junk that is no zeros."""
    grown = model(*STABLE, Wrote(1, 4, b"abcd"))

    assert contents(grown, CrashClass.POWER_ZERO) == {b"head\0\0\0\0"}
    (junk,) = contents(grown, CrashClass.POWER_STALE)
    assert junk is not None
    assert junk[:4] == b"head"
    assert any(junk[4:])
    again = model(*STABLE, Wrote(1, 4, b"WXYZ"), Resized(1, 4), Synced(1, 6), Wrote(1, 4, b"abcd"))
    assert contents(again, CrashClass.POWER_STALE) == {b"headWXYZ"}


def test_parts_fill_what_is_missing() -> None:
    """A part at the end of a write leaves its beginning to the fill."""
    grown = model(*STABLE, Wrote(1, 4, b"abcd"))

    for fill, expected in ((Fill.ZERO, b"head\0\0cd"), (Fill.NOTHING, b"head\0\0cd")):
        image = grown.after_power_loss(5, (), (Part(4, 2, 4, fill),))
        assert dict(image.files)["log"] == expected


def test_few_changes_are_lost_in_every_subset() -> None:
    """Up to eight, all subsets are made; of more, singles and all but one are among them."""
    few = model(*STABLE, *(Wrote(1, 4 + index, b"x") for index in range(3)))
    found = contents(few, CrashClass.POWER_REORDERED)
    expected = set()
    for kept in product((False, True), repeat=3):
        tail = bytes(b"x"[0] if each else 0 for each in kept).rstrip(b"\0")
        expected.add(b"head" + tail)
    assert found == expected

    many = model(*STABLE, *(Wrote(1, 4 + index, b"x") for index in range(12)))
    lost = {each.lost for each in states_of(many, CrashClass.POWER_REORDERED)}
    pending = many.pending(len(many.events))
    assert {(), pending} <= lost
    assert {(each,) for each in pending} <= lost
    assert {tuple(other for other in pending if other != each) for each in pending} <= lost


def test_equal_arguments_give_equal_states() -> None:
    """Samples have a seed, and another seed gives others."""
    many = model(*STABLE, *(Wrote(1, 4 + index, b"x") for index in range(12)))

    def made(seed: int) -> list[CrashState]:
        return list(states_of(many, CrashClass.POWER_REORDERED, seed))

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_a_kill_leaves_everything_that_was_done() -> None:
    """At each call, and nothing is lost, synced or not."""
    events = (MADE, Wrote(1, 0, b"ab"), Resized(1, 1))
    killed = model(*events)

    found = [each.image(killed) for each in states_of(killed, CrashClass.KILL_INSIDE)]
    assert [dict(each.files).get("log") for each in found] == [None, b"", b"ab", b"a"]


@pytest.mark.parametrize("crash_class", POWER_CLASSES)
@pytest.mark.parametrize("system", FileSystem)
def test_what_is_stable_survives_every_state(crash_class: CrashClass, system: FileSystem) -> None:
    """The stable head of the log is in every image of every class on every file system."""
    events = (*STABLE, ANSWER, Wrote(1, 4, b"y" * 600), Wrote(1, 604, b"z"))
    crashed = model(*events, system=system)

    for state in states_of(crashed, crash_class):
        if state.point > len(STABLE):
            assert dict(state.image(crashed).files)["log"].startswith(b"head")


def test_images_are_equal_by_what_is_in_them() -> None:
    """The hash tells contents, names and folders apart, and nothing else."""
    images = [
        Image(),
        Image(files=(("a", b""),)),
        Image(files=(("a", b"b"),)),
        Image(files=(("ab", b""),)),
        Image(folders=("a",)),
    ]

    assert len({each.digest for each in images}) == len(images)
    assert Image(files=(("a", b"b"),)).digest == images[2].digest
