"""What a killed process has left behind in the memory of the system, and what becomes of it then.

A kill loses nothing that was written, but it makes nothing stable either. The next opening reads
what the killed process never synced; when the power goes after that, all of it may be lost that
the opening has not synced itself. So the events of both processes stand in one order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from conformance.crashes.disk import Disk, Image
from conformance.crashes.events import (
    ROOT,
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

__all__ = ["continued"]


def continued(
    image: Image, events: Sequence[Event], opened: Image, after: Sequence[Event]
) -> tuple[Event, ...]:
    """Return the events of a process that was killed, and then those of the next one.

    ``image`` is what the first one began with. ``after`` was recorded by itself, on ``opened``,
    which is what the first ones leave; its files get the numbers that they had before.
    """
    disk = Disk.of(image)
    for event in events:
        disk.apply(event)
    numbers = {ROOT: ROOT}
    own = Disk.of(opened)
    for path in (*opened.folders, *(name for name, _ in opened.files)):
        found, known = own.find(path), disk.find(path)
        if found is not None and known is not None:
            numbers[found] = known
    # What the second one makes is new, whatever number it was recorded by.
    first_free = 1 + max([0, *disk.files, *disk.folders, *numbers.values()])

    def number(node: int) -> int:
        return numbers.setdefault(node, first_free + node)

    return (*events, *[_renumbered(event, number, len(events)) for event in after])


def _renumbered(event: Event, number: Callable[[int], int], earlier: int) -> Event:
    match event:
        case Wrote(file) | Resized(file):
            return replace(event, file=number(file))
        case Linked(folder, _, node) | Unlinked(folder, _, node):
            return replace(event, folder=number(folder), node=number(node))
        case Renamed(folder, _, new_folder, _, node, replaced):
            return replace(
                event,
                folder=number(folder),
                new_folder=number(new_folder),
                node=number(node),
                replaced=None if replaced is None else number(replaced),
            )
        case Synced(node, began_at) | SyncFailed(node, began_at):
            return replace(event, node=number(node), began_at=began_at + earlier)
        case SyncedAll(began_at):
            return replace(event, began_at=began_at + earlier)
        case _:
            return event
