"""What is known while a trace is read: the files of one folder, and the events on them so far."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import Final

from conformance.crashes.disk import Disk, Image
from conformance.crashes.events import Answered, Event
from conformance.crashes.processes import OpenFile, Processes, Table
from conformance.crashes.system_calls import Descriptor, SystemCall, descriptor_of, text_of
from conformance.crashes.trace_errors import UnknownCallError

__all__ = ["LEFT_OUT", "Recording", "Scene", "StoredCall"]

LEFT_OUT: Final = {
    "-shm": "SQLite makes the index of its write-ahead log again from the log itself",
    "lock.mdb": "LMDB makes its table of readers again when the first process opens it",
}
"""Ends of the names of files that may be changed unseen, each with why an image does without."""

_OWN_DESCRIPTOR: Final = re.compile(r"/proc/(?:self|\d+)/fd/(\d+)")


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A call that did something to a stored file, or opened one.

    ``number`` counts the calls of its name that its thread has made, whatever they were on;
    ``answered`` how many lines the harness had written since the recording began.
    """

    name: str
    number: int
    answered: int


@dataclass
class Recording:
    """What happened in one folder: what was in it, and the events from then on, in order.

    ``call_names`` has the system call that made each event. ``unseen`` are ways in which something
    may have been written that is not among the events; ``left_out`` are files that are not either,
    and that an image does without.
    """

    image: Image
    events: list[Event] = field(default_factory=list)
    call_names: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    stored_calls: list[StoredCall] = field(default_factory=list)


class Scene:
    """The processes, the folder that is recorded, and its files as they are now."""

    def __init__(self, output: str) -> None:
        self.output = output
        self.processes = Processes()
        self.root = ""
        self.era = 0
        self.disk = Disk()
        self.recording = Recording(Image())
        self.output_rest = b""
        # Of the process as a whole, whichever folder is recorded.
        self.unseen: list[str] = []
        self.peers: list[str] = []
        """The ports of other machines or processes that were called."""

        self.mapped: list[tuple[int, int, str, int]] = []
        # How many calls had ended at each event, to know what a call that began earlier covers.
        self._ended_at: list[int] = []
        self.calls_ended = 0
        self.call_name = ""
        self.answers_count = 0
        self.answers_before = 0
        """How many of them were written before this recording began."""

        self.has_opened = False
        """Whether the last call has opened a file inside of the folder."""

    def begin(self, root: str, image: Image) -> None:
        """Record another folder from now on, which holds ``image``."""
        self.root = root
        self.era += 1
        self.disk = Disk.of(image)
        self.recording = Recording(image)
        self.answers_before = self.answers_count
        self._ended_at = []

    def add(self, event: Event) -> None:
        """Note an event and carry it out."""
        self.disk.apply(event)
        self.answers_count += isinstance(event, Answered)
        self.recording.events.append(event)
        self.recording.call_names.append(self.call_name)
        self._ended_at.append(self.calls_ended)

    def events_before(self, call: SystemCall) -> int:
        """Return how many events there were when a call began."""
        count = len(self._ended_at)
        while count and self._ended_at[count - 1] > call.began_at:
            count -= 1
        return count

    # Places

    def table(self, call: SystemCall) -> Table:
        """Return the descriptors of the process that made a call."""
        return self.processes.table(call.process_id)

    def opened(self, argument: str, call: SystemCall) -> OpenFile | None:
        """Return the opening behind a descriptor, if it is one of a recorded file.

        Raises :class:`UnknownCallError` for a descriptor of a recorded file that nothing opened.
        """
        descriptor = descriptor_of(argument, call)
        opened = self.table(call).files.get(descriptor.number)
        inside = self._inside_of(descriptor)
        if opened is None:
            if inside is not None and not descriptor.is_deleted:
                raise UnknownCallError(call.text, "no call that was seen has opened this file")
            return None
        if descriptor.path and not descriptor.path.startswith("/"):
            # The number is that of a pipe or the like by now.
            self.table(call).close(descriptor.number)
            return None
        return opened if opened.era == self.era else None

    def _inside_of(self, descriptor: Descriptor) -> str | None:
        return self.inside(descriptor.path) if descriptor.path else None

    def inside(self, path: str) -> str | None:
        """Return a path below the recorded folder without what it begins with, or ``None``."""
        if not self.root:
            return None
        if path == self.root:
            return ""
        return path[len(self.root) + 1 :] if path.startswith(f"{self.root}/") else None

    def path(self, folder: str | None, name: str, call: SystemCall) -> str:
        """Return the absolute path that a call names, by a folder's descriptor or without one."""
        text = text_of(name, call).decode("utf-8", "surrogateescape")
        if text.startswith("/"):
            return posixpath.normpath(text)
        above = self.processes.folder(call.process_id)
        if folder is not None:
            descriptor = descriptor_of(folder, call)
            above = descriptor.path or above
            if not text:
                return above
        return posixpath.normpath(f"{above}/{text}") if above else text

    def place(self, path: str, call: SystemCall) -> tuple[int, str] | None:
        """Return the folder and the name of a path inside, or ``None`` for one outside."""
        inside = self.inside(path)
        if inside is None:
            return None
        try:
            return self.disk.parent(inside)
        except LookupError:
            raise UnknownCallError(call.text, "its folder is one that no call has made") from None

    def own_descriptor(self, path: str, call: SystemCall) -> OpenFile | None:
        """Return the opening that a path below ``/proc`` stands for."""
        found = _OWN_DESCRIPTOR.fullmatch(path)
        return None if found is None else self.table(call).files.get(int(found[1]))

    def name_of(self, node: int) -> str:
        """Return the path of a file below the folder, for texts."""
        image_paths = _paths(self.disk)
        return image_paths.get(node, "a file without a name")

    def note_unseen(self, node: int, what: str) -> None:
        """Note that a file may change unseen, unless images do without it."""
        name = self.name_of(node)
        if name.endswith(tuple(LEFT_OUT)):
            if name not in self.recording.left_out:
                self.recording.left_out.append(name)
            return
        text = f"{what} `{name}`"
        if text not in self.recording.unseen:
            self.recording.unseen.append(text)


def _paths(disk: Disk) -> dict[int, str]:
    paths: dict[int, str] = {}
    waiting = [("", 0)]
    while waiting:
        above, number = waiting.pop()
        for name, node in disk.folders.get(number, {}).items():
            paths.setdefault(node, f"{above}{name}")
            if node in disk.folders:
                waiting.append((f"{above}{name}/", node))
    return paths
