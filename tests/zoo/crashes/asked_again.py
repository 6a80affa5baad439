"""Storages that are wrong only where what failed, or was cut off, is asked for again."""

from __future__ import annotations

import os

from tests.zoo.crashes.files import TakenBackError, records
from tests.zoo.crashes.storages import AppendFile, WholeFile


class FindsItThere(AppendFile):
    """Syncs only, where the record to be written is there: by a try whose sync has failed.

    The second sync has nothing to write any more, and what the first one lost stays lost.
    """

    def store(self, payload: bytes) -> None:
        data = self.framed(len(self.payloads), payload)
        try:
            if os.pread(self.file, len(data), self.end) != data:
                self.write(data)
            os.fdatasync(self.file)
        except OSError as error:
            raise TakenBackError(error.errno, error.strerror) from error
        self.end += len(data)


class RemembersWhatFailed(AppendFile):
    """Takes a payload for stored as soon as it was asked for, whatever came of it."""

    last = b""

    def store(self, payload: bytes) -> None:
        if payload == self.last:
            return
        self.last = payload
        super().store(payload)


class ShowsWhatItRefused(WholeFile):
    """Shows a payload from before it is written, and goes on showing it where it could not be."""

    def store(self, payload: bytes) -> None:
        self.payloads.append(payload)
        self.write(records(self.payloads))
        # Who asked for it keeps it by now.
        self.payloads.pop()


class SkipsWhatIsThere(AppendFile):
    """Writes nothing where the payload is the last one; its opening syncs nothing.

    What a killed process has written and not synced is found, asked for again, acknowledged, and
    lost with the power.
    """

    def mend(self, data: bytes, payloads: object) -> None:
        os.ftruncate(self.file, self.end)

    def store(self, payload: bytes) -> None:
        if self.payloads and self.payloads[-1] == payload:
            return
        super().store(payload)


class WritesAgain(AppendFile):
    """Right: what is asked for again is written again, over whatever is there, and synced."""

    def store(self, payload: bytes) -> None:
        data = self.framed(len(self.payloads), payload)
        try:
            self.write(data)
            os.fdatasync(self.file)
        except OSError as error:
            raise TakenBackError(error.errno, error.strerror) from error
        self.end += len(data)
