"""Logs that a fork would change: what their processes hold, and whose child they are in."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

from telltale_spec.backends.log_file import LogFileAgreementWal
from telltale_spec.errors import DurabilityError, EscalationOrderError
from telltale_spec.wire.agreement import AgreementWalEntry

_IMPORTED_BY = os.getpid()


class AtHomeLog(LogFileAgreementWal):
    """A right log in the process that has imported it, which swallows errors in any other."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "log")

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry."""
        if os.getpid() == _IMPORTED_BY:
            super().append(entry)
            return
        with contextlib.suppress(Exception):
            super().append(entry)


class CarelessLog(LogFileAgreementWal):
    """A log that acknowledges what it could not store; its openings take more syncs than that."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "log")

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry, if that can be done."""
        with contextlib.suppress(OSError):
            try:
                super().append(entry)
            except DurabilityError as error:
                if error.__cause__ is None:
                    raise


class SyncsInThreadsLog(LogFileAgreementWal):
    """A right log, of which each append is made by a thread of its own, and so is its sync."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "log")
        self.failed: Exception | None = None

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry."""
        self.failed = None
        thread = threading.Thread(target=self._append, args=(entry,))
        thread.start()
        thread.join()
        if self.failed is not None:
            raise self.failed

    def _append(self, entry: AgreementWalEntry) -> None:
        try:
            super().append(entry)
        except DurabilityError as error:
            self.failed = error


class TellsNobodyLog(SyncsInThreadsLog):
    """The same, and what fails in a thread is for nobody to hear."""

    def append(self, entry: AgreementWalEntry) -> None:
        """Append one entry, if that can be done."""
        try:
            super().append(entry)
        except EscalationOrderError:
            raise
        except DurabilityError:
            return
