"""Logs that are made by a bare factory, which whoever serves it calls once before any request."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tests.zoo.crashes.faulty_appends import SyncErrorIgnored, SyncErrorIgnoredLater
from tests.zoo.crashes.storages import AppendFile, LogOn


class ErrorsPassedOverInAppends(SyncErrorIgnored):
    """Takes a failed sync seriously when it is made, and for nothing in what it appends."""

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        super().mend(data, payloads)
        super(SyncErrorIgnored, self).sync()


class WritesInTwoWays(AppendFile):
    """Right: every second record is written from where the file stands, the others by place."""

    def write(self, data: bytes) -> None:
        if len(self.payloads) % 2:
            super().write(data)
            return
        os.lseek(self.file, self.end, os.SEEK_SET)
        while data:
            data = data[os.write(self.file, data) :]


def right_log(directory: Path) -> LogOn:
    """Make a log that syncs its file and its folder when it is opened."""
    return LogOn(AppendFile, directory)


def two_ways_log(directory: Path) -> LogOn:
    """Make a log that syncs by two system calls and writes by two."""
    return LogOn(WritesInTwoWays, directory)


def careless_log(directory: Path) -> LogOn:
    """Make a log that syncs when it is opened, and acknowledges what it could not sync."""
    return LogOn(ErrorsPassedOverInAppends, directory)


def forgetful_log(directory: Path) -> LogOn:
    """Make a log that acknowledges what it could not sync once it has been opened again."""
    return LogOn(SyncErrorIgnoredLater, directory)
