"""From the lines of a trace to events on the files of one folder.

Files are followed by what they are, through any number of descriptors, names and processes; an
opening has the offset that its calls have given it. A call whose effect is not known is an error
and never ignored, since a verdict rests on nothing having been overlooked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from conformance.crashes.calls_of_contents import CONTENT_CALLS
from conformance.crashes.calls_of_names import NAME_CALLS
from conformance.crashes.calls_of_processes import PROCESS_CALLS
from conformance.crashes.disk import Image
from conformance.crashes.events import Answered
from conformance.crashes.recording import Recording, Scene, StoredCall
from conformance.crashes.system_calls import ProcessEnd, SystemCall, TraceReader
from conformance.crashes.trace_errors import UnknownCallError, UnseenStorageError

__all__ = ["RAW_CALLS", "TRACED_CALLS", "Recorder", "recording_of"]

_CALLS: Final = {**CONTENT_CALLS, **NAME_CALLS, **PROCESS_CALLS}

TRACED_CALLS: Final = tuple(sorted(_CALLS))
"""The names of all system calls that have to be in a trace."""

RAW_CALLS: Final = ("read", "readv")
"""Calls of which only numbers matter, so that their bytes are left out of the trace."""

# Their failures say something too.
_HEARD_WHEN_FAILED: Final = ("fsync", "fdatasync", "connect")


class Recorder:
    """Takes lines one by one; ``begin`` names the folder whose events are kept from then on."""

    def __init__(self, output: str) -> None:
        self._reader = TraceReader()
        self._scene = Scene(output)
        self.injected_count = 0
        self._numbers: Counter[tuple[int, str]] = Counter()

    @property
    def recording(self) -> Recording:
        """What was recorded since the last beginning."""
        return self._scene.recording

    @property
    def peers(self) -> tuple[str, ...]:
        """The ports that were called over the network, as numbers."""
        return tuple(self._scene.peers)

    @property
    def answers_count(self) -> int:
        """How many lines the harness has written since it was started."""
        return self._scene.answers_count

    def begin(self, root: str, image: Image = Image()) -> None:  # noqa: B008 - it never changes
        """Record a folder, an absolute path without links, that holds ``image`` now."""
        self._scene.begin(root, image)

    def take(self, line: str) -> None:
        """Take one line without its end; raises :class:`TraceError`."""
        forking = self._reader.forking
        ended = self._reader.read(line)
        if isinstance(ended, ProcessEnd):
            self._scene.processes.end(ended.process_id)
        elif ended is not None:
            self._scene.processes.table(ended.process_id, forking)
            self._carry_out(ended)

    def _carry_out(self, call: SystemCall) -> None:
        handler = _CALLS.get(call.name)
        if handler is None:
            raise UnknownCallError(call.text, f"`{call.name}` was not asked for")
        self.injected_count += call.is_injected
        # Events of this call come after all that had ended when it did.
        self._scene.calls_ended = self._reader.calls_count
        self._scene.call_name = call.name
        self._numbers[call.process_id, call.name] += 1
        failed = call.result is None or call.result < 0 or bool(call.error)
        if not failed or (call.error and call.name in _HEARD_WHEN_FAILED):
            self._handle(call, handler)

    def _handle(self, call: SystemCall, handler: Callable[[Scene, SystemCall], None]) -> None:
        """Carry a call out, and note it if it was on a stored file."""
        scene = self._scene
        events_count, answered = len(scene.recording.events), scene.answers_count
        scene.has_opened = False
        handler(scene, call)
        new = scene.recording.events[events_count:]
        if scene.has_opened or any(not isinstance(event, Answered) for event in new):
            number = self._numbers[call.process_id, call.name]
            stored = StoredCall(call.name, number, answered - scene.answers_before)
            scene.recording.stored_calls.append(stored)

    def check_end(self) -> None:
        """Raise :class:`CutOffTraceError` unless every process has ended."""
        self._reader.check_end()

    def check_seen(self) -> None:
        """Raise :class:`UnseenStorageError` where something may have been written unseen."""
        unseen = [*self._scene.unseen, *self._scene.recording.unseen]
        if unseen:
            raise UnseenStorageError("; ".join(dict.fromkeys(unseen)))


def recording_of(lines: Iterable[str], output: str, root: str) -> Recording:
    """Return what a whole trace records of a folder that was empty at its beginning.

    Raises :class:`TraceError`.
    """
    recorder = Recorder(output)
    recorder.begin(root)
    for line in lines:
        recorder.take(line)
    recorder.check_end()
    recorder.check_seen()
    return recorder.recording
