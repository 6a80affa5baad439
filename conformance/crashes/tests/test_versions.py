"""Images that share what they have in common are those that single changes make."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from conformance.crashes.campaign import CrashSite
from conformance.crashes.conduct import Component, Conducted, Deed
from conformance.crashes.disk import Disk, Image
from conformance.crashes.events import (
    ROOT,
    Answered,
    Event,
    Linked,
    Renamed,
    Resized,
    Synced,
    Unlinked,
    Wrote,
)
from conformance.crashes.persistence import FileSystem, Fill, PowerModel
from conformance.crashes.recording import Recording
from conformance.crashes.selection import chosen_states, distinct_states, sampled_states
from conformance.crashes.states import POWER_CLASSES, CrashClass, CrashState, states_of

ANSWER = Answered(b"{}\n")
BEFORE = Image((("log", b"0123456789"), ("sub/old", b"old")), ("sub",))


def by_single_changes(model: PowerModel, state: CrashState) -> Image:
    """Return an image by carrying out each change that survives on a disk of its own."""
    disk = Disk.of(model.image)
    partial = {part.event: part for part in state.parts}
    for index, event in enumerate(model.events[: state.point]):
        part = partial.get(index)
        if part is None:
            if index not in state.lost:
                disk.apply(event)
            continue
        assert isinstance(event, Wrote)
        size = len(disk.files.get(event.file, b""))
        end = event.offset + len(event.data)
        if part.fill is Fill.ZERO and end > size:
            disk.apply(Wrote(event.file, size, bytes(end - size)))
        disk.apply(Wrote(event.file, event.offset + part.begin, event.data[part.begin : part.end]))
    return disk.image()


def drawn_events(chance: random.Random, count: int) -> list[Event]:
    """Return events on a few files and folders, of all kinds."""
    events: list[Event] = []
    # The image has its folder by 1, the log by 2 and the old file by 3.
    names = {("log", ROOT): 2, ("old", 1): 3}
    for index in range(count):
        (name, folder), node = chance.choice([*names.items()])
        kind = chance.randrange(8)
        if kind < 3:
            size = chance.choice((1, 20, 700))
            events.append(Wrote(node, chance.randrange(40), chance.randbytes(size)))
        elif kind == 3:
            events.append(Resized(node, chance.randrange(60)))
        elif kind == 4:
            names[(f"n{index}", folder)] = 10 + index
            events.append(Linked(folder, f"n{index}", 10 + index))
        elif kind == 5 and len(names) > 1:
            del names[(name, folder)]
            events.append(Unlinked(folder, name, node))
        elif kind == 6:
            del names[(name, folder)]
            target, place = chance.choice([(f"m{index}", ROOT), ("log", ROOT)])
            events.append(Renamed(folder, name, place, target, node, names.get((target, place))))
            names[(target, place)] = node
        else:
            others: list[Event] = [Synced(node, index), Synced(folder, index), ANSWER]
            events.append(chance.choice(others))
    return events


@pytest.mark.parametrize("file_system", FileSystem)
@pytest.mark.requirement("WAL-08.power", "CACHE-08.power")
def test_shared_versions_give_the_images_of_single_changes(file_system: FileSystem) -> None:
    """Also the hash that is known without the image, and in any order of questions."""
    for seed in range(12):
        chance = random.Random(seed)  # noqa: S311 - a sample, not a secret
        model = PowerModel(BEFORE, drawn_events(chance, 30), file_system)
        states = [
            state
            for crash_class in (CrashClass.KILL_INSIDE, *POWER_CLASSES)
            if crash_class is not CrashClass.POWER_STALE
            for state in states_of(model, crash_class, seed)
        ]
        for state in chance.sample(states, min(300, len(states))):
            image = state.image(model)
            expected = by_single_changes(model, state)

            assert image == expected
            assert image.digest == expected.digest == state.digest(model)


def test_files_that_are_left_out_are_in_no_image() -> None:
    events = (
        Linked(ROOT, "a-shm", 1),
        Linked(ROOT, "b", 2),
        Linked(ROOT, "c-shm", 2, False, False),
    )
    model = PowerModel(Image(), events, left_out=("-shm",))

    assert model.after_kill(3) == Image((("b", b""),))


def history_of(appends: int, is_synced: bool) -> list[Event]:
    """Return a log that grows by records, each in a file of its own or all in one."""
    events: list[Event] = [Linked(ROOT, "log", 1), Synced(ROOT, 1)]
    for index in range(appends):
        for piece in range(3):
            events.append(Wrote(1, 90 * index + 30 * piece, bytes([index % 251]) * 30))
        if is_synced:
            events.append(Synced(1, len(events)))
        events.append(ANSWER)
    return events


def site_of(events: list[Event]) -> CrashSite:
    """Return what can be crashed as if it had been recorded."""
    answers = sum(isinstance(event, Answered) for event in events)
    deeds = tuple([Deed("append", "ok")] * answers)
    conducted = Conducted(deeds, Recording(Image(), events))
    return CrashSite(Component.LOG, (), conducted, PowerModel(Image(), events))


def peak_bytes(events: list[Event]) -> tuple[int, int]:
    """Return how many states there are, and the most memory that making all of them takes."""
    site = site_of(events)
    # What a hash needs once is no state.
    sum(1 for _ in distinct_states(site, CrashClass.KILL_INSIDE, 0))
    tracemalloc.start()
    try:
        count = 0
        for crash_class in (CrashClass.POWER_PREFIX, CrashClass.POWER_REORDERED):
            count += sum(1 for _ in distinct_states(site, crash_class, 0))
            count += chosen_states(site, crash_class, 0, 10).made
        return count, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_bound_by_the_length_of_a_history_and_hardly_by_its_states(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """States are made one by one: those of one crash point alone are told apart in memory.

    What is kept of versions has a limit, which is far above what these histories are.
    """
    monkeypatch.setattr("conformance.crashes.versions._KEPT_BYTES_MAX", 50_000)
    few_states, few = peak_bytes(history_of(10, is_synced=True))
    many_states, many = peak_bytes(history_of(10, is_synced=False))
    longer_states, longer = peak_bytes(history_of(40, is_synced=True))

    assert many_states > 6 * few_states
    assert many * 2 < few * (many_states / few_states)
    assert longer_states > 3 * few_states
    assert longer < 4 * few


@pytest.mark.requirement("WAL-08.power", "CACHE-08.power")
def test_a_sample_lies_evenly_and_few_of_very_many_are_told_apart() -> None:
    """All of few states; of many as many as are wanted, from the whole window, each another."""
    site = site_of(history_of(40, False))
    everything = chosen_states(site, CrashClass.POWER_PREFIX, 0, 10_000)
    few = sampled_states(site, CrashClass.POWER_PREFIX, 0, 10_000, 0, 1_000)
    sample = sampled_states(site, CrashClass.POWER_PREFIX, 0, 10, 0, 1_000)
    window = sampled_states(site, CrashClass.POWER_PREFIX, 0, 10, 50, 60)

    assert few == everything
    assert sample == sampled_states(site, CrashClass.POWER_PREFIX, 0, 10, 0, 1_000)
    assert sample.made == everything.made
    assert sample.distinct <= 100 < everything.distinct
    assert len({state.digest(site.model) for state in sample.states}) == 10
    points = [state.point for state in sample.states]
    assert min(points) < 60
    assert max(points) > 100
    assert window.states
    assert all(50 <= state.point < 60 for state in window.states)
