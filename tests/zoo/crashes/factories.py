"""Logs that are made by a bare factory, which whoever serves it calls once before any request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.zoo.crashes.faulty_appends import SyncErrorIgnored
from tests.zoo.crashes.storages import AppendFile, LogOn


class ErrorsPassedOverInAppends(SyncErrorIgnored):
    """Takes a failed sync seriously when it is made, and for nothing in what it appends."""

    def mend(self, data: bytes, payloads: Sequence[bytes]) -> None:
        super().mend(data, payloads)
        super(SyncErrorIgnored, self).sync()


def right_log(directory: Path) -> LogOn:
    """Make a log that syncs its file and its folder when it is opened."""
    return LogOn(AppendFile, directory)


def careless_log(directory: Path) -> LogOn:
    """Make a log that syncs when it is opened, and acknowledges what it could not sync."""
    return LogOn(ErrorsPassedOverInAppends, directory)
