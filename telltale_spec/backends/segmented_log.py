"""A crash-safe log of payloads in segments, which knows nothing of what it holds.

Two rules carry everything. A frame is written only when everything before it
is synced, in every file; so a crash can leave nothing but the last frame
incomplete. And a failed sync makes the handle refuse everything from then on,
because a later sync that succeeds says nothing about the bytes of the failed
one.

Files: ``PATH.lock``, which also holds the note of ``closing_note``, and
``PATH.NUMBER`` for each segment, where the number is that of its first frame.
A segment is made under the name ``PATH.new``, synced, renamed, and its folder
is synced, before a frame goes into it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from telltale_spec.backends.closing_note import noted_number, write_note
from telltale_spec.backends.durable_files import (
    Descriptors,
    take_lock,
    write_whole,
)
from telltale_spec.backends.frames import (
    BASE,
    CLOSING,
    CONTENT,
    CONTINUATION,
    HEADER_BYTES,
    OPENING,
    PAYLOAD_BYTES_MAX,
    Frame,
    Scan,
    begins_with_base,
    frame_bytes,
    scan,
)
from telltale_spec.errors import DurabilityError
from telltale_spec.operating_system import NO_INHERIT, sync_data, sync_folder

__all__ = ["PathLike", "SegmentedLog"]

PathLike: TypeAlias = str | os.PathLike[str]

_NUMBER_DIGITS: Final = 20
_STARTS: Final = (BASE, CONTINUATION)


class SegmentedLog:
    """Payloads on files, one writer at a time, each durable when ``append`` returns.

    Making one takes the lock, reads and checks everything, and only then cuts
    off the rest of an append that a crash interrupted; what is damaged
    otherwise raises and is left as it is. ``take`` is called with the payloads
    since the last base, its own first, a segment at a time, and raises for one
    that it cannot read.
    ``title`` stands at the beginning of every
    segment and tells the content from other content. Errors are
    ``DurabilityError``; after one that leaves an append in doubt the handle
    refuses everything until the log is opened again.
    """

    def __init__(
        self,
        path: PathLike,
        take: Callable[[list[bytes]], None],
        *,
        noun: str,
        title: bytes,
        segment_bytes_max: int,
    ) -> None:
        self.path = path
        self._noun = noun
        self._title = title
        self._segment_bytes_max = segment_bytes_max
        self._refusal: str | None = None
        # The last frame that holds something, and the one that the note names.
        self._held: int | None = None
        self._noted: int | None = None
        with self._errors_of("open"):
            # Absolute, so that a change of the working directory changes nothing.
            self._prefix = os.path.abspath(path)  # noqa: PTH100
            self._folder, self._name = os.path.split(self._prefix)
            if not os.fspath(path):
                raise ValueError("the path is empty")
            self._descriptors = Descriptors(take_lock(f"{self._prefix}.lock"))
        self._close = weakref.finalize(self, self._descriptors.close)
        try:
            with self._errors_of("open"):
                self._recover(take)
        except BaseException:
            self._close()
            raise

    @property
    def size_bytes(self) -> int:
        """The size of the segment that is written to."""
        return self._end

    def append(self, payload: bytes) -> None:
        """Write one payload and return once it is on the disk.

        An error of the write takes it back, and the log goes on. After an
        error of a sync, or one of taking back, the handle refuses.
        """
        self.check_usable("write")
        if len(payload) > PAYLOAD_BYTES_MAX:
            raise self._error("write", f"{len(payload)} bytes at once are too many")
        is_begun = self._end > self._head_end
        if is_begun and self._end + HEADER_BYTES + len(payload) > self._segment_bytes_max:
            self._begin_segment(CONTINUATION, b"")
        self._commit(CONTENT, payload)

    def replace(self, payload: bytes) -> None:
        """Put one payload in the place of everything before, and remove that.

        Before the new segment has its name nothing has happened, and when it
        has it durably, everything has.
        """
        self.check_usable("write")
        if len(payload) > PAYLOAD_BYTES_MAX - len(self._title):
            raise self._error("write", f"{len(payload)} bytes at once are too many")
        self._begin_segment(BASE, payload)
        self._remove_segments_before(self._start)

    def check_usable(self, action: str) -> None:
        """Raise ``DurabilityError`` if the handle is closed, in doubt, or another process's."""
        if self._refusal is not None:
            raise self._error(action, f"{self._refusal}; open it again")
        if self._descriptors.lock is None:
            raise self._error(action, "the handle is closed, or was opened by another process")

    def close(self) -> None:
        """Note that nothing is under way, and let go of the files; a second call does nothing."""
        if not self._close.alive:
            return
        try:
            if self._descriptors.lock is not None and self._refusal is None:
                self._note_end(self._descriptors.lock)
        finally:
            self._close()

    def _note_end(self, lock: int) -> None:
        """Say behind the last frame and in another file that it was acknowledged."""
        if self._last_kind == CONTENT:
            self._commit(CLOSING, b"")
        if self._held is not None and self._held != self._noted:
            with self._errors_of("close"):
                write_note(lock, self._title, self._held)

    def _recover(self, take: Callable[[list[bytes]], None]) -> None:
        starts = self._segment_starts()
        bases = [index for index, start in enumerate(starts) if self._is_base(start)]
        if starts and not bases:
            raise self._error(
                "open", f"the beginning is missing or damaged, before or in segment {starts[0]}"
            )
        chain = starts[bases[-1] :] if bases else []
        segment: Scan | None = None
        for start in chain:
            before, segment = segment, self._scanned(start)
            if before is not None:
                self._check_joint(before.frames[-1], segment.frames[0])
            head, *others = segment.frames
            self._hold(*segment.frames)
            # A base that replaces nothing has no content.
            content = self._content(head) if head.kind == BASE else b""
            take(
                [
                    *([content] if content else []),
                    *[frame.payload for frame in others if frame.kind == CONTENT],
                ]
            )
        self._check_end(segment)
        # Nothing is changed before this line, and everything was read.
        self._resume(chain[-1] if chain else 0, segment)
        self._remove_segments_before(chain[0] if chain else 0)

    def _is_base(self, start: int) -> bool:
        with open(self._segment_path(start), "rb", buffering=0) as file:
            return begins_with_base(file.read(HEADER_BYTES))

    def _scanned(self, start: int) -> Scan:
        with open(self._segment_path(start), "rb", buffering=0) as file:
            found = scan(file.readall())
        if found.damage is not None:
            raise self._error("open", f"in segment {start} {found.damage}")
        if not found.frames:
            raise self._error("open", f"segment {start} has no beginning")
        head = found.frames[0]
        if head.kind not in _STARTS or not head.payload.startswith(self._title):
            raise self._error("open", f"segment {start} holds something else")
        if head.number != start:
            raise self._error("open", f"segment {start} begins with frame {head.number}")
        return found

    def _check_joint(self, last: Frame, head: Frame) -> None:
        if head.number != last.number + 1 or head.epoch < last.epoch:
            raise self._error("open", f"frame {last.number} is followed by frame {head.number}")

    def _check_end(self, segment: Scan | None) -> None:
        """Raise if a frame is not there that was there when the log was closed."""
        lock = self._descriptors.lock
        self._noted = None if lock is None else noted_number(lock, self._title)
        last = -1 if segment is None else segment.frames[-1].number
        if self._noted is not None and last < self._noted:
            there = "no segment is there" if segment is None else f"it ends with frame {last}"
            raise self._error(
                "open",
                f"{there}, and frame {self._noted} was there when it was closed, so its end is "
                f"damaged or missing; to go on without it, remove {self._prefix}.lock",
            )

    def _hold(self, *frames: Frame) -> None:
        """Keep the number of the last of these frames that holds something."""
        for frame in frames:
            if frame.kind == CONTENT or (frame.kind == BASE and self._content(frame)):
                self._held = frame.number

    def _content(self, head: Frame) -> bytes:
        return head.payload[len(self._title) :]

    def _resume(self, start: int, segment: Scan | None) -> None:
        """Make durable what was found in the last segment, and begin an epoch to write in."""
        if segment is None:
            self._epoch, self._number = 1, 0
            self._begin_segment(BASE, b"")
            return
        last = segment.frames[-1]
        self._epoch = last.epoch + 1
        if len(segment.frames) == 1:
            # Nothing went into the segment yet, so its name may not be durable.
            self._number = last.number
            self._begin_segment(last.kind, self._content(last))
            return
        self._number = last.number + 1
        self._start, self._head_end, self._end = start, segment.frames[0].end, segment.end
        path = self._segment_path(start)
        self._descriptors.data = os.open(path, os.O_RDWR | NO_INHERIT)
        os.ftruncate(self._data, self._end)
        # The same bytes again: a sync of them may have failed before, and then none that
        # follows would reach them.
        again = frame_bytes(last.kind, last.epoch, last.number, last.payload)
        write_whole(self._data, again, last.offset)
        sync_data(self._data)
        self._commit(OPENING, b"")

    def _commit(self, kind: int, payload: bytes) -> None:
        """Write one frame at the end and sync it."""
        data = frame_bytes(kind, self._epoch, self._number, payload)
        descriptor = self._data
        self._refusal = "an earlier write was interrupted"
        try:
            write_whole(descriptor, data, self._end)
        except OSError as error:
            self._take_back()
            raise self._error("write", str(error)) from error
        try:
            sync_data(descriptor)
        except OSError as error:
            self._refusal = f"an earlier sync failed: {error}"
            # The handle refuses whether or not this succeeds.
            with contextlib.suppress(OSError):
                self._cut()
            raise self._error("sync", str(error)) from error
        self._end += len(data)
        if kind == CONTENT:
            self._held = self._number
        self._number += 1
        self._last_kind = kind
        self._refusal = None

    def _take_back(self) -> None:
        """Cut off what a failed write has left; the handle refuses if that fails too."""
        try:
            self._cut()
        except OSError as error:
            self._refusal = f"a failed write could not be taken back: {error}"
        else:
            self._refusal = None

    def _cut(self) -> None:
        os.ftruncate(self._data, self._end)
        sync_data(self._data)

    def _begin_segment(self, kind: int, payload: bytes) -> None:
        """Make a segment that begins with a frame of ``kind``, and go on in it."""
        head = frame_bytes(kind, self._epoch, self._number, self._title + payload)
        final, temporary = self._segment_path(self._number), f"{self._prefix}.new"
        with self._errors_of("write"):
            descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | NO_INHERIT, 0o666)
            try:
                self._fill(descriptor, head, temporary)
                self._refusal = "an earlier change of segments was interrupted"
                self._rename(temporary, final)
                sync_folder(self._folder)
            except BaseException:
                os.close(descriptor)
                raise
        before, self._descriptors.data = self._descriptors.data, descriptor
        if before is not None:
            os.close(before)
        self._start, self._head_end, self._end = self._number, len(head), len(head)
        if payload:
            self._held = self._number
        self._number += 1
        self._last_kind = kind
        self._refusal = None

    def _fill(self, descriptor: int, head: bytes, temporary: str) -> None:
        try:
            write_whole(descriptor, head, 0)
            os.fsync(descriptor)
        except OSError:
            # It has no part in the log yet, and may be what fills the disk.
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
            raise

    def _rename(self, temporary: str, final: str) -> None:
        try:
            os.rename(temporary, final)  # noqa: PTH104 - one step of several on plain paths
        except OSError as error:
            # A folder that has no room for a name has not changed; after any other error it may.
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                self._refusal = None
            raise

    def _remove_segments_before(self, start: int) -> None:
        """Remove segments that a base has replaced; one that stays is removed at an opening."""
        replaced = [earlier for earlier in self._segment_starts() if earlier < start]
        # Not removing them costs space only, and is no reason to refuse what is durable already.
        with contextlib.suppress(OSError):
            for earlier in replaced:
                os.unlink(self._segment_path(earlier))  # noqa: PTH108

    def _segment_starts(self) -> list[int]:
        """Return the number of every segment, in order."""
        form = re.compile(rf"{re.escape(self._name)}\.(\d{{{_NUMBER_DIGITS}}})", re.ASCII)
        matches = map(form.fullmatch, os.listdir(self._folder))  # noqa: PTH208
        return sorted(int(match[1]) for match in matches if match is not None)

    def _segment_path(self, start: int) -> str:
        return f"{self._prefix}.{start:0{_NUMBER_DIGITS}d}"

    @property
    def _data(self) -> int:
        descriptor = self._descriptors.data
        if descriptor is None:
            raise self._error("write", "the handle is closed, or was opened by another process")
        return descriptor

    @contextmanager
    def _errors_of(self, action: str) -> Iterator[None]:
        try:
            yield
        except BlockingIOError as error:
            raise self._error(action, "another handle has it open") from error
        except (OSError, ImportError) as error:
            raise self._error(action, str(error)) from error
        except ValueError as error:
            # A path that no file can have: empty, with a NUL or with lone surrogates.
            if action == "open":
                raise self._error(action, str(error)) from error
            raise

    def _error(self, action: str, reason: str) -> DurabilityError:
        return DurabilityError(f"{action} log file {self._noun} {os.fspath(self.path)}: {reason}")
